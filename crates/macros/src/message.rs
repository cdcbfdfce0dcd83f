//! What `#[derive(Message)]` expands to.

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Data, DeriveInput, Error, Generics, LitStr, Result, Type, parse_quote};

/// The implementation of `roscius::Message` for the type in `input`.
pub fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if let Data::Union(union) = &input.data {
        return Err(Error::new(union.union_token.span, "a union cannot be a message: use a struct or an enum"));
    }
    let keys = Keys::read(input)?;
    let ident = &input.ident;
    let reply = match keys.reply {
        Some(reply) => quote!(#reply),
        None => quote!(()),
    };
    let name = match keys.name {
        Some(name) => quote!(#name),
        None => {
            let name = ident.unraw().to_string();
            quote!(::core::concat!(::core::module_path!(), "::", #name))
        }
    };
    let codecs = codecs(&input.generics, &reply);
    let generics = bounded(&input.generics, &reply);
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();

    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::roscius::Message for #ident #type_generics #where_clause {
            type Reply = #reply;
            const NAME: &'static ::core::primitive::str = #name;

            #codecs
        }
    })
}

/// How the message and its reply leave the process. Only for a concrete type can the compiler tell whether serde is
/// there, by the order in which it looks methods up: `ViaSerde` is reached through `&Probe`, `LocalOnly` only through
/// one reference more.
fn codecs(generics: &Generics, reply: &TokenStream) -> TokenStream {
    let option = quote!(::core::option::Option);
    let codec = quote!(&'static ::roscius::codec::Codec);
    if !generics.params.is_empty() {
        return quote! {
            fn codec() -> #option<#codec> {
                #option::None
            }

            fn reply_codec() -> #option<#codec> {
                #option::None
            }

            fn reply_name() -> #option<&'static ::core::primitive::str> {
                #option::None
            }
        };
    }
    let probe = |subject: &TokenStream| {
        quote! {
            #[allow(unused_imports)]
            use ::roscius::codec::{LocalOnly as _, ViaSerde as _};
            #[allow(clippy::needless_borrow)]
            (&::roscius::codec::Probe::<#subject>::new()).codec()
        }
    };
    let none = quote!(#option::None);
    let of_message = probe(&quote!(Self));
    // A borrowed reply can be encoded, but nobody could own what is decoded.
    let of_reply = if borrows(reply) { none.clone() } else { probe(reply) };
    let name_of_reply = if borrows(reply) {
        none
    } else {
        quote! {
            #[allow(unused_imports)]
            use ::roscius::codec::{NoMessage as _, ViaMessage as _};
            #[allow(clippy::needless_borrow)]
            (&::roscius::codec::Probe::<#reply>::new()).name()
        }
    };
    quote! {
        fn codec() -> #option<#codec> {
            #of_message
        }

        fn reply_codec() -> #option<#codec> {
            #of_reply
        }

        fn reply_name() -> #option<&'static ::core::primitive::str> {
            #name_of_reply
        }
    }
}

/// Whether a type contains a reference, and so does not own all of its data.
fn borrows(subject: &TokenStream) -> bool {
    subject.clone().into_iter().any(|token| match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '&' | '\''),
        TokenTree::Group(group) => borrows(&group.stream()),
        _ => false,
    })
}

/// The generics of the type. A concrete type gets no bound of ours, so that the compiler complains about the type if it
/// is not `Send`; an instance of a generic type is a message where it and its reply are `Send`.
fn bounded(generics: &Generics, reply: &TokenStream) -> Generics {
    let mut generics = generics.clone();
    if !generics.params.is_empty() {
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.push(parse_quote!(Self: ::core::marker::Send + 'static));
        predicates.push(parse_quote!(#reply: ::core::marker::Send + 'static));
    }
    generics
}

/// What stands in `#[message(...)]`.
#[derive(Default)]
struct Keys {
    reply: Option<Type>,
    name: Option<LitStr>,
}

impl Keys {
    fn read(input: &DeriveInput) -> Result<Self> {
        let mut keys = Self::default();
        for attribute in &input.attrs {
            if attribute.path().is_ident("message") {
                attribute.parse_nested_meta(|meta| keys.read_key(&meta))?;
            }
        }
        Ok(keys)
    }

    fn read_key(&mut self, meta: &ParseNestedMeta) -> Result<()> {
        if meta.path.is_ident("reply") {
            let reply = read_reply(meta)?;
            set(&mut self.reply, reply, "reply", meta)
        } else if meta.path.is_ident("name") {
            let name = read_name(meta)?;
            set(&mut self.name, name, "name", meta)
        } else {
            Err(meta.error(unknown(meta)))
        }
    }
}

fn set<T>(slot: &mut Option<T>, value: T, key: &str, meta: &ParseNestedMeta) -> Result<()> {
    match slot.replace(value) {
        Some(_) => Err(meta.error(format!("`{key}` is given twice"))),
        None => Ok(()),
    }
}

fn read_reply(meta: &ParseNestedMeta) -> Result<Type> {
    let value = meta.value()?;
    // The parser's own error lists every token that can begin a type.
    value
        .parse()
        .map_err(|error| Error::new(error.span(), "the reply of a message is a type, such as `reply = String`"))
}

fn read_name(meta: &ParseNestedMeta) -> Result<LitStr> {
    let value = meta.value()?;
    if !value.peek(LitStr) {
        return Err(value.error("the name of a message is a string literal, such as `name = \"shop.order\"`"));
    }
    let name: LitStr = value.parse()?;
    if name.value().trim().is_empty() {
        return Err(Error::new(
            name.span(),
            "the name of a message cannot be empty: leave the key out to get the module path and the type's name",
        ));
    }
    Ok(name)
}

fn unknown(meta: &ParseNestedMeta) -> String {
    let keys = "the keys of `message` are `reply` and `name`";
    match meta.path.get_ident() {
        Some(key) => format!("unknown key `{key}`: {keys}"),
        None => format!("unknown key: {keys}"),
    }
}
