//! An actor whose class is not known yet, since its source is still being validated.
//!
//! Its instance stands in: it is given each message, and says by its result what is to happen. Messages wait in the stash of the
//! actor until the instance of its class is there.

use pyo3::prelude::*;
use roscius::prelude::*;

use super::{Next, PyActor};
use crate::supervision::{Policy, Settings};

impl PyActor {
    /// Does what the stand-in has said: nothing, and the message waits; an instance, with the policy by which it is restarted if
    /// it is, and that is the actor from now on; anything else, and the actor ends.
    pub(super) fn found_out(&mut self, said: &Bound<'_, PyAny>, ctx: &mut Context<'_, Self>) -> PyResult<Next> {
        let py = said.py();
        if said.is_none() {
            self.provisional = self.provisional.map(|waiting| waiting + 1);
            return Ok(Next::Wait);
        }
        let Ok((instance, policy)) = said.extract::<(Bound<'_, PyAny>, Option<String>)>() else {
            return Ok(Next::Stop);
        };
        instance.setattr("_reference", &self.reference)?;
        let policy = policy.as_deref().map(Policy::named);
        *self = Self::new(&self.system, &instance, self.reference.clone_ref(py), policy)?;
        self.was_provisional = true;
        if let Some(supervisor) = &self.supervisor {
            let settings = supervisor.bind(py).call_method0("settings")?.extract::<Settings>()?;
            ctx.supervise(settings.into());
        }
        Ok(Next::Begin)
    }
}
