//! What the fuzz targets do with their input. Each function panics if a decoder does what it must not.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::{NonZeroU32, NonZeroU128};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use roscius_host::sources;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{self, Answer, FromAdmin, Letter, ToAdmin};
use roscius_protocol::convention::{self, Convention, Event, Timing};
use roscius_protocol::frame::{self, Decoder, Frame, Hello, Role, StreamError};
use roscius_protocol::lifecycle::Signal;
use roscius_protocol::message_pack::{self, Reader, Token};
use roscius_protocol::pair::{Config, Effect, Limits, Pair};
use roscius_protocol::post::record::{Record, Records};
use roscius_protocol::post::{self, Parcel, Post};
use roscius_protocol::time::Time;
use roscius_signatures::{PublicKey, SigningKey, verify};
use roscius_transport::Bounds;
use roscius_transport::datagram::{Body, Datagram, Stream};
use roscius_transport::link::{Greeting, Progress, Rules};
use roscius_transport::network::{self as links, Incoming, Introduction, Links, LinksOptions, PayloadKinds, Security};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Frames longer than this are refused, so that a small input can announce too much.
pub const LIMIT: u64 = 1 << 16;

/// A greeting that is taken is written the same again.
pub fn hello(data: &[u8]) {
    if let Some(bytes) = data.first_chunk()
        && let Ok(hello) = Hello::from_bytes(bytes)
    {
        assert_eq!(hello.to_bytes(), *bytes);
    }
}

/// A frame whose payload is taken is written the same again, and nothing is read outside of it.
pub fn frame(data: &[u8]) {
    let Ok(frame) = Frame::new(Bytes::copy_from_slice(data), LIMIT) else { return };
    assert_eq!(frame.as_bytes().len(), data.len());
    if let Ok(payload) = frame.payload() {
        let mut again = Vec::new();
        frame::encode(&frame.header(), &payload, LIMIT, &mut again).expect("what was read can be written");
        assert_eq!(again, data);
    }
}

/// A stream gives the same frames, and the same error, however it is cut. The first byte says how.
pub fn stream(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let (at_once, end) = decode(data, data.len().max(1));
    let (in_pieces, same_end) = decode(data, usize::from(*cut).max(1));
    assert_eq!(at_once, in_pieces);
    assert_eq!(end, same_end);
}

