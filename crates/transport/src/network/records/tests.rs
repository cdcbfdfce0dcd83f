use super::*;

fn encoded(records: &[&[u8]]) -> Vec<u8> {
    let mut outgoing = Outgoing::new(Bounds::default());
    for record in records {
        let _ = outgoing.push(&record[..record.len() / 2], Bytes::copy_from_slice(&record[record.len() / 2..]));
    }
    drain(&mut outgoing, 7)
}

/// All that waits, written `step` bytes at a time.
fn drain(outgoing: &mut Outgoing, step: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while !outgoing.is_empty() {
        let mut slices = [IoSlice::new(&[]); PIECES_A_WRITE];
        let count = outgoing.gather(&mut slices, step);
        let part: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
        assert!((1..=step).contains(&part.len()));
        all.extend_from_slice(&part);
        outgoing.advance(part.len());
    }
    all
}

fn pass(incoming: &mut Incoming, bytes: &[u8]) -> (Vec<Bytes>, Result<(), Cause>) {
    let (records, result) = incoming.pass(&mut Vec::new(), |memory| {
        memory.extend_from_slice(bytes);
        Ok(())
    });
    (records.into_iter().flatten().collect(), result)
}

#[test]
fn records_come_out_as_they_went_in_however_they_are_cut() {
    let long = vec![3; 200_000];
    let records: [&[u8]; 6] = [b"", b"a", b"some bytes", &long, b"more", &[9; 70_000]];
    let stream = encoded(&records);
    for step in [1, 3, 1000, 66_000, stream.len()] {
        let mut incoming = Incoming::new(1 << 20, Vec::new());
        let mut came = Vec::new();
        for piece in stream.chunks(step) {
            let (more, result) = pass(&mut incoming, piece);
            assert_eq!(result, Ok(()));
            came.extend(more);
        }
        assert!(came.iter().eq(records.iter()), "{step}");
        assert!(!incoming.is_under_way());
    }
}

#[test]
fn what_came_before_the_link_is_read_first() {
    let stream = encoded(&[b"one", b"two", b"three"]);
    let mut incoming = Incoming::new(100, stream[..stream.len() - 1].to_vec());
    let (came, result) = pass(&mut incoming, &[]);
    assert_eq!((came.len(), result), (2, Ok(())));
    assert_eq!(pass(&mut incoming, b"e").0, [&b"three"[..]]);
}

#[test]
fn memory_is_taken_as_bytes_come_and_not_as_they_are_announced() {
    let mut incoming = Incoming::new(u64::from(u32::MAX), Vec::new());
    let (came, result) = pass(&mut incoming, &u32::MAX.to_le_bytes());
    assert!(came.is_empty() && result.is_ok());
    pass(&mut incoming, &[0; 10]).1.unwrap();
    assert!(incoming.partial.capacity() < 4 << 20, "{}", incoming.partial.capacity());
}

#[test]
fn too_long_a_record_is_refused_as_soon_as_its_length_is_there() {
    let mut incoming = Incoming::new(10, Vec::new());
    let mut stream = encoded(&[b"good"]);
    stream.extend_from_slice(&11_u32.to_le_bytes());
    let (came, result) = pass(&mut incoming, &stream);
    assert_eq!(came, [&b"good"[..]]);
    assert_eq!(result, Err(Cause::TooLong { length: 11, limit: 10 }));
}

#[test]
fn a_queue_closes_at_the_high_mark_and_opens_at_the_low_one() {
    let bounds = Bounds { high_frames: 1000, low_frames: 500, high_bytes: 100_000, low_bytes: 50_000 };
    let mut outgoing = Outgoing::new(bounds);
    let body = Bytes::from(vec![0; 10_000]);
    for _ in 0..9 {
        assert_eq!(outgoing.push(b"head", body.clone()), Room::Enough);
    }
    assert_eq!(outgoing.push(b"head", body), Room::Full);
    assert_eq!(outgoing.waiting(), (10, 10 * 10_008));
    outgoing.advance(49_000);
    assert!(!outgoing.has_room_again() && outgoing.is_full());
    outgoing.advance(2000);
    assert!(outgoing.has_room_again() && !outgoing.is_full());
    assert!(!outgoing.has_room_again(), "it is said once");
}
