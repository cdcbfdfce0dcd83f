//! The start of a connection.
//!
//! Three types, one after the other: a [`Greeting`], of whose other end nothing is known; an [`Introduced`], where it is known and both sides agree
//! on which of their connections is the link; and a [`Link`], which alone can read records.
//!
//! # Which connection is the link
//!
//! Both sides may dial at once, or one may have lost a link that the other still takes for good. So one side decides: the one with the smaller
//! number. The other, when it knows with whom it speaks, sends a [`Claim`]: a number that grows with each claim, and the numbers of its other
//! connections with the same system that are alive. The one that decides takes the connection unless it has a link that is alive on both sides, or one that
//! was claimed later. It answers *go* or *already*. Nothing is sent on a connection before that, so nothing is lost on one that is not taken.

use std::net::SocketAddr;

use mio::net::TcpStream;
use rustls::pki_types::ServerName;

use super::certificate::{Fingerprint, Names, fingerprint};
use super::introduction::MAGIC;
use super::link::Link;
use super::security::Security;
use super::stream::Stream;
use super::{Cause, Introduction, IntroductionError, Limits, PayloadKinds, neighbour};
use crate::flow::Read;

const CLAIM: u8 = b'C';
const GO: u8 = b'G';
const ALREADY: u8 = b'A';
/// The most other connections that are named in a claim.
const NAMED: usize = 16;
/// What TLS says to who speaks another version of it. It is understood as TLS, at least.
const NOT_THIS_VERSION: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 70];

/// What a connection has to keep to.
#[derive(Debug)]
pub struct Rules {
    /// What this side says of itself.
    pub me: Introduction,
    /// Who may be at the other end.
    pub security: Security,
    /// How long, how many, how much.
    pub limits: Limits,
}

impl Rules {
    /// Whether the other end, so far known by its address alone, may go on.
    fn admit(&self, peer: SocketAddr, ours: SocketAddr) -> Result<(), Cause> {
        match self.security {
            Security::Plain { anywhere: false } if !neighbour::is_here(peer, ours) => {
                Err(Cause::NotLoopback { peer: peer.to_string() })
            }
            _ => Ok(()),
        }
    }

    const fn is_tls(&self) -> bool {
        matches!(self.security, Security::Tls(_))
    }
}

/// A connection whose other end is not known yet. There is no way to read a record from it.
#[derive(Debug)]
pub struct Greeting {
    stream: Stream,
    peer: SocketAddr,
    /// This end's address, once there is a connection.
    ours: Option<SocketAddr>,
    /// What came first, until it is clear that it is what it should be.
    first: Option<Vec<u8>>,
    spoken: bool,
    /// How many bytes have come.
    taken: usize,
    plain: Vec<u8>,
}

/// How far a greeting came.
#[derive(Debug)]
pub enum Progress {
    /// More has to come.
    Waiting(Greeting),
    /// It is known who is there.
    Met(Introduced),
}

impl Greeting {
    /// Begins with a connection that was accepted.
    ///
    /// # Errors
    ///
    /// [`Cause`] if its address is enough to turn it away. Nothing has been read then.
    pub fn accepted(socket: TcpStream, peer: SocketAddr, rules: &Rules) -> Result<Self, Cause> {
        let ours = socket.local_addr().map_err(|error| Cause::io(&error))?;
        rules.admit(peer, ours)?;
        let stream = match &rules.security {
            Security::Plain { .. } => Stream::plain(socket),
            Security::Tls(config) => Stream::tls(socket, config.accept().map_err(|error| Cause::of_tls(&error))?),
        };
        let mut greeting = Self::new(stream, peer);
        greeting.connected(ours);
        Ok(greeting)
    }

    /// Begins to connect. `host` is what the certificate there may be bound to.
    ///
    /// # Errors
    ///
    /// [`Cause`] if that is refused at once.
    pub fn dial(peer: SocketAddr, host: ServerName<'static>, rules: &Rules) -> Result<Self, Cause> {
        let refused = |error: std::io::Error| Cause::NoConnection { address: peer.to_string(), why: error.to_string() };
        let socket = TcpStream::connect(peer).map_err(refused)?;
        let stream = match &rules.security {
            Security::Plain { .. } => Stream::plain(socket),
            Security::Tls(config) => Stream::tls(socket, config.dial(host).map_err(|error| Cause::of_tls(&error))?),
        };
        Ok(Self::new(stream, peer))
    }

