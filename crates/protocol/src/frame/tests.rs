use proptest::prelude::*;

use super::*;
use crate::address::NodeId;

fn header() -> Header {
    Header {
        to: Address::new(NodeId::new(0x0102_0304_0506_0708), 1, 2, 3),
        from: Address::new(NodeId::new(9), 4, 5, 6).with_bound(),
        message: 7,
        type_id: 8,
        marks: 0b1010,
        trace: Some(Trace { trace: 10, span: 11, state: 1 }),
    }
}

fn bytes_of(header: &Header, payload: &Payload<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = encode(header, payload, DEFAULT_LIMIT, &mut bytes).unwrap();
    assert_eq!(length, bytes.len());
    bytes
}

fn payloads() -> Vec<Payload<'static>> {
    static BUFFERS: [&[u8]; 4] = [b"", b"1", b"12345678", b"123456789"];
    vec![
        Payload::pickle(b""),
        Payload::pickle(b"pickle"),
        Payload::Pickle { stream: b"", buffers: Buffers::Lent(&BUFFERS) },
        Payload::Pickle { stream: b"pickle", buffers: Buffers::Lent(&BUFFERS[1..]) },
        Payload::Bytes(b""),
        Payload::Bytes(b"bytes"),
        Payload::Str(""),
        Payload::Str("täxt"),
        Payload::Int(i64::MIN),
        Payload::Float(-0.5),
        Payload::Bool(true),
        Payload::Bool(false),
        Payload::None,
        Payload::MessagePack { name: "", body: b"" },
        Payload::MessagePack { name: "shop.Order", body: b"\x90" },
        Payload::System(b"exit"),
        Payload::Goodbye,
        Payload::Memory(Memory::Offer { descriptor: 7 }),
        Payload::Memory(Memory::Onward),
        Payload::Memory(Memory::Bell),
        Payload::Memory(Memory::Back),
    ]
}

#[test]
fn every_payload_comes_back_in_pieces_of_any_size() {
    for header in [header(), Header { trace: None, ..header() }] {
        let stream: Vec<u8> = payloads().iter().flat_map(|payload| bytes_of(&header, payload)).collect();
        for size in [1, 2, 7, 63, 64, 65, 200, stream.len()] {
            let mut decoder = Decoder::new(DEFAULT_LIMIT);
            let mut frames = Vec::new();
            for piece in stream.chunks(size) {
                decoder.push(Bytes::copy_from_slice(piece));
                while let Some(frame) = decoder.next_frame().unwrap() {
                    frames.push(frame);
                }
            }
            assert_eq!(frames.len(), payloads().len());
            assert_eq!(decoder.under_way(), (0, None));
            for (frame, payload) in frames.iter().zip(payloads()) {
                assert_eq!(frame.payload().unwrap(), payload);
                assert_eq!((frame.header(), frame.kind()), (header, payload.kind()));
                assert_eq!(frame.detached(), *frame);
            }
        }
    }
}

