//! Changing behaviour, stashing, forwarding, replying later.

use std::collections::VecDeque;
use std::thread;

use roscius::Undelivered;
use roscius::prelude::*;
use roscius_host::rust::Registry;

use crate::bases::Base;
use crate::cast::{Double, Guest, Number, Order, Saw, What};
use crate::parts::{Enlist, Part};
use crate::scene::{PATIENCE, Scene};

promises! {
    on every_base:
        a_new_behaviour_is_in_force_from_the_next_message,
        behaviours_nest_and_end,
        messages_that_a_behaviour_does_not_know_go_to_the_actor,
        ending_a_behaviour_that_is_not_there_is_nothing,
        a_restart_ends_all_behaviours,
        a_behaviour_can_fail_like_a_handler,
        stashed_messages_come_back_in_order_before_all_others,
        a_stashed_message_can_be_stashed_again,
        a_stashed_ask_is_answered_in_the_end,
        unstashing_nothing_is_nothing,
        a_forwarded_message_keeps_its_sender,
        a_forwarded_ask_is_answered_by_the_last,
        a_reply_can_be_given_later,
        a_reply_can_be_given_by_another_thread,
        the_stash_becomes_dead_letters_at_the_exit,
        a_message_forwarded_to_the_dead_is_a_dead_letter_of_its_sender,
        a_message_forwarded_to_a_full_mailbox_is_a_dead_letter;
}

pub fn enlist(registry: Registry) -> Registry {
    registry.enlist::<Moody>().enlist::<Cabinet>().enlist::<Porter>().enlist::<Dispatcher>().enlist::<NewClerk>()
}

plays_itself!(Moody, Cabinet, Porter, Dispatcher);

/// Changes how it handles numbers.
#[derive(Clone, Serialize, Deserialize)]
struct Moody {
    observer: Address,
}

#[derive(Message, Serialize, Deserialize)]
enum Mood {
    /// From now on numbers are reported plus this.
    Add(u64),
    /// From now on numbers fail.
    Fail,
    /// Back to the mood before.
    Back,
    /// Add one, and report this number at once.
    AddAndTell(u64),
    Break,
}

impl Moody {
    fn report(&self, number: u64, ctx: &mut Context<Self>) {
        let _ = ctx.send(self.observer, Saw { who: "moody".into(), what: What::Handled(number) });
    }
}

impl Actor for Moody {
    type Protocol = (Number, Double, Mood);
}

impl Handler<Number> for Moody {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        self.report(*number, ctx);
        Ok(())
    }
}

impl Handler<Double> for Moody {
    fn receive(&mut self, Double(number): &mut Double, _: &mut Context<Self>) -> Outcome<u64> {
        Ok(*number * 2)
    }
}

impl Handler<Mood> for Moody {
    fn receive(&mut self, mood: &mut Mood, ctx: &mut Context<Self>) -> Outcome<()> {
        let add = |more: u64| {
            Behaviour::new().on(move |moody: &mut Moody, Number(number): &mut Number, ctx: &mut Context<Moody>| {
                moody.report(*number + more, ctx);
                Ok(())
            })
        };
        match mood {
            Mood::Add(more) => ctx.become_new(add(*more)),
            Mood::Fail => {
                ctx.become_new(Behaviour::new().on(|_: &mut Moody, Number(_): &mut Number, _: &mut Context<Moody>| {
                    Err(Failure::new("not now").into())
                }))
            }
            Mood::Back => ctx.become_former(),
            Mood::AddAndTell(number) => {
                ctx.become_new(add(1));
                let me = ctx.me();
                let _ = ctx.tell(me, Number(*number));
            }
            Mood::Break => return Err(Failure::new("broken").into()),
        }
        Ok(())
    }
}

fn moody(scene: &Scene) -> ActorRef<Moody> {
    let observer = scene.probe.address();
    scene.system.cast(Part::from(Moody { observer }).restart(Restart::Permanent)).unwrap()
}

fn expect_number(scene: &Scene, moody: ActorRef<Moody>, sent: u64, seen: u64) {
    scene.system.tell(moody, Number(sent)).unwrap();
    scene.expect("moody", What::Handled(seen));
}

