//! The formats of Thespian's Director, and those of its predecessor.

use std::borrow::Cow;

use crate::lines::{line, number};
use crate::public_key::{Algorithm, PublicKey};
use crate::signed_source::{Format, SignError, SourceError, Verified};
use crate::signing_key::SigningKey;

/// What the record at the end of a zip begins with. Without it no program takes the file for a zip before it is verified.
const END_OF_ZIP: &[u8] = b"PK\x05\x06";
const LONGEST_NUMBER: usize = 20;
/// That of an RSA key of 8192 bits.
const LONGEST_SIGNATURE: usize = 1024;

/// `rest` is what follows the first line.
pub(crate) fn verify<'a>(format: Format, rest: &'a [u8], keys: &[PublicKey]) -> Result<Verified<'a>, SourceError> {
    let (size, rest) = number_line(rest)?;
    if !(1..=LONGEST_SIGNATURE).contains(&size) {
        return Err(SourceError::Malformed { what: "the size of its signature is impossible" });
    }
    let too_short = SourceError::Truncated { what: "there is no room for the signature" };
    let (content, signature) = match format {
        Format::Viceroy1 => {
            let (signature, mixed) = rest.split_at_checked(size).ok_or(too_short)?;
            (Cow::Owned(mixed.iter().map(|&byte| unmixed(byte)).collect()), signature)
        }
        Format::Director1 => {
            let (end, rest) = number_line(rest)?;
            let (content, signature) = split_from_end(rest, size).ok_or(too_short)?;
            let (before, after) = content
                .split_at_checked(end)
                .ok_or(SourceError::Truncated { what: "there is less content than it says" })?;
            (Cow::Owned([before, END_OF_ZIP, after].concat()), signature)
        }
        Format::Viceroy2 | Format::Source1 => {
            let (content, signature) = split_from_end(rest, size).ok_or(too_short)?;
            (Cow::Borrowed(content), signature)
        }
    };
    // These formats do not say who signed.
    let mut tried = 0;
    let signer = keys
        .iter()
        .filter(|key| key.algorithm() == Algorithm::Rsa)
        .inspect(|_| tried += 1)
        .find(|key| key.has_signed(&content, signature));
    match (signer, tried) {
        (Some(key), _) => Ok(Verified { key: key.id(), content, format, expires: None }),
        (None, 0) => Err(SourceError::NoKey { algorithm: Algorithm::Rsa }),
        (None, _) => Err(SourceError::WrongSignature { algorithm: Algorithm::Rsa, tried }),
    }
}

fn split_from_end(data: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    data.split_at_checked(data.len().checked_sub(size)?)
}

fn number_line(data: &[u8]) -> Result<(usize, &[u8]), SourceError> {
    let Some((text, rest)) = line(data, LONGEST_NUMBER) else {
        return Err(match data.len() > LONGEST_NUMBER {
            true => SourceError::Malformed { what: "a number in its header is too long" },
            false => SourceError::Truncated { what: "its header is not complete" },
        });
    };
    let value = if text.is_empty() { None } else { number(text) };
    Ok((value.ok_or(SourceError::Malformed { what: "a number in its header is none" })?, rest))
}

/// Some bytes stand for each other, so that no program takes the file for a zip.
const fn unmixed(byte: u8) -> u8 {
    match byte {
        b':' => b' ',
        b'a' => b'\n',
        b'i' => b'=',
        b' ' => b'i',
        b'\n' => b'a',
        b'=' => b':',
        other => other,
    }
}

pub(crate) fn sign(format: Format, content: &[u8], key: &SigningKey) -> Result<Vec<u8>, SignError> {
    let signature = key.sign(content).ok_or(SignError::NoRandomness)?;
    let mut file = format!("{format}\n{}\n", signature.len()).into_bytes();
    if format == Format::Director1 {
        // The last one: an archive in the archive has such a mark too.
        let marks = content.windows(END_OF_ZIP.len());
        let end = marks.rev().position(|window| window == END_OF_ZIP).ok_or(SignError::NoZip(format))?;
        let end = content.len() - END_OF_ZIP.len() - end;
        file.extend_from_slice(format!("{end}\n").as_bytes());
        file.extend_from_slice(&content[..end]);
        file.extend_from_slice(&content[end + END_OF_ZIP.len()..]);
    } else {
        file.extend_from_slice(content);
    }
    file.extend_from_slice(&signature);
    Ok(file)
}
