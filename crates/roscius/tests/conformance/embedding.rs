//! What code needs that runs actors for another language: handles that can be kept, and a say in threads and turns.
//!
//! In one process: all of it. Code for another language is within its process.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roscius::prelude::*;
use roscius::{ContextHandle, NotHandling, Received};

use super::bases::Base;
use super::scene::Scene;

promises! {
    on in_one_process:
        a_handle_sends_within_its_handler_in_order_with_it,
        a_handle_sends_when_its_handler_has_returned,
        a_handle_makes_children_and_wakeups_within_its_handler,
        a_handle_is_refused_what_changes_the_actor_after_its_handler,
        a_synchronous_handler_has_no_handle,
        an_endpoint_announces_each_arrival,
        somebody_is_alive_until_the_end,
        the_next_alarm_is_that_of_the_next_wakeup;
    on threads:
        a_detached_handle_works_while_its_actor_waits,
        every_thread_runs_within_what_was_put_around_it;
    on simple:
        a_post_runs_nobody_before_something_is_waited_for,
        steps_end_at_their_number_or_when_done_or_idle;
}

#[derive(Debug, Clone, PartialEq, Eq, Message, Serialize, Deserialize)]
struct Said(String);

/// What an embedded handler is to do.
#[derive(Debug, Clone, Copy, Message, Serialize, Deserialize)]
enum Act {
    Send,
    Create,
    Keep,
    Detach,
}

#[derive(Debug, Message, Serialize, Deserialize)]
struct AskForHandle;

/// Works through a handle, as an actor in another language does.
struct Embedded {
    audience: Address,
    kept: Arc<Mutex<Option<ContextHandle>>>,
}

impl Embedded {
    fn spawn(scene: &Scene) -> (ActorRef<Self>, Arc<Mutex<Option<ContextHandle>>>) {
        let kept = Arc::new(Mutex::new(None));
        let (audience, share) = (scene.probe.address(), Arc::clone(&kept));
        let actor = scene.system.spawn(move || Self { audience, kept: Arc::clone(&share) }).unwrap();
        (actor, kept)
    }

    fn say(&self, handle: &ContextHandle, what: &str) {
        handle.send(self.audience, Said(what.into())).unwrap();
    }
}

impl Actor for Embedded {
    type Protocol = (Async<Act>, AskForHandle, Said);

    fn terminated(&mut self, _: &Terminated, ctx: &mut Context<Self>) {
        ctx.send(self.audience, Said("told of the end".into())).unwrap();
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        let text = wakeup.take::<&str>().map_or("a wrong payload", |text| text);
        ctx.send(self.audience, Said(text.into())).unwrap();
    }
}

impl AsyncHandler<Act> for Embedded {
    async fn receive(&mut self, act: &mut Act, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        let handle = ctx.handle().unwrap();
        assert_eq!(handle.me(), ctx.me().address());
        match act {
            Act::Send => {
                self.say(&handle, "first");
                ctx.send(self.audience, Said("second".into()))?;
                self.say(&handle, "third");
            }
            Act::Create => {
                let (audience, kept) = (self.audience, Arc::clone(&self.kept));
                let child = handle.spawn(move || Self { audience, kept: Arc::clone(&kept) }).unwrap()?;
                assert_eq!(handle.children(), Ok(vec![child.address()]));
                handle.send(child.address(), Act::Send)?;
                handle.wakeup_after(Duration::ZERO, "awake").unwrap();
            }
            Act::Detach => {
                self.say(&handle, "before");
                let (detached, audience) = (handle.detached()?, self.audience);
                let (sender, receiver) = oneshot::async_channel();
                std::thread::spawn(move || {
                    detached.send(audience, Said("during".into())).unwrap();
                    let kept = Arc::default();
                    let _child = detached.spawn(move || Self { audience, kept: Arc::clone(&kept) }).unwrap().unwrap();
                    assert_eq!(detached.children(), Err(NotHandling));
                    // An address that was never alive.
                    detached.watch(Address::nobody(audience.node()));
                    sender.send(()).unwrap();
                });
                receiver.await?;
                handle.catch_up()?;
                self.say(&handle, "after");
            }
            Act::Keep => *self.kept.lock().unwrap() = Some(handle),
        }
        Ok(())
    }
}

