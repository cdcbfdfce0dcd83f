//! The extension module `roscius._core`: Python actors on the engine of the crate `roscius`.
//!
//! What is here knows messages, exits, poison and wakeups; classes, decorators and the rules of creation are the
//! business of the Python packages.

mod actor;
mod address;
mod answers;
mod classes;
mod coroutine;
mod endpoint;
mod log;
mod message;
mod neighbours;
mod reference;
mod supervision;
mod system;
mod under_way;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::address::ActorAddress;
    #[pymodule_export]
    use super::answers::Answers;
    #[pymodule_export]
    use super::endpoint::Endpoint;
    #[pymodule_export]
    use super::reference::Reference;
    #[pymodule_export]
    use super::system::System;
}
