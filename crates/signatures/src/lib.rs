//! Signed sources: a file that an author has signed, and whose content is used only when a trusted key says so.
//!
//! Everything here is pure: no socket, no process, no clock. What time it is, is an argument.
//!
//! | format | signature | who writes it |
//! |---|---|---|
//! | [`Format::Source1`] | Ed25519, with the id of the key and, if wanted, an expiry | this crate |
//! | [`Format::Director1`] | RSA PKCS#1 v1.5 with SHA-256 | Thespian's Director, and this crate |
//! | [`Format::Viceroy2`], [`Format::Viceroy1`] | the same | the Director's predecessor |
//!
//! ```
//! use roscius_signatures::{Format, SigningKey, sign, verify};
//!
//! let key = SigningKey::generate()?;
//! let file = sign(b"the source", &key, Format::Source1, Some(2_000_000_000))?;
//! let verified = verify(&file, &[key.public_key()], 1_900_000_000)?;
//! assert_eq!(&*verified.content, b"the source");
//! assert!(verify(&file, &[key.public_key()], 2_100_000_000).is_err(), "it has expired");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod der;
mod director_formats;
mod lines;
mod public_key;
mod signed_source;
mod signing_key;
mod source_format;

pub use public_key::{Algorithm, KeyError, KeyId, PublicKey};
pub use signed_source::{Format, SignError, SourceError, Verified, sign, verify};
pub use signing_key::SigningKey;
