use super::*;
use roscius_protocol::address::{Address, NodeId};

const BOUNDS: Bounds = Bounds { high_frames: 100, low_frames: 10, high_bytes: 10_000_000, low_bytes: 1000 };

fn header(message: u64) -> Header {
    let someone = Address::nobody(NodeId::new(1));
    Header { message, ..Header::new(someone, someone) }
}

fn write(queue: &mut SendQueue, mut count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while count > 0 && !queue.is_empty() {
        let mut slices = [IoSlice::new(&[]); CHUNKS_A_WRITE];
        let used = queue.gather(&mut slices);
        let part: Vec<u8> =
            slices[..used].iter().flat_map(|slice| slice.iter().copied()).take(count.min(5000)).collect();
        count -= part.len();
        queue.advance(part.len());
        out.extend(part);
    }
    out
}

#[test]
fn what_goes_in_comes_out_in_order_however_it_is_cut() {
    for cut in [1, 63, 64, 1000, 100_000] {
        let mut queue = SendQueue::new(BOUNDS);
        let mut expected = Vec::new();
        let mut written = Vec::new();
        for number in 0..90 {
            let payload = vec![number as u8; if number % 7 == 0 { 50_000 } else { number }];
            let _ = queue.push(&header(number as u64), &Payload::Bytes(&payload), u64::MAX).unwrap();
            frame::encode(&header(number as u64), &Payload::Bytes(&payload), u64::MAX, &mut expected).unwrap();
            written.extend(write(&mut queue, cut));
        }
        assert_eq!(queue.waiting().1, expected.len() - written.len());
        written.extend(write(&mut queue, usize::MAX));
        assert!(written == expected && queue.is_empty(), "cut at {cut}");
    }
}

#[test]
fn a_frame_that_was_begun_is_unsent() {
    for cut in [0, 1, 99, 100, 101, 50_000] {
        let mut queue = SendQueue::new(BOUNDS);
        for number in 0..5 {
            let payload = vec![1; if number == 3 { 100_000 } else { 36 }];
            let _ = queue.push(&header(number), &Payload::Bytes(&payload), u64::MAX).unwrap();
        }
        write(&mut queue, cut);
        let whole = if cut == 50_000 { 3 } else { (cut / 100) as u64 };
        let unsent: Vec<u64> = queue.take_unsent().iter().map(|frame| frame.header().message).collect();
        assert_eq!(unsent, (whole..5).collect::<Vec<_>>());
        assert!(queue.is_empty() && queue.waiting() == (0, 0));
    }
}

#[test]
fn what_is_lent_is_written_in_its_place() {
    for cut in [1, 63, 64, 65, 1000, 100_000] {
        let mut queue = SendQueue::new(BOUNDS);
        let (mut expected, mut written) = (Vec::new(), Vec::new());
        for number in 0..40_u8 {
            let bytes = vec![number; usize::from(number % 5) * 10_000];
            let payload = Payload::Bytes(&bytes);
            let _ = match number % 2 {
                0 => queue.push(&header(number.into()), &payload, u64::MAX),
                _ => queue.push_lent(&header(number.into()), &payload, Bytes::copy_from_slice(&bytes), u64::MAX),
            }
            .unwrap();
            frame::encode(&header(number.into()), &payload, u64::MAX, &mut expected).unwrap();
            written.extend(write(&mut queue, cut));
        }
        assert_eq!(queue.waiting().1, expected.len() - written.len());
        written.extend(write(&mut queue, usize::MAX));
        assert!(written == expected && queue.is_empty(), "cut at {cut}");
    }
}

#[test]
fn what_is_lent_and_was_begun_is_unsent() {
    for cut in [0, 64, 99, 100, 163, 164, 165, 20_000] {
        let mut queue = SendQueue::new(BOUNDS);
        let _ = queue.push(&header(0), &Payload::Bytes(&[1; 36]), u64::MAX).unwrap();
        let long = vec![7; 50_000];
        let _ = queue.push_lent(&header(1), &Payload::pickle(&long), long.clone().into(), u64::MAX).unwrap();
        let _ = queue.push(&header(2), &Payload::None, u64::MAX).unwrap();
        write(&mut queue, cut);
        let unsent = queue.take_unsent();
        let numbers: Vec<u64> = unsent.iter().map(|frame| frame.header().message).collect();
        assert_eq!(numbers, (u64::from(cut >= 100)..3).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!(unsent[unsent.len() - 2].payload().unwrap(), Payload::pickle(&long));
    }
}

#[test]
fn it_is_full_at_the_high_mark_and_has_room_at_the_low_one() {
    let mut queue = SendQueue::new(BOUNDS);
    for number in 0..99 {
        assert_eq!(queue.push(&header(number), &Payload::None, 64), Ok(Room::Enough));
    }
    assert_eq!(queue.push(&header(99), &Payload::None, 64), Ok(Room::Full));
    assert_eq!(queue.push(&header(100), &Payload::None, 64), Err(PushError::Full { frames: 100, bytes: 6400 }));
    write(&mut queue, 64 * 50);
    assert!(!queue.has_room_again());
    assert!(queue.push(&header(100), &Payload::None, 64).is_err(), "between the marks it stays closed");
    for number in 0..150 {
        assert_eq!(queue.push(&header(number), &Payload::System(b""), 64), Ok(Room::Full), "the system has more room");
    }
    assert!(queue.push(&header(0), &Payload::System(b""), 64).is_err());
    write(&mut queue, 64 * 190);
    assert!(queue.has_room_again());
    assert!(!queue.has_room_again(), "it is said once");
    assert_eq!(queue.push(&header(100), &Payload::None, 64), Ok(Room::Enough));
}

#[test]
fn too_long_a_frame_is_refused_whole() {
    let mut queue = SendQueue::new(BOUNDS);
    let refused = queue.push(&header(0), &Payload::Bytes(&[0; 10]), 73);
    assert_eq!(refused, Err(PushError::Frame(FrameError::TooLong { length: 74, limit: 73 })));
    assert!(queue.is_empty());
}
