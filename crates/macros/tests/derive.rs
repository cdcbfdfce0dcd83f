//! The derive against a stand-in for the `roscius` crate, reduced to what the expansion names.

extern crate self as roscius;

use std::fmt::Debug;
use std::marker::PhantomData;

use roscius_macros::Message;
use serde::{Deserialize, Serialize};

trait Message: Send + Sized + 'static {
    type Reply: Send + 'static;
    const NAME: &'static str;
    fn codec() -> Option<&'static codec::Codec>;
    fn reply_codec() -> Option<&'static codec::Codec>;
    fn reply_name() -> Option<&'static str>;
}

mod codec {
    use std::marker::PhantomData;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    #[derive(Debug)]
    pub struct Codec;

    pub struct Probe<T>(PhantomData<T>);

    impl<T> Probe<T> {
        #[allow(clippy::new_without_default)]
        pub const fn new() -> Self {
            Self(PhantomData)
        }
    }

    pub trait ViaSerde {
        fn codec(&self) -> Option<&'static Codec>;
    }

    impl<T: Serialize + DeserializeOwned> ViaSerde for Probe<T> {
        fn codec(&self) -> Option<&'static Codec> {
            Some(&Codec)
        }
    }

    pub trait LocalOnly {
        fn codec(&self) -> Option<&'static Codec>;
    }

    impl<T> LocalOnly for &Probe<T> {
        fn codec(&self) -> Option<&'static Codec> {
            None
        }
    }

    pub trait ViaMessage {
        fn name(&self) -> Option<&'static str>;
    }

    impl<T: super::Message> ViaMessage for Probe<T> {
        fn name(&self) -> Option<&'static str> {
            Some(T::NAME)
        }
    }

    pub trait NoMessage {
        fn name(&self) -> Option<&'static str>;
    }

    impl<T> NoMessage for &Probe<T> {
        fn name(&self) -> Option<&'static str> {
            None
        }
    }
}

/// The reply is checked by the type parameter: a wrong one does not compile.
fn check<M: Message<Reply = R>, R>(name: &str, leaves_the_process: bool) {
    assert_eq!(M::NAME, name);
    assert_eq!(M::codec().is_some(), leaves_the_process);
}

#[derive(Message)]
struct Stop;

#[test]
fn a_plain_struct_has_the_defaults_and_stays_in_its_process() {
    check::<Stop, ()>("derive::Stop", false);
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = String, name = "greeter.greet")]
struct Greet(String);

#[test]
fn keys_set_the_reply_and_the_name_and_serde_is_found() {
    check::<Greet, String>("greeter.greet", true);
}

#[derive(Message, Serialize)]
struct OnlySerialize;

#[derive(Message, Deserialize)]
struct OnlyDeserialize;

#[test]
fn one_half_of_serde_is_not_enough() {
    check::<OnlySerialize, ()>("derive::OnlySerialize", false);
    check::<OnlyDeserialize, ()>("derive::OnlyDeserialize", false);
}

#[derive(Message)]
#[message(reply = Greet)]
struct Introduce;

#[test]
fn a_reply_that_is_a_message_has_its_name() {
    assert_eq!(Introduce::reply_name(), Some("greeter.greet"));
    assert_eq!(Greet::reply_name(), None);
}

mod shop {
    pub mod orders {
        #[derive(roscius_macros::Message)]
        #[message(reply = Result<Vec<(u8, [i32; 2])>, Box<dyn std::error::Error + Send>>,)]
        #[allow(dead_code)]
        pub enum Order {
            Place { item: String },
            Cancel(u64),
        }
    }
}

#[test]
fn an_enum_in_a_module_with_a_long_reply_type() {
    type Reply = Result<Vec<(u8, [i32; 2])>, Box<dyn std::error::Error + Send>>;
    check::<shop::orders::Order, Reply>("derive::shop::orders::Order", false);
}

#[derive(Message)]
#[message(name = "two.attributes")]
#[message(reply = bool)]
struct TwoAttributes;

#[test]
fn keys_may_stand_in_two_attributes() {
    check::<TwoAttributes, bool>("two.attributes", false);
}

#[derive(Message)]
#[message(reply = Self)]
struct Echo;

#[test]
fn the_reply_may_be_the_message() {
    check::<Echo, Echo>("derive::Echo", false);
}

#[derive(Message)]
#[message(reply = Result<u64, String>)]
struct Count;

#[test]
fn a_reply_leaves_the_process_if_serde_knows_it() {
    assert!(Count::reply_codec().is_some());
    assert!(Stop::reply_codec().is_some());
    assert!(Echo::reply_codec().is_none());
    assert!(Wrapped::<u8, 3>::reply_codec().is_none());
}

#[derive(Message)]
#[allow(non_camel_case_types)]
struct r#type;

#[test]
fn a_raw_identifier_loses_its_prefix_in_the_name() {
    check::<r#type, ()>("derive::type", false);
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = T)]
struct Wrapped<T: Clone, const N: usize>
where
    T: Debug,
{
    inner: Vec<T>,
    marker: PhantomData<[(); N]>,
}

#[test]
fn a_generic_type_stays_in_its_process_even_with_serde() {
    // `T` is not declared `Send`: the derive asks that of the message and of the reply.
    check::<Wrapped<u8, 3>, u8>("derive::Wrapped", false);
}

#[derive(Message)]
#[message(name = "pair", reply = String)]
#[allow(dead_code)]
struct Pair<A, B = A>(A, B);

#[test]
fn a_generic_type_with_a_default_and_both_keys() {
    check::<Pair<String>, String>("pair", false);
    check::<Pair<String, u8>, String>("pair", false);
}

macro_rules! message {
    ($type:ident, $reply:ty, $name:literal) => {
        #[derive(Message)]
        #[message(reply = $reply, name = $name)]
        struct $type;
    };
}

message!(FromMacro, Option<u8>, "from.macro");

#[test]
fn the_derive_works_inside_a_declarative_macro() {
    check::<FromMacro, Option<u8>>("from.macro", false);
}

mod hostile {
    //! Names of ours that hide those of the prelude must not reach the expansion.
    #![allow(dead_code, non_camel_case_types)]

    pub struct Option;
    pub struct Some;
    pub struct Send;
    pub struct str;
    pub mod core {}

    #[derive(roscius_macros::Message)]
    pub struct Calm;

    #[derive(roscius_macros::Message)]
    pub struct CalmToo<T>(T);
}

#[test]
fn shadowed_names_do_no_harm() {
    check::<hostile::Calm, ()>("derive::hostile::Calm", false);
    check::<hostile::CalmToo<u8>, ()>("derive::hostile::CalmToo", false);
}
