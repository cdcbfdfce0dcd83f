//! Sources as bytes: what they are known by, whether they are fit to be used, and where they are kept.
//!
//! Which of them a system has is decided by [`roscius_protocol::sources`].

mod archive;
mod store;

use md5::Md5;
use roscius_protocol::sources::Digest;
use sha2::{Digest as _, Sha256};

pub use archive::{Unfit, check};
pub use store::{ReadError, Store, read};

/// More bytes than that are no source: 256 MiB.
pub const LONGEST: usize = 256 << 20;

/// The id of what is loaded: its MD5, in hexadecimal. It only names the source.
pub fn id_of(content: &[u8]) -> String {
    Md5::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest that the content of a source is checked by.
pub fn digest_of(content: &[u8]) -> Digest {
    Digest(Sha256::digest(content).into())
}

#[cfg(test)]
mod tests;