fn a_new_behaviour_is_in_force_from_the_next_message(base: Base) {
    let scene = Scene::new(base);
    let moody = moody(&scene);
    expect_number(&scene, moody, 1, 1);
    scene.system.tell(moody, Mood::AddAndTell(1)).unwrap();
    scene.expect("moody", What::Handled(2));
    expect_number(&scene, moody, 5, 6);
}

fn behaviours_nest_and_end(base: Base) {
    let scene = Scene::new(base);
    let moody = moody(&scene);
    for more in [10, 100] {
        scene.system.tell(moody, Mood::Add(more)).unwrap();
    }
    expect_number(&scene, moody, 1, 101);
    scene.system.tell(moody, Mood::Back).unwrap();
    expect_number(&scene, moody, 1, 11);
    scene.system.tell(moody, Mood::Back).unwrap();
    expect_number(&scene, moody, 1, 1);
}

fn messages_that_a_behaviour_does_not_know_go_to_the_actor(base: Base) {
    let scene = Scene::new(base);
    let moody = moody(&scene);
    scene.system.tell(moody, Mood::Add(10)).unwrap();
    assert_eq!(scene.system.ask(moody, Double(4)).wait(), Ok(8));
    expect_number(&scene, moody, 1, 11);
}

fn ending_a_behaviour_that_is_not_there_is_nothing(base: Base) {
    let scene = Scene::new(base);
    let moody = moody(&scene);
    scene.system.tell(moody, Mood::Back).unwrap();
    expect_number(&scene, moody, 1, 1);
    scene.system.tell(moody, Mood::Add(10)).unwrap();
    expect_number(&scene, moody, 1, 11);
}

fn a_restart_ends_all_behaviours(base: Base) {
    let scene = Scene::new(base);
    let moody = moody(&scene);
    scene.system.tell(moody, Mood::Add(10)).unwrap();
    expect_number(&scene, moody, 1, 11);
    scene.system.tell(moody, Mood::Break).unwrap();
    expect_number(&scene, moody, 1, 1);
}

fn a_behaviour_can_fail_like_a_handler(base: Base) {
    let scene = Scene::new(base);
    let moody = moody(&scene);
    scene.system.tell(moody, Mood::Fail).unwrap();
    scene.probe.tell(moody, Number(3));
    let poison = scene.probe.expect_poison();
    assert_eq!((poison.message.get(), &*poison.details), (Some(&Number(3)), "not now"));
    expect_number(&scene, moody, 1, 1);
}

/// Stashes numbers and asks while it is closed.
#[derive(Clone, Serialize, Deserialize)]
struct Cabinet {
    observer: Address,
    open: bool,
}

#[derive(Message, Serialize, Deserialize)]
enum Door {
    Open,
    /// Take the stash up, though still closed.
    Rattle,
}

impl Actor for Cabinet {
    type Protocol = (Number, Double, Door);
}

impl Handler<Number> for Cabinet {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        if !self.open {
            return ctx.stash();
        }
        let _ = ctx.send(self.observer, Saw { who: "cabinet".into(), what: What::Handled(*number) });
        Ok(())
    }
}

impl Handler<Double> for Cabinet {
    fn receive(&mut self, Double(number): &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        if self.open { Ok(*number * 2) } else { ctx.stash() }
    }
}

impl Handler<Door> for Cabinet {
    fn receive(&mut self, door: &mut Door, ctx: &mut Context<Self>) -> Outcome<()> {
        self.open |= matches!(door, Door::Open);
        ctx.unstash_all();
        Ok(())
    }
}

fn cabinet(scene: &Scene) -> ActorRef<Cabinet> {
    let observer = scene.probe.address();
    scene.system.cast(Cabinet { observer, open: false }).unwrap()
}

fn expect_numbers(scene: &Scene, who: &str, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        scene.expect(who, What::Handled(number));
    }
}

/// Sends these to the cabinet, so that all wait in its mailbox together.
#[derive(Clone, Serialize, Deserialize)]
struct Porter {
    cabinet: ActorRef<Cabinet>,
}