#[test]
fn the_layout_stands() {
    let bytes = bytes_of(&Header { trace: None, ..header() }, &Payload::Str("ab"));
    assert_eq!(bytes.len(), 66);
    assert_eq!(bytes[..16], [66, 0, 0, 0, 0, 0, 0, 0, 3, 0b1010_0000, 0, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[16..32], [8, 7, 6, 5, 4, 3, 2, 1, 2, 0, 0, 1, 3, 0, 0, 0]);
    assert_eq!(bytes[48..], [7, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, b'a', b'b']);
}

#[test]
fn long_buffers_lie_aligned() {
    let bytes =
        bytes_of(&header(), &Payload::Pickle { stream: b"p", buffers: Buffers::Lent(&[b"12345678901", b"abc"]) });
    let frame = Frame::new(bytes.into(), DEFAULT_LIMIT).unwrap();
    let Payload::Pickle { buffers, .. } = frame.payload().unwrap() else { panic!("a pickle was sent") };
    let start = frame.as_bytes().as_ptr() as usize;
    for buffer in buffers.iter() {
        assert_eq!((buffer.as_ptr() as usize - start) % 8, 0);
    }
}

#[test]
fn a_frame_over_the_limit_is_refused_on_its_header_alone() {
    let mut bytes = bytes_of(&header(), &Payload::Bytes(&[0; 100]));
    bytes[..8].copy_from_slice(&(DEFAULT_LIMIT + 1).to_le_bytes());
    let mut decoder = Decoder::new(DEFAULT_LIMIT);
    decoder.push(Bytes::copy_from_slice(&bytes[..HEADER]));
    let error = decoder.next_frame().unwrap_err();
    assert_eq!(error.source, FrameError::TooLong { length: DEFAULT_LIMIT + 1, limit: DEFAULT_LIMIT });
    assert_eq!(decoder.next_frame().unwrap_err(), error, "a broken stream stays broken");

    let mut out = b"before".to_vec();
    let refused = encode(&header(), &Payload::Bytes(&[0; 100]), 195, &mut out).unwrap_err();
    assert_eq!(refused, FrameError::TooLong { length: 196, limit: 195 });
    assert_eq!(out, b"before");
}

#[test]
fn an_announced_length_is_not_allocated() {
    let mut bytes = bytes_of(&header(), &Payload::Bytes(&[0; 100]));
    bytes[..8].copy_from_slice(&DEFAULT_LIMIT.to_le_bytes());
    let mut decoder = Decoder::new(DEFAULT_LIMIT);
    decoder.push(bytes.into());
    assert_eq!(decoder.next_frame(), Ok(None));
    assert_eq!(decoder.under_way(), (196, Some(DEFAULT_LIMIT as usize - 196)));
    assert!(decoder.room().unwrap().capacity() < 2 << 20);
}

#[test]
fn the_rest_of_a_long_frame_can_be_read_in_place_and_too_far() {
    let mut bytes = bytes_of(&header(), &Payload::Bytes(&[5; 3 << 20]));
    bytes.extend(bytes_of(&header(), &Payload::None));
    let mut decoder = Decoder::new(DEFAULT_LIMIT);
    decoder.push(Bytes::copy_from_slice(&bytes[..100]));
    assert_eq!(decoder.next_frame(), Ok(None));
    let mut rest = &bytes[100..];
    while let Some(room) = decoder.room() {
        let (now, later) = rest.split_at(rest.len().min(room.capacity() - room.len()));
        room.extend_from_slice(now);
        rest = later;
    }
    assert_eq!(decoder.next_frame().unwrap().unwrap().payload(), Ok(Payload::Bytes(&[5; 3 << 20])));
    decoder.push(Bytes::copy_from_slice(rest));
    assert_eq!(decoder.next_frame().unwrap().unwrap().kind(), Kind::None);
}

#[test]
fn errors_say_what_is_wrong() {
    let good = bytes_of(&Header { trace: None, ..header() }, &Payload::Bytes(b"1234567890"));
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        Frame::new(bytes.into(), DEFAULT_LIMIT).and_then(|frame| frame.payload().map(|_| ())).unwrap_err()
    };
    assert_eq!(changed(0, 63), FrameError::TooShort { length: 63, least: 64 });
    assert_eq!(changed(0, 75), FrameError::Length { announced: 75, found: 74 });
    assert_eq!(changed(8, 0), FrameError::Kind { kind: 0 });
    assert_eq!(changed(9, 2), FrameError::Flags { flags: 2 });
    assert_eq!(changed(10, 1), FrameError::Reserved);
    assert_eq!(changed(12, 1), FrameError::Buffers { kind: Kind::Bytes, count: 1 });
    assert_eq!(changed(9, 1), FrameError::TooShort { length: 74, least: 96 });
    assert_eq!(changed(8, Kind::Int as u8), FrameError::Size { kind: Kind::Int, expected: 8, found: 10 });
    assert_eq!(changed(8, Kind::Goodbye as u8), FrameError::Size { kind: Kind::Goodbye, expected: 0, found: 10 });
    assert_eq!(changed(8, Kind::MessagePack as u8), FrameError::Name { length: 0x3231, room: 8 });
    let truth = bytes_of(&header(), &Payload::Bool(true));
    let mut wrong = truth.clone();
    wrong[96] = 2;
    assert_eq!(Frame::new(wrong.into(), 999).unwrap().payload(), Err(FrameError::Truth { found: 2 }));
    let mut text = bytes_of(&header(), &Payload::Str("abc"));
    text[98] = 0xff;
    assert_eq!(Frame::new(text.into(), 999).unwrap().payload(), Err(FrameError::Text { at: 98 }));
}

#[test]
fn a_table_that_lies_is_found_out() {
    let good = bytes_of(
        &Header { trace: None, ..header() },
        &Payload::Pickle { stream: b"p", buffers: Buffers::Lent(&[b"12345", b"abc"]) },
    );
    let changed = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        Frame::new(bytes.into(), DEFAULT_LIMIT).unwrap().payload().unwrap_err()
    };
    assert_eq!(changed(64, 18), FrameError::Buffer { index: 0, length: 18, left: 17 });
    assert_eq!(changed(72, 10), FrameError::Buffer { index: 1, length: 10, left: 9 });
    assert_eq!(changed(79, 0xff), FrameError::Buffer { index: 1, length: 0xff00_0000_0000_0003, left: 9 });
    assert_eq!(changed(85, 1), FrameError::Padding { index: 0 });
}

#[test]
fn a_greeting_comes_back_and_a_wrong_one_does_not() {
    let hello = Hello { node: NodeId::new(77), role: Role::Admin, pid: 4711 };
    let bytes = hello.to_bytes();
    assert_eq!(Hello::from_bytes(&bytes), Ok(hello));
    let changed = |at: usize, to: u8| {
        let mut bytes = bytes;
        bytes[at] = to;
        Hello::from_bytes(&bytes).unwrap_err()
    };
    assert_eq!(changed(0, b'G'), HelloError::Magic { found: *b"Goscius\n" });
    assert_eq!(changed(8, 9), HelloError::Version { found: 9 });
    assert_eq!(changed(10, 0), HelloError::Role { found: 0 });
    assert_eq!(changed(11, 1), HelloError::Reserved);
    assert!(changed(0, 0).to_string().contains("\\x00oscius"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_frame_or_a_clear_error(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0..12u8, fit: bool) {
        if fit && bytes.len() >= HEADER {
            let length = bytes.len() as u64;
            bytes[..8].copy_from_slice(&length.to_le_bytes());
            bytes[8] = kind;
            bytes[9] &= !RESERVED_FLAGS;
            bytes[10..16].copy_from_slice(&[0; 6]);
        }
        if let Ok(frame) = Frame::new(bytes.clone().into(), DEFAULT_LIMIT)
            && let Ok(payload) = frame.payload() {
            prop_assert_eq!(bytes_of(&frame.header(), &payload), bytes);
        }
    }
}
