//! Which process plays now, for handlers that want something of their system.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use roscius::gate::Crossing;
use roscius::{Actor, Address, Birth, Context, ExitReason, FailureKind, FailureReport, NodeId, Restart, Signal};
use roscius_protocol::admin::messages::{Creation, FromAdmin, Requester, ToAdmin};
use serde::Serialize;

use crate::error::CreateError;
use crate::wire::root_of;
use crate::world::{SharedWorld, World, run};

/// A creation that has come to nothing by then is given up: the Admin says so before.
pub(crate) const CREATE_WITHIN: Duration = Duration::from_secs(200);

thread_local! {
    /// The process whose handler runs, last: while one waits for something, another may be played.
    static STAGES: RefCell<Vec<(Weak<RefCell<World>>, NodeId)>> = const { RefCell::new(Vec::new()) };
}

/// As long as it is there, a process plays.
pub(crate) struct OnStage;

impl Drop for OnStage {
    fn drop(&mut self) {
        STAGES.with_borrow_mut(Vec::pop);
    }
}

/// Whether a handler is being played.
pub(crate) fn is_entered() -> bool {
    STAGES.with_borrow(|stages| !stages.is_empty())
}

pub(crate) fn enter(world: &SharedWorld, node: NodeId) -> OnStage {
    STAGES.with_borrow_mut(|stages| stages.push((Rc::downgrade(world), node)));
    OnStage
}

/// Creates a child by the name that its type is registered under, here or on another system that has what it needs. It has a
/// process of its own. Others are played while the handler waits for it.
///
/// # Errors
///
/// [`CreateError`] if it can not be made.
pub fn spawn_by_name<A: Actor>(
    ctx: &mut Context<A>,
    name: &str,
    arguments: impl Serialize,
) -> Result<Address, CreateError> {
    let spec = arguments_of(name, &arguments)?;
    let (world, node) = STAGES.with_borrow(|stages| stages.last().cloned()).ok_or(CreateError::NoSimulation)?;
    let world = world.upgrade().ok_or(CreateError::NoSimulation)?;
    let number = world.borrow_mut().free_process(node);
    let child = Address::new(number, 0, 1, 0);
    let birth = ctx.adopt(child, Restart::Temporary)?;
    let requester = Some(Requester { actor: ctx.me().address(), birth });
    let creation =
        Creation { maker: name.to_owned(), name: None, spec, process: Some(number), requester, source: None };
    let answer = request(&world, node, &ToAdmin::Create(creation));
    let created = answer.and_then(created);
    match created {
        Ok(actor) => {
            ctx.readdress(birth, actor);
            Ok(actor)
        }
        Err(error) => {
            world.borrow_mut().stillborn(node, ctx.me().address(), child, birth, &error.to_string());
            Err(error)
        }
    }
}

/// Arguments as their maker reads them.
pub(crate) fn arguments_of(actor: &str, arguments: &impl Serialize) -> Result<Vec<u8>, CreateError> {
    rmp_serde::to_vec_named(arguments)
        .map_err(|error| CreateError::Arguments { actor: actor.to_owned(), reason: error.to_string() })
}

/// What the Admin has answered to a creation.
pub(crate) fn created(answer: FromAdmin) -> Result<Address, CreateError> {
    match answer {
        FromAdmin::Created { actor } => Ok(actor),
        FromAdmin::Refused(refusal) => Err(CreateError::Refused { kind: refusal.kind, text: refusal.text }),
        _ => Err(CreateError::NoAnswer),
    }
}

/// Asks the Admin of a process, and lets time pass until it has answered.
pub(crate) fn request(world: &SharedWorld, node: NodeId, message: &ToAdmin) -> Result<FromAdmin, CreateError> {
    let (id, until) = {
        let mut world = world.borrow_mut();
        let until = world.now.plus(CREATE_WITHIN);
        (world.ask_admin(node, message).ok_or(CreateError::NoAnswer)?, until)
    };
    let mut answer = None;
    run(world, until, || {
        let mut world = world.borrow_mut();
        let Some(process) = world.process(node) else { return true };
        answer = process.take_answer(id);
        answer.is_some()
    });
    if answer.is_none()
        && let Some(process) = world.borrow_mut().process(node)
    {
        process.forget_request(id);
    }
    answer.ok_or(CreateError::NoAnswer)
}

impl World {
    /// A process asks its Admin. The number of the answer, or nothing if the process is gone.
    pub fn ask_admin(&mut self, node: NodeId, message: &ToAdmin) -> Option<u64> {
        let (id, frame) = self.process(node)?.ask_admin(message);
        // What was said before leaves before.
        self.after(node, false);
        self.say_as(node, frame);
        Some(id)
    }

    /// A child of an actor in that process never came to be.
    fn stillborn(&mut self, node: NodeId, parent: Address, child: Address, birth: Birth, how: &str) {
        let reason = ExitReason::Failed(FailureReport::new(FailureKind::Creation, how));
        if let Some(process) = self.process(node) {
            process.system.arrive(Crossing::Signal { to: parent, signal: Signal::ChildEnded { birth, child, reason } });
            self.after(node, true);
        }
    }

    /// A number that no process of a system has.
    fn free_process(&mut self, node: NodeId) -> NodeId {
        loop {
            let number = self.random.next() as u32;
            let free = NodeId::of_process(node.system(), number.max(1 << 16));
            if root_of(free) != root_of(node) && self.process(free).is_none() {
                return free;
            }
        }
    }
}
