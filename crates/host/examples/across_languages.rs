//! What the tests of `crates/python/tests/across_languages` play against: actors for Python, and a program that uses actors in
//! Python.
//!
//! Without arguments it has actors to offer, and nothing to do. Else:
//!
//! - `attach PORT`: offers its actors to a running system until a line is put in.
//! - `use PORT CLASS`: creates an actor of a class in Python, talks to it, and prints what it says.
//! - `serve`: starts a system, prints its port, and ends it when a line is put in.
use std::error::Error;
use std::time::Duration;

use roscius::prelude::*;
use roscius::{ExitReason, Received};
use roscius_host::admin::Claim;
use roscius_host::rust::{self, ProcessSystem, Registry};

/// Takes plain data of each kind, and answers with the like.
struct Plainly;

impl Actor for Plainly {
    type Protocol = (String, Vec<u8>, i64, f64, bool, ());
}

impl Handler<String> for Plainly {
    fn receive(&mut self, text: &mut String, _: &mut Context<Self>) -> Outcome<Plain> {
        match text.as_str() {
            "fail" => Err(Failure::new("as it was told").into()),
            "panic" => panic!("as it was told"),
            "nothing" => Ok(Plain::None),
            text => Ok(text.to_uppercase().into()),
        }
    }
}

impl Handler<Vec<u8>> for Plainly {
    fn receive(&mut self, bytes: &mut Vec<u8>, _: &mut Context<Self>) -> Outcome<Plain> {
        bytes.reverse();
        Ok(std::mem::take(bytes).into())
    }
}

impl Handler<i64> for Plainly {
    fn receive(&mut self, number: &mut i64, _: &mut Context<Self>) -> Outcome<Plain> {
        Ok(number.wrapping_add(1).into())
    }
}

impl Handler<f64> for Plainly {
    fn receive(&mut self, number: &mut f64, _: &mut Context<Self>) -> Outcome<Plain> {
        Ok((*number / 2.0).into())
    }
}

impl Handler<bool> for Plainly {
    fn receive(&mut self, truth: &mut bool, _: &mut Context<Self>) -> Outcome<Plain> {
        Ok((!*truth).into())
    }
}

impl Handler<()> for Plainly {
    fn receive(&mut self, (): &mut (), _: &mut Context<Self>) -> Outcome<Plain> {
        Ok("nothing".into())
    }
}

#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Add", reply = Total)]
struct Add {
    amount: u64,
}

#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Total")]
struct Total {
    value: u64,
    steps: Vec<u64>,
}

/// Ends the process without a word.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Abort")]
struct Abort {}

/// Asks for the process id, which comes as a value without a name.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Where", reply = u32)]
struct Where {}

/// Counts, from where it is told to.
struct Counter {
    total: u64,
    steps: Vec<u64>,
}

impl Actor for Counter {
    type Protocol = (Add, Abort, Where);
}

impl Handler<Add> for Counter {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<Total> {
        self.total += add.amount;
        self.steps.push(add.amount);
        Ok(Total { value: self.total, steps: self.steps.clone() })
    }
}

impl Handler<Abort> for Counter {
    fn receive(&mut self, _: &mut Abort, _: &mut Context<Self>) -> Outcome<()> {
        std::process::abort()
    }
}

