//! An actor in Rust for programs in Python, and an actor in Python used from Rust. `docs/languages.md` shows this program.
use roscius::prelude::*;
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};

#[derive(Message, Serialize, Deserialize)]
#[message(name = "shop.Order", reply = Bill)]
struct Order {
    dish: String,
    count: u32,
}

#[derive(Message, Serialize, Deserialize)]
#[message(name = "shop.Bill")]
struct Bill {
    cents: u32,
}

struct Waiter {
    cents: u32,
}

impl Actor for Waiter {
    type Protocol = (Order, String);
}

impl Handler<Order> for Waiter {
    fn receive(&mut self, order: &mut Order, _: &mut Context<Self>) -> Outcome<Bill> {
        Ok(Bill { cents: order.count * self.cents })
    }
}

impl Handler<String> for Waiter {
    fn receive(&mut self, text: &mut String, _: &mut Context<Self>) -> Outcome<Plain> {
        Ok(text.to_uppercase().into())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let registry = Registry::new().actor("waiter", |cents: u32| Waiter { cents });
    rust::enter(&registry);

    // With the port of a running system: its actors in Python are there for this program too.
    if let Some(port) = std::env::args().nth(1) {
        let claim = Claim::Tcp(format!("127.0.0.1:{port}").parse()?);
        let system = ProcessSystem::builder(claim, &registry).attach()?;
        let cook = Recipient::<Order>::assume(system.spawn_python("kitchen.Cook")?);
        let bill = system.ask(cook, Order { dish: "soup".into(), count: 2 }).wait()?;
        println!("{} cents", bill.cents);
    }
    Ok(())
}
