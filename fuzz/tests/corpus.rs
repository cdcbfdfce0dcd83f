//! The fuzz targets over inputs made from a seed, without a fuzzer: random bytes, and good ones with faults in them.

use std::num::NonZeroU128;
use std::sync::LazyLock;

use roscius_fuzz::{
    LIMIT, SIGNED, SIGNING_KEY, archive, convention, datagram, frame, hello, link, message_pack, network, pair, post,
    signed_source, stream, system, transmitted, two,
};
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{
    Answer, Creation, FromAdmin, Letter, Refusal, RefusalKind, Requester, Scope, Setback, Source, ToAdmin,
    encode as encode_message,
};
use roscius_protocol::convention::messages::{Claimed, Heartbeat, Held, Join, Names, State};
use roscius_protocol::convention::{Departure, Leave, Message, Term};
use roscius_protocol::frame::{Buffers, Frame, Header, Hello, Payload, Role, Trace, encode};
use roscius_protocol::lifecycle::{Birth, ExitReason, Signal};
use roscius_protocol::message_pack::{Token, write};
use roscius_protocol::pair::FRAGMENT;
use roscius_protocol::post::record::Record;
use roscius_protocol::post::{Destination, Parcel};
use roscius_protocol::sources::Digest;
use roscius_protocol::time::Time;
use roscius_signatures::{Format, SigningKey, sign};
use roscius_transport::datagram::{Body, Datagram};
use roscius_transport::network::{Introduction, PayloadKinds};

const INPUTS: usize = 100_000;
const SEED: u64 = 0x0526_1997;

/// The splitmix64 generator.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }

    fn good_frame(&mut self) -> Vec<u8> {
        let (first, second) = (self.bytes(40), self.bytes(40));
        let address = Address::from_bytes((u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes());
        let trace = (self.below(3) == 0).then_some(Trace { trace: 1, span: 2, state: 3 });
        let header =
            Header { message: self.next(), type_id: self.next(), marks: 5, trace, ..Header::new(address, address) };
        let buffers = [&first[..], &second[..], b""];
        let payload = match self.below(10) {
            0 | 1 => Payload::Pickle { stream: &first, buffers: Buffers::Lent(&buffers[..self.below(4)]) },
            2 => Payload::Bytes(&first),
            3 => Payload::Str("a text with ünicode"),
            4 => Payload::Int(self.next() as i64),
            5 => Payload::Float(f64::from_bits(self.next())),
            6 => Payload::Bool(self.below(2) == 0),
            7 => Payload::MessagePack { name: "a.name", body: &first },
            8 => Payload::System(&second),
            _ => Payload::None,
        };
        let mut out = Vec::new();
        encode(&header, &payload, LIMIT, &mut out).unwrap();
        out
    }

    /// Faults of the kinds that a fuzzer tries.
    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(4) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(6) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][self.below(5)],
                2 => bytes.truncate(at),
                3 => bytes.insert(at, self.next() as u8),
                // The numbers that lengths are made of.
                4 => {
                    let number = [0, 1, 63, 64, LIMIT, LIMIT + 1, u64::MAX, bytes.len() as u64][self.below(8)];
                    let at = at & !7;
                    let end = bytes.len().min(at + 8);
                    bytes[at..end].copy_from_slice(&number.to_le_bytes()[..end - at]);
                }
                _ => {
                    let part = bytes[at..].to_vec();
                    bytes.extend(part);
                }
            }
        }
    }
}

fn run(salt: u64, target: fn(&[u8]), make: fn(&mut Random) -> Vec<u8>) {
    run_with(INPUTS, salt, target, make);
}

fn run_with(inputs: usize, salt: u64, target: fn(&[u8]), make: fn(&mut Random) -> Vec<u8>) {
    let mut random = Random(SEED ^ salt);
    for number in 0..inputs {
        let mut input = if number % 4 == 0 { random.bytes(300) } else { make(&mut random) };
        random.spoil(&mut input);
        target(&input);
    }
}

fn good_stream(random: &mut Random) -> Vec<u8> {
    (0..=random.below(4)).flat_map(|_| random.good_frame()).collect()
}

fn good_hello(random: &mut Random) -> Vec<u8> {
    Hello { node: NodeId::new(random.next()), role: Role::Admin, pid: random.next() as u32 }.to_bytes().to_vec()
}