impl Handler<Where> for Counter {
    fn receive(&mut self, _: &mut Where, _: &mut Context<Self>) -> Outcome<u32> {
        Ok(std::process::id())
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Mood {
    Good,
    Bad,
}

#[derive(Clone, Serialize, Deserialize)]
struct Author {
    name: String,
    born: Option<i32>,
}

/// As much of serde's forms as there are in one message. It is answered with itself.
#[derive(Clone, Message, Serialize, Deserialize)]
#[message(name = "test.Review", reply = Review)]
struct Review {
    title: String,
    author: Author,
    stars: f64,
    words: std::collections::BTreeMap<String, i64>,
    tags: std::collections::BTreeSet<String>,
    mood: Mood,
    place: (i32, String),
    raw: Vec<u8>,
    note: Option<String>,
    by: Address,
}

struct Reviewer;

impl Actor for Reviewer {
    type Protocol = (Review,);
}

impl Handler<Review> for Reviewer {
    fn receive(&mut self, review: &mut Review, _: &mut Context<Self>) -> Outcome<Review> {
        let mut review = review.clone();
        review.title = review.title.to_uppercase();
        review.mood = if matches!(review.mood, Mood::Good) { Mood::Bad } else { Mood::Good };
        Ok(review)
    }
}

/// Has the actor ask another one, and answer with what that says.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Relay", reply = String)]
struct Relay {
    to: Address,
    text: String,
}

/// Has the actor send a text, without asking for an answer. What comes back is said to whoever gave the order.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Tell")]
struct Tell {
    to: Address,
    text: String,
}

/// Has the actor watch another one.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Watch")]
struct Watch {
    of: Address,
}

/// Has the actor create one of a class in Python as its child, and say how that ends.
#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Raise", reply = Address)]
struct Raise {
    class_name: String,
}

#[derive(Message, Serialize, Deserialize)]
#[message(name = "test.Ended")]
struct Ended {
    address: Address,
    reason: String,
}

#[derive(Default)]
struct Speaker {
    client: Option<Address>,
}

impl Actor for Speaker {
    type Protocol = (Async<Relay>, Tell, Watch, Raise, String);

    fn poisoned(&mut self, poison: Poison, ctx: &mut Context<Self>) {
        if let Some(client) = self.client {
            let _ = ctx.send(client, format!("came back: {}", poison.details));
        }
    }

    fn terminated(&mut self, end: &Terminated, ctx: &mut Context<Self>) {
        self.report(end.address, &end.reason, ctx);
    }

    fn child_exited(&mut self, exit: &ChildExited, ctx: &mut Context<Self>) {
        self.report(exit.child, &exit.reason, ctx);
    }
}

impl Speaker {
    fn report(&self, address: Address, reason: &ExitReason, ctx: &mut Context<Self>) {
        if let Some(client) = self.client {
            let _ = ctx.send(client, Ended { address, reason: reason.to_string() });
        }
    }
}

impl AsyncHandler<Relay> for Speaker {
    async fn receive(&mut self, relay: &mut Relay, ctx: &mut Context<'_, Self>) -> Outcome<String> {
        let to = Recipient::<String>::assume(relay.to);
        Ok(match ctx.ask(to, relay.text.clone()).await {
            Ok(answer) => format!("{answer:?}"),
            Err(error) => format!("error: {error}"),
        })
    }
}

impl Handler<Tell> for Speaker {
    fn receive(&mut self, Tell { to, text }: &mut Tell, ctx: &mut Context<Self>) -> Outcome<()> {
        self.client = Some(ctx.sender());
        ctx.send(*to, std::mem::take(text))?;
        Ok(())
    }
}

impl Handler<Watch> for Speaker {
    fn receive(&mut self, watch: &mut Watch, ctx: &mut Context<Self>) -> Outcome<()> {
        self.client = Some(ctx.sender());
        ctx.watch(watch.of);
        Ok(())
    }
}

impl Handler<Raise> for Speaker {
    fn receive(&mut self, raise: &mut Raise, ctx: &mut Context<Self>) -> Outcome<Address> {
        self.client = Some(ctx.sender());
        Ok(rust::spawn_python(ctx, &raise.class_name)?)
    }
}

/// What others answer to a text of this actor.
impl Handler<String> for Speaker {
    fn receive(&mut self, text: &mut String, ctx: &mut Context<Self>) -> Outcome<Plain> {
        if let Some(client) = self.client {
            ctx.send(client, format!("heard: {text}"))?;
        }
        Ok(Plain::None)
    }
}

fn registry() -> Registry {
    Registry::new()
        .actor_with("plainly", |()| Plainly, |props| props.restart(Restart::Transient))
        .actor("counter", |total: u64| Counter { total, steps: Vec::new() })
        .actor("test.reviewer", |()| Reviewer)
        .actor("speaker", |()| Speaker::default())
        .message::<Total>()
}

fn port(text: &str) -> Result<Claim, Box<dyn Error>> {
    Ok(Claim::Tcp(format!("127.0.0.1:{text}").parse()?))
}

fn until_told_to_end() -> std::io::Result<()> {
    std::io::stdin().read_line(&mut String::new()).map(drop)
}

fn use_python(system: &ProcessSystem, class: &str) -> Result<(), Box<dyn Error>> {
    let actor = match system.spawn_python(class) {
        Ok(actor) => actor,
        Err(error) => {
            println!("error: {error}");
            return Ok(());
        }
    };
    let (texts, adds) = (Recipient::<String>::assume(actor), Recipient::<Add>::assume(actor));
    println!("{:?}", system.ask(texts, "hello".to_owned()).wait()?);
    println!("{}", system.ask(adds, Add { amount: 40 }).wait()?.value);
    match system.ask(texts, "fail".to_owned()).wait() {
        Err(AskError::Failed(details)) => println!("failed: {}", details.lines().last().unwrap_or_default()),
        other => println!("{other:?}"),
    }
    let endpoint = system.endpoint();
    endpoint.watch(actor);
    endpoint.send(actor, "told".to_owned())?;
    println!("{:?}", endpoint.listen(Duration::from_secs(20)).and_then(Received::message::<String>));
    system.exit(actor);
    match endpoint.listen(Duration::from_secs(20)) {
        Some(Received::Terminated(end)) => println!("ended: {}", end.reason),
        other => println!("{other:?}"),
    }
    println!("{}", system.ask(texts, "anybody".to_owned()).wait().expect_err("it is gone"));
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let registry = registry();
    rust::enter(&registry);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["attach", at] => {
            let system = ProcessSystem::builder(port(at)?, &registry).attach_with_actors()?;
            println!("attached");
            until_told_to_end()?;
            drop(system);
        }
        ["use", at, class] => use_python(&ProcessSystem::builder(port(at)?, &registry).attach()?, class)?,
        ["serve"] => {
            let system = ProcessSystem::builder(port("0")?, &registry).start()?;
            let Claim::Tcp(address) = system.claim() else { return Err("no port".into()) };
            println!("{}", address.port());
            until_told_to_end()?;
            system.shutdown()?;
        }
        _ => println!("to be announced to an actor system"),
    }
    Ok(())
}