impl Handler<AskForHandle> for Embedded {
    fn receive(&mut self, _: &mut AskForHandle, ctx: &mut Context<Self>) -> Outcome<()> {
        let text = if ctx.handle().is_none() { "none" } else { "some" };
        ctx.send(self.audience, Said(text.into()))?;
        Ok(())
    }
}

impl Handler<Said> for Embedded {
    fn receive(&mut self, said: &mut Said, ctx: &mut Context<Self>) -> Outcome<()> {
        ctx.send(self.audience, said.clone())?;
        Ok(())
    }
}

/// The next text to arrive, with who sent it.
fn next(scene: &Scene) -> (Address, String) {
    match scene.probe.endpoint().listen(Duration::from_secs(5)) {
        Some(Received::Message(delivered)) => (delivered.sender, delivered.message.get::<Said>().unwrap().0.clone()),
        other => panic!("not a message: {other:?}"),
    }
}

fn keep_handle(scene: &Scene) -> (ActorRef<Embedded>, ContextHandle) {
    let (actor, kept) = Embedded::spawn(scene);
    scene.system.tell(actor, Act::Keep).unwrap();
    scene.wait_until("the handle is kept and its handler done", || {
        kept.lock().unwrap().as_ref().is_some_and(|handle| handle.children() == Err(NotHandling))
    });
    let handle = kept.lock().unwrap().take().unwrap();
    (actor, handle)
}

fn a_handle_sends_within_its_handler_in_order_with_it(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    scene.system.tell(actor, Act::Send).unwrap();
    for expected in ["first", "second", "third"] {
        assert_eq!(next(&scene), (actor.address(), expected.to_owned()));
    }
}

fn a_handle_sends_when_its_handler_has_returned(base: Base) {
    let scene = Scene::new(base);
    let (actor, handle) = keep_handle(&scene);
    let to = scene.probe.address();
    std::thread::spawn(move || handle.send(to, Said("later".into())).unwrap()).join().unwrap();
    assert_eq!(next(&scene), (actor.address(), "later".to_owned()));
}

fn a_handle_makes_children_and_wakeups_within_its_handler(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    scene.system.tell(actor, Act::Create).unwrap();
    let said: Vec<_> = (0..4).map(|_| next(&scene)).collect();
    assert!(said.contains(&(actor.address(), "awake".to_owned())), "{said:?}");
    let by_child: Vec<_> =
        said.iter().filter(|(by, _)| *by != actor.address()).map(|(_, text)| text.as_str()).collect();
    assert_eq!(by_child, ["first", "second", "third"]);
}

fn a_handle_is_refused_what_changes_the_actor_after_its_handler(base: Base) {
    let scene = Scene::new(base);
    let (_, handle) = keep_handle(&scene);
    assert_eq!(handle.children(), Err(NotHandling));
    assert_eq!(handle.wakeup_after(Duration::ZERO, "never"), Err(NotHandling));
    let (audience, kept) = (scene.probe.address(), Arc::default());
    assert!(handle.spawn(move || Embedded { audience, kept: Arc::clone(&kept) }).is_err());
    assert_eq!(scene.system.status().actors.len(), 1);
}

/// Sends and creates through a detached handle in another thread, while the actor waits for that thread.
fn a_detached_handle_works_while_its_actor_waits(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    scene.system.tell(actor, Act::Detach).unwrap();
    let said: Vec<_> = (0..4).map(|_| next(&scene)).collect();
    assert!(said.iter().all(|(by, _)| *by == actor.address()), "{said:?}");
    let said: Vec<_> = said.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(said, ["before", "during", "after", "told of the end"]);
    scene.system.exit(actor);
    scene.wait_until("its child has ended with it", || scene.system.status().actors.is_empty());
}

fn a_synchronous_handler_has_no_handle(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    scene.system.tell(actor, AskForHandle).unwrap();
    assert_eq!(next(&scene).1, "none");
}

