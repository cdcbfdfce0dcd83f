//! An asynchronous handler: while it waits for another actor, its own state is safe and its thread is free.
use roscius::prelude::*;

#[derive(Message)]
#[message(reply = u64)]
struct Price(&'static str);

#[derive(Message)]
#[message(reply = u64)]
struct Total(Vec<&'static str>);

struct Catalogue;

impl Actor for Catalogue {
    type Protocol = (Price,);
}

impl Handler<Price> for Catalogue {
    fn receive(&mut self, Price(item): &mut Price, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(item.len() as u64 * 100)
    }
}

struct Till {
    catalogue: ActorRef<Catalogue>,
    receipts: u32,
}

impl Actor for Till {
    type Protocol = (Async<Total>,);
}

impl AsyncHandler<Total> for Till {
    async fn receive(&mut self, Total(items): &mut Total, ctx: &mut Context<'_, Self>) -> Outcome<u64> {
        let mut total = 0;
        for item in items.iter() {
            total += ctx.ask(self.catalogue, Price(item)).await?;
        }
        self.receipts += 1;
        Ok(total)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = ActorSystem::threads().start()?;
    let catalogue = system.spawn(|| Catalogue)?;
    let till = system.spawn(move || Till { catalogue, receipts: 0 })?;
    println!("{} cents", system.ask(till, Total(vec!["tea", "milk", "bread"])).wait()?);
    Ok(())
}
