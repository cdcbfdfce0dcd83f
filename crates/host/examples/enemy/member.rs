//! A member: a link after another, on each of which something is said.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_protocol::admin::messages::decode;
use roscius_protocol::convention::Message;
use roscius_protocol::pair::{self, Pair};
use roscius_protocol::time::Time;
use roscius_transport::network::{
    Event, Introduction, Limits, Links, LinksOptions, PayloadKinds, Security, TlsConfig, TlsFiles,
};

use crate::sayings::{Saying, What, all};
use crate::{Credentials, Failure, Part};

/// What a record between Admins begins with.
const ADMIN: u8 = 0x80;
/// How long something may take that the other side does.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long the link is kept after something that nobody acknowledges.
const MOMENT: Duration = Duration::from_millis(20);

/// Says all that there is to say as a member, and prints the name of each.
pub fn join(part: &Part) -> Result<(), Failure> {
    let names = all(part, part.first)?.len();
    for number in 0..names {
        let me = part.first + u32::try_from(number)?;
        let saying = all(part, me)?.swap_remove(number);
        Member::linked(part, me)?.say(&saying)?;
        println!("SAID {}", saying.name);
    }
    Ok(())
}

fn links(part: &Part, me: u32) -> Result<Links, Failure> {
    let security = match &part.credentials {
        Credentials::Plain | Credentials::None => Security::Plain { anywhere: true },
        Credentials::Certificate(certificate) => Security::Tls(TlsConfig::load(&TlsFiles {
            authorities: certificate.with_file_name("ca.pem"),
            key: certificate.with_extension("key"),
            certificate: certificate.clone(),
            refused: None,
        })?),
    };
    let me = Introduction {
        convention: part.convention.clone(),
        identity: part.identity.clone(),
        system: me,
        place: None,
        payloads: PayloadKinds::ALL,
    };
    Ok(Links::new(LinksOptions { me, security, limits: Limits::default() })?)
}

struct Member {
    links: Links,
    pair: Pair,
    peer: u32,
    since: Instant,
    linked: bool,
    joined: bool,
}

impl Member {
    fn linked(part: &Part, me: u32) -> Result<Self, Failure> {
        let mut links = links(part, me)?;
        links.dial(&part.place);
        let pair = Pair::new(&pair::Config { me, life: NonZeroU32::MIN, limits: pair::Limits::default() });
        let (peer, since) = (part.actor.node().system(), Instant::now());
        let mut member = Self { links, pair, peer, since, linked: false, joined: false };
        member.until(|member| member.linked)?;
        Ok(member)
    }

    /// Registers, says it, and leaves when it was taken or the other side has hung up.
    fn say(mut self, saying: &Saying) -> Result<(), Failure> {
        let _ = self.links.send(self.peer, &[], saying.join.clone())?;
        self.until(|member| member.joined)?;
        let (now, mut effects) = (self.now(), Vec::new());
        self.pair.linked(now, self.peer, &mut effects);
        match &saying.what {
            What::Nothing => {}
            What::Record(record) => {
                let _ = self.links.send(self.peer, &[], record.clone())?;
            }
            What::Frame(frame) => {
                let _ = self.pair.send(now, frame.clone())?;
            }
            What::Parcel(id, parcel) => {
                let _ = self.pair.send_durable(now, *id, parcel.clone(), &mut effects)?;
            }
        }
        self.carry_out(effects);
        self.until(|member| !member.linked || member.pair.status().held_frames == 0)?;
        let since = Instant::now();
        self.until(|member| !member.linked || since.elapsed() > MOMENT)
    }

    fn until(&mut self, is: impl Fn(&Self) -> bool) -> Result<(), Failure> {
        let since = Instant::now();
        while !is(self) {
            if since.elapsed() > PATIENCE {
                return Err("the other side does nothing".into());
            }
            self.turn()?;
        }
        Ok(())
    }

    fn now(&self) -> Time {
        Time::ZERO.plus(self.since.elapsed())
    }

    fn turn(&mut self) -> Result<(), Failure> {
        let mut events = Vec::new();
        self.links.flush();
        self.links.turn(&mut events)?;
        if events.is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let (now, mut effects) = (self.now(), Vec::new());
        for event in events {
            match event {
                Event::Up { .. } => self.linked = true,
                Event::NotUp { cause, .. } => return Err(cause.to_string().into()),
                Event::Down { .. } => self.linked = false,
                Event::Records { records, .. } => {
                    for record in records {
                        self.take(now, &record, &mut effects)?;
                    }
                }
                _ => {}
            }
        }
        self.pair.due(now, &mut effects);
        self.pair.flush(now, &mut effects);
        self.carry_out(effects);
        Ok(())
    }

    fn take(&mut self, now: Time, record: &Bytes, effects: &mut Vec<pair::Effect>) -> Result<(), Failure> {
        match record.split_first() {
            Some((&ADMIN, message)) => self.joined |= matches!(decode(message), Ok(Message::Join(_))),
            _ => self.pair.received(now, record, effects)?,
        }
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<pair::Effect>) {
        for effect in effects {
            if let pair::Effect::Transmit { head, body } = effect {
                drop(self.links.send(self.peer, &head, body));
            }
        }
    }
}
