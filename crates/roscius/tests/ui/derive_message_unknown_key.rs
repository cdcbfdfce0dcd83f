use roscius::Message;

#[derive(Message)]
#[message(reply = u32, repply = String)]
struct Greet;

#[derive(Message)]
#[message(some::path = 1)]
struct Path;

fn main() {}
