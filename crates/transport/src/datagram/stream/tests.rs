use super::*;

const MOST: usize = 64 << 10;

fn stream(mine: u64) -> Stream {
    Stream::new(9, (mine, 3 - mine), Bounds { high_bytes: 64 << 20, ..Bounds::default() }, 32 << 20)
}

/// What the other side makes of a datagram.
fn take(to: &mut Stream, datagram: &Bytes) -> (Vec<Bytes>, Result<(), Cause>) {
    let Datagram { body: Body::Data { offset, bytes }, .. } = Datagram::read(datagram).unwrap() else {
        panic!("no data: {datagram:?}")
    };
    let (records, taken) = to.take(offset, &bytes, &mut Vec::new());
    (records.into_iter().flatten().collect(), taken)
}

fn grant(to: &mut Stream, said: &Bytes) {
    let Datagram { body: Body::Taken { bytes, datagrams }, .. } = Datagram::read(said).unwrap() else {
        panic!("nothing is granted: {said:?}")
    };
    to.they_took(bytes, datagrams).unwrap();
}

#[test]
fn records_of_all_lengths_arrive_as_they_were() {
    let (mut one, mut two) = (stream(1), stream(2));
    let lengths = [0, 1, 100, MOST - 4, MOST, MOST + 1, 300_000, 3];
    for (number, length) in lengths.into_iter().enumerate() {
        let _ = one.push(&[number as u8], Bytes::from(vec![number as u8; length]));
    }
    let mut came = Vec::new();
    while let Some(datagram) = one.next(MOST) {
        let (records, taken) = take(&mut two, &datagram);
        taken.unwrap();
        came.extend(records);
    }
    assert_eq!(came.iter().map(Bytes::len).collect::<Vec<_>>(), lengths.map(|length| length + 1));
    assert!(came.iter().enumerate().all(|(number, record)| record.iter().all(|byte| *byte == number as u8)));
}

#[test]
fn no_more_is_under_way_than_the_window() {
    let (mut one, mut two) = (stream(1), stream(2));
    let total = 3 * WINDOW_BYTES as usize;
    let _ = one.push(b"", Bytes::from(vec![7; total]));
    let mut sent = 0;
    let mut rounds = 0;
    while sent < total {
        let mut under_way = Vec::new();
        while let Some(datagram) = one.next(MOST) {
            under_way.push(datagram);
        }
        let bytes: usize = under_way.iter().map(|datagram| datagram.len() - super::super::BEFORE_DATA).sum();
        assert!(bytes > 0 && bytes as u64 <= WINDOW_BYTES, "{bytes}");
        sent += bytes;
        rounds += 1;
        for datagram in &under_way {
            take(&mut two, datagram).1.unwrap();
            if let Some(said) = two.say_taken() {
                grant(&mut one, &said);
            }
        }
    }
    assert!(rounds >= 3);
}

#[test]
fn small_datagrams_count_too() {
    let (mut one, mut two) = (stream(1), stream(2));
    let mut said = None;
    for number in 0..WINDOW_DATAGRAMS {
        let _ = one.push(b"x", Bytes::new());
        let datagram = one.next(MOST).unwrap_or_else(|| panic!("{number}"));
        take(&mut two, &datagram).1.unwrap();
        said = two.say_taken().or(said);
    }
    let _ = one.push(b"x", Bytes::new());
    assert_eq!(one.next(MOST), None);
    grant(&mut one, &said.expect("a quarter of the window is spoken of"));
    assert!(one.next(MOST).is_some());
}

#[test]
fn what_is_lost_on_the_way_ends_the_link() {
    let (mut one, mut two) = (stream(1), stream(2));
    for _ in 0..3 {
        let _ = one.push(b"", Bytes::from(vec![1; MOST]));
    }
    let first = one.next(MOST).unwrap();
    take(&mut two, &first).1.unwrap();
    let _lost = one.next(MOST).unwrap();
    let third = one.next(MOST).unwrap();
    let gap = Cause::Gap { expected: MOST as u64, found: 2 * MOST as u64 };
    assert_eq!(take(&mut two, &third).1, Err(gap));
    // One that comes twice is none that follows, either.
    assert!(take(&mut two, &first).1.is_err());
}

#[test]
fn what_makes_no_sense_ends_the_link() {
    let mut one = stream(1);
    let _ = one.push(b"record", Bytes::new());
    one.next(MOST).unwrap();
    assert!(one.they_took(11, 1).is_err());
    assert!(one.they_took(10, 2).is_err());
    one.they_took(10, 1).unwrap();
    let (records, taken) = one.take(0, &u32::MAX.to_le_bytes(), &mut Vec::new());
    assert!(records.is_none());
    assert!(matches!(taken, Err(Cause::TooLong { .. })), "{taken:?}");
    // Who sends without end and heeds no window.
    let mut two = stream(2);
    let mut offset = 0;
    let piece = vec![0; MOST];
    let refused = loop {
        match two.take(offset, &piece, &mut Vec::new()) {
            (_, Ok(())) => offset += MOST as u64,
            (_, Err(cause)) => break cause,
        }
    };
    assert!(matches!(refused, Cause::Malformed { .. }), "{refused:?}");
    assert!(offset <= 2 * WINDOW_BYTES);
}
