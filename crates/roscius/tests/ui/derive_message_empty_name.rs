use roscius::Message;

#[derive(Message)]
#[message(name = "")]
struct Empty;

#[derive(Message)]
#[message(name = "  ")]
struct Blank;

fn main() {}