    const fn new(stream: Stream, peer: SocketAddr) -> Self {
        let first = Some(Vec::new());
        Self { stream, peer, ours: None, first, spoken: false, taken: 0, plain: Vec::new() }
    }

    /// The socket, to register it.
    pub const fn socket(&mut self) -> &mut TcpStream {
        self.stream.socket()
    }

    /// The address at the other end.
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether there is a connection at all.
    pub const fn is_connected(&self) -> bool {
        self.ours.is_some()
    }

    fn connected(&mut self, ours: SocketAddr) {
        self.ours = Some(ours);
        // Records are collected before they are written, so waiting for more would only cost time. An error costs no more than that.
        let _ = self.stream.socket().set_nodelay(true);
    }

    /// Goes on as far as what has come allows.
    ///
    /// # Errors
    ///
    /// [`Cause`] if there is nobody, or somebody who is not to be there; and whether anything had come.
    pub fn advance(mut self, scratch: &mut Vec<u8>, rules: &Rules) -> Result<Progress, (Cause, bool)> {
        match self.step(scratch, rules) {
            Ok(Some((peer, used, ours))) => match self.check(&peer, ours, rules) {
                Ok(chain) => Ok(Progress::Met(self.introduced(peer, used, chain, rules))),
                Err(cause) => Err((cause, true)),
            },
            Ok(None) => Ok(Progress::Waiting(self)),
            Err(cause) => {
                // TLS may have something to say to that.
                let _ = self.stream.flush();
                Err((cause, self.taken > 0))
            }
        }
    }

    fn step(
        &mut self,
        scratch: &mut Vec<u8>,
        rules: &Rules,
    ) -> Result<Option<(Introduction, usize, SocketAddr)>, Cause> {
        let Some(ours) = self.connect(rules)? else { return Ok(None) };
        loop {
            self.speak(rules);
            self.stream.flush()?;
            if let Some((peer, used)) = Introduction::read(&self.plain)? {
                return Ok(Some((peer, used, ours)));
            }
            scratch.clear();
            let read = self.stream.read_raw(scratch)?;
            if scratch.is_empty() {
                return if read == Read::Ended { Err(Cause::Closed) } else { Ok(None) };
            }
            self.taken += scratch.len();
            let ended = match self.first.take() {
                None => self.stream.unwrap(scratch, &mut self.plain)?,
                Some(mut first) => {
                    first.extend_from_slice(scratch);
                    if !self.is_right(&first, rules)? {
                        if read == Read::Ended {
                            return Err(Cause::Closed);
                        }
                        self.first = Some(first);
                        continue;
                    }
                    self.stream.unwrap(&first, &mut self.plain)?
                }
            };
            if ended {
                return Err(Cause::Closed);
            }
            // What comes with an introduction that is good is no crime.
            if self.taken > rules.limits.greeting && Introduction::read(&self.plain)?.is_none() {
                return Err(Cause::TooMuch { most: rules.limits.greeting });
            }
        }
    }

    /// Whether it is certain that what came first is what it should be.
    fn is_right(&self, first: &[u8], rules: &Rules) -> Result<bool, Cause> {
        let sorted = sort(first, rules.is_tls());
        if sorted == Err(Cause::PlainToTls) {
            // In a language in which it recognises this side's. If it is not to be told, it is not.
            let _ = self.stream.say_raw(&NOT_THIS_VERSION);
        }
        sorted
    }

