//! A reader that lets only UTF-8 text through and knows where the rest stood.

use std::io::{self, Read};

use super::Problem;

/// The longest text that is taken. Texts here are tweets, sentences, reviews; a longer one is a file of another kind.
pub const LONGEST_TEXT: u64 = 64 * 1024;

/// What is read at a time. A text can be noticed as too long only after that much more was read.
pub const CHUNK: usize = 64 * 1024;

/// How some kinds of files begin that people take for texts.
const MAGIC: [(&[u8], &str); 6] = [
    (b"\x1f\x8b", "it is compressed (gzip)"),
    (b"PK\x03\x04", "it is a zip archive or an office document"),
    (b"\x28\xb5\x2f\xfd", "it is compressed (zstd)"),
    (b"%PDF-", "it is a PDF document"),
    (b"SQLite format 3\0", "it is an SQLite database"),
    (b"\x89PNG", "it is a picture (PNG)"),
];

/// Passes the bytes of `inner` on after checking them, so that every later step may rely on UTF-8 and on texts of
/// a bounded length. It keeps no more than an unfinished character of what it passed on.
#[derive(Debug)]
pub struct CheckedReader<R> {
    inner: R,
    /// Bytes passed on so far.
    offset: u64,
    /// The line in which the next byte stands, counted from 1.
    line: u64,
    /// The first bytes of a character whose rest comes with the next chunk.
    unfinished: Vec<u8>,
    /// Where the last finished text had been read to, by offset and by line.
    mark: (u64, u64),
}

impl<R: Read> CheckedReader<R> {
    /// Starts at the beginning of `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, offset: 0, line: 1, unfinished: Vec::new(), mark: (0, 1) }
    }

    /// Says that a text was finished: the next one may be as long again.
    pub fn text_done(&mut self, next_line: u64) {
        self.mark = (self.offset, next_line);
    }

    fn check(&mut self, chunk: &[u8]) -> Result<(), Problem> {
        if self.offset == 0 {
            check_beginning(chunk)?;
        }
        if let Some(zero) = chunk.iter().position(|&byte| byte == 0) {
            return Err(Problem::Binary { found: format!("a zero byte at offset {}", self.offset + zero as u64) });
        }
        let rest = self.finish_character(chunk)?;
        if let Err(error) = std::str::from_utf8(rest) {
            let (good, bad) = rest.split_at(error.valid_up_to());
            if error.error_len().is_some() {
                self.advance(good);
                return Err(self.not_utf8(bad[0]));
            }
            self.advance(good);
            self.unfinished.extend_from_slice(bad);
        } else {
            self.advance(rest);
        }
        if self.offset - self.mark.0 > LONGEST_TEXT + CHUNK as u64 {
            return Err(Problem::TooLong { line: self.mark.1 });
        }
        Ok(())
    }

    /// Adds bytes to an unfinished character until it is whole, and returns the bytes after it.
    fn finish_character<'c>(&mut self, chunk: &'c [u8]) -> Result<&'c [u8], Problem> {
        let mut rest = chunk;
        while !self.unfinished.is_empty() {
            let Some((&next, after)) = rest.split_first() else {
                break;
            };
            self.unfinished.push(next);
            match std::str::from_utf8(&self.unfinished) {
                Ok(_) => {
                    self.offset += self.unfinished.len() as u64;
                    self.unfinished.clear();
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(self.not_utf8(self.unfinished[0])),
            }
            rest = after;
        }
        Ok(rest)
    }

    fn advance(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        self.line += bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
    }

    fn not_utf8(&self, byte: u8) -> Problem {
        Problem::NotUtf8 { line: self.line, offset: self.offset, byte }
    }
}

impl<R: Read> Read for CheckedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 {
            return match self.unfinished.first() {
                Some(&byte) => Err(io::Error::other(self.not_utf8(byte))),
                None => Ok(0),
            };
        }
        self.check(&buffer[..read]).map_err(io::Error::other)?;
        Ok(read)
    }
}

fn check_beginning(chunk: &[u8]) -> Result<(), Problem> {
    if chunk.starts_with(b"\xff\xfe") || chunk.starts_with(b"\xfe\xff") {
        return Err(Problem::Utf16);
    }
    match MAGIC.iter().find(|(magic, _)| chunk.starts_with(magic)) {
        Some((_, found)) => Err(Problem::Binary { found: (*found).to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out `self.1` bytes at a time, to cut characters at every place.
    struct Slow<'b>(&'b [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let step = self.1.min(self.0.len()).min(buffer.len());
            buffer[..step].copy_from_slice(&self.0[..step]);
            self.0 = &self.0[step..];
            Ok(step)
        }
    }

    fn read(bytes: &[u8], step: usize) -> Result<String, Problem> {
        let mut text = Vec::new();
        match CheckedReader::new(Slow(bytes, step)).read_to_end(&mut text) {
            Ok(_) => Ok(String::from_utf8(text).expect("checked")),
            Err(error) => Err(error.downcast().expect("a problem")),
        }
    }

    #[test]
    fn good_text_passes_unchanged_however_it_is_cut() {
        let text = "naïve – 💘\nsecond “line”\n";
        for step in 1..=text.len() {
            assert_eq!(read(text.as_bytes(), step).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_bad_byte_is_named_with_its_line_and_offset_however_it_is_cut() {
        let bytes = b"one\nna\xc3\xafve\ncaf\xe9 au lait";
        for step in 1..=bytes.len() {
            assert_eq!(read(bytes, step), Err(Problem::NotUtf8 { line: 3, offset: 14, byte: 0xe9 }), "step {step}");
        }
    }

    #[test]
    fn a_character_cut_off_by_the_end_is_a_bad_byte() {
        for step in 1..=4 {
            assert_eq!(read(b"a\n\xe2\x80", step), Err(Problem::NotUtf8 { line: 2, offset: 2, byte: 0xe2 }));
        }
    }

    #[test]
    fn binary_files_are_told_apart_from_badly_encoded_ones() {
        assert!(matches!(read(b"ELF\x01\xff\0\0", 7), Err(Problem::Binary { .. })));
        assert!(matches!(read(b"\x1f\x8b\x08\x01abc", 7), Err(Problem::Binary { .. })));
        assert_eq!(read(b"\xff\xfea\0b\0", 6), Err(Problem::Utf16));
    }

    #[test]
    fn a_text_without_an_end_is_stopped() {
        let endless = vec![b'a'; 3 * CHUNK];
        assert_eq!(read(&endless, CHUNK), Err(Problem::TooLong { line: 1 }));
    }
}
