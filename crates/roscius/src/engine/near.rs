//! A short way to the core that this thread drives, for wakers: they know the system, but no stage.
//!
//! Whoever drives the core empties this queue too, as the outbox of the stage, so nothing is held up by a handler that
//! does not return.

use std::cell::RefCell;
use std::sync::Arc;

use super::envelope::Parcel;
use super::shared::Shared;

/// How many parcels wait at most; more go by way of the inbox of the core.
const QUEUE: usize = 64;

thread_local! {
    static NEAR: RefCell<Option<Near>> = const { RefCell::new(None) };
}

/// See the [module](self).
pub(crate) struct Near {
    /// The address of what the cores of the system share. Only compared.
    system: usize,
    core: u8,
    queue: rtrb::Producer<Parcel>,
}

impl Near {
    pub(crate) fn new(shared: &Arc<Shared>) -> (Self, rtrb::Consumer<Parcel>) {
        let (queue, consumer) = rtrb::RingBuffer::new(QUEUE);
        (Self { system: Arc::as_ptr(shared) as usize, core: 0, queue }, consumer)
    }

    /// Makes this the short way of the thread, or takes it back. `near` gets what was there before.
    pub(crate) fn swap(near: &mut Option<Self>, core: u8) {
        if let Some(near) = near {
            near.core = core;
        }
        // A thread that is ending drives nothing any more.
        let _ = NEAR.try_with(|slot| std::mem::swap(&mut *slot.borrow_mut(), near));
    }
}

/// Posts a parcel to an actor, the short way if there is one.
pub(crate) fn post(shared: &Arc<Shared>, parcel: Parcel) {
    let system = Arc::as_ptr(shared) as usize;
    let mut parcel = Some(parcel);
    let _ = NEAR.try_with(|slot| {
        if let Some(near) = &mut *slot.borrow_mut()
            && near.system == system
            && let Some(going) = parcel.take_if(|parcel| parcel.to().core() == near.core)
            && let Err(rtrb::PushError::Full(refused)) = near.queue.push(going)
        {
            parcel = Some(refused);
        }
    });
    if let Some(parcel) = parcel {
        shared.post(parcel);
    }
}
