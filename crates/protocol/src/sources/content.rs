//! What the content of a source is, and for which kind of host.

use std::fmt;

/// What a content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// A zip file, with modules for example.
    Archive,
    /// A program. None: one that says not what it is for, such as a script.
    Program(Option<Platform>),
}

impl ContentKind {
    /// Whether it is a program.
    pub const fn is_program(self) -> bool {
        matches!(self, Self::Program(_))
    }
}

/// A kind of host. The names are those of Rust's `std::env::consts`, `linux` and `x86_64` for example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// The operating system: what systems have as their capability [`OS`].
    pub os: &'static str,
    /// The processors: what systems have as their capability [`ARCH`].
    pub arch: &'static str,
}

/// The capability that says which operating system a system runs on.
pub const OS: &str = "os";
/// The capability that says what processors it runs on.
pub const ARCH: &str = "arch";

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.os, self.arch)
    }
}
