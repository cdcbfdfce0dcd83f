use std::os::fd::AsFd;
use std::sync::mpsc;

use super::*;

fn ring() -> (Writer, Reader) {
    let mut writer = Writer::new().unwrap();
    assert!(!writer.is_taken());
    let reader = Reader::take(std::process::id(), writer.descriptor().unwrap()).unwrap();
    assert!(writer.is_taken() && writer.descriptor().is_none());
    (writer, reader)
}

#[test]
fn bytes_are_seen_when_they_are_published_and_ring_once() {
    let (mut writer, mut reader) = ring();
    let mut came = Vec::new();
    writer.put(b"one");
    assert_eq!(reader.read(100, &mut came), Ok(0));
    assert!(writer.publish(), "the reader has not looked yet, and wants to be told");
    writer.put(b"two");
    assert!(!writer.publish(), "it has been told");
    assert_eq!((reader.read(4, &mut came), reader.read(100, &mut came)), (Ok(4), Ok(2)));
    assert_eq!(came, b"onetwo");
    assert!(!reader.rest());
    writer.put(b"three");
    assert!(writer.publish());
    assert!(reader.rest(), "there is something already");
    writer.put(b"four");
    assert!(!writer.publish(), "who found something does not rest");
}

#[test]
fn it_is_full_and_goes_round() {
    let (mut writer, mut reader) = ring();
    let mut came = Vec::new();
    for round in 0..5_u8 {
        assert_eq!(writer.room(ROOM), ROOM);
        writer.put(&vec![round; ROOM - 100]);
        assert_eq!(writer.room(101), 100);
        writer.publish();
        came.clear();
        assert_eq!(reader.read(usize::MAX, &mut came), Ok(ROOM - 100));
        assert!(came.iter().all(|byte| *byte == round));
    }
}

#[test]
fn only_what_was_made_for_it_is_taken_and_once() {
    let writer = Writer::new().unwrap();
    let (pid, descriptor) = (std::process::id(), writer.descriptor().unwrap());
    let _reader = Reader::take(pid, descriptor).unwrap();
    assert_eq!(Reader::take(pid, descriptor).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    let refused = |file: &File| Reader::take(pid, file.as_fd().as_raw_fd() as u32).unwrap_err();
    let unsealed = File::from(rustix::fs::memfd_create(c"other", MemfdFlags::ALLOW_SEALING).unwrap());
    unsealed.set_len(Mapping::length(ROOM) as u64).unwrap();
    assert_eq!(refused(&unsealed).kind(), io::ErrorKind::InvalidData);
    let short = File::from(rustix::fs::memfd_create(c"other", MemfdFlags::ALLOW_SEALING).unwrap());
    rustix::fs::fcntl_add_seals(&short, SealFlags::SHRINK | SealFlags::GROW).unwrap();
    assert_eq!(refused(&short).kind(), io::ErrorKind::InvalidData);
    let (pipe, _other_end) = io::pipe().unwrap();
    Reader::take(pid, pipe.as_raw_fd() as u32).unwrap_err();
    Reader::take(pid, u32::MAX).unwrap_err();
}

#[test]
fn a_writer_that_counts_wrongly_is_found_out() {
    let (mut writer, mut reader) = ring();
    writer.written = ROOM as u64 + 1;
    writer.publish();
    assert_eq!(reader.read(100, &mut Vec::new()), Err(Miscounted));
    let (mut writer, reader) = ring();
    reader.mapping.word(Word::Read).store(77, Ordering::Release);
    writer.put(b"x");
    assert_eq!(writer.room(ROOM), 0);
}

/// The bell is a channel here: a reader that was not rung for would wait in vain.
#[test]
fn no_bell_is_missed_and_no_byte() {
    const BYTES: usize = 8 << 20;
    let (mut writer, mut reader) = ring();
    let (bell, heard) = mpsc::channel();
    let writing = std::thread::spawn(move || {
        let (mut sent, mut next) = (0, 0_u8);
        let mut rung = 0;
        while sent < BYTES {
            let count = (sent % 97 + 1).min(BYTES - sent);
            while writer.room(count) < count {
                std::thread::yield_now();
            }
            let bytes: Vec<u8> = (0..count).map(|step| next.wrapping_add(step as u8)).collect();
            writer.put(&bytes);
            if writer.publish() {
                rung += 1;
                bell.send(()).unwrap();
            }
            next = next.wrapping_add(count as u8);
            sent += count;
        }
        rung
    });
    let (mut came, mut next) = (Vec::new(), 0_u8);
    let mut total = 0;
    while total < BYTES {
        came.clear();
        let count = reader.read(4096, &mut came).unwrap();
        for byte in &came {
            assert_eq!(*byte, next);
            next = next.wrapping_add(1);
        }
        total += count;
        if count == 0 && !reader.rest() {
            heard.recv_timeout(std::time::Duration::from_secs(20)).expect("a bell");
        }
    }
    assert!(writing.join().unwrap() >= 1);
}