impl Actor for Porter {
    type Protocol = ();

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        for number in 1..=100 {
            ctx.tell(self.cabinet, Number(number))?;
        }
        ctx.tell(self.cabinet, Door::Open)?;
        for number in 101..=200 {
            ctx.tell(self.cabinet, Number(number))?;
        }
        Ok(())
    }
}

fn stashed_messages_come_back_in_order_before_all_others(base: Base) {
    let scene = Scene::new(base);
    let cabinet = cabinet(&scene);
    scene.system.cast(Porter { cabinet }).unwrap();
    expect_numbers(&scene, "cabinet", 1..=200);
}

fn a_stashed_message_can_be_stashed_again(base: Base) {
    let scene = Scene::new(base);
    let cabinet = cabinet(&scene);
    for number in 1..=3 {
        scene.system.tell(cabinet, Number(number)).unwrap();
    }
    scene.system.tell(cabinet, Door::Rattle).unwrap();
    scene.system.tell(cabinet, Number(4)).unwrap();
    scene.system.tell(cabinet, Door::Rattle).unwrap();
    scene.system.tell(cabinet, Door::Open).unwrap();
    scene.system.tell(cabinet, Number(5)).unwrap();
    expect_numbers(&scene, "cabinet", 1..=5);
}

fn a_stashed_ask_is_answered_in_the_end(base: Base) {
    let scene = Scene::new(base);
    let cabinet = cabinet(&scene);
    let ask = scene.probe.endpoint().ask(cabinet, Double(4));
    scene.system.tell(cabinet, Door::Open).unwrap();
    assert_eq!(ask.wait_timeout(PATIENCE), Ok(8));
}

fn the_stash_becomes_dead_letters_at_the_exit(base: Base) {
    let scene = Scene::new(base);
    let cabinet = cabinet(&scene);
    for number in 1..=3 {
        scene.probe.tell(cabinet, Number(number));
    }
    let ask = scene.system.ask(cabinet, Double(1));
    scene.system.exit(cabinet);
    assert_eq!(ask.wait(), Err(AskError::NoActor));
    let letters = scene.dead_letters(3);
    assert!(letters.iter().all(|letter| letter.reason == Undelivered::Exited), "{letters:?}");
    assert!(letters.iter().all(|letter| letter.sender == scene.probe.address()), "{letters:?}");
}

fn unstashing_nothing_is_nothing(base: Base) {
    let scene = Scene::new(base);
    let cabinet = cabinet(&scene);
    scene.system.tell(cabinet, Door::Rattle).unwrap();
    scene.system.tell(cabinet, Door::Open).unwrap();
    scene.system.tell(cabinet, Number(1)).unwrap();
    expect_numbers(&scene, "cabinet", [1]);
}

/// Passes all on.
#[derive(Clone, Serialize, Deserialize)]
struct Dispatcher {
    to: Address,
}

impl Actor for Dispatcher {
    type Protocol = (Number, Double, Order);
}

impl Handler<Number> for Dispatcher {
    fn receive(&mut self, _: &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.forward(self.to)
    }
}

impl Handler<Double> for Dispatcher {
    fn receive(&mut self, _: &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        ctx.forward(self.to)
    }
}

impl Handler<Order> for Dispatcher {
    fn receive(&mut self, _: &mut Order, ctx: &mut Context<Self>) -> Outcome<Option<Address>> {
        ctx.forward(self.to)
    }
}

/// So many dispatchers in front of `to`.
fn dispatchers(scene: &Scene, mut to: Address, count: u32) -> ActorRef<Dispatcher> {
    for _ in 0..count {
        to = scene.system.cast(Dispatcher { to }).unwrap().address();
    }
    ActorRef::assume(to)
}

fn a_forwarded_message_keeps_its_sender(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let first = dispatchers(&scene, puppet.address(), 20);
    let sender = scene.probe.endpoint().ask(first, Order::Sender).wait_timeout(PATIENCE);
    assert_eq!(sender, Ok(Some(scene.probe.address())));
    for number in 0..100 {
        scene.probe.tell(first, Number(number));
    }
    expect_numbers(&scene, "puppet", 0..100);
    // Each of the twenty that passed a message on has handled it, and the puppet too.
    scene.wait_until("it is counted", || scene.system.status().handled >= 21 * 100);
}

