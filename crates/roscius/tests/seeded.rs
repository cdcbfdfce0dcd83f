//! The order of a seed: one of those that threads could give, and the same for the same seed.

use std::collections::BTreeSet;

use roscius::prelude::*;
use roscius::testkit::Probe;

/// The number of who says it, and how often it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Message)]
struct Said(usize, u32);

#[derive(Message)]
struct Speak;

struct Speaker {
    number: usize,
    times: u32,
    to: Recipient<Said>,
}

impl Actor for Speaker {
    type Protocol = (Speak,);
}

impl Handler<Speak> for Speaker {
    fn receive(&mut self, _: &mut Speak, ctx: &mut Context<Self>) -> Outcome<()> {
        self.times += 1;
        ctx.tell(self.to, Said(self.number, self.times))?;
        Ok(())
    }
}

/// Has its children speak three times each.
struct Chorus(Recipient<Said>);

impl Actor for Chorus {
    type Protocol = (Speak,);
}

impl Handler<Speak> for Chorus {
    fn receive(&mut self, _: &mut Speak, ctx: &mut Context<Self>) -> Outcome<()> {
        let to = self.0;
        for number in 0..3 {
            let speaker = ctx.spawn(move || Speaker { number, times: 0, to })?;
            for _ in 0..3 {
                ctx.tell(speaker, Speak)?;
            }
        }
        Ok(())
    }
}

/// What is heard, in order.
fn heard(seed: Option<u64>) -> Vec<Said> {
    let system = match seed {
        Some(seed) => ActorSystem::simple().seed(seed),
        None => ActorSystem::simple(),
    };
    let system = system.start().expect("it starts");
    let probe = Probe::new(&system);
    let to = Recipient::assume(probe.address());
    let chorus = system.spawn(move || Chorus(to)).expect("it is made");
    probe.tell(chorus, Speak);
    (0..9).map(|_| probe.expect::<Said>()).collect()
}

#[test]
fn a_seed_gives_an_order_of_its_own_in_which_each_pair_keeps_its_order() {
    let in_order = heard(None);
    let orders: BTreeSet<Vec<Said>> = (0..20).map(|seed| heard(Some(seed))).collect();
    assert!(orders.len() > 10, "{orders:?}");
    for order in &orders {
        for number in 0..3 {
            let times: Vec<u32> = order.iter().filter(|said| said.0 == number).map(|said| said.1).collect();
            assert_eq!(times, [1, 2, 3], "{order:?}");
        }
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let mut all = in_order.clone();
        all.sort_unstable();
        assert_eq!(sorted, all);
    }
}

#[test]
fn the_same_seed_gives_the_same_order() {
    assert_eq!(heard(Some(7)), heard(Some(7)));
}
