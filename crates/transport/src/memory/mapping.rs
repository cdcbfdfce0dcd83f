//! The one place with `unsafe`: words and bytes in memory that another process sees too.
//!
//! Measured: with it an actor is told 2.4 to 2.9 times as many small messages a second as over a socket, which takes one call to the
//! operating system for each (`docs/benchmarks.md`). There is no safe way to such memory: the compiler cannot know who else has it.

#![expect(unsafe_code, reason = "memory that another process maps can only be reached through pointers")]

use std::fs::File;
use std::io;
use std::ptr;
use std::sync::atomic::AtomicU64;

use memmap2::{MmapOptions, MmapRaw};

/// The words have cache lines of their own, so that the two sides do not disturb each other.
const LINE: usize = 64;
/// Words before the bytes: a page, so that the bytes begin with one.
const WORDS: usize = 4096;

/// The words before the bytes. The numbers are their lines.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    /// Whether the reader has the memory.
    State = 0,
    /// How many bytes were ever written.
    Written = 1,
    /// How many bytes were ever read.
    Read = 2,
    /// Not zero: the reader wants to be told of the next bytes.
    Bell = 3,
}

/// Some words, and bytes.
#[derive(Debug)]
pub(super) struct Mapping {
    map: MmapRaw,
    room: usize,
}

impl Mapping {
    /// How long a file with room for so many bytes is.
    pub const fn length(room: usize) -> usize {
        WORDS + room
    }

    /// Maps a file that is as long as it has to be, and stays so.
    ///
    /// # Errors
    ///
    /// An error of the operating system.
    pub fn of(file: &File, room: usize) -> io::Result<Self> {
        Ok(Self { map: MmapOptions::new().len(Self::length(room)).map_raw(file)?, room })
    }

    pub fn word(&self, word: Word) -> &AtomicU64 {
        let at = self.map.as_mut_ptr().wrapping_add(word as usize * LINE).cast::<u64>();
        // SAFETY: The word lies in the first page of the mapping, at a multiple of 64 bytes, and lives as long as `self`. Both
        // processes reach it by atomic operations only.
        unsafe { AtomicU64::from_ptr(at) }
    }

    /// Writes bytes that the reader has been told nothing of yet.
    ///
    /// # Panics
    ///
    /// If they do not fit between `at` and the end.
    pub fn write(&self, at: usize, bytes: &[u8]) {
        assert!(at <= self.room && bytes.len() <= self.room - at, "{} bytes at {at} of {}", bytes.len(), self.room);
        // SAFETY: The range was checked, and nothing else of this process lies in the mapping. The reader does not look at these bytes
        // before it sees the counter that is stored after them (release, then acquire).
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.map.as_mut_ptr().add(WORDS + at), bytes.len()) }
    }

    /// Adds bytes that the writer has told of to `into`. What it holds then is checked by who uses it.
    ///
    /// # Panics
    ///
    /// If there are not so many between `at` and the end.
    pub fn read(&self, at: usize, count: usize, into: &mut Vec<u8>) {
        assert!(at <= self.room && count <= self.room - at, "{count} bytes at {at} of {}", self.room);
        into.reserve(count);
        let length = into.len();
        // SAFETY: Both ranges were checked, and the second has just been made room for. The writer leaves these bytes alone until it
        // sees the counter that is stored after this. One that breaks the rule makes bytes of no sense, and any byte is a valid `u8`.
        unsafe {
            ptr::copy_nonoverlapping(self.map.as_ptr().add(WORDS + at), into.as_mut_ptr().add(length), count);
            into.set_len(length + count);
        }
    }
}