fn good_message_pack(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..=random.below(8) {
        let bytes = random.bytes(300);
        let number = random.next() >> random.below(64);
        let token = match random.below(9) {
            0 => Token::Nil,
            1 => Token::Bool(number % 2 == 0),
            2 => Token::Positive(number),
            3 => Token::Negative(-1 - (number >> 1) as i64),
            4 => Token::Float(f64::from_bits(number)),
            5 => Token::Str("a text with ünicode"),
            6 => Token::Bytes(&bytes),
            7 => Token::Array(random.below(20)),
            _ => Token::Map(random.below(20)),
        };
        write(token, &mut out).unwrap();
    }
    out
}

fn good_archive(random: &mut Random) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for number in 0..random.below(4) {
        let name = ["a.py", "pkg/__init__.py", "pkg/b.py", "../c.py"][number];
        let method = [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated][random.below(2)];
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut writer, &random.bytes(60)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn archive_corpus() {
    // Each is unpacked, which takes its time.
    run_with(INPUTS / 10, 7, archive, good_archive);
}

#[test]
fn message_pack_corpus() {
    run(6, message_pack, good_message_pack);
}

#[test]
fn hello_corpus() {
    run(1, hello, good_hello);
}

#[test]
fn frame_corpus() {
    run(2, frame, Random::good_frame);
}

#[test]
fn stream_corpus() {
    run(3, stream, |random| {
        let mut input = vec![random.next() as u8];
        input.extend(good_stream(random));
        input
    });
}

#[test]
fn link_corpus() {
    run(4, link, |random| {
        let mut input = good_hello(random);
        input.extend(good_stream(random));
        input
    });
}

fn good_introduction(random: &mut Random) -> Vec<u8> {
    let place = (random.below(2) == 0).then(|| "höst:1900".to_owned());
    let payloads = [PayloadKinds::ALL, PayloadKinds::NO_PICKLES][random.below(2)];
    let convention = ["site", "other"][random.below(8) / 7].to_owned();
    Introduction { convention, identity: "edge-1".into(), system: random.next() as u32, place, payloads }.to_bytes()
}

fn good_records(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..=random.below(5) {
        let record = random.bytes(300);
        out.extend_from_slice(&(record.len() as u32).to_le_bytes());
        out.extend(record);
    }
    out
}

/// An introduction, a claim and records: all that the side says that does not decide.
fn good_connection(random: &mut Random) -> Vec<u8> {
    let mut out = vec![8 * random.below(32) as u8];
    out.extend(good_introduction(random));
    out.push(b'C');
    out.extend_from_slice(&random.next().to_le_bytes());
    let others = random.below(3);
    out.push(others as u8);
    out.extend((0..others).flat_map(|_| random.next().to_le_bytes()));
    out.extend(good_records(random));
    out
}

#[test]
fn network_corpus() {
    run(9, network, |random| {
        let kind = 1 + random.below(7) as u8;
        let rest = if kind < 4 { good_introduction(random) } else { good_records(random) };
        [&[kind | (random.next() as u8 & 0xf8)][..], &rest].concat()
    });
    // Each takes a port for a while.
    run_with(INPUTS / 100, 10, network, good_connection);
}

/// Datagrams of a stream, now and then one that does not belong there.
fn good_datagrams(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut records, mut offset) = (good_records(random), 0);
    for _ in 0..random.below(12) {
        let body = match random.below(9) {
            0 => match Introduction::read(&good_introduction(random)) {
                Ok(Some((introduction, _))) => Body::Hello(introduction),
                other => panic!("{other:?}"),
            },
            1 => Body::Taken { bytes: random.next() % 200, datagrams: random.next() % 3 },
            2 => [Body::Close, Body::Unknown][random.below(2)].clone(),
            _ => {
                let bytes = records.drain(..random.below(200).min(records.len())).collect::<Vec<_>>();
                let body = Body::Data { offset, bytes: bytes.clone().into() };
                offset += bytes.len() as u64;
                body
            }
        };
        let datagram = Datagram { system: random.next() as u32, from: 2, to: 1, body }.to_bytes();
        out.push(datagram.len() as u8);
        out.extend_from_slice(&datagram);
    }
    out
}

#[test]
fn datagram_corpus() {
    run(12, datagram, good_datagrams);
}

