use roscius::Message;

#[derive(Message)]
#[message]
struct NoKeys;

#[derive(Message)]
#[message = "greet"]
struct Assigned;

#[derive(Message)]
#[message(reply)]
struct NoReply;

#[derive(Message)]
#[message(name)]
struct NoName;

#[derive(Message)]
#[message(name =)]
struct NoValue;

#[derive(Message)]
#[message(reply = 3)]
struct NoType;

#[derive(Message)]
#[message(reply = u32 name = "greet")]
struct NoComma;

fn main() {}
