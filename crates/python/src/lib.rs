//! The extension module `roscius._core`: Python actors on the engine of the crate `roscius`.
//!
//! What is here knows messages, exits, poison and wakeups; classes, decorators and the rules of creation are the
//! business of the Python packages.

mod actor;
mod address;
mod admin;
mod answers;
mod classes;
mod convention;
mod coroutine;
mod declared;
mod decoding;
mod encoding;
mod endpoint;
mod events;
mod importing;
mod language;
mod listening;
mod log;
mod member;
mod message;
mod neighbours;
mod packing;
mod process;
mod reference;
mod signatures;
mod source_archive;
mod source_registry;
mod sources;
mod supervision;
mod system;
mod type_tally;
mod under_way;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::address::ActorAddress;
    #[pymodule_export]
    use super::admin::{admin_address, announce, find_system, serve_admin};
    #[pymodule_export]
    use super::answers::Answers;
    #[pymodule_export]
    use super::declared::declare_message;
    #[pymodule_export]
    use super::decoding::decode_value;
    #[pymodule_export]
    use super::encoding::encode_value;
    #[pymodule_export]
    use super::endpoint::Endpoint;
    #[pymodule_export]
    use super::importing::hook_imports;
    #[pymodule_export]
    use super::listening::Listening;
    #[pymodule_export]
    use super::process::{Process, Refused};
    #[pymodule_export]
    use super::reference::Reference;
    #[pymodule_export]
    use super::signatures::{KeyRefused, SourceRefused, generate_key, key_ids, public_key, sign_source, verify_source};
    #[pymodule_export]
    use super::source_archive::SourceArchive;
    #[pymodule_export]
    use super::source_registry::SourceRegistry;
    #[pymodule_export]
    use super::sources::{NoSource, Sources, examine_source, read_source, start_program};
    #[pymodule_export]
    use super::system::System;

    /// The operating system and the processors that this is for, as the capabilities `os` and `arch` say them.
    #[pymodule_export]
    const THIS_HOST: (&str, &str) = (roscius_host::sources::THIS_HOST.os, roscius_host::sources::THIS_HOST.arch);

    #[pymodule_init]
    fn init(_module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        super::events::write();
        Ok(())
    }
}
