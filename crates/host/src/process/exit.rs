//! Where all that leaves the process waits for who drives it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use roscius::gate::{Crossing, Gate, NotMade, Wanted};
use roscius::{Address, NodeId};
use roscius_protocol::admin::messages::{Answer, Creation, FromAdmin, Letter, Requester, Scope, ToAdmin};
use roscius_transport::Remote;

use super::{CREATE_WITHIN, Process, RequestError, lock, random_number};

/// How much may wait before actors make room for the links.
const ENOUGH: usize = 256;

/// What leaves.
#[derive(Debug)]
pub(super) enum Leaving {
    Crossing(Crossing),
    ToAdmin {
        from: Address,
        message: Box<ToAdmin>,
        id: u64,
    },
    /// A message that did not arrive, to the Admin: from the root of the process, or from who was to handle it and has ended.
    DeadLetter {
        from: Address,
        letter: Letter,
    },
    /// A message goes back to its sender.
    Returned {
        to: Address,
        from: Address,
        letter: Letter,
    },
    /// To an ask with this number.
    Answer {
        to: Address,
        from: Address,
        id: u64,
        answer: Answer,
    },
}

/// See the [module](self).
pub(super) struct Exit {
    leaving: Mutex<Vec<Leaving>>,
    count: AtomicUsize,
    remote: Remote,
    process: OnceLock<Weak<Process>>,
}

impl Exit {
    pub fn new(remote: Remote) -> Self {
        Self { leaving: Mutex::default(), count: AtomicUsize::new(0), remote, process: OnceLock::new() }
    }

    /// Notes whose it is.
    pub fn belong_to(&self, process: &Arc<Process>) {
        let _ = self.process.set(Arc::downgrade(process));
    }

    fn process(&self) -> Option<Arc<Process>> {
        self.process.get().and_then(Weak::upgrade)
    }

    pub fn push(&self, leaving: Leaving) {
        lock(&self.leaving).push(leaving);
        self.count.fetch_add(1, Ordering::Release);
    }

    pub fn tell_admin(&self, from: Address, message: ToAdmin, id: u64) {
        self.push(Leaving::ToAdmin { from, message: Box::new(message), id });
    }

    pub fn has_waiting(&self) -> bool {
        self.count.load(Ordering::Acquire) > 0
    }

    /// Whether so much waits that it is to be sent before more is said.
    pub fn wants_out(&self) -> bool {
        self.count.load(Ordering::Relaxed) >= ENOUGH
    }

    /// Swaps what waits into `taken`, which must be empty.
    pub fn take(&self, taken: &mut Vec<Leaving>) {
        if self.has_waiting() {
            let mut leaving = lock(&self.leaving);
            std::mem::swap(&mut *leaving, taken);
            self.count.store(0, Ordering::Release);
        }
    }

    /// Has the thread that drives look at what waits.
    pub fn wake(&self) {
        self.remote.wake();
    }
}

impl Gate for Exit {
    fn carry(&self, crossing: Crossing) -> bool {
        self.push(Leaving::Crossing(crossing));
        self.wants_out()
    }

    fn handle_dead_letters(&self, actor: Address, start: bool) -> bool {
        self.tell_admin(actor, ToAdmin::HandleDeadLetters { start, alone: false }, 0);
        true
    }

    fn free_node(&self) -> Option<NodeId> {
        let system = self.process()?.node().system();
        Some(NodeId::of_process(system, random_number().max(NodeId::FIRST_FREE)))
    }

    fn have_made(&self, wanted: Wanted) -> Result<Address, NotMade> {
        let process = self.process().ok_or(NotMade::NoOthers)?;
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
        let answer =
            process.request::<RequestError>(process.root(), ToAdmin::Create(creation), CREATE_WITHIN, || Ok(()));
        match answer {
            Ok(FromAdmin::Created { actor }) => Ok(actor),
            Ok(FromAdmin::Refused(refusal)) => Err(NotMade::Refused { kind: refusal.kind, text: refusal.text }),
            Ok(_) => Err(NotMade::NoAnswer(RequestError::NoAdmin.to_string())),
            Err(error) => Err(NotMade::NoAnswer(error.to_string())),
        }
    }
}