fn a_forwarded_ask_is_answered_by_the_last(base: Base) {
    let scene = Scene::new(base);
    let puppet = scene.puppet("puppet");
    let first = dispatchers(&scene, puppet.address(), 3);
    assert_eq!(scene.system.ask(first, Double(21)).wait_timeout(PATIENCE), Ok(42));
}

fn a_message_forwarded_to_the_dead_is_a_dead_letter_of_its_sender(base: Base) {
    let scene = Scene::new(base);
    let nobody = Address::nobody(scene.probe.address().node());
    let first = dispatchers(&scene, nobody, 2);
    scene.probe.tell(first, Number(1));
    let letters = scene.dead_letters(1);
    assert_eq!((letters[0].sender, letters[0].target), (scene.probe.address(), nobody));
    assert_eq!(scene.system.ask(first, Double(1)).wait_timeout(PATIENCE), Err(AskError::NoActor));
}

fn a_message_forwarded_to_a_full_mailbox_is_a_dead_letter(base: Base) {
    let scene = Scene::new(base);
    let props = Guest::part("guest", scene.probe.address());
    let guest = scene.system.cast(props.bounded(1, Overflow::Fail)).unwrap();
    let hold = scene.hold(guest);
    scene.system.tell(guest, Number(1)).unwrap();
    let first = dispatchers(&scene, guest.address(), 1);
    scene.probe.tell(first, Number(2));
    let letters = scene.dead_letters(1);
    assert_eq!((letters[0].sender, letters[0].reason), (scene.probe.address(), Undelivered::MailboxFull));
    assert_eq!(scene.system.ask(first, Double(1)).wait_timeout(PATIENCE), Err(AskError::MailboxFull));
    scene.dead_letters(1);
    hold.fulfil(0);
    scene.expect("guest", What::Handled(1));
}

/// Answers each ask when the next number comes.
struct Clerk {
    observer: Address,
    promises: VecDeque<Promise<u64>>,
}

part! {
    /// A clerk with no promise yet.
    NewClerk { observer: Address } makes Clerk: Clerk { observer, promises: VecDeque::new() }
}

impl Actor for Clerk {
    type Protocol = (Double, Number);
}

impl Handler<Double> for Clerk {
    fn receive(&mut self, Double(number): &mut Double, ctx: &mut Context<Self>) -> Outcome<u64> {
        let number = *number;
        ctx.defer(|promise| {
            if number == 0 {
                // By another thread, while this actor does something else.
                thread::spawn(move || promise.fulfil(1000));
            } else {
                self.promises.push_back(promise);
            }
        })
    }
}

impl Handler<Number> for Clerk {
    fn receive(&mut self, Number(number): &mut Number, ctx: &mut Context<Self>) -> Outcome<()> {
        if let Some(promise) = self.promises.pop_front() {
            promise.fulfil(*number);
        }
        let _ = ctx.send(self.observer, Saw { who: "clerk".into(), what: What::Handled(*number) });
        Ok(())
    }
}

fn a_reply_can_be_given_later(base: Base) {
    let scene = Scene::new(base);
    let observer = scene.probe.address();
    let clerk = scene.system.cast(NewClerk { observer }).unwrap();
    let asks: Vec<_> = (1..=3).map(|number| scene.system.ask(clerk, Double(number))).collect();
    for number in 1..=3 {
        scene.system.tell(clerk, Number(number * 100)).unwrap();
        scene.expect("clerk", What::Handled(number * 100));
    }
    for (number, ask) in (1..).zip(asks) {
        assert_eq!(ask.wait(), Ok(number * 100));
    }
}

fn a_reply_can_be_given_by_another_thread(base: Base) {
    let scene = Scene::new(base);
    let observer = scene.probe.address();
    let clerk = scene.system.cast(NewClerk { observer }).unwrap();
    let asker = scene.puppet("asker");
    scene.system.tell(asker, Order::Ask(clerk.address(), 0, None)).unwrap();
    scene.expect_from_elsewhere("asker", What::Answered(Ok(1000)));
}
