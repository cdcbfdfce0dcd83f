//! Files that are signed, whatever their format.

use std::borrow::Cow;
use std::fmt;

use crate::director_formats;
use crate::public_key::{Algorithm, KeyId, PublicKey};
use crate::signing_key::SigningKey;
use crate::source_format;

/// How much of an unknown file an error shows.
const SHOWN: usize = 32;

/// How a signed file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `RosciusSource1-ed25519`: lines with the id of the key, the expiry, size and SHA-256 of the content and the
    /// signature, then the content.
    Source1,
    /// `ThespianDirectorFMT1-sha256`: a zip whose mark of the end is taken out, then an RSA signature.
    Director1,
    /// `ViceroyFMT1-sha256`: an RSA signature, then the content with some bytes exchanged.
    Viceroy1,
    /// `ViceroyFMT2-sha256`: the content, then an RSA signature.
    Viceroy2,
}

impl Format {
    const ALL: [Self; 4] = [Self::Source1, Self::Director1, Self::Viceroy1, Self::Viceroy2];

    /// What files of this format begin with, up to the first line's end.
    pub const fn first_line(self) -> &'static str {
        match self {
            Self::Source1 => "RosciusSource1-ed25519",
            Self::Director1 => "ThespianDirectorFMT1-sha256",
            Self::Viceroy1 => "ViceroyFMT1-sha256",
            Self::Viceroy2 => "ViceroyFMT2-sha256",
        }
    }

    /// The format by its name: the first line of its files, or what comes before the dash.
    pub fn by_name(name: &str) -> Option<Self> {
        let is_named = |format: &Self| {
            let line = format.first_line();
            line == name || line.split_once('-').is_some_and(|(short, _)| short == name)
        };
        Self::ALL.into_iter().find(is_named)
    }

    /// What signs files of this format.
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Source1 => Algorithm::Ed25519,
            Self::Director1 | Self::Viceroy1 | Self::Viceroy2 => Algorithm::Rsa,
        }
    }

    /// The format that is best for a key.
    pub const fn for_key(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Ed25519 => Self::Source1,
            Algorithm::Rsa => Self::Director1,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.first_line())
    }
}

/// Why a file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is no signed source at all.
    #[error("no signed source: it begins with `{beginning}`, which is no format known here")]
    UnknownFormat {
        /// What it begins with, as far as it can be shown.
        beginning: String,
    },
    /// Something of it is missing.
    #[error("the file ends too early: {what}")]
    Truncated {
        /// What is missing.
        what: &'static str,
    },
    /// Something in it is not what the format says.
    #[error("the file is damaged: {what}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
    },
    /// Who signed it is not trusted.
    #[error("it is signed by the key {key}, which is none of the {trusted} trusted keys")]
    NoSuchKey {
        /// Who signed it, as the file says.
        key: KeyId,
        /// How many keys there were to choose from.
        trusted: usize,
    },
    /// There is no key that could have signed it.
    #[error("it is signed with {algorithm}, and there is no trusted key for that")]
    NoKey {
        /// What it is signed with.
        algorithm: Algorithm,
    },
    /// The signature does not fit.
    #[error("its signature is wrong: {tried} trusted {algorithm} {} tried", if *.tried == 1 { "key was" } else { "keys were" })]
    WrongSignature {
        /// What it is signed with.
        algorithm: Algorithm,
        /// How many keys were tried.
        tried: usize,
    },
    /// The content is not what was signed.
    #[error("its content is not what was signed")]
    Altered,
    /// It is too old.
    #[error("its signature expired {} seconds ago", .now.saturating_sub(*.expired))]
    Expired {
        /// When it expired, in seconds since 1970.
        expired: u64,
        /// When it was looked at, in seconds since 1970.
        now: u64,
    },
}

/// Why a source could not be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The format wants another kind of key.
    #[error("the format {format} is for {} keys, and this is one for {key}", .format.algorithm())]
    WrongKey {
        /// The format that is wanted.
        format: Format,
        /// What the key is for.
        key: Algorithm,
    },
    /// The format is only read.
    #[error("the format {0} is read, but no longer written")]
    ReadOnly(Format),
    /// The format has no expiry.
    #[error("the format {0} has no place for an expiry; Ed25519 keys and {line} have", line = Format::Source1)]
    NoExpiry(Format),
    /// The format is for zip files.
    #[error("the format {0} is for zip files, and this is none")]
    NoZip(Format),
    /// The system gives no randomness.
    #[error("the system gave no random numbers")]
    NoRandomness,
}

/// What a trusted key has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The source.
    pub content: Cow<'a, [u8]>,
    /// How the file is laid out.
    pub format: Format,
    /// Who signed it.
    pub key: KeyId,
    /// Until when, in seconds since 1970; `None` if for ever.
    pub expires: Option<u64>,
}

/// Checks a signed file against the keys that are trusted. `now` is in seconds since 1970.
///
/// # Errors
///
/// The file is damaged, or none of these keys has signed it, or it has expired.
pub fn verify<'a>(file: &'a [u8], keys: &[PublicKey], now: u64) -> Result<Verified<'a>, SourceError> {
    let known = Format::ALL.into_iter().find_map(|format| {
        let rest = file.strip_prefix(format.first_line().as_bytes())?.strip_prefix(b"\n")?;
        Some((format, rest))
    });
    match known {
        Some((Format::Source1, rest)) => source_format::verify(file, rest, keys, now),
        Some((format, rest)) => director_formats::verify(format, rest, keys),
        None => {
            let line = file.split(|&byte| byte == b'\n').next().unwrap_or_default();
            let beginning = line[..line.len().min(SHOWN)].escape_ascii().to_string();
            Err(SourceError::UnknownFormat { beginning })
        }
    }
}

/// Signs a source. `expires` is in seconds since 1970; only [`Format::Source1`] has a place for it.
///
/// # Errors
///
/// Key, format, content and expiry do not go together.
pub fn sign(content: &[u8], key: &SigningKey, format: Format, expires: Option<u64>) -> Result<Vec<u8>, SignError> {
    if format == Format::Viceroy1 {
        return Err(SignError::ReadOnly(format));
    }
    if format.algorithm() != key.algorithm() {
        return Err(SignError::WrongKey { format, key: key.algorithm() });
    }
    match (format, expires) {
        (Format::Source1, expires) => source_format::sign(content, key, expires),
        (_, Some(_)) => Err(SignError::NoExpiry(format)),
        (_, None) => director_formats::sign(format, content, key),
    }
}
