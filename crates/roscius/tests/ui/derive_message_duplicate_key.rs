use roscius::Message;

#[derive(Message)]
#[message(reply = u32, reply = String)]
struct InOneAttribute;

#[derive(Message)]
#[message(name = "first")]
#[message(name = "second")]
struct InTwoAttributes;

fn main() {}