fn somebody_is_alive_until_the_end(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    let endpoint = scene.system.endpoint();
    let address = endpoint.address();
    assert!(scene.system.is_alive(actor) && scene.system.is_alive(address));
    assert!(!scene.system.is_alive(Address::nobody(address.node())));
    scene.system.exit(actor);
    scene.wait_until("it has ended", || !scene.system.is_alive(actor));
    drop(endpoint);
    assert!(!scene.system.is_alive(address));
}

fn the_next_alarm_is_that_of_the_next_wakeup(base: Base) {
    let scene = Scene::timeless(base);
    assert_eq!(scene.system.next_alarm(), None);
    let (actor, _) = Embedded::spawn(&scene);
    scene.system.tell(actor, Act::Create).unwrap();
    let said: Vec<_> = (0..4).map(|_| next(&scene).1).collect();
    assert!(said.contains(&"awake".to_owned()), "{said:?}");
    assert_eq!(scene.system.next_alarm(), None);
}

thread_local! {
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

struct Inside;

#[derive(Debug, Message, Serialize, Deserialize)]
#[message(reply = bool)]
struct AreYouInside;

impl Actor for Inside {
    type Protocol = (AreYouInside,);
}

impl Handler<AreYouInside> for Inside {
    fn receive(&mut self, _: &mut AreYouInside, _: &mut Context<Self>) -> Outcome<bool> {
        Ok(WITHIN.get())
    }
}

fn every_thread_runs_within_what_was_put_around_it(base: Base) {
    let threads = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&threads);
    let scene = Scene::with(base, |builder| {
        builder.around_threads(move |run| {
            count.fetch_add(1, Ordering::AcqRel);
            WITHIN.set(true);
            run();
            WITHIN.set(false);
        })
    });
    for blocking in [false, true] {
        let props = Props::new(|| Inside).spread();
        let props = if blocking { props.blocking() } else { props };
        let actor = scene.system.spawn(props).unwrap();
        assert_eq!(scene.system.ask(actor, AreYouInside).wait(), Ok(true));
    }
    assert!(threads.load(Ordering::Acquire) >= 2);
}

fn an_endpoint_announces_each_arrival(base: Base) {
    let scene = Scene::new(base);
    let count = Arc::new(AtomicU32::new(0));
    let announced = Arc::clone(&count);
    let endpoint = scene.system.endpoint_with(move || {
        announced.fetch_add(1, Ordering::AcqRel);
    });
    assert!(endpoint.take_arrival().is_none());
    for text in ["one", "two"] {
        scene.probe.endpoint().send(endpoint.address(), Said(text.into())).unwrap();
    }
    scene.wait_until("both are announced", || count.load(Ordering::Acquire) == 2);
    for expected in ["one", "two"] {
        assert_eq!(endpoint.take_arrival().unwrap().message::<Said>().unwrap().0, expected);
    }
}

fn a_post_runs_nobody_before_something_is_waited_for(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    let endpoint = scene.probe.endpoint();
    endpoint.post(actor.address(), Said("hello".into())).unwrap();
    assert!(!endpoint.has_arrivals());
    scene.system.run_until_idle();
    assert!(endpoint.has_arrivals());
    assert_eq!(next(&scene).1, "hello");
}

fn steps_end_at_their_number_or_when_done_or_idle(base: Base) {
    let scene = Scene::new(base);
    let (actor, _) = Embedded::spawn(&scene);
    scene.system.run_until_idle();
    let post = || (0..5).for_each(|n: u8| scene.probe.endpoint().post(actor.address(), Said(n.to_string())).unwrap());
    post();
    assert_eq!(scene.system.steps(2, || false), 2);
    let mut asked = 0;
    let done = || {
        asked += 1;
        asked == 2
    };
    assert_eq!(scene.system.steps(usize::MAX, done), 2);
    assert_eq!(scene.system.steps(usize::MAX, || false), 1);
    assert_eq!(scene.system.steps(usize::MAX, || false), 0);
    let heard: Vec<_> = (0..5).map(|_| next(&scene).1).collect();
    assert_eq!(heard, ["0", "1", "2", "3", "4"]);
}
