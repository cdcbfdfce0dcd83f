//! Creating actors of other programs and languages from within an actor.

use std::sync::{Arc, OnceLock, Weak};

use roscius::{Actor, Address, Context, NodeId, Restart};
use roscius_protocol::admin::messages::{Creation, FromAdmin, Requester, ToAdmin};
use serde::Serialize;

use super::error::CreateError;
use super::system::{CREATE_WITHIN, PYTHON, arguments_of};
use crate::process::{Process, RequestError, random_number};

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
    create(ctx, PYTHON, class.into())
}

/// Creates a child by the name that its type is registered under in any program of the system. It has a process of its own.
///
/// # Errors
///
/// [`CreateError`], as [`spawn_python`].
pub fn spawn_by_name<A: Actor>(
    ctx: &mut Context<A>,
    name: &str,
    arguments: impl Serialize,
) -> Result<Address, CreateError> {
    let spec = arguments_of(name, &arguments)?;
    create(ctx, name, spec)
}

fn create<A: Actor>(ctx: &mut Context<A>, maker: &str, spec: Vec<u8>) -> Result<Address, CreateError> {
    let process = process().ok_or(CreateError::NoProcess)?;
    let number = random_number().max(NodeId::FIRST_FREE);
    let node = NodeId::of_process(process.node().system(), number);
    let child = Address::new(node, 0, 1, 0);
    let birth = ctx.adopt(child, Restart::Temporary)?;
    let requester = Some(Requester { actor: ctx.me().address(), birth });
    let creation = Creation { maker: maker.to_owned(), name: None, spec, process: Some(node), requester, source: None };
    let answer = process.request::<RequestError>(process.root(), ToAdmin::Create(creation), CREATE_WITHIN, || Ok(()));
    let error = match answer {
        Ok(FromAdmin::Created { actor }) => {
            // It may have a bound, which its address says.
            ctx.readdress(birth, actor);
            return Ok(actor);
        }
        Ok(FromAdmin::Refused(refusal)) => CreateError::Refused { kind: refusal.kind, text: refusal.text },
        Ok(_) => RequestError::NoAdmin.into(),
        Err(error) => error.into(),
    };
    process.stillborn(ctx.me().address(), child, birth, error.to_string());
    Err(error)
}
