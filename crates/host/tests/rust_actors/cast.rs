//! An actor that does what it is told, and its messages.

use std::time::Duration;

use roscius::prelude::*;
use roscius_host::rust::{self, Registry, SourceNotice, SourceVerdict, ValidateSource};

/// What the player has summed up so far.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = u64)]
pub struct Add(pub u64);

/// A number to be noted. Endpoints take it too.
#[derive(Message, Serialize, Deserialize)]
pub struct Note(pub u32);

/// All that was noted.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = Vec<u32>)]
pub struct Notes;

/// The process of the player and the one that started it.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = (u32, u32))]
pub struct Where;

/// Fail.
#[derive(Message, Serialize, Deserialize, Debug, PartialEq)]
#[message(reply = ())]
pub struct Fail(pub String);

/// Make this file, and never return.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Hang(pub std::path::PathBuf);

/// Send so many notes to this address.
#[derive(Message, Serialize, Deserialize)]
pub struct Recite {
    pub to: Address,
    pub count: u32,
}

/// Watch somebody, and tell the sender of the end.
#[derive(Message, Serialize, Deserialize)]
pub struct WatchOver(pub Address);

/// Somebody has ended.
#[derive(Message, Serialize, Deserialize)]
pub struct Ended {
    pub who: Address,
    pub how: String,
}

/// Handle dead letters, and tell the sender of each.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Bury;

/// A dead letter has come.
#[derive(Message, Serialize, Deserialize)]
pub struct Buried {
    pub target: Address,
    pub message: String,
}

/// Make a child.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ActorRef<Player>)]
pub struct Bear;

/// Send a message that can not leave the process to this address, and one that nobody accepts. Both come back.
#[derive(Message, Serialize, Deserialize)]
pub struct Misspeak(pub Address);

/// A message that stays in its process.
#[derive(Message)]
#[message(reply = ())]
pub struct Local(pub u8);

/// Be the source authority, and hear which sources come and go.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Preside;

/// What was heard of sources: their ids, and whether they came.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = Vec<(String, bool)>)]
pub struct Noticed;

/// Decides about sources by how they begin.
#[derive(Default)]
pub struct Judge {
    noticed: Vec<(String, bool)>,
    later: Option<(Promise<SourceVerdict>, SourceVerdict)>,
}

impl Actor for Judge {
    type Protocol = (Preside, Noticed, ValidateSource, SourceNotice);

    fn wakeup(&mut self, _: Wakeup, _: &mut Context<Self>) {
        if let Some((promise, verdict)) = self.later.take() {
            promise.fulfil(verdict);
        }
    }
}

impl Handler<Preside> for Judge {
    fn receive(&mut self, _: &mut Preside, ctx: &mut Context<Self>) -> Outcome<()> {
        rust::be_source_authority(ctx).map_err(Failure::new)?;
        rust::watch_sources(ctx, true).map_err(Failure::new)?;
        Ok(())
    }
}

impl Handler<ValidateSource> for Judge {
    fn receive(&mut self, source: &mut ValidateSource, ctx: &mut Context<Self>) -> Outcome<SourceVerdict> {
        let valid = |mark: &str| {
            let content = source.content.starts_with(mark.as_bytes()).then(|| source.content.slice(mark.len()..));
            content.map(|content| SourceVerdict::Valid { info: Some("judged".to_owned()), content })
        };
        if let Some(verdict) = valid("signed:") {
            return Ok(verdict);
        }
        if let Some(verdict) = valid("slowly:") {
            ctx.wakeup_after(Duration::from_millis(20), ());
            return ctx.defer(|promise| self.later = Some((promise, verdict)));
        }
        if valid("fail").is_some() {
            return Err(Failure::new("it can not decide").into());
        }
        Ok(SourceVerdict::Rejected)
    }
}

impl Handler<SourceNotice> for Judge {
    fn receive(&mut self, notice: &mut SourceNotice, _: &mut Context<Self>) -> Outcome<()> {
        self.noticed.push((notice.id.clone(), notice.loaded));
        Ok(())
    }
}

impl Handler<Noticed> for Judge {
    fn receive(&mut self, _: &mut Noticed, _: &mut Context<Self>) -> Outcome<Vec<(String, bool)>> {
        Ok(self.noticed.clone())
    }
}

/// A message that only this program knows.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = ())]
pub struct Unheard;

/// A message came back to the player.
#[derive(Message, Serialize, Deserialize, Debug, PartialEq)]
pub struct CameBack {
    pub message: String,
    pub details: String,
}

#[derive(Default)]
pub struct Player {
    sum: u64,
    notes: Vec<u32>,
    audience: Option<Address>,
}

impl Player {
    fn tell_audience<M: Message>(&self, message: M, ctx: &mut Context<Self>) {
        if let Some(audience) = self.audience {
            ctx.send(audience, message).unwrap();
        }
    }
}

impl Actor for Player {
    type Protocol = (Add, Note, Notes, Where, Fail, Hang, Recite, WatchOver, Bury, Bear, Misspeak, Local);

    fn terminated(&mut self, end: &Terminated, ctx: &mut Context<Self>) {
        self.tell_audience(Ended { who: end.address, how: end.reason.to_string() }, ctx);
    }

    fn dead_letter(&mut self, letter: DeadLetter, ctx: &mut Context<Self>) {
        self.tell_audience(Buried { target: letter.target, message: letter.message.name().to_owned() }, ctx);
    }

    fn poisoned(&mut self, poison: Poison, ctx: &mut Context<Self>) {
        let message = poison.message.name().to_owned();
        self.tell_audience(CameBack { message, details: poison.details.to_string() }, ctx);
    }
}

