//! The actors that are looked at.

use roscius::Plain;
use roscius::prelude::*;
use roscius_host::rust::Registry;

/// Add to what there is.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Add {
    pub more: u64,
}

/// Make a child in the same process.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Bear;

/// Send a message to this address.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Write(pub Address);

/// Fail.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Fail;

/// Counts, and says things in capitals.
pub struct Clerk {
    sum: u64,
}

impl Actor for Clerk {
    type Protocol = (Add, Bear, Write, Fail, String, bool);
}

impl Handler<Add> for Clerk {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
        self.sum += add.more;
        Ok(self.sum)
    }
}

impl Handler<Bear> for Clerk {
    fn receive(&mut self, _: &mut Bear, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.spawn(|| Clerk { sum: 0 })?;
        Ok(())
    }
}

impl Handler<Write> for Clerk {
    fn receive(&mut self, to: &mut Write, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.send(to.0, Add { more: 1 })?;
        Ok(())
    }
}

impl Handler<Fail> for Clerk {
    fn receive(&mut self, _: &mut Fail, _: &mut Context<Self>) -> Outcome<()> {
        Err(Failure::new("it was told to fail"))?
    }
}

impl Handler<String> for Clerk {
    fn receive(&mut self, text: &mut String, _: &mut Context<Self>) -> Outcome<Plain> {
        Ok(text.to_uppercase().into())
    }
}

/// Says nothing.
impl Handler<bool> for Clerk {
    fn receive(&mut self, _: &mut bool, _: &mut Context<Self>) -> Outcome<Plain> {
        Ok(Plain::None)
    }
}

pub fn registry() -> Registry {
    Registry::new().actor_with("clerk", |sum: u64| Clerk { sum }, |props| props.restart(Restart::Transient))
}
