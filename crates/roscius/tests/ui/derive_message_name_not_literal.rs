use roscius::Message;

const NAME: &str = "greet";

#[derive(Message)]
#[message(name = NAME)]
struct Constant;

#[derive(Message)]
#[message(name = concat!("a", "b"))]
struct Call;

#[derive(Message)]
#[message(name = 7)]
struct Number;

#[derive(Message)]
#[message(name = b"greet")]
struct Bytes;

fn main() {}
