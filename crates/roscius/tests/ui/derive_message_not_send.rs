use std::rc::Rc;

use roscius::Message;

#[derive(Message)]
struct Shared(Rc<u32>);

#[derive(Message)]
#[message(reply = Rc<u32>)]
struct SharedReply;

fn main() {}
