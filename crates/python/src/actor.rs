//! An actor whose instance is a Python object.

mod provisional;

use std::sync::Arc;
use std::time::Instant;

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use roscius::prelude::*;
use roscius_protocol::admin::messages::Setback;
use roscius_protocol::frame::Kind;

use crate::address::{ActorAddress, Place};
use crate::classes::Classes;
use crate::coroutine::Coroutine;
use crate::log;
use crate::message::{Content, PyMessage, WakeupPayload, WakeupWish, WakeupsWished};
use crate::reference::Reference;
use crate::supervision::{Plan, Policy, Settings, class_names, decision_named, reason};
use crate::system::Inner;

/// See the [module](self).
pub(crate) struct PyActor {
    instance: Py<PyAny>,
    reference: Py<Reference>,
    system: Arc<Inner>,
    /// When it is restarted. None: it goes on whatever its handler raises.
    policy: Option<Policy>,
    /// What decides about its children when they fail.
    supervisor: Option<Py<PyAny>>,
    /// The method that takes its messages.
    entry: Py<PyString>,
    /// It has been asked to exit, and waits for its children to do so.
    exiting: bool,
    leaves_children: bool,
    /// The instance stands in for one whose class is not known yet, and so many messages wait for that.
    provisional: Option<usize>,
    /// It did. The engine does not know that it is temporary, if it is.
    was_provisional: bool,
    /// Descriptors are watched for it.
    watches: bool,
    /// What the first try of the message in hand raised.
    first_error: Option<PyErr>,
    /// The coroutine that handles the message in hand.
    waiting: Option<(Turn, Coroutine)>,
}

/// What is to follow a message.
enum Next {
    GoOn,
    /// The message is delivered again, behind all that wait.
    Again,
    /// The message is delivered again at once.
    Retry,
    Stop,
    /// The message waits until it is known what the actor is.
    Wait,
    /// The actor is what it is to be, and takes up what has waited.
    Begin,
    /// The actor has failed, and its parent decides what is to become of it.
    Fail(Failure),
}

/// Why the instance is called.
#[derive(Clone, Copy)]
enum Turn {
    Message,
    LastWords,
    /// A child has gone while it exits.
    ChildGone,
}

/// What came of a call.
enum Called {
    Returned(PyResult<Next>),
    /// The handler is a coroutine, which runs now.
    Waits(Turn, Coroutine),
}

