//! All that a member can say, with a pickle wherever there could be one.

use std::num::NonZeroU128;

use bytes::Bytes;
use roscius_protocol::address::{Address, NodeId};
use roscius_protocol::admin::messages::{
    Answer, Creation, FromAdmin, Letter, Neighbour, Scope, Setback, ToAdmin, Topic, encode,
};
use roscius_protocol::convention::Message;
use roscius_protocol::convention::messages::{Join, State};
use roscius_protocol::frame::{self, DEFAULT_LIMIT, Frame, Header, Kind, Payload};
use roscius_protocol::lifecycle::Birth;
use roscius_protocol::post::{Destination, Limits, Post};
use roscius_protocol::sources::Level;
use roscius_protocol::supervision::Restart;
use roscius_protocol::time::Time;
use serde::Serialize;

use crate::{Credentials, Failure, Part};

/// What a record between Admins begins with.
const ADMIN: u8 = 0x80;
/// The global name of the actor that durable messages are for.
const DESTINATION: &str = "echo";
/// How the pickle says where the name of what is being said belongs.
const PLACE: [u8; 16] = [b'@'; 16];

/// One thing to say.
pub struct Saying {
    /// What it is called.
    pub name: String,
    /// The registration that comes before it.
    pub join: Bytes,
    pub what: What,
}

/// How it is said.
pub enum What {
    /// Nothing more: it was in the registration.
    Nothing,
    /// In a record of its own.
    Record(Bytes),
    /// As a frame to an actor or an Admin.
    Frame(Bytes),
    /// As a durable message.
    Parcel(NonZeroU128, Bytes),
}

/// Everything that there is to say, by the system `me`.
pub fn all(part: &Part, me: u32) -> Result<Vec<Saying>, Failure> {
    let system = match part.credentials {
        Credentials::Plain => part.place.clone(),
        _ => "system".to_owned(),
    };
    let by = By { system, me: Address::new(NodeId::of_process(me, 100), 0, 1, 0), actor: part.actor };
    let mut all = Vec::new();
    let mut add = |name: &str, what: &dyn Fn(&[u8]) -> Result<What, Failure>| -> Result<(), Failure> {
        let what = what(&named(&part.pickle, name)?)?;
        let (name, join) = (name.to_owned(), join(&[])?);
        all.push(Saying { name, join, what });
        Ok(())
    };
    for kind in 0..=12 {
        add(&format!("frame-{kind}"), &|pickle| by.frame(part.actor, kind, 0, pickle))?;
        add(&format!("admin-{kind}"), &|pickle| by.frame(by.admin(), kind, 0, pickle))?;
    }
    for topic in 0..=7 {
        add(&format!("topic-{topic}"), &|pickle| by.frame(part.actor, Kind::System as u8, topic, pickle))?;
        add(&format!("admin-topic-{topic}"), &|pickle| by.frame(by.admin(), Kind::System as u8, topic, pickle))?;
    }
    add("named-body", &|pickle| by.payload(0, &Payload::MessagePack { name: "test.Add", body: pickle }))?;
    for number in 0..REQUESTS {
        add(&format!("request-{number}"), &|pickle| {
            by.system(by.admin(), Topic::ToAdmin, &request(number, pickle, by.actor))
        })?;
    }
    for number in 0..NEWS {
        add(&format!("news-{number}"), &|pickle| {
            by.system(by.admin(), Topic::FromAdmin, &news(number, pickle, by.actor))
        })?;
        add(&format!("news-actor-{number}"), &|pickle| {
            let root = Address::new(by.actor.node(), 0, 0, 0);
            by.system(root, Topic::FromAdmin, &news(number, pickle, by.actor))
        })?;
    }
    for (name, topic) in [("returned", Topic::Returned), ("dead-letter", Topic::DeadLetter)] {
        let letter = |pickle: &[u8]| -> Result<Letter, Failure> {
            let What::Frame(frame) = by.frame(part.actor, Kind::Pickle as u8, 0, pickle)? else { unreachable!() };
            Ok(Letter { reason: Setback::Failed, details: "so it is".into(), frame: frame.to_vec() })
        };
        add(name, &|pickle| by.system(part.actor, topic, &letter(pickle)?))?;
        add(&format!("{name}-admin"), &|pickle| by.system(by.admin(), topic, &letter(pickle)?))?;
    }
    add("answer", &|pickle| by.system(part.actor, Topic::Answer, &Answer::Reply(pickle.to_vec())))?;
    add("durable", &|pickle| by.durable(pickle))?;
    add("record", &|pickle| Ok(What::Record(Bytes::copy_from_slice(pickle))))?;
    add("admin-record", &|pickle| Ok(What::Record([&[ADMIN], pickle].concat().into())))?;
    let name = "capability";
    let pickle = named(&part.pickle, name)?;
    all.push(Saying { name: name.into(), join: join(&pickle)?, what: What::Nothing });
    Ok(all)
}

/// The pickle that says of itself where it was.
pub fn named(pickle: &[u8], name: &str) -> Result<Vec<u8>, Failure> {
    let at = pickle.windows(PLACE.len()).position(|part| part == PLACE).ok_or("the pickle has no place for a name")?;
    let mut pickle = pickle.to_vec();
    let padded = format!("{name:->16}");
    pickle[at..at + PLACE.len()].copy_from_slice(padded.as_bytes().first_chunk::<16>().ok_or("too long a name")?);
    Ok(pickle)
}