fn decode(data: &[u8], size: usize) -> (Vec<Frame>, Option<StreamError>) {
    let (mut decoder, mut frames) = (Decoder::new(LIMIT), Vec::new());
    for piece in data.chunks(size) {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    let whole: usize = frames.iter().map(|frame| frame.as_bytes().len()).sum();
    assert_eq!(whole + decoder.under_way().0, data.len());
    (frames, None)
}

/// A real connection takes any bytes without harm, and reads frames after a greeting only.
pub fn link(data: &[u8]) {
    let (ours, mut theirs) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("a socket");
    theirs.set_nonblocking(true).expect("a socket");
    // What the socket does not take is left out.
    let _ = theirs.write(data);
    let uid = std::fs::metadata("/proc/self").expect("this process").uid();
    let hello = Hello { node: NodeId::new(1), role: Role::Actor, pid: 1 };
    let rules = Rules { hello, uid, limit: LIMIT, memory_after: None };
    let Ok(greeting) = Greeting::accepted(mio::net::UnixStream::from_std(ours), rules) else { return };
    if let Ok(Progress::Open(mut link, _)) = greeting.advance() {
        assert!(Hello::from_bytes(data.first_chunk().expect("a whole greeting")).is_ok());
        let mut scratch = Vec::with_capacity(4096);
        let mut came = 0;
        let _ = link.read(&mut scratch, usize::MAX, true, |frame| came += frame.as_bytes().len());
        assert!(came <= data.len() - Hello::SIZE);
    }
}

/// What comes from another system: an introduction, records, or all that is said on a connection. The first byte says which.
pub fn network(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 8 {
        0 => connection(data),
        1..4 => introduction(data),
        _ => records(data, usize::from(*kind)),
    }
}

/// An introduction that is taken is read the same again when it is written, and a piece of it is none.
fn introduction(data: &[u8]) {
    if let Ok(Some((introduction, used))) = Introduction::read(data) {
        let again = introduction.to_bytes();
        assert_eq!(Introduction::read(&again), Ok(Some((introduction, again.len()))));
        assert_eq!(Introduction::read(&data[..used - 1]), Ok(None));
    }
}

/// Records are the same, and so is the error, however they are cut.
fn records(data: &[u8], size: usize) {
    let read = |size: usize| {
        let (mut incoming, mut came) = (Incoming::new(LIMIT, Vec::new()), Vec::new());
        for piece in data.chunks(size) {
            let (records, read) = incoming.pass(&mut Vec::new(), |memory| {
                memory.extend_from_slice(piece);
                Ok(())
            });
            came.extend(records.into_iter().flatten());
            if let Err(cause) = read {
                return (came, Some(cause));
            }
        }
        (came, None)
    };
    let at_once = read(data.len().max(1));
    assert_eq!(at_once, read(size));
    assert!(at_once.0.iter().map(|record| record.len() + 4).sum::<usize>() <= data.len());
}

/// Links on a real connection take any bytes without harm, and give records after an introduction only.
fn connection(data: &[u8]) {
    let me = Introduction {
        convention: "site".into(),
        identity: "us".into(),
        system: 1,
        place: None,
        payloads: PayloadKinds::ALL,
    };
    let limits = links::Limits { record: LIMIT, ..links::Limits::default() };
    let options = LinksOptions { me, security: Security::Plain { anywhere: true }, limits };
    let mut links = Links::new(options).expect("links");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("a port");
    links.listen(listener).expect("a listener");
    // After very many connections no port is left for a while.
    let Ok(mut theirs) = TcpStream::connect(address) else { return };
    let _ = theirs.write_all(data);
    let _ = theirs.shutdown(Shutdown::Write);
    theirs.set_nonblocking(true).expect("a socket");
    let (mut events, mut came, mut is_up) = (Vec::new(), 0, false);
    loop {
        links.turn(&mut events).expect("links");
        for event in events.drain(..) {
            match event {
                links::Event::Up { peer, .. } => {
                    assert!(
                        !is_up && Introduction::read(data).is_ok_and(|read| read.is_some_and(|(it, _)| it == peer))
                    );
                    is_up = true;
                }
                links::Event::Records { system, records } => {
                    assert!(is_up && system != 1);
                    came += records.map(|record| record.len() + 4).sum::<usize>();
                }
                _ => {}
            }
        }
        match theirs.read(&mut [0; 4096]) {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::yield_now(),
            Ok(0) | Err(_) => break,
        }
    }
    assert!(came <= data.len());
}

/// What comes by way of a server: a datagram that is taken is read the same again when it is written; and a stream takes any of them, one after the other, each
/// with its length before it, and sends no more than the other side has room for.
pub fn datagram(data: &[u8]) {
    let (mut stream, mut rest, mut sent) = (Stream::new(1, (1, 2), Bounds::default(), LIMIT), data, 0);
    while let Some((&length, after)) = rest.split_first() {
        let (datagram, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        let bytes = Bytes::copy_from_slice(datagram);
        let Ok(datagram) = Datagram::read(&bytes) else { continue };
        // Of an introduction only what this version knows is kept.
        assert!(matches!(datagram.body, Body::Hello(_)) || datagram.to_bytes() == bytes);
        assert_eq!(Datagram::read(&datagram.to_bytes()).as_ref(), Ok(&datagram));
        match datagram.body {
            Body::Data { offset, bytes } => {
                let (records, taken) = stream.take(offset, &bytes, &mut Vec::new());
                for record in records.into_iter().flatten() {
                    assert!(record.len() as u64 <= LIMIT);
                    let _ = stream.push(b"", record);
                }
                if taken.is_err() {
                    return;
                }
            }
            Body::Taken { bytes, datagrams } => {
                let more = bytes > sent || stream.they_took(bytes, datagrams).is_err();
                if more {
                    return;
                }
            }
            Body::Hello(_) | Body::Close | Body::Unknown => {}
        }
        while let Some(datagram) = stream.next(100) {
            match Datagram::read(&datagram).map(|datagram| datagram.body) {
                Ok(Body::Data { offset, bytes }) if offset == sent && bytes.len() <= 100 => sent += bytes.len() as u64,
                other => panic!("{other:?} was sent after {sent} bytes"),
            }
        }
    }
}

/// A message of the actor system that is taken is read the same again when it is written. The first byte says which kind.
pub fn system(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 6 {
        0 => system_message::<ToAdmin>(data),
        1 => system_message::<FromAdmin>(data),
        2 => system_message::<Signal>(data),
        3 => system_message::<Letter>(data),
        4 => system_message::<convention::Message>(data),
        _ => system_message::<Answer>(data),
    }
}

fn system_message<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) {
    if let Ok(message) = messages::decode::<T>(data) {
        let bytes = messages::encode(&message).expect("what was read can be written");
        assert_eq!(messages::decode::<T>(&bytes), Ok(message));
    }
}

/// A convention takes any messages of any systems in any order: they join and leave by turns, and what is sent stays in proportion. Each
/// step begins with what happens, to which system, and how many bytes its message has.
pub fn convention(data: &[u8]) {
    let mut effects = Vec::new();
    let place: convention::Place = "10.0.0.1:1900".parse().expect("a place");
    let config = convention::Config {
        me: 1,
        identity: "me".into(),
        place: Some(place.clone()),
        candidates: vec!["10.0.0.2:1900".parse().expect("a place"), place],
        capabilities: Vec::new(),
        outbound_only: false,
        timing: Timing::default(),
        seed: 1,
    };
    let mut now = Time::ZERO;
    let mut convention = Convention::new(config, now, &mut effects);
    let (mut joined, mut rest, mut steps, mut sent) = (BTreeSet::new(), data, 0, 0);
    while let [what, who, length, after @ ..] = rest {
        let (bytes, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        steps += 1;
        let system = u32::from(who % 6);
        let event = match what % 9 {
            0 => Event::Linked { system, identity: format!("identity {}", length % 4), dialled: None },
            1 => Event::Unlinked { system, why: String::new() },
            8 => Event::Gone { system, why: String::new() },
            2 => {
                now = now.plus(Duration::from_millis(u64::from(*length) * 20));
                Event::Due
            }
            _ => match messages::decode(bytes) {
                Ok(message) => Event::Said { system, message },
                Err(_) => continue,
            },
        };
        convention.on(now, event, &mut effects);
        for effect in effects.drain(..) {
            match effect {
                convention::Effect::Joined { system, .. } => assert!(system != 1 && joined.insert(system)),
                convention::Effect::Left { system, .. } => assert!(joined.remove(&system)),
                convention::Effect::Send { .. } => sent += 1,
                _ => {}
            }
        }
        assert!(convention.members().map(|member| member.system).eq(joined.iter().copied()));
    }
    assert!(sent <= 16 * steps, "{sent} messages in {steps} steps");
}

/// Each piece of MessagePack is there in full, and says the same when it is written again.
pub fn message_pack(data: &[u8]) {
    let mut reader = Reader::new(data);
    while let Ok(token) = reader.token() {
        let mut again = Vec::new();
        message_pack::write(token, &mut again).expect("what was read can be written");
        // The parts of a list are wanted after its head.
        if let Token::Array(parts) | Token::Map(parts) = token {
            assert!(parts <= reader.left());
            again.resize(again.len() + 2 * parts, 0);
        }
        let read = Reader::new(&again).token().expect("what was written can be read");
        match (token, read) {
            (Token::Float(before), Token::Float(after)) => assert_eq!(before.to_bits(), after.to_bits()),
            (before, after) => assert_eq!(before, after),
        }
    }
}

/// What is taken for an archive has files that can be read as often as one likes, under names that stay inside.
pub fn archive(data: &[u8]) {
    if sources::check(data).is_err() {
        return;
    }
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(data)).expect("it was read before");
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).expect("it was read before");
        assert!(!file.name_raw().starts_with(b"/"));
        let size = file.size();
        assert_eq!(std::io::copy(&mut file, &mut std::io::sink()).expect("it was read before"), size);
    }
}