    /// This end's address, if there is a connection.
    fn connect(&mut self, rules: &Rules) -> Result<Option<SocketAddr>, Cause> {
        if let Some(ours) = self.ours {
            return Ok(Some(ours));
        }
        let address = self.peer.to_string();
        let socket = self.stream.socket();
        let refused = |error: std::io::Error| Cause::NoConnection { address, why: error.to_string() };
        match socket.take_error() {
            Ok(None) => {}
            Ok(Some(error)) | Err(error) => return Err(refused(error)),
        }
        match socket.peer_addr() {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotConnected => return Ok(None),
            Err(error) => return Err(refused(error)),
        }
        let ours = socket.local_addr().map_err(|error| Cause::io(&error))?;
        if ours == self.peer {
            // Nobody listens there, and the kernel drew the same port for this end.
            return Err(refused(std::io::ErrorKind::ConnectionRefused.into()));
        }
        rules.admit(self.peer, ours)?;
        self.connected(ours);
        Ok(Some(ours))
    }

    /// Says who this is, as soon as it is certain that the other side is of the convention.
    fn speak(&mut self, rules: &Rules) {
        let ready = self.stream.connection().is_none_or(|connection| !connection.is_handshaking());
        if ready && !self.spoken {
            self.spoken = true;
            self.stream.say(&rules.me.to_bytes());
        }
    }

    /// Whether the other side may be who it says it is. Gives the fingerprints of its certificates.
    fn check(&self, peer: &Introduction, ours: SocketAddr, rules: &Rules) -> Result<Vec<Fingerprint>, Cause> {
        let mut chain = Vec::new();
        let mut theirs = &peer.convention;
        let names;
        if let Some(connection) = self.stream.connection() {
            let certificates = connection.peer_certificates().unwrap_or_default();
            let own = certificates.first().ok_or(Cause::TheirCertificate(super::Problem::Absent))?;
            names = Names::of(own).map_err(Cause::TheirCertificate)?;
            theirs = &names.convention;
            let real = &names.identity;
            if (&peer.convention, &peer.identity) != (theirs, real) && *theirs == rules.me.convention {
                let (claimed, real) = (format!("{}/{}", peer.convention, peer.identity), format!("{theirs}/{real}"));
                return Err(Cause::NotItsName { claimed, real });
            }
            chain.extend(certificates.iter().map(|certificate| fingerprint::of(certificate)));
        } else if matches!(rules.security, Security::Plain { anywhere: false }) {
            neighbour::check(self.peer, ours)?;
        }
        if *theirs != rules.me.convention {
            return Err(Cause::AnotherConvention { theirs: theirs.clone(), ours: rules.me.convention.clone() });
        }
        if peer.system == rules.me.system {
            return Err(Cause::Itself);
        }
        Ok(chain)
    }

    fn introduced(self, peer: Introduction, used: usize, chain: Vec<Fingerprint>, rules: &Rules) -> Introduced {
        let mut came = self.plain;
        came.drain(..used);
        let same_host = self.ours.is_some_and(|ours| neighbour::is_here(self.peer, ours));
        Introduced {
            stream: self.stream,
            from: self.peer,
            payloads: rules.me.payloads.agreed(peer.payloads, same_host),
            same_host,
            decides: rules.me.system < peer.system,
            peer,
            chain,
            came,
        }
    }
}

/// Whether these first bytes are those of one that belongs here. It may be too early to say.
fn sort(first: &[u8], is_tls: bool) -> Result<bool, Cause> {
    let is_ours = if is_tls { matches!(first, [0x14..=0x17, ..]) } else { first.starts_with(&MAGIC) };
    if is_ours {
        return Ok(true);
    }
    let digits = first.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match first {
        _ if first.starts_with(&MAGIC) => Err(Cause::PlainToTls),
        _ if MAGIC.starts_with(first) => Ok(false),
        [0x14..=0x17, 3, ..] => Err(Cause::TlsToPlain),
        [0x14..=0x17] => Ok(false),
        // Its messages begin with their length and a space.
        _ if (1..=12).contains(&digits) && first.get(digits) == Some(&b' ') => Err(Cause::Thespian),
        _ if (1..=12).contains(&digits) && digits == first.len() => Ok(false),
        _ => Err(IntroductionError::Magic { found: first[..first.len().min(MAGIC.len())].to_vec() }.into()),
    }
}

/// What the side that does not decide says of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// It grows with each claim of a system.
    pub number: u64,
    /// The claims of the other connections with the same system that are alive.
    pub alive: Vec<u64>,
}