impl PyActor {
    /// Prepares an actor that is what its class is found to be later; until then this instance stands in. `again` makes it anew
    /// then, if it is restarted.
    pub(crate) fn provisional<'py>(
        system: &Arc<Inner>,
        stand_in: Bound<'py, PyAny>,
        name: Option<String>,
        again: Py<PyAny>,
    ) -> PyResult<(Props<Self>, Bound<'py, Reference>)> {
        let plan = Plan { policy: Policy::Transient, make: again };
        Self::prepared(system, stand_in, name, Some(plan), true)
    }

    /// Prepares an actor from an instance. Its reference wants to know the address as soon as there is one.
    pub(crate) fn props<'py>(
        system: &Arc<Inner>,
        instance: Bound<'py, PyAny>,
        name: Option<String>,
        plan: Option<Plan>,
    ) -> PyResult<(Props<Self>, Bound<'py, Reference>)> {
        Self::prepared(system, instance, name, plan, false)
    }

    fn prepared<'py>(
        system: &Arc<Inner>,
        instance: Bound<'py, PyAny>,
        name: Option<String>,
        plan: Option<Plan>,
        is_provisional: bool,
    ) -> PyResult<(Props<Self>, Bound<'py, Reference>)> {
        let reference = Bound::new(instance.py(), Reference::new(Arc::clone(system), name.clone()))?;
        instance.setattr("_reference", &reference)?;
        let policy = plan.as_ref().map(|plan| plan.policy).filter(|_| !is_provisional);
        let mut actor = Self::new(system, &instance, reference.clone().unbind(), policy)?;
        actor.provisional = is_provisional.then_some(0);
        let props = match plan {
            None => Props::once(move || actor),
            Some(plan) => {
                let policy = plan.policy;
                let (mut first, system, reference) = (Some(actor), Arc::clone(system), reference.clone().unbind());
                Props::fallible(move || match first.take() {
                    Some(actor) => Ok(actor),
                    None => plan.again(&system, &reference),
                })
                .restart(policy.restart())
            }
        };
        let props = props.spread();
        Ok((if let Some(name) = name { props.named(name) } else { props }, reference))
    }

    /// An actor with this instance.
    pub(crate) fn new(
        system: &Arc<Inner>,
        instance: &Bound<'_, PyAny>,
        reference: Py<Reference>,
        policy: Option<Policy>,
    ) -> PyResult<Self> {
        let py = instance.py();
        let supervisor = match instance.getattr_opt(pyo3::intern!(py, "_roscius_supervision"))? {
            Some(declared) => Some(declared.call_method0("begin")?.unbind()),
            None => None,
        };
        // Actors of the package `roscius` look at a message before their handler does.
        let own = pyo3::intern!(py, "_receive");
        let entry = if instance.hasattr(own)? { own } else { pyo3::intern!(py, "receiveMessage") };
        Ok(Self {
            instance: instance.clone().unbind(),
            reference,
            system: Arc::clone(system),
            policy,
            supervisor,
            entry: entry.clone().unbind(),
            exiting: false,
            leaves_children: false,
            provisional: None,
            was_provisional: false,
            watches: false,
            first_error: None,
            waiting: None,
        })
    }

    fn tell_self(&self, ctx: &mut Context<Self>, make: impl FnOnce(Python<'_>, &Classes) -> PyResult<PyMessage>) {
        let me = ctx.me().address();
        Python::attach(|py| match Classes::get(py).and_then(|classes| make(py, classes)) {
            // An actor can always send to itself: its mailbox has no bound.
            Ok(message) => drop(ctx.send(me, message)),
            Err(error) => log::error(py, format_args!("{me} could not be told something by the system: {error}")),
        });
    }

    /// Calls the instance. What follows is decided now, or when its coroutine has ended.
    fn call(
        &mut self,
        py: Python<'_>,
        turn: Turn,
        message: &mut PyMessage,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> Called {
        let called = Bound::new(py, sender.clone()).and_then(|sender| {
            let object = message.object(py)?.clone_ref(py);
            self.instance.bind(py).call_method1(self.entry.bind(py), (object, sender))
        });
        if self.provisional.is_some() && matches!(turn, Turn::Message) {
            return Called::Returned(called.and_then(|said| self.found_out(&said, ctx)));
        }
        let called = called.and_then(|returned| self.coroutine(returned, ctx));
        match called {
            Ok(Some(coroutine)) => Called::Waits(turn, coroutine),
            Ok(None) => Called::Returned(self.follow(py, turn, Ok(()), message, sender, ctx)),
            Err(error) => Called::Returned(self.follow(py, turn, Err(error), message, sender, ctx)),
        }
    }

    /// Lets what a handler returned run, if it is a coroutine.
    fn coroutine(&mut self, returned: Bound<'_, PyAny>, ctx: &Context<'_, Self>) -> PyResult<Option<Coroutine>> {
        let py = returned.py();
        if returned.is_none() && !self.watches {
            return Ok(None);
        }
        let classes = Classes::get(py)?;
        if !returned.is_instance(classes.coroutine.bind(py))? {
            self.watch(py, classes, &returned)?;
            return Ok(None);
        }
        if let Some(handle) = ctx.handle() {
            // It uses the reference from another thread from now on.
            self.reference.get().begin(handle.detached().ok());
        }
        Coroutine::start(&returned, &self.system).map(Some)
    }

    /// Watches the descriptors that a handler asks for by its result. Any other result ends that.
    fn watch(&mut self, py: Python<'_>, classes: &Classes, result: &Bound<'_, PyAny>) -> PyResult<()> {
        let wanted = result.is_instance(classes.watch.bind(py))?;
        let Some(member) = &self.system.member else {
            if wanted {
                let me = self.reference.get().me().map_or_else(ActorAddress::unborn, ActorAddress::of);
                log::error(py, format_args!("{me} can not watch descriptors: its base does not support that"));
            }
            return Ok(());
        };
        let mut descriptors: Vec<i32> = Vec::new();
        if wanted {
            for descriptor in result.getattr("filenos")?.try_iter()? {
                let descriptor = descriptor?;
                match descriptor.extract() {
                    Ok(number) => descriptors.push(number),
                    // Whatever has a descriptor. One that is closed is left out.
                    Err(_) => {
                        descriptors.extend(descriptor.call_method0("fileno").and_then(|it| it.extract::<i32>()).ok());
                    }
                }
            }
        }
        self.watches = !descriptors.is_empty();
        member.process.watch_descriptors(&descriptors);
        Ok(())
    }

    fn receive_in(
        &mut self,
        py: Python<'_>,
        message: &mut PyMessage,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<Called> {
        let classes = Classes::get(py)?;
        let object = match message.object(py) {
            Ok(object) => object.clone_ref(py).into_bound(py),
            Err(error) => {
                self.give_back(py, message, &error, ctx);
                return Ok(Called::Returned(Ok(Next::GoOn)));
            }
        };
        if let Some(member) = &self.system.member
            && message.failures == 0
        {
            member.language.taken_up.add(&object);
        }
        if object.is_instance(classes.system_message.bind(py))? {
            // An exit comes after the messages that wait before it.
            let waits = self.provisional.is_some_and(|waiting| waiting > 0);
            if object.is_instance(classes.exit_request.bind(py))? && !waits {
                self.reference.get().exit();
                return Ok(self.call(py, Turn::LastWords, message, sender, ctx));
            }
            if object.is_instance(classes.status_request.bind(py))? {
                let status = self.status(py, classes, ctx)?;
                self.answer(sender, status, ctx);
                return Ok(Called::Returned(Ok(Next::GoOn)));
            }
            if object.is_instance(classes.set_logging.bind(py))? {
                object.call_method0("apply")?;
                return Ok(Called::Returned(Ok(Next::GoOn)));
            }
            if self.exiting && object.is_instance(classes.child_exited.bind(py))? {
                return Ok(self.call(py, Turn::ChildGone, message, sender, ctx));
            }
        }
        if self.exiting {
            return Ok(Called::Returned(Ok(Next::GoOn)));
        }
        Ok(self.call(py, Turn::Message, message, sender, ctx))
    }

    /// Decides what follows a call that has ended.
    fn follow(
        &mut self,
        py: Python<'_>,
        turn: Turn,
        result: PyResult<()>,
        message: &mut PyMessage,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<Next> {
        match turn {
            Turn::LastWords => {
                if let Err(error) = result {
                    let me = ctx.me().address();
                    // In the system's own log: who waits to hear of the exit does not wait for the logger too.
                    let text = format!("{me} failed on its exit request, and exits: {error}");
                    let note = py.import("thespian.system.poison")?.getattr("note_failed_exit")?;
                    note.call1((text,))?;
                }
                self.exit(py, message, sender, ctx)
            }
            Turn::ChildGone => Ok(if ctx.children().is_empty() { Next::Stop } else { Next::GoOn }),
            Turn::Message => match result {
                Ok(()) => Ok(Next::GoOn),
                // Its coroutine was cancelled because the system is shut down.
                Err(_) if self.system.coroutines.is_closing() => Ok(Next::GoOn),
                Err(error) => self.failed(py, error, message, sender, ctx),
            },
        }
    }

    /// Lets a message that failed be delivered again, or gives it back.
    fn failed(
        &mut self,
        py: Python<'_>,
        error: PyErr,
        message: &mut PyMessage,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<Next> {
        if self.system.member.is_some() && error.is_instance_of::<PySystemExit>(py) {
            // The process is to end: its actor exits as if it had been asked to.
            self.reference.get().exit();
            return self.leave(py, true, ctx);
        }
        let object = message.object(py)?.clone_ref(py).into_bound(py);
        message.failures += 1;
        let is_last = message.failures >= self.system.deliveries;
        if let Some(first) = self.first_error.take()
            && error.cause(py).is_none()
        {
            error.set_cause(py, Some(first));
        }
        let details = log::traceback(py, &error)?;
        let poison = py.import("thespian.system.poison")?;
        poison.call_method1("log_failure", (&self.instance, &object, &details, is_last))?;
        if !is_last && self.system.is_simple {
            return Ok(Next::Again);
        }
        let mut details = details;
        if !is_last {
            // The second try comes at once, with a copy, in case the first has changed the message.
            match py.import("copy")?.call_method1("deepcopy", (&object,)) {
                Ok(copy) => {
                    message.replace(copy.unbind());
                    self.first_error = Some(error);
                    return Ok(Next::Retry);
                }
                Err(error) => {
                    let text = format!("it failed, and could not be copied for another try: {error}");
                    details = PyString::new(py, &text).into_any();
                }
            }
        }
        match message.came_as() {
            // It goes back as it came, which actors in any language understand.
            Some(frame) if sender.place == Place::Actor(frame.header().from) => {
                if let Some(member) = &self.system.member {
                    member.process.give_back(frame, Setback::Failed, details.to_string());
                }
            }
            _ => self.poison(py, Classes::get(py)?, &object, sender, &details, ctx)?,
        }
        if self.policy.is_none() {
            return Ok(Next::GoOn);
        }
        if self.was_provisional && self.policy == Some(Policy::Temporary) {
            return Ok(Next::Stop);
        }
        Ok(Next::Fail(Failure::new(&error).with_classes(class_names(py, &error)).told()))
    }

    /// Gives a message that can not be unpacked back to who sent it.
    fn give_back(&self, py: Python<'_>, message: &PyMessage, error: &PyErr, ctx: &Context<'_, Self>) {
        let details = format!("{}: {error}", ctx.me().address());
        log::error(py, format_args!("OUCH! Error deserializing a message to {details}"));
        if let (Some(member), Content::Frame(frame)) = (&self.system.member, message.content()) {
            // Who sent a type that is not known here is told so by a message.
            let is_foreign = frame.kind() == Kind::MessagePack;
            let reason = if is_foreign { Setback::NotAccepted } else { Setback::Undecodable };
            member.process.give_back(frame, reason, details);
        }
    }

    /// After the last words of the instance: its children exit first.
    fn exit(
        &mut self,
        py: Python<'_>,
        message: &mut PyMessage,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<Next> {
        // Only its parent and external code can end a permanent actor.
        if self.policy == Some(Policy::Permanent)
            && let Place::Actor(sender) = sender.place
            && sender != ctx.parent()
            && !sender.is_external()
        {
            return Ok(Next::Fail(Failure::new("it was asked to exit, and is permanent").told()));
        }
        let recursive = message.object(py)?.getattr(py, "isRecursive")?.is_truthy(py)?;
        self.leave(py, recursive, ctx)
    }

    /// Exits, after the children if they are to exit too.
    fn leave(&mut self, py: Python<'_>, recursive: bool, ctx: &mut Context<'_, Self>) -> PyResult<Next> {
        let children = ctx.children();
        if !recursive || children.is_empty() {
            self.leaves_children = !recursive;
            return Ok(Next::Stop);
        }
        self.exiting = true;
        if let Some(member) = &self.system.member {
            member.process.end_fallen();
        }
        for child in children {
            let request = Classes::get(py)?.exit_request.call0(py)?;
            drop(ctx.send(child, PyMessage::new(request)));
        }
        Ok(Next::GoOn)
    }

    /// Gives a message that failed back to who sent it.
    fn poison(
        &self,
        py: Python<'_>,
        classes: &Classes,
        failed: &Bound<'_, PyAny>,
        sender: &ActorAddress,
        details: &Bound<'_, PyAny>,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<()> {
        if failed.is_instance(classes.poison.bind(py))? {
            return Ok(());
        }
        let poison = classes.poison.call1(py, PyTuple::new(py, [failed, details])?)?;
        self.answer(sender, poison, ctx);
        Ok(())
    }

    /// Sends something to a sender, who may be in another system of this process.
    fn answer(&self, to: &ActorAddress, object: Py<PyAny>, ctx: &mut Context<'_, Self>) {
        let Place::Actor(to) = to.place else { return };
        if let Err(message) = self.system.send_abroad(ctx.me().address(), to, PyMessage::new(object)) {
            drop(ctx.send(to, message));
        }
    }

    /// Has the supervisor decide about a child, and tells the instance what it has to say.
    fn decide(&mut self, failure: &ChildFailure, ctx: &mut Context<Self>) -> PyResult<Decision> {
        if self.exiting {
            return Ok(Decision::Stop);
        }
        let (decision, note) = Python::attach(|py| {
            let supervisor = match &self.supervisor {
                Some(supervisor) => supervisor,
                None => {
                    let make = py.import("roscius.supervision")?.getattr("unsupervised")?;
                    self.supervisor.insert(make.call0()?.unbind())
                }
            };
            let child = ActorAddress::of(failure.child);
            let is_temporary = failure.policy == Restart::Temporary;
            let arguments = (child, &failure.failure.classes, failure.failure.to_string(), is_temporary);
            let decided = supervisor.bind(py).call_method1("decide", arguments)?;
            decided.extract::<(String, Option<Py<PyAny>>)>()
        })?;
        if let Some(note) = note {
            self.tell_self(ctx, |_, _| Ok(PyMessage::from_system(note)));
        }
        Ok(decision_named(&decision))
    }

    /// Says how the actor is.
    fn status(&self, py: Python<'_>, classes: &Classes, ctx: &Context<'_, Self>) -> PyResult<Py<PyAny>> {
        let me = Bound::new(py, ActorAddress::of(ctx.me().address()))?;
        let details = PyDict::new(py);
        details.set_item("actorAddress", &me)?;
        details.set_item("actorClass", self.instance.bind(py).get_type())?;
        let admin = self.system.member.as_ref().map(|member| ActorAddress::of(member.process.admin()));
        details.set_item("adminAddress", admin.unwrap_or_else(ActorAddress::system))?;
        details.set_item("parentAddress", ActorAddress::of(ctx.parent()))?;
        details.set_item("childActors", ctx.children().into_iter().map(ActorAddress::of).collect::<Vec<_>>())?;
        let wakeups = self.reference.get().wakeups();
        details.set_item("pendingWakeups", wakeups.into_iter().map(|left| (&me, left)).collect::<Vec<_>>())?;
        details.set_item("exiting", self.exiting)?;
        classes.status_message.call1(py, (details,))
    }
}

impl Actor for PyActor {
    type Protocol = (Async<PyMessage>, WakeupsWished);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.reference.get().settle(ctx.me().address());
        if let Some(supervisor) = &self.supervisor {
            let settings = Python::attach(|py| supervisor.bind(py).call_method0("settings")?.extract::<Settings>())?;
            ctx.supervise(settings.into());
        }
        Ok(())
    }

    fn supervise(&mut self, failure: &ChildFailure, ctx: &mut Context<Self>) -> Option<Decision> {
        Some(self.decide(failure, ctx).unwrap_or_else(|error| {
            let me = ctx.me().address();
            Python::attach(|py| log::error(py, format_args!("{me} could not decide about a child: {error}")));
            Decision::Stop
        }))
    }

    fn terminated(&mut self, end: &Terminated, ctx: &mut Context<Self>) {
        let (address, reason, details) = (ActorAddress::of(end.address), reason(&end.reason), end.reason.to_string());
        self.tell_self(ctx, |py, _| {
            let class = py.import("roscius.watching")?.getattr("Terminated")?;
            Ok(PyMessage::from_system(class.call1((address, reason, details))?.unbind()))
        });
    }

    fn stopping(&mut self, ctx: &mut Context<Self>) {
        if self.leaves_children {
            ctx.leave_children();
        }
    }

    fn child_exited(&mut self, exit: &ChildExited, ctx: &mut Context<Self>) {
        if self.system.member.as_ref().is_some_and(|member| member.language.is_abroad(exit.child)) {
            return;
        }
        let child = ActorAddress::of(exit.child);
        self.tell_self(ctx, |py, classes| Ok(PyMessage::from_system(classes.child_exited.call1(py, (child,))?)));
    }

    fn wakeup(&mut self, wakeup: Wakeup, ctx: &mut Context<Self>) {
        self.reference.get().woke_up(wakeup.timer);
        let Ok(WakeupPayload { period, payload }) = wakeup.take::<WakeupPayload>() else { return };
        self.tell_self(ctx, |py, classes| Ok(PyMessage::new(classes.wakeup.call1(py, (period, payload))?)));
    }

    fn dead_letter(&mut self, letter: DeadLetter, ctx: &mut Context<Self>) {
        let DeadLetter { message, target, .. } = letter;
        let Ok(mut message) = message.take::<PyMessage>() else { return };
        let Ok(object) = Python::attach(|py| message.object(py).map(|object| object.clone_ref(py))) else { return };
        let wanted = Python::attach(|py| Ok::<_, PyErr>(!Classes::get(py)?.may_be_lost(object.bind(py))?));
        if !wanted.unwrap_or(true) {
            return;
        }
        self.tell_self(ctx, |py, classes| {
            let envelope = classes.dead_envelope.call1(py, (ActorAddress::of(target), object))?;
            Ok(PyMessage::from_system(envelope))
        });
    }
}

impl PyActor {
    /// Delivers a message once. What follows; none when a coroutine handles it.
    fn deliver(&mut self, message: &mut PyMessage, sender: &ActorAddress, ctx: &mut Context<'_, Self>) -> Option<Next> {
        self.reference.get().begin(ctx.handle());
        let called = Python::attach(|py| {
            self.receive_in(py, message, sender, ctx).unwrap_or_else(|error| Called::Returned(Err(error)))
        });
        match called {
            Called::Returned(next) => Some(go_on_from(next, ctx)),
            Called::Waits(turn, coroutine) => {
                self.waiting = Some((turn, coroutine));
                None
            }
        }
    }

    /// Waits for the coroutine that handles the message. None when there is none.
    async fn wait(
        &mut self,
        message: &mut PyMessage,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> Option<Next> {
        let (turn, coroutine) = self.waiting.take()?;
        let result = coroutine.ended().await;
        let handle = ctx.handle();
        if let Some(handle) = &handle {
            // Fails only where nobody handles a message.
            let _ = handle.catch_up();
        }
        self.reference.get().begin(handle);
        let next = Python::attach(|py| self.follow(py, turn, result, message, sender, ctx));
        Some(go_on_from(next, ctx))
    }
}

/// What follows a message. An error of the system's own is logged.
fn go_on_from(next: PyResult<Next>, ctx: &Context<'_, PyActor>) -> Next {
    next.unwrap_or_else(|error| {
        let me = ctx.me().address();
        Python::attach(|py| log::error(py, format_args!("{me} could not deal with a message: {error}")));
        Next::GoOn
    })
}

/// Ends the handling of a message.
fn conclude(next: Next, ctx: &mut Context<'_, PyActor>) -> Outcome<()> {
    match next {
        Next::GoOn | Next::Retry => Ok(()),
        Next::Again => ctx.forward(ctx.me().address()),
        Next::Stop => {
            ctx.stop();
            Ok(())
        }
        Next::Wait => ctx.stash(),
        Next::Begin => {
            ctx.unstash_all();
            Ok(())
        }
        Next::Fail(failure) => Err(failure.into()),
    }
}

fn sender_of(message: &PyMessage, ctx: &Context<'_, PyActor>) -> ActorAddress {
    message.sender.clone().unwrap_or_else(|| ActorAddress::of(ctx.sender()))
}

impl AsyncHandler<PyMessage> for PyActor {
    fn receive_at_once(&mut self, message: &mut PyMessage, ctx: &mut Context<'_, Self>) -> Option<Outcome<()>> {
        message.take_up();
        if let (Some(member), Content::Frame(_)) = (&self.system.member, message.content()) {
            member.language.handled();
        }
        let sender = sender_of(message, ctx);
        loop {
            match self.deliver(message, &sender, ctx)? {
                Next::Retry => {}
                next => return Some(conclude(next, ctx)),
            }
        }
    }

    async fn receive(&mut self, message: &mut PyMessage, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        let sender = sender_of(message, ctx);
        loop {
            let next = match self.wait(message, &sender, ctx).await {
                Some(next) => next,
                None => match self.deliver(message, &sender, ctx) {
                    Some(next) => next,
                    None => continue,
                },
            };
            match next {
                // Delivered once more, which may mean another coroutine.
                Next::Retry => {}
                next => return conclude(next, ctx),
            }
        }
    }
}

impl Drop for PyActor {
    fn drop(&mut self) {
        if let Some(member) = &self.system.member {
            // A new instance hears nothing of them.
            member.language.disown();
        }
    }
}

impl Handler<WakeupsWished> for PyActor {
    fn receive(&mut self, _: &mut WakeupsWished, ctx: &mut Context<Self>) -> Outcome<()> {
        let reference = self.reference.get();
        for WakeupWish { due, payload } in reference.take_wishes() {
            let timer = ctx.wakeup_after(due.saturating_duration_since(Instant::now()), payload);
            reference.will_wake(timer, due);
        }
        Ok(())
    }
}
