//! Which process plays now, for handlers that want something of their system.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use roscius::gate::{NotMade, Wanted};
use roscius::{Address, NodeId};
use roscius_protocol::admin::messages::{Creation, FromAdmin, Requester, Scope, ToAdmin};
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

/// A number that no process of the system has whose handler runs.
pub(crate) fn free_node() -> Option<NodeId> {
    let (world, node) = last()?;
    Some(world.borrow_mut().free_process(node))
}

/// Has an actor made for a handler. Others are played while it waits for that.
pub(crate) fn have_made(wanted: Wanted) -> Result<Address, NotMade> {
    let (world, process) = last().ok_or(NotMade::NoOthers)?;
    let Wanted { name: maker, arguments: spec, node, parent: actor, birth } = wanted;
    let requester = Some(Requester { actor, birth });
    let creation = Creation {
        maker,
        name: None,
        scope: Scope::System,
        spec,
        process: Some(node),
        requester,
        source: None,
        order: None,
    };
    match request(&world, process, &ToAdmin::Create(creation)).and_then(created) {
        Ok(actor) => Ok(actor),
        Err(CreateError::Refused { kind, text }) => Err(NotMade::Refused { kind, text }),
        Err(error) => Err(NotMade::NoAnswer(error.to_string())),
    }
}

fn last() -> Option<(SharedWorld, NodeId)> {
    let (world, node) = STAGES.with_borrow(|stages| stages.last().cloned())?;
    Some((world.upgrade()?, node))
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
