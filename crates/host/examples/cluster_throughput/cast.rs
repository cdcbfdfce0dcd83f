//! The actors: one sends, one counts.

use roscius::prelude::*;

/// How long a load is, in bytes.
pub const SIZE: usize = 64;
/// How many messages one handler sends.
const BATCH: u64 = 256;

#[derive(Message, Serialize, Deserialize, Clone)]
pub struct Load(String);

/// How many loads have come?
#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Tally;

/// Tell this address when you hear this.
#[derive(Message, Serialize, Deserialize)]
pub struct Report(Address);

#[derive(Message, Serialize, Deserialize)]
pub struct Done(u64);

pub struct Sink(pub u64);

impl Actor for Sink {
    type Protocol = (Load, Tally, Report);
}

impl Handler<Load> for Sink {
    fn receive(&mut self, _: &mut Load, _: &mut Context<Self>) -> Outcome<()> {
        self.0 += 1;
        Ok(())
    }
}

impl Handler<Tally> for Sink {
    fn receive(&mut self, _: &mut Tally, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.0)
    }
}

impl Handler<Report> for Sink {
    fn receive(&mut self, report: &mut Report, ctx: &mut Context<Self>) -> Outcome<()> {
        Ok(ctx.send(report.0, Done(self.0))?)
    }
}

/// Sends so many loads, and then the request for a report.
#[derive(Message, Serialize, Deserialize)]
pub struct Pour {
    pub to: ActorRef<Sink>,
    pub left: u64,
    pub report: Address,
}

pub struct Source(Load);

impl Source {
    pub fn new(size: usize) -> Self {
        Self(Load("x".repeat(size)))
    }
}

impl Actor for Source {
    type Protocol = (Pour,);
}

impl Handler<Pour> for Source {
    fn receive(&mut self, &mut Pour { to, left, report }: &mut Pour, ctx: &mut Context<Self>) -> Outcome<()> {
        for _ in 0..left.min(BATCH) {
            ctx.tell(to, self.0.clone())?;
        }
        match left.saturating_sub(BATCH) {
            0 => ctx.tell(to, Report(report))?,
            left => ctx.tell(ctx.me(), Pour { to, left, report })?,
        }
        Ok(())
    }
}
