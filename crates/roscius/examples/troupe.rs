//! A pool of workers behind one address.
use roscius::prelude::*;

#[derive(Message)]
#[message(reply = usize)]
struct CountPrimes {
    below: usize,
}

struct Mathematician;

impl Actor for Mathematician {
    type Protocol = (CountPrimes,);
}

impl Handler<CountPrimes> for Mathematician {
    fn receive(&mut self, work: &mut CountPrimes, _: &mut Context<Self>) -> Outcome<usize> {
        Ok((2..work.below).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0)).count())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let system = ActorSystem::threads().start()?;
    let pool = system.spawn_troupe(Troupe::new(|| Mathematician).max(4))?;
    let answers: Vec<_> = (1..=8).map(|n| (n * 10_000, system.ask(pool, CountPrimes { below: n * 10_000 }))).collect();
    for (below, answer) in answers {
        println!("{} primes below {below}", answer.wait()?);
    }
    println!("{:?}", system.troupe(pool).status()?);
    Ok(())
}
