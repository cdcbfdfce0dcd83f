//! Creating actors of other programs and languages from within an actor.

use std::sync::{Arc, OnceLock, Weak};

use roscius::{Actor, Address, Context};
use serde::Serialize;

use super::error::CreateError;
use super::system::PYTHON;
use crate::process::Process;

/// The process of the actors here, in a process that was started for one.
static HERE: OnceLock<Weak<Process>> = OnceLock::new();

/// Notes that actors of this process live in `process`.
pub(super) fn settle(process: &Arc<Process>) {
    let _ = HERE.set(Arc::downgrade(process));
}

/// The process of the actors here.
pub(super) fn process() -> Option<Arc<Process>> {
    HERE.get().and_then(Weak::upgrade)
}

/// Creates a child of a class in Python, given as `module.Class`. It is there when this returns; the links of the process are
/// driven meanwhile, but no actor of it.
///
/// # Errors
///
/// [`CreateError`] if it can not be made. The parent is then told of the exit of a child that never was, too.
pub fn spawn_python<A: Actor>(ctx: &mut Context<A>, class: &str) -> Result<Address, CreateError> {
    Ok(ctx.have_made(PYTHON, class.into())?)
}

/// Creates a child by the name that its type is registered under in any program of the system. It has a process of its own.
/// The same as [`Context::spawn_by_name`].
///
/// # Errors
///
/// [`CreateError`], as [`spawn_python`].
pub fn spawn_by_name<A: Actor>(
    ctx: &mut Context<A>,
    name: &str,
    arguments: impl Serialize,
) -> Result<Address, CreateError> {
    Ok(ctx.spawn_by_name(name, arguments)?)
}