/// A registration, with a pickle among the capabilities if there is one.
fn join(pickle: &[u8]) -> Result<Bytes, Failure> {
    let capabilities = if pickle.is_empty() { Vec::new() } else { vec![(pickle.to_vec(), pickle.to_vec())] };
    let join = Join {
        mine: 1,
        yours: None,
        place: None,
        capabilities,
        version: 1,
        beats_every: 1000,
        wants: true,
        state: State::default(),
    };
    Ok([&[ADMIN], &encode(&Message::Join(Box::new(join)))?[..]].concat().into())
}

struct By {
    /// What the system is called: in its certificate, or by where it is reached.
    system: String,
    me: Address,
    actor: Address,
}

impl By {
    fn admin(&self) -> Address {
        Address::new(NodeId::of_process(self.actor.node().system(), NodeId::ADMIN), 0, 0, 0)
    }

    /// A frame of a kind that may not even exist, whose payload is this.
    fn frame(&self, to: Address, kind: u8, topic: u64, body: &[u8]) -> Result<What, Failure> {
        let header = Header { message: 1, type_id: topic, ..Header::new(self.sender(kind), to) };
        let mut whole = Vec::new();
        frame::encode(&header, &Payload::Bytes(body), DEFAULT_LIMIT, &mut whole)?;
        whole[8] = kind;
        Ok(What::Frame(whole.into()))
    }

    /// Messages of systems come from Admins.
    fn sender(&self, kind: u8) -> Address {
        let admin = Address::new(NodeId::of_process(self.me.node().system(), NodeId::ADMIN), 0, 0, 0);
        if kind == Kind::System as u8 { admin } else { self.me }
    }

    fn payload(&self, topic: u64, payload: &Payload<'_>) -> Result<What, Failure> {
        let header = Header { type_id: topic, ..Header::new(self.me, self.actor) };
        let mut whole = Vec::new();
        frame::encode(&header, payload, DEFAULT_LIMIT, &mut whole)?;
        Ok(What::Frame(whole.into()))
    }

    fn system<T: Serialize>(&self, to: Address, topic: Topic, message: &T) -> Result<What, Failure> {
        self.frame(to, Kind::System as u8, topic as u64, &encode(message)?)
    }

    fn durable(&self, pickle: &[u8]) -> Result<What, Failure> {
        let What::Frame(frame) = self.frame(self.actor, Kind::Pickle as u8, 0, pickle)? else { unreachable!() };
        let mut post = Post::new("somebody", Limits::default());
        let number = post.open(Destination::new(&self.system, DESTINATION)?).ok_or("there is no such destination")?;
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let parcel = post.pack(Time::ZERO.plus(since_1970), number, &Frame::new(frame, DEFAULT_LIMIT)?)?;
        Ok(What::Parcel(NonZeroU128::MIN.saturating_add(u128::from(self.me.node().system())), parcel.whole))
    }
}

const REQUESTS: usize = 9;

/// What may be said to the Admin of a system.
fn request(number: usize, pickle: &[u8], actor: Address) -> ToAdmin {
    let bytes = || pickle.to_vec();
    let entries = || vec![(bytes(), bytes())];
    let creation = Creation {
        maker: "python".into(),
        name: None,
        scope: Scope::System,
        spec: bytes(),
        process: None,
        requester: None,
        source: None,
        order: None,
    };
    match number {
        0 => ToAdmin::CreateFor { creation, tried: Vec::new() },
        1 => ToAdmin::Create(creation),
        2 => ToAdmin::SetCapability { name: bytes(), value: Some(bytes()) },
        3 => ToAdmin::ChangeSetting { name: bytes(), value: bytes() },
        4 => ToAdmin::Invite { place: "127.0.0.1:9".into(), capabilities: entries() },
        5 => ToAdmin::LoadSource { id: "x".into(), info: None, content: bytes().into() },
        6 => ToAdmin::SourceVerdict { id: "x".into(), info: None, content: Some(bytes().into()) },
        7 => ToAdmin::Ready { process: actor.node(), policy: Restart::Temporary, bounded: false },
        _ => ToAdmin::Dismiss { system: Neighbour::Admin(actor) },
    }
}

const NEWS: usize = 8;

/// What an Admin may say.
fn news(number: usize, pickle: &[u8], actor: Address) -> FromAdmin {
    let bytes = || pickle.to_vec();
    let entries = || vec![(bytes(), bytes())];
    match number {
        0 => FromAdmin::Attached { capabilities: entries(), settings: entries() },
        1 => FromAdmin::Settings { settings: entries() },
        2 => FromAdmin::Capabilities { capabilities: entries() },
        3 => FromAdmin::Make {
            process: actor.node(),
            actor,
            birth: Birth::numbered(1),
            maker: "python".into(),
            name: None,
            spec: bytes(),
            source: None,
            elsewhere: vec![(1, entries())],
        },
        4 => FromAdmin::ValidateSource { id: "x".into(), info: None, content: bytes().into() },
        5 => FromAdmin::SourceContent { id: "x".into(), info: None, content: Some(bytes().into()), validated: true },
        6 => FromAdmin::Registration { admin: actor, capabilities: entries(), joined: true },
        _ => FromAdmin::Note { level: Level::Error, text: String::from_utf8_lossy(pickle).into_owned() },
    }
}
