//! Whether bytes that nobody has seen before are an archive that can be imported from without harm.

use std::io::{self, Cursor, Read};

use memchr::memmem;
use zip::ZipArchive;

use super::LONGEST;

/// How many files an archive may have.
const MOST_FILES: usize = 20_000;
/// How many bytes all of its files may have: 512 MiB.
const MOST_BYTES: u64 = 512 << 20;
/// A file with fewer bytes may be packed as tightly as it can be: 64 MiB.
const SMALL: u64 = 64 << 20;
/// How many times as long as its packed form any other file may be. Text is packed to a tenth; a bomb, to a thousandth.
const TIGHTEST: u64 = 200;
/// What the end of an archive begins with, and what comes so many bytes before it in one of the kind for many files.
const END: &[u8] = b"PK\x05\x06";
const LARGE: &[u8] = b"PK\x06\x07";
const BEFORE_END: usize = 20;

/// Why bytes can not be used as a source.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// They are too many.
    #[error("it has {bytes} bytes, and may have {LONGEST}")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are not a zip file, or not the whole of one.
    #[error("it is no zip file: {reason}")]
    NoArchive {
        /// What is wrong.
        reason: String,
    },
    /// The archive has too many files.
    #[error("it has more than {MOST_FILES} files")]
    TooManyFiles,
    /// The archive has files that are too long together.
    #[error("its files have more than {MOST_BYTES} bytes")]
    TooManyBytes,
    /// A file is packed so tightly that it can only be meant to fill the memory.
    #[error("`{name}` has {bytes} bytes, packed to {packed}: that is no text of a program")]
    TooTight {
        /// The file.
        name: String,
        /// Its length.
        bytes: u64,
        /// How long it is in the archive.
        packed: u64,
    },
    /// A file would lie outside of the archive.
    #[error("`{name}` is no name of a file in an archive")]
    Name {
        /// The name.
        name: String,
    },
    /// A file can not be read without a password.
    #[error("`{name}` is encrypted")]
    Encrypted {
        /// The file.
        name: String,
    },
    /// A file can not be unpacked.
    #[error("`{name}` can not be read: {reason}")]
    Corrupt {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// Whether these bytes are an archive that modules can be imported from. Each file is unpacked once to see that it can be.
/// What that takes is bounded, whatever the bytes are.
///
/// # Errors
///
/// [`Unfit`] says what is wrong.
pub fn check(content: &[u8]) -> Result<(), Unfit> {
    if content.len() > LONGEST {
        return Err(Unfit::TooLong { bytes: content.len() });
    }
    // The list of files is read before it can be measured. This form of it can have millions.
    if memmem::find_iter(content, END).any(|end| end >= BEFORE_END && content[end - BEFORE_END..].starts_with(LARGE)) {
        return Err(Unfit::TooManyFiles);
    }
    let mut archive =
        ZipArchive::new(Cursor::new(content)).map_err(|error| Unfit::NoArchive { reason: error.to_string() })?;
    if archive.len() > MOST_FILES {
        return Err(Unfit::TooManyFiles);
    }
    let mut left = MOST_BYTES;
    for index in 0..archive.len() {
        check_header(&mut archive, index, &mut left)?;
    }
    for index in 0..archive.len() {
        check_content(&mut archive, index)?;
    }
    Ok(())
}

/// What the archive says of a file.
fn check_header(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, left: &mut u64) -> Result<(), Unfit> {
    let corrupt = |error: zip::result::ZipError| {
        let reason = error.to_string();
        Unfit::Corrupt { name: format!("file {}", index + 1), reason }
    };
    let file = archive.by_index_raw(index).map_err(corrupt)?;
    let (bytes, packed) = (file.size(), file.compressed_size());
    let name = shown(file.name_raw());
    if !stays_inside(file.name_raw()) {
        return Err(Unfit::Name { name });
    }
    if file.encrypted() {
        return Err(Unfit::Encrypted { name });
    }
    if bytes > SMALL && bytes / TIGHTEST > packed {
        return Err(Unfit::TooTight { name, bytes, packed });
    }
    *left = left.checked_sub(bytes).ok_or(Unfit::TooManyBytes)?;
    Ok(())
}

/// Whether a file is what the archive says of it.
fn check_content(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize) -> Result<(), Unfit> {
    let unnamed = || format!("file {}", index + 1);
    let file =
        archive.by_index(index).map_err(|error| Unfit::Corrupt { name: unnamed(), reason: error.to_string() })?;
    let (name, bytes) = (shown(file.name_raw()), file.size());
    // One more than there are to be, so as to see it.
    match io::copy(&mut file.take(bytes.saturating_add(1)), &mut io::sink()) {
        Ok(read) if read == bytes => Ok(()),
        Ok(_) => Err(Unfit::Corrupt { name, reason: format!("it does not have {bytes} bytes") }),
        Err(error) => Err(Unfit::Corrupt { name, reason: error.to_string() }),
    }
}

/// Whether the name leads nowhere else, wherever the archive would be unpacked.
fn stays_inside(name: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let is_absolute = name.first().is_none_or(is_separator) || name.get(1) == Some(&b':');
    !is_absolute && !name.contains(&0) && name.split(is_separator).all(|part| part != b"..")
}

/// A name for people: as much of it as they can read.
fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(100).flat_map(char::escape_debug).collect()
}