fn good_message(random: &mut Random) -> Vec<u8> {
    let node = NodeId::new(random.next());
    let (actor, birth) = (Address::new(node, 0, 1, 0), Birth::numbered(7));
    let name = (random.below(2) == 0).then(|| "a näme".to_owned());
    let refusal = Refusal { kind: RefusalKind::Import, text: "no".into() };
    let requester = Some(Requester { actor, birth });
    let spec = random.bytes(40);
    let creation = Creation {
        maker: "python".into(),
        name: name.clone(),
        scope: if random.below(2) == 0 { Scope::System } else { Scope::CONVENTION },
        spec,
        process: Some(node),
        requester,
        source: Some("abc".into()),
        order: None,
    };
    let capabilities = vec![(random.bytes(9), random.bytes(9)); random.below(4)];
    let (kind, body) = match random.below(13) {
        12 => (4, encode_message(&good_convention_message(random))),
        10 => {
            let (id, info, content) = ("abc".into(), Some("ä.zip".into()), Some(random.bytes(40).into()));
            (0, encode_message(&ToAdmin::SourceVerdict { id, info, content }))
        }
        11 => {
            let (id, info, content) = ("abc".into(), None, random.bytes(40).into());
            (1, encode_message(&FromAdmin::ValidateSource { id, info, content }))
        }
        0 => (0, encode_message(&ToAdmin::Create(creation))),
        1 => (0, encode_message(&ToAdmin::Offer { makers: vec!["python".into(), String::new()] })),
        2 => (0, encode_message(&ToAdmin::Failed { process: node, refusal, fits: vec![7] })),
        3 => (0, encode_message(&ToAdmin::SetCapability { name: random.bytes(9), value: None })),
        4 => (1, encode_message(&FromAdmin::Attached { capabilities, settings: Vec::new() })),
        5 => {
            let spec = random.bytes(40);
            let maker = "python".into();
            let source = Some(Source { id: "abc".into(), digest: Digest([3; 32]), executable: true });
            (
                1,
                encode_message(&FromAdmin::Make {
                    process: node,
                    actor,
                    birth,
                    maker,
                    name,
                    spec,
                    source,
                    elsewhere: Vec::new(),
                }),
            )
        }
        6 => (1, encode_message(&FromAdmin::Refused(refusal))),
        7 => (2, encode_message(&Signal::ChildEnded { birth, child: actor, reason: ExitReason::Shutdown })),
        8 => {
            let letter = Letter { reason: Setback::NoActor, details: String::new(), frame: random.bytes(90) };
            (3, encode_message(&letter))
        }
        _ => (5, encode_message(&Answer::Reply(random.bytes(40)))),
    };
    let mut input = vec![kind];
    input.extend(body.unwrap());
    input
}

#[test]
fn system_corpus() {
    run(5, system, good_message);
}

fn good_convention_message(random: &mut Random) -> Message {
    let (mine, yours) = (random.below(5) as u64, random.below(5) as u64);
    let term = Term::default().next(random.below(6) as u32);
    let state = State { load: random.next() as u32, term, leads: random.below(2) == 0, names: random.below(3) as u64 };
    let systems = (0..random.below(5)).map(|_| random.below(9) as u32).collect();
    let name = format!("name{}", random.below(3));
    let leave = Leave { term, system: random.below(6) as u32, number: mine };
    let actor = Address::new(NodeId::of_process(random.below(6) as u32, 9), 0, 1, 0);
    match random.below(13) {
        9 => Message::Names(Box::new(Names {
            since: (random.below(2) == 0).then_some(yours),
            version: mine,
            held: vec![Held { name: name.clone(), leave, actor: Some(actor) }; random.below(2)],
            freed: vec![name; random.below(2)],
            asking: Vec::new(),
        })),
        10 => Message::Claim { number: mine, name, leave: (random.below(3) == 0).then_some(leave) },
        11 => Message::Claimed { number: mine, name, answer: Claimed::By(actor) },
        12 => Message::Yield { name, leave },
        0..=3 => Message::Join(Box::new(Join {
            mine,
            yours: (random.below(2) == 0).then_some(yours),
            place: (random.below(2) == 0).then(|| format!("10.0.0.{}:1900", random.below(4)).parse().unwrap()),
            capabilities: vec![(random.bytes(9), random.bytes(9)); random.below(4)],
            version: random.below(3) as u64,
            beats_every: random.next() as u32,
            wants: random.below(4) != 0,
            state,
        })),
        4 => Message::Heartbeat(Heartbeat { mine, yours, version: 1, knows: random.below(3) as u64, knows_names: random.below(3) as u64, state }),
        5 => Message::Leave { mine: Some(mine), yours: Some(yours), why: Departure::ShutsDown },
        6 => Message::Watch { systems },
        7 => Message::Gone { systems },
        _ => Message::Invite,
    }
}

