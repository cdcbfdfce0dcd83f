//! Handlers that are coroutines: they run on an event loop of asyncio, in another thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::system::Inner;
use crate::under_way::Going;

/// The coroutines of a system that run.
#[derive(Default)]
pub(crate) struct Coroutines {
    /// What cancels each, by its number.
    running: Mutex<(u64, BTreeMap<u64, Py<PyAny>>)>,
    is_closing: AtomicBool,
}

impl Coroutines {
    fn add(&self, cancel: Py<PyAny>) -> u64 {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.0 += 1;
        let key = running.0;
        running.1.insert(key, cancel);
        key
    }

    fn remove(&self, key: u64) -> Option<Py<PyAny>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&key)
    }

    /// Cancels all, and from now on each that begins: the system is shut down.
    pub(crate) fn close(&self, py: Python<'_>) {
        self.is_closing.store(true, Ordering::Release);
        let cancels: Vec<_> = {
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.1.values().map(|cancel| cancel.clone_ref(py)).collect()
        };
        for cancel in cancels {
            // A loop that has ended has nothing left to cancel.
            let _ = cancel.call0(py);
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }
}

/// Called by the event loop when a coroutine has ended, with its exception, if any.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct Done {
    end: Mutex<Option<(oneshot::Sender<PyResult<()>>, Going)>>,
    system: Weak<Inner>,
}

#[pymethods]
impl Done {
    #[pyo3(signature = (error = None))]
    fn __call__(&self, error: Option<Bound<'_, PyAny>>) {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((sender, going)) = end {
            // Nobody waits any more when the actor has been dropped.
            let _ = sender.send(error.map_or(Ok(()), |error| Err(PyErr::from_value(error))));
            drop(going);
            if let Some(member) = self.system.upgrade().as_ref().and_then(|system| system.member.as_ref()) {
                // The thread of the actor waits for the links of its process.
                member.process.wake();
            }
        }
    }
}

/// A coroutine that runs. Dropping it cancels it.
pub(crate) struct Coroutine {
    end: oneshot::AsyncReceiver<PyResult<()>>,
    coroutines: Arc<Coroutines>,
    key: u64,
}

impl Coroutine {
    /// Gives a coroutine to the event loop of the process.
    pub(crate) fn start(coroutine: &Bound<'_, PyAny>, system: &Arc<Inner>) -> PyResult<Self> {
        let coroutines = &system.coroutines;
        let py = coroutine.py();
        let (sender, end) = oneshot::async_channel();
        let end_of_it = Mutex::new(Some((sender, system.under_way.begin())));
        let done = Done { end: end_of_it, system: Arc::downgrade(system) };
        let events = py.import("roscius.event_loop")?;
        let cancel = events.call_method1("start", (coroutine, Bound::new(py, done)?))?;
        let key = coroutines.add(cancel.clone().unbind());
        if coroutines.is_closing() {
            cancel.call0()?;
        }
        Ok(Self { end, coroutines: Arc::clone(coroutines), key })
    }

    /// How it ended.
    pub(crate) async fn ended(mut self) -> PyResult<()> {
        let end = (&mut self.end).await;
        self.coroutines.remove(self.key);
        end.unwrap_or_else(|_| Err(PyRuntimeError::new_err("the event loop dropped the coroutine")))
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        if let Some(cancel) = self.coroutines.remove(self.key) {
            Python::attach(|py| {
                let _ = cancel.call0(py);
            });
        }
    }
}