/// Two ends of a pair that have greeted, with small limits.
pub fn two() -> [Pair; 2] {
    let limits =
        Limits { frame: 2 * LIMIT, spool_frames: 64, spool_bytes: 1 << 18, remembered: 16, ..Limits::default() };
    let mut ends = [1, 2].map(|me| Pair::new(&Config { me, life: NonZeroU32::MIN, limits }));
    let mut to = [Vec::new(), Vec::new()];
    for at in 0..2 {
        ends[at].linked(Time::ZERO, 2 - at as u32, &mut to[1 - at]);
    }
    while let Some(at) = to.iter().position(|records| !records.is_empty()) {
        for effect in std::mem::take(&mut to[at]) {
            let record = transmitted(effect).expect("a greeting");
            ends[at].received(Time::ZERO, &record, &mut to[1 - at]).expect("a greeting");
        }
    }
    ends
}

/// The record that an effect wants sent.
pub fn transmitted(effect: Effect) -> Option<Bytes> {
    let Effect::Transmit { head, body } = effect else { return None };
    Some([&head[..], &body[..]].concat().into())
}

/// A pair that gets records, each behind its length, from a peer of any kind delivers no more than came, and stays within its bounds.
pub fn pair(mut data: &[u8]) {
    let [mut pair, _] = two();
    for number in 0..20_u8 {
        pair.send(Time::ZERO, vec![number; 40].into()).expect("there is room");
    }
    let (mut out, mut came, mut delivered) = (Vec::new(), 0, 0);
    pair.flush(Time::ZERO, &mut out);
    while let Some((length, rest)) = data.split_first_chunk() {
        let (record, rest) = rest.split_at(rest.len().min(u32::from_le_bytes(*length) as usize));
        came += record.len();
        data = rest;
        out.clear();
        let taken = pair.received(Time::ZERO, &Bytes::copy_from_slice(record), &mut out);
        for effect in out.drain(..) {
            match effect {
                Effect::Deliver(frames) => delivered += frames.map(|frame| frame.len()).sum::<usize>(),
                Effect::DeliverDurable { frame, .. } => delivered += frame.len(),
                _ => {}
            }
        }
        let status = pair.status();
        assert!(delivered <= came && status.held_frames <= 20 && status.remembered <= 16);
        if taken.is_err() {
            return;
        }
        if let Some(due) = pair.next_deadline() {
            pair.due(due, &mut out);
        }
    }
}