#[test]
fn convention_corpus() {
    run_with(INPUTS / 5, 8, convention, |random| {
        let mut input = Vec::new();
        for _ in 0..random.below(40) {
            let mut body = encode_message(&good_convention_message(random)).unwrap();
            body.truncate(255);
            input.extend([random.next() as u8, random.next() as u8, body.len() as u8]);
            input.extend(body);
        }
        input
    });
}

fn good_signed_source(random: &mut Random) -> Vec<u8> {
    const DIRECTORS: &[u8] = include_bytes!("../../crates/signatures/tests/made_elsewhere/director1_1024.tls");
    const RSA_KEY: &str = include_str!("../../crates/signatures/tests/made_elsewhere/rsa_2048.pub");
    static OURS: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let key = SigningKey::from_pem(SIGNING_KEY).unwrap();
        sign(SIGNED[0], &key, Format::Source1, Some(7)).unwrap()
    });
    let mut input = vec![random.next() as u8];
    input.extend_from_slice(match (input[0] % 4, random.below(2)) {
        (0, 0) => SIGNING_KEY.as_bytes(),
        (0, _) => RSA_KEY.as_bytes(),
        (_, 0) => DIRECTORS,
        _ => &OURS,
    });
    input
}

#[test]
fn signed_source_corpus() {
    run(7, signed_source, good_signed_source);
}

/// What an honest peer sends, each record behind its length.
fn good_pair(random: &mut Random) -> Vec<u8> {
    let [_, mut peer] = two();
    let (now, mut out, mut input) = (Time::ZERO, Vec::new(), Vec::new());
    for _ in 0..=random.below(6) {
        let id = NonZeroU128::new(1 + random.below(30) as u128).unwrap();
        match random.below(12) {
            0..6 => drop(peer.send(now, random.bytes(60).into())),
            6..9 => drop(peer.send_durable(now, id, random.bytes(60).into(), &mut out)),
            9 => peer.settle(id, &mut out),
            10 if random.below(100) == 0 => drop(peer.send(now, vec![1; FRAGMENT + random.below(99)].into())),
            _ => peer.linked(now, 1, &mut out),
        }
        if random.below(2) == 0 {
            peer.flush(now, &mut out);
        }
    }
    peer.flush(now, &mut out);
    for record in out.into_iter().filter_map(transmitted) {
        input.extend((record.len() as u32).to_le_bytes());
        input.extend(record);
    }
    input
}

/// A file as it is written, and parcels as they are sent.
fn good_post(random: &mut Random) -> Vec<u8> {
    let parcel = |random: &mut Random| {
        let (from, mut frame) = (Address::nobody(NodeId::new(3)), Vec::new());
        let text = "x".repeat(random.below(40));
        encode(&Header::new(from, from), &Payload::Str(&text), LIMIT, &mut frame).unwrap();
        let frame = Frame::new(frame.into(), LIMIT).unwrap();
        let to = Destination::new(["here", "there"][random.below(2)], ["store", "other"][random.below(2)]).unwrap();
        Parcel::pack(&to, Time::from_nanos(1 + random.below(3) as u64), &frame).unwrap().whole
    };
    let mut file = Vec::new();
    for _ in 0..random.below(5) {
        let id = NonZeroU128::new(1 + random.below(4) as u128).unwrap();
        match random.below(4) {
            0..2 => Record::Kept(id, parcel(random)),
            2 => Record::Discarded(id),
            _ => Record::Settled(id),
        }
        .write(&mut file);
    }
    file.resize(file.len().next_multiple_of(16), 0);
    let mut input = vec![u8::try_from(file.len() / 16).unwrap()];
    input.extend(file);
    for _ in 0..random.below(5) {
        let parcel = parcel(random);
        input.extend((parcel.len() as u32).to_le_bytes());
        input.extend(parcel);
    }
    input
}

#[test]
fn post_corpus() {
    run(12, post, good_post);
}

#[test]
fn pair_corpus() {
    run(8, pair, good_pair);
}
