//! Sources as bytes: what they are known by, whether they are fit to be used, and where they are kept.
//!
//! Which of them a system has is decided by [`roscius_protocol::sources`].

mod archive;
mod executable;
mod store;

use md5::Md5;
use roscius_protocol::sources::{ContentKind, Digest};
use sha2::{Digest as _, Sha256};

pub use archive::{Unfit, check};
pub use executable::{THIS_HOST, capabilities_of_this_host};
pub use store::{ReadError, Store, path_of, read};

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

/// Whether these bytes are fit to be a source, and of which kind.
///
/// # Errors
///
/// [`Unfit`] says what is wrong with them.
pub fn examine(content: &[u8]) -> Result<ContentKind, Unfit> {
    if content.len() > LONGEST {
        return Err(Unfit::TooLong { bytes: content.len() });
    }
    match executable::program(content) {
        Some(platform) => Ok(ContentKind::Program(platform)),
        None => check(content).map(|()| ContentKind::Archive),
    }
}

#[cfg(test)]
mod tests;
