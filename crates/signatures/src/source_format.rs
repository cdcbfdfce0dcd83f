//! The format of our own.
//!
//! ```text
//! RosciusSource1-ed25519
//! key: 0123456789abcdef            the id of the key that signed
//! expires: 1798761600              seconds since 1970, or `never`
//! size: 2345                       of the content, in bytes
//! sha256: 64 hexadecimal digits    of the content
//! signature: 128 hexadecimal digits
//! ```
//!
//! The content follows the last line's end, and nothing follows the content. What is signed are the first five lines with their
//! ends, so the signature covers the expiry, and a signature made for anything else does not fit. There is one way to
//! write each file: no other spaces, digits or orders are taken.

use std::borrow::Cow;

use ring::digest::{SHA256, digest};

use crate::lines::{from_hex, line, number, to_hex};
use crate::public_key::{KeyId, PublicKey};
use crate::signed_source::{Format, SignError, SourceError, Verified};
use crate::signing_key::SigningKey;

const LONGEST_LINE: usize = 160;
const NEVER: &str = "never";
const SIGNATURE: usize = 64;

/// `rest` is what follows the first line of `file`.
pub(crate) fn verify<'a>(
    file: &'a [u8],
    rest: &'a [u8],
    keys: &[PublicKey],
    now: u64,
) -> Result<Verified<'a>, SourceError> {
    let (key, rest) = field(rest, "key: ")?;
    let (expires, rest) = field(rest, "expires: ")?;
    let (size, rest) = field(rest, "size: ")?;
    let (sha256, rest) = field(rest, "sha256: ")?;
    let signed = &file[..file.len() - rest.len()];
    let (signature, content) = field(rest, "signature: ")?;

    let malformed = |what| SourceError::Malformed { what };
    let key = std::str::from_utf8(key).ok().and_then(|text| text.parse::<KeyId>().ok());
    let key = key.ok_or(malformed("the id of the key is none"))?;
    let expires = match expires {
        text if text == NEVER.as_bytes() => None,
        text => Some(number::<u64>(text).ok_or(malformed("the expiry is no time"))?),
    };
    let size = number::<usize>(size).ok_or(malformed("the size is no number"))?;
    let sha256 = from_hex::<32>(sha256).ok_or(malformed("the SHA-256 is none"))?;
    let signature = from_hex::<SIGNATURE>(signature).ok_or(malformed("the signature is none"))?;
    if content.len() < size {
        return Err(SourceError::Truncated { what: "there is less content than it says" });
    }
    if content.len() > size {
        return Err(malformed("there is more content than it says"));
    }

    // What the file says about itself counts only from here on. Two keys may have the same id by ill will, so all are tried.
    let (algorithm, trusted) = (Format::Source1.algorithm(), keys.len());
    let named = keys.iter().filter(|trusted| trusted.algorithm() == algorithm && trusted.id() == key);
    let mut tried = 0;
    let is_signed = named.inspect(|_| tried += 1).any(|trusted| trusted.has_signed(signed, &signature));
    if !is_signed {
        return Err(match tried {
            0 => SourceError::NoSuchKey { key, trusted },
            _ => SourceError::WrongSignature { algorithm, tried },
        });
    }
    if digest(&SHA256, content).as_ref() != sha256 {
        return Err(SourceError::Altered);
    }
    if let Some(expired) = expires.filter(|&expires| now >= expires) {
        return Err(SourceError::Expired { expired, now });
    }
    Ok(Verified { content: Cow::Borrowed(content), format: Format::Source1, key, expires })
}

fn field<'a>(data: &'a [u8], name: &str) -> Result<(&'a [u8], &'a [u8]), SourceError> {
    let Some((text, rest)) = line(data, LONGEST_LINE) else {
        return Err(match data.len() > LONGEST_LINE {
            true => SourceError::Malformed { what: "a line of its header is too long" },
            false => SourceError::Truncated { what: "its header is not complete" },
        });
    };
    let text = text.strip_prefix(name.as_bytes());
    Ok((text.ok_or(SourceError::Malformed { what: "a line of its header is not what it should be" })?, rest))
}

pub(crate) fn sign(content: &[u8], key: &SigningKey, expires: Option<u64>) -> Result<Vec<u8>, SignError> {
    let mut file = format!(
        "{}\nkey: {}\nexpires: {}\nsize: {}\nsha256: {}\n",
        Format::Source1,
        key.public_key().id(),
        expires.map_or_else(|| NEVER.to_owned(), |time| time.to_string()),
        content.len(),
        to_hex(digest(&SHA256, content).as_ref()),
    )
    .into_bytes();
    let signature = key.sign(&file).ok_or(SignError::NoRandomness)?;
    file.extend_from_slice(format!("signature: {}\n", to_hex(&signature)).as_bytes());
    file.extend_from_slice(content);
    Ok(file)
}
