//! Sources of a system, for programs.

use bytes::Bytes;
use roscius::Address;
use roscius_protocol::admin::messages::{Creation, Scope, ToAdmin};
use serde::Serialize;

use super::ProcessSystem;
use super::error::{CreateError, LoadError};
use super::system::{PROMPTLY, arguments_of};
use crate::process::RequestError;
use crate::sources::{LONGEST, id_of};

impl ProcessSystem {
    /// Has a source loaded, and says what it is known by: its MD5 in hexadecimal. `info` is what people know it by. It can be used
    /// once the source authority of the system has found it valid; what became of it is in the [status](ProcessSystem::status).
    ///
    /// # Errors
    ///
    /// [`LoadError`] if it is too long, or the Admin does not hear of it.
    pub fn load_source(&self, info: Option<&str>, content: impl Into<Bytes>) -> Result<String, LoadError> {
        let content = content.into();
        if content.len() > LONGEST {
            return Err(LoadError::TooLong { bytes: content.len() });
        }
        let id = id_of(&content);
        self.link.request(ToAdmin::LoadSource { id: id.clone(), info: info.map(str::to_owned), content }, PROMPTLY)?;
        Ok(id)
    }

    /// Creates a top-level actor from a source that is a program, by the name that its type is registered under there. While the
    /// source is validated, this waits.
    ///
    /// # Errors
    ///
    /// [`CreateError`] if it can not be made: there is no such source, for example, or it has no such type.
    pub fn spawn_from_source(&self, id: &str, name: &str, arguments: impl Serialize) -> Result<Address, CreateError> {
        let spec = arguments_of(name, &arguments)?;
        let (maker, source) = (name.to_owned(), Some(id.to_owned()));
        self.request_actor(Creation {
            maker,
            name: None,
            scope: Scope::System,
            spec,
            process: None,
            requester: None,
            source,
            order: None,
        })
    }

    /// Lets go of a source: no actor can be made from it any more. One that is not loaded is ignored.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if the Admin does not hear of it.
    pub fn unload_source(&self, id: &str) -> Result<(), RequestError> {
        self.link.request(ToAdmin::UnloadSource { id: id.to_owned() }, PROMPTLY).map(drop)
    }
}
