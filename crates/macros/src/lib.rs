//! The derive macros of `roscius`. Use them through that crate, which re-exports them.

mod message;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct or an enum a message that actors can receive.
///
/// ```ignore
/// use roscius::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Message)] // no reply, never leaves the process
/// struct Stop;
///
/// #[derive(Message, Serialize, Deserialize)] // may leave the process
/// #[message(reply = String, name = "greeter.greet")]
/// struct Greet(String);
/// ```
///
/// # Keys
///
/// - `reply = Type`: what a handler answers. The default is `()`.
/// - `name = "..."`: the name of the message outside this process. The default is the module path and the name of the
///   type, such as `shop::orders::Cancel`. Two systems must agree on it, so give a name to what crosses between
///   programs: the default changes when the type moves to another module. Two types of one name inside
///   different functions of a module have the same default.
///
/// # Messages that leave the process
///
/// A type that is `Serialize + DeserializeOwned` can be sent to other processes and hosts. The derive finds this out by
/// itself, for the message and for its reply; there is nothing to switch on. Any other type stays in its process.
///
/// # Generic types
///
/// A generic message always stays in its process, with serde or without, because one name would stand for many
/// types. All its instances share the name. The implementation holds where the type and its reply are `Send + 'static`.
/// To send such a message elsewhere, wrap the instance you need in a type of its own.
#[proc_macro_derive(Message, attributes(message))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    message::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