impl Claim {
    fn to_bytes(&self) -> Vec<u8> {
        let newest = &self.alive[self.alive.len().saturating_sub(NAMED)..];
        let mut bytes = vec![CLAIM];
        bytes.extend_from_slice(&self.number.to_le_bytes());
        bytes.push(newest.len() as u8);
        bytes.extend(newest.iter().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    /// Reads one, and says how many bytes it took.
    fn read(bytes: &[u8]) -> Result<Option<(Self, usize)>, Cause> {
        let Some((head, rest)) = bytes.split_first_chunk::<10>() else { return Ok(None) };
        let [_, number @ .., count] = *head;
        let count = usize::from(count);
        if count > NAMED {
            return Err(Cause::Malformed { what: "a claim names too many connections" });
        }
        let (numbers, _) = rest.as_chunks::<8>();
        let Some(numbers) = numbers.get(..count) else { return Ok(None) };
        let alive = numbers.iter().map(|number| u64::from_le_bytes(*number)).collect();
        Ok(Some((Self { number: u64::from_le_bytes(number), alive }, head.len() + 8 * count)))
    }
}

/// What the other side says once both know each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It leaves the decision to this side.
    Claim(Claim),
    /// This connection is the link.
    Go,
    /// It is not: there is one.
    Already,
}

/// A connection whose other end is known. There is still no way to read a record from it.
#[derive(Debug)]
pub struct Introduced {
    stream: Stream,
    from: SocketAddr,
    peer: Introduction,
    payloads: PayloadKinds,
    same_host: bool,
    chain: Vec<Fingerprint>,
    decides: bool,
    came: Vec<u8>,
}

impl Introduced {
    /// Who is at the other end.
    pub const fn peer(&self) -> &Introduction {
        &self.peer
    }

    /// The fingerprints of its certificates.
    pub fn chain(&self) -> &[Fingerprint] {
        &self.chain
    }

    /// The kinds of payload that both sides send and take.
    pub const fn payloads(&self) -> PayloadKinds {
        self.payloads
    }

    /// Whether the other end is on this host.
    pub const fn is_on_same_host(&self) -> bool {
        self.same_host
    }

    /// Whether this side decides whether this connection is the link.
    pub const fn decides(&self) -> bool {
        self.decides
    }

    /// Leaves the decision to the other side.
    pub fn claim(&mut self, claim: &Claim) {
        self.stream.say(&claim.to_bytes());
    }

    /// Says how this side has decided. An error is found by who reads next.
    pub fn answer(&mut self, go: bool) {
        self.stream.say(&[if go { GO } else { ALREADY }]);
        let _ = self.stream.flush();
    }

    /// What the other side has said, if it has.
    ///
    /// # Errors
    ///
    /// [`Cause`] if it is gone, or what it says makes no sense.
    pub fn hear(&mut self, scratch: &mut Vec<u8>, budget: usize) -> Result<Option<Said>, Cause> {
        self.stream.flush()?;
        if let Some(said) = self.said()? {
            return Ok(Some(said));
        }
        let read = self.stream.read(scratch, &mut self.came, budget, true)?;
        match self.said()? {
            None if read == Read::Ended => Err(Cause::Closed),
            None if self.came.len() > budget => Err(Cause::TooMuch { most: budget }),
            said => Ok(said),
        }
    }

    fn said(&mut self) -> Result<Option<Said>, Cause> {
        let (said, used) = match (self.came.first(), self.decides) {
            (None, _) => return Ok(None),
            (Some(&CLAIM), true) => match Claim::read(&self.came)? {
                Some((claim, used)) => (Said::Claim(claim), used),
                None => return Ok(None),
            },
            (Some(&GO), false) => (Said::Go, 1),
            (Some(&ALREADY), false) => (Said::Already, 1),
            _ => return Err(Cause::Malformed { what: "neither a claim nor the answer to one" }),
        };
        self.came.drain(..used);
        Ok(Some(said))
    }

    /// What both sides have agreed upon.
    pub fn open(self, limits: &Limits) -> (Link, Introduction, SocketAddr) {
        (Link::new(self.stream, self.chain, self.came, limits), self.peer, self.from)
    }
}
