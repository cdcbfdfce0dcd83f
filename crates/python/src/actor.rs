//! An actor whose instance is a Python object.

use std::sync::Arc;
use std::time::Instant;

use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use roscius::prelude::*;
use roscius_protocol::admin::messages::Setback;

use crate::address::{ActorAddress, Place};
use crate::classes::Classes;
use crate::log;
use crate::message::{Content, PyMessage, WakeupPayload, WakeupWish};
use crate::reference::Reference;
use crate::system::Inner;

/// See the [module](self).
pub(crate) struct PyActor {
    instance: Py<PyAny>,
    reference: Py<Reference>,
    system: Arc<Inner>,
    /// It has been asked to exit, and waits for its children to do so.
    exiting: bool,
    leaves_children: bool,
    /// Descriptors are watched for it.
    watches: bool,
}

/// What is to follow a message.
enum Next {
    GoOn,
    /// The message is delivered again, behind all that wait.
    Again,
    Stop,
}

impl PyActor {
    /// Prepares an actor from an instance. Its reference wants to know the address as soon as there is one.
    pub(crate) fn props<'py>(
        system: &Arc<Inner>,
        instance: Bound<'py, PyAny>,
        name: Option<String>,
    ) -> PyResult<(Props<Self>, Bound<'py, Reference>)> {
        let reference = Bound::new(instance.py(), Reference::new(Arc::clone(system), name.clone()))?;
        instance.setattr("_reference", &reference)?;
        let actor = Self {
            instance: instance.unbind(),
            reference: reference.clone().unbind(),
            system: Arc::clone(system),
            exiting: false,
            leaves_children: false,
            watches: false,
        };
        let props = Props::once(move || actor).spread();
        Ok((if let Some(name) = name { props.named(name) } else { props }, reference))
    }

    fn tell_self(&self, ctx: &mut Context<Self>, make: impl FnOnce(Python<'_>, &Classes) -> PyResult<PyMessage>) {
        let me = ctx.me().address();
        Python::attach(|py| match Classes::get(py).and_then(|classes| make(py, classes)) {
            // An actor can always send to itself: its mailbox has no bound.
            Ok(message) => drop(ctx.send(me, message)),
            Err(error) => log::error(py, format_args!("{me} could not be told something by the system: {error}")),
        });
    }

    fn call(&mut self, py: Python<'_>, message: &Py<PyAny>, sender: &ActorAddress) -> PyResult<()> {
        let sender = Bound::new(py, sender.clone())?;
        let result = self.instance.call_method1(py, pyo3::intern!(py, "receiveMessage"), (message, sender))?;
        if self.watches || !result.is_none(py) {
            self.watch(py, result.bind(py))?;
        }
        Ok(())
    }

    /// Watches the descriptors that a handler asks for by its result. Any other result ends that.
    fn watch(&mut self, py: Python<'_>, result: &Bound<'_, PyAny>) -> PyResult<()> {
        let wanted = result.is_instance(Classes::get(py)?.watch.bind(py))?;
        let Some(member) = &self.system.member else {
            if wanted {
                let me = self.reference.get().me();
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
                        descriptors.extend(descriptor.call_method0("fileno").and_then(|it| it.extract::<i32>()).ok())
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
    ) -> PyResult<Next> {
        let classes = Classes::get(py)?;
        let object = match message.object(py) {
            Ok(object) => object.clone_ref(py).into_bound(py),
            Err(error) => {
                self.give_back(py, message, &error, ctx);
                return Ok(Next::GoOn);
            }
        };
        if object.is_instance(classes.system_message.bind(py))? {
            if object.is_instance(classes.exit_request.bind(py))? {
                return self.exit(py, classes, &object, sender, ctx);
            }
            if object.is_instance(classes.status_request.bind(py))? {
                let status = self.status(py, classes, ctx)?;
                self.answer(sender, status, ctx);
                return Ok(Next::GoOn);
            }
            if self.exiting && object.is_instance(classes.child_exited.bind(py))? {
                let _ = self.call(py, object.as_unbound(), sender);
                return Ok(if ctx.children().is_empty() { Next::Stop } else { Next::GoOn });
            }
        }
        if self.exiting {
            return Ok(Next::GoOn);
        }
        let mut object = object;
        let mut before: Option<PyErr> = None;
        loop {
            let Err(error) = self.call(py, object.as_unbound(), sender) else { return Ok(Next::GoOn) };
            if self.system.member.is_some() && error.is_instance_of::<PySystemExit>(py) {
                // The process is to end: its actor exits as if it had been asked to.
                return self.leave(py, classes, true, ctx);
            }
            message.failures += 1;
            let is_last = message.failures >= self.system.deliveries;
            if let Some(before) = before.take()
                && error.cause(py).is_none()
            {
                error.set_cause(py, Some(before));
            }
            let traceback = py.import("traceback")?.call_method1("format_exception", (error.value(py),))?;
            let details = pyo3::types::PyString::new(py, "").call_method1("join", (traceback,))?;
            let log = py.import("thespian.system.poison")?;
            log.call_method1("log_failure", (&self.instance, &object, &details, is_last))?;
            if is_last {
                self.poison(py, classes, &object, sender, &details, ctx)?;
                return Ok(Next::GoOn);
            }
            if self.system.is_simple {
                return Ok(Next::Again);
            }
            // Elsewhere the second try comes at once, with a copy, in case the first has changed the message.
            match py.import("copy")?.call_method1("deepcopy", (&object,)) {
                Ok(copy) => object = copy,
                Err(error) => {
                    let details = format!("it failed, and could not be copied for another try: {error}");
                    let details = pyo3::types::PyString::new(py, &details).into_any();
                    self.poison(py, classes, &object, sender, &details, ctx)?;
                    return Ok(Next::GoOn);
                }
            }
            message.replace(object.clone().unbind());
            before = Some(error);
        }
    }

    /// Gives a message that can not be unpacked back to who sent it.
    fn give_back(&self, py: Python<'_>, message: &PyMessage, error: &PyErr, ctx: &Context<'_, Self>) {
        let details = format!("{}: {error}", ctx.me().address());
        log::error(py, format_args!("OUCH! Error deserializing a message to {details}"));
        if let (Some(member), Content::Frame(frame)) = (&self.system.member, message.content()) {
            member.process.give_back(frame, Setback::Undecodable, details);
        }
    }

    /// Lets the instance have its last words, and then its children exit.
    fn exit(
        &mut self,
        py: Python<'_>,
        classes: &Classes,
        request: &Bound<'_, PyAny>,
        sender: &ActorAddress,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<Next> {
        self.reference.get().exit();
        if let Err(error) = self.call(py, request.as_unbound(), sender) {
            log::warning(py, format_args!("{} failed on its exit request, and exits: {error}", ctx.me().address()));
        }
        let recursive = request.getattr("isRecursive")?.is_truthy()?;
        self.leave(py, classes, recursive, ctx)
    }

    /// Exits, after the children if they are to exit too.
    fn leave(
        &mut self,
        py: Python<'_>,
        classes: &Classes,
        recursive: bool,
        ctx: &mut Context<'_, Self>,
    ) -> PyResult<Next> {
        self.reference.get().exit();
        let children = ctx.children();
        if !recursive || children.is_empty() {
            self.leaves_children = !recursive;
            return Ok(Next::Stop);
        }
        self.exiting = true;
        for child in children {
            let request = classes.exit_request.call0(py)?;
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

    /// Says how the actor is.
    fn status(&self, py: Python<'_>, classes: &Classes, ctx: &Context<'_, Self>) -> PyResult<Py<PyAny>> {
        let me = Bound::new(py, ActorAddress::of(ctx.me().address()))?;
        let details = PyDict::new(py);
        details.set_item("actorAddress", &me)?;
        details.set_item("actorClass", self.instance.bind(py).get_type())?;
        details.set_item("parentAddress", ActorAddress::of(ctx.parent()))?;
        details.set_item("childActors", ctx.children().into_iter().map(ActorAddress::of).collect::<Vec<_>>())?;
        let wakeups = self.reference.get().wakeups();
        details.set_item("pendingWakeups", wakeups.into_iter().map(|left| (&me, left)).collect::<Vec<_>>())?;
        details.set_item("exiting", self.exiting)?;
        classes.status_message.call1(py, (details,))
    }
}

impl Actor for PyActor {
    type Protocol = (Async<PyMessage>, WakeupWish);

    fn started(&mut self, ctx: &mut Context<Self>) -> Result<(), Failure> {
        self.reference.get().settle(ctx.me().address());
        Ok(())
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

impl AsyncHandler<PyMessage> for PyActor {
    async fn receive(&mut self, message: &mut PyMessage, ctx: &mut Context<'_, Self>) -> Outcome<()> {
        message.take_up();
        if let (Some(member), Content::Frame(_)) = (&self.system.member, message.content()) {
            member.language.handled();
        }
        let sender = message.sender.clone().unwrap_or_else(|| ActorAddress::of(ctx.sender()));
        self.reference.get().begin(ctx.handle());
        let next = Python::attach(|py| {
            self.receive_in(py, message, &sender, ctx).unwrap_or_else(|error| {
                log::error(py, format_args!("{} could not deal with a message: {error}", ctx.me().address()));
                Next::GoOn
            })
        });
        match next {
            Next::GoOn => Ok(()),
            Next::Again => ctx.forward(ctx.me().address()),
            Next::Stop => {
                ctx.stop();
                Ok(())
            }
        }
    }
}

impl Handler<WakeupWish> for PyActor {
    fn receive(&mut self, wish: &mut WakeupWish, ctx: &mut Context<Self>) -> Outcome<()> {
        if let Some(payload) = wish.payload.take() {
            let timer = ctx.wakeup_after(wish.due.saturating_duration_since(Instant::now()), payload);
            self.reference.get().will_wake(timer, wish.due);
        }
        Ok(())
    }
}