/// A post that finds anything in its file, and gets anything as parcels, keeps what can be read as it was written, and no more than it may. The file
/// ends where the first byte says, in 16 bytes each; then come parcels, each behind its length.
pub fn post(data: &[u8]) {
    let Some((&end, data)) = data.split_first() else { return };
    let (file, mut data) = data.split_at(data.len().min(16 * usize::from(end)));
    let limits = post::Limits { bytes: 4096, messages: 16, remembered: 16, frame: LIMIT, ..post::Limits::default() };
    let mut post = Post::new("here", limits);
    let (now, mut out, mut again) = (Time::ZERO, Vec::new(), Vec::new());
    let mut records = Records::new(Bytes::copy_from_slice(file));
    for record in records.by_ref() {
        record.write(&mut again);
        match record {
            Record::Kept(id, parcel) => drop(post.restore_kept(id, parcel)),
            Record::Discarded(id) => post.settled(now, id, &mut out),
            Record::Settled(id) => post.restore_settled(id),
        }
    }
    assert!(records.damaged > 0 || again == file[..records.sound()]);
    post.named(now, "store", Address::nobody(NodeId::new(1)), &mut out);
    let mut number = 0;
    while let Some((length, rest)) = data.split_first_chunk() {
        let (parcel, rest) = rest.split_at(rest.len().min(u32::from_le_bytes(*length) as usize));
        number += 1;
        data = rest;
        let parcel = Bytes::copy_from_slice(parcel);
        if let Ok(read) = Parcel::read(parcel.clone(), LIMIT) {
            let frame = Frame::new(read.frame.clone(), LIMIT).expect("it was checked");
            assert_eq!(Parcel::pack(&read.to, read.expires, &frame).as_ref(), Ok(&read));
        }
        let id = NonZeroU128::new(number).expect("it is counted from one");
        let _ = post.arrived(now, 7, id, parcel, &mut out);
        let status = post.status();
        assert!(status.taken <= 16 && status.remembered <= 16);
    }
    while let Some(due) = post.next_deadline().filter(|due| *due < Time::MAX) {
        post.due(due, &mut out);
        post.unnamed(due, Address::nobody(NodeId::new(1)), &mut out);
    }
}

/// The key that signs sources in the seeded inputs, and one for the Director's formats.
pub const SIGNING_KEY: &str = include_str!("../../crates/signatures/tests/made_elsewhere/ed25519.pem");
const PUBLIC_KEYS: &str = concat!(
    include_str!("../../crates/signatures/tests/made_elsewhere/ed25519.pub"),
    include_str!("../../crates/signatures/tests/made_elsewhere/rsa_1024.pub"),
);

/// Nobody has signed what was made up here: what is taken is one of the signed sources, whole. The first byte says whether keys are read instead.
pub fn signed_source(data: &[u8]) {
    static KEYS: LazyLock<Vec<PublicKey>> =
        LazyLock::new(|| PublicKey::from_pem(PUBLIC_KEYS).expect("the keys are good"));
    let Some((kind, data)) = data.split_first() else { return };
    if kind % 4 == 0 {
        let text = String::from_utf8_lossy(data);
        if let Ok(keys) = PublicKey::from_pem(&text) {
            for key in keys {
                assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(vec![key]));
            }
        }
        // Any text may be no key, but never more than that.
        let _ = SigningKey::from_pem(&text);
    } else if let Ok(verified) = verify(data, &KEYS, 0) {
        assert!(SIGNED.contains(&&*verified.content));
    }
}

/// What was signed by those keys.
pub const SIGNED: [&[u8]; 2] =
    [b"the content", include_bytes!("../../crates/signatures/tests/made_elsewhere/source.zip")];
