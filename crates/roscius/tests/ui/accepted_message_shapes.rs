use roscius::Message;
use serde::{Deserialize, Serialize};

#[derive(Message)]
struct Unit;

#[derive(Message, Serialize, Deserialize)]
#[message(reply = String, name = "greeter.greet")]
struct Greet(String);

#[derive(Message)]
#[message(reply = Result<u64, String>)]
#[message()]
enum Order {
    Place { item: String },
    Cancel(u64),
}

#[derive(Message, Serialize, Deserialize)]
#[message(reply = T, name = "wrapped")]
struct Wrapped<T: Clone, const N: usize>
where
    T: std::fmt::Debug,
{
    inner: Vec<T>,
}

fn main() {
    assert_eq!(Greet::NAME, "greeter.greet");
    assert!(Greet::codec().is_some());
    assert!(Unit::NAME.ends_with("::Unit"));
    assert!(Unit::codec().is_none());
    assert!(Order::codec().is_none());
    let _ = [Order::Place { item: String::new() }, Order::Cancel(1)];
    let wrapped = Wrapped::<u8, 2> { inner: vec![1] };
    assert_eq!(wrapped.inner.len(), 1);
    assert_eq!(<Wrapped<u8, 2> as Message>::NAME, "wrapped");
    assert!(Wrapped::<u8, 2>::codec().is_none());
}
