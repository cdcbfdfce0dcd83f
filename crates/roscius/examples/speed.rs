//! tmp
use roscius::prelude::*;
use std::time::Instant;

#[derive(Message)]
struct Tick(u64);
#[derive(Message)]
struct Go(u64);
#[derive(Message)]
#[message(reply = u64)]
struct Count;
#[derive(Message)]
#[message(reply = ())]
struct Run(u64);

struct Sink(u64);
impl Actor for Sink {
    type Protocol = (Tick, Count);
}
impl Handler<Tick> for Sink {
    fn receive(&mut self, m: &mut Tick, _: &mut Context<Self>) -> Outcome<()> {
        self.0 += m.0;
        Ok(())
    }
}
impl Handler<Count> for Sink {
    fn receive(&mut self, _: &mut Count, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(self.0)
    }
}
struct Source(ActorRef<Sink>);
impl Actor for Source {
    type Protocol = (Go,);
}
impl Handler<Go> for Source {
    fn receive(&mut self, m: &mut Go, ctx: &mut Context<Self>) -> Outcome<()> {
        for _ in 0..m.0.min(50) {
            ctx.tell(self.0, Tick(1))?;
        }
        if m.0 > 50 {
            let me = ctx.me();
            ctx.tell(me, Go(m.0 - 50))?;
        }
        Ok(())
    }
}
struct Pong {
    peer: Option<ActorRef<Pong>>,
    done: Option<Promise<()>>,
}
impl Actor for Pong {
    type Protocol = (Tick, Run, SetPeer);
}
#[derive(Message)]
struct SetPeer(ActorRef<Pong>);
impl Handler<SetPeer> for Pong {
    fn receive(&mut self, m: &mut SetPeer, _: &mut Context<Self>) -> Outcome<()> {
        self.peer = Some(m.0);
        Ok(())
    }
}
impl Handler<Run> for Pong {
    fn receive(&mut self, m: &mut Run, ctx: &mut Context<Self>) -> Outcome<()> {
        let p = self.peer.unwrap();
        ctx.tell(p, Tick(m.0))?;
        ctx.defer(|p| self.done = Some(p))
    }
}
impl Handler<Tick> for Pong {
    fn receive(&mut self, m: &mut Tick, ctx: &mut Context<Self>) -> Outcome<()> {
        if m.0 == 0 {
            if let Some(d) = self.done.take() {
                d.fulfil(());
            } else {
                let p = self.peer.unwrap();
                ctx.tell(p, Tick(0))?;
            }
        } else {
            let p = self.peer.unwrap();
            ctx.tell(p, Tick(m.0 - 1))?;
        }
        Ok(())
    }
}
struct Asker(ActorRef<Sink>);
impl Actor for Asker {
    type Protocol = (Async<Run>,);
}
impl AsyncHandler<Run> for Asker {
    async fn receive(&mut self, m: &mut Run, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        for _ in 0..m.0 {
            ctx.ask(self.0, Count).await?;
        }
        Ok(())
    }
}
struct Nop;
impl Actor for Nop {
    type Protocol = ();
}
struct Spawner {
    left: u64,
    done: Option<Promise<()>>,
}
impl Actor for Spawner {
    type Protocol = (Run,);
    fn child_exited(&mut self, _: &ChildExited, ctx: &mut Context<Self>) {
        self.left -= 1;
        if self.left == 0 {
            self.done.take().unwrap().fulfil(());
        } else {
            let c = ctx.spawn(|| Nop).unwrap();
            ctx.exit(c);
        }
    }
}
impl Handler<Run> for Spawner {
    fn receive(&mut self, m: &mut Run, ctx: &mut Context<Self>) -> Outcome<()> {
        self.left = m.0;
        let c = ctx.spawn(|| Nop)?;
        ctx.exit(c);
        ctx.defer(|p| self.done = Some(p))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let only: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(0);
    let total: u64 = std::env::args().nth(2).and_then(|a| a.parse().ok()).unwrap_or(10_000_000);
    for workers in [1, 2] {
        if only > 0 && workers > only as usize { break; }
        let system = ActorSystem::threads().workers(workers).start()?;
        let sink = system.spawn(|| Sink(0))?;
        let source = system.spawn(move || Source(sink))?;
        for _ in 0..2 {
            let start = Instant::now();
            let before = system.ask(sink, Count).wait()?;
            system.tell(source, Go(total))?;
            while system.ask(sink, Count).wait()? - before < total {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            println!("{workers} tell {:.1} M/s", total as f64 / 1e6 / start.elapsed().as_secs_f64());
        }
        if total < 10_000_000 { continue; }
        let a = system.spawn(|| Pong { peer: None, done: None })?;
        let b = system.spawn(|| Pong { peer: None, done: None })?;
        system.tell(a, SetPeer(b))?;
        system.tell(b, SetPeer(a))?;
        let n = if workers == 1 { 5_000_000 } else { 500_000 };
        let start = Instant::now();
        system.ask(a, Run(n)).wait()?;
        println!("{workers} pingpong {:.1} M/s", n as f64 / 1e6 / start.elapsed().as_secs_f64());
        let asker = system.spawn(move || Asker(sink))?;
        let start = Instant::now();
        system.ask(asker, Run(n / 5)).wait()?;
        println!("{workers} ask {:.2} M/s", (n / 5) as f64 / 1e6 / start.elapsed().as_secs_f64());
        let s = system.spawn(|| Spawner { left: 0, done: None })?;
        let start = Instant::now();
        system.ask(s, Run(1_000_000)).wait()?;
        println!("{workers} spawn+stop {:.2} M/s", 1.0 / start.elapsed().as_secs_f64());
        println!("{:?}", system.shutdown());
    }
    Ok(())
}