impl Handler<Add> for Player {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
        self.sum += add.0;
        Ok(self.sum)
    }
}

impl Handler<Note> for Player {
    fn receive(&mut self, note: &mut Note, _: &mut Context<Self>) -> Outcome<()> {
        self.notes.push(note.0);
        Ok(())
    }
}

impl Handler<Notes> for Player {
    fn receive(&mut self, _: &mut Notes, _: &mut Context<Self>) -> Outcome<Vec<u32>> {
        Ok(self.notes.clone())
    }
}

impl Handler<Where> for Player {
    fn receive(&mut self, _: &mut Where, _: &mut Context<Self>) -> Outcome<(u32, u32)> {
        Ok((std::process::id(), std::os::unix::process::parent_id()))
    }
}

impl Handler<Fail> for Player {
    fn receive(&mut self, fail: &mut Fail, _: &mut Context<Self>) -> Outcome<()> {
        Err(Failure::new(&fail.0))?
    }
}

impl Handler<Hang> for Player {
    fn receive(&mut self, hang: &mut Hang, _: &mut Context<Self>) -> Outcome<()> {
        std::fs::File::create(&hang.0)?;
        loop {
            std::thread::park();
        }
    }
}

impl Handler<Recite> for Player {
    fn receive(&mut self, recite: &mut Recite, ctx: &mut Context<Self>) -> Outcome<()> {
        for number in 0..recite.count {
            ctx.send(recite.to, Note(number))?;
        }
        Ok(())
    }
}

impl Handler<WatchOver> for Player {
    fn receive(&mut self, watch: &mut WatchOver, ctx: &mut Context<Self>) -> Outcome<()> {
        self.audience = Some(ctx.sender());
        ctx.watch(watch.0);
        Ok(())
    }
}

impl Handler<Bury> for Player {
    fn receive(&mut self, _: &mut Bury, ctx: &mut Context<Self>) -> Outcome<()> {
        self.audience = Some(ctx.sender());
        ctx.handle_dead_letters(true);
        Ok(())
    }
}

impl Handler<Bear> for Player {
    fn receive(&mut self, _: &mut Bear, ctx: &mut Context<Self>) -> Outcome<ActorRef<Player>> {
        Ok(ctx.spawn(Player::default)?)
    }
}

impl Handler<Misspeak> for Player {
    fn receive(&mut self, misspeak: &mut Misspeak, ctx: &mut Context<Self>) -> Outcome<()> {
        self.audience = Some(ctx.sender());
        ctx.send(misspeak.0, Local(1))?;
        ctx.send(misspeak.0, Unheard)?;
        Ok(())
    }
}

impl Handler<Local> for Player {
    fn receive(&mut self, _: &mut Local, _: &mut Context<Self>) -> Outcome<()> {
        Ok(())
    }
}

/// Counts, and is restarted when it fails.
pub struct Stubborn(u64);

impl Actor for Stubborn {
    type Protocol = (Add, Fail);
}

impl Handler<Add> for Stubborn {
    fn receive(&mut self, add: &mut Add, _: &mut Context<Self>) -> Outcome<u64> {
        self.0 += add.0;
        Ok(self.0)
    }
}

impl Handler<Fail> for Stubborn {
    fn receive(&mut self, fail: &mut Fail, _: &mut Context<Self>) -> Outcome<()> {
        Err(Failure::new(&fail.0))?
    }
}

/// Throw the ball to and fro; who has it last tells the one who began.
#[derive(Message, Serialize, Deserialize)]
pub struct Ball {
    pub to: Address,
    pub left: u32,
    pub began: Address,
}

/// Throws balls. Its mailbox is bounded, and so its own address says.
pub struct Thrower;

impl Actor for Thrower {
    type Protocol = (Ball,);
}

impl Handler<Ball> for Thrower {
    fn receive(&mut self, Ball { to, left, began }: &mut Ball, ctx: &mut Context<Self>) -> Outcome<()> {
        match left.checked_sub(1) {
            Some(left) => ctx.send(*to, Ball { to: ctx.me().address(), left, began: *began })?,
            None => ctx.send(*began, Note(7))?,
        }
        Ok(())
    }
}

/// Have a child made by its name, and tell this address of its end.
#[derive(Message, Serialize, Deserialize)]
#[message(reply = Result<Address, String>)]
pub struct Bring {
    pub name: String,
    pub news: Address,
}

/// Has children in processes of their own.
#[derive(Default)]
pub struct Nurse(Option<Address>);

impl Actor for Nurse {
    type Protocol = (Bring,);

    fn child_exited(&mut self, exit: &ChildExited, ctx: &mut Context<Self>) {
        if let Some(to) = self.0 {
            let _ = ctx.send(to, Ended { who: exit.child, how: exit.reason.to_string() });
        }
    }
}

impl Handler<Bring> for Nurse {
    fn receive(
        &mut self,
        Bring { name, news }: &mut Bring,
        ctx: &mut Context<Self>,
    ) -> Outcome<Result<Address, String>> {
        self.0 = Some(*news);
        Ok(ctx.spawn_by_name(name, 40_u64).map_err(|error| error.to_string()))
    }
}

/// What all processes of the tests know.
pub fn registry() -> Registry {
    Registry::new()
        .actor("player", |sum: u64| Player { sum, ..Player::default() })
        .actor("nurse", |()| Nurse::default())
        .actor("judge", |()| Judge::default())
        .actor_with("stubborn", Stubborn, |props| props.restart(Restart::Transient))
        .actor_with("thrower", |()| Thrower, |props| props.bounded(2, Overflow::wait()))
        .message::<Ended>()
        .message::<Buried>()
        .message::<CameBack>()
}
