//! One end that says whatever it wants, and waits for nobody.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use roscius_protocol::pair::{self, Effect, Pair};
use roscius_protocol::time::Time;
use roscius_transport::network::{Introduction, PayloadKinds};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};

use crate::sayings::{Saying, What, all, named};
use crate::{Credentials, Failure, Part};

/// The other side hangs up within this time: it waits five seconds for an introduction.
const PATIENCE: Duration = Duration::from_secs(20);

/// Says all that there is to say, each on a connection of its own that the other side closes. Prints how many there were.
pub fn speak(part: &Part) -> Result<(), Failure> {
    let (mut said, mut threads) = (0, Vec::new());
    // The first is what anybody says. The log of the other side has why that was refused.
    start(part, introduce(part, part.first)).join().map_err(|_| "the first connection was not closed")??;
    for bytes in openings(part)? {
        threads.push(start(part, bytes));
        said += 1;
    }
    for number in 0..all(part, part.first)?.len() {
        let me = part.first + u32::try_from(number)?;
        let saying = all(part, me)?.swap_remove(number);
        threads.push(start(part, whole(part, me, &saying)?));
        said += 1;
        // Not more than may be there at once: who is too many is not listened to at all.
        if threads.len() >= 32 {
            for thread in threads.drain(..) {
                thread.join().map_err(|_| "a connection was not closed")??;
            }
        }
    }
    for thread in threads {
        thread.join().map_err(|_| "a connection was not closed")??;
    }
    println!("SAID {said}");
    Ok(())
}

/// What may be said before there is a link: pickles in the place of an introduction, in it, and right after it.
fn openings(part: &Part) -> Result<Vec<Vec<u8>>, Failure> {
    let pickle = |name: &str| named(&part.pickle, name);
    let first = pickle("thespian")?;
    let thespian = [format!("{} ", first.len()).as_bytes(), &first].concat();
    let second = pickle("in-introduction")?;
    let names = part.convention.len() + part.identity.len();
    let length = u16::try_from(8 + 3 + names + second.len())?;
    let (convention, identity, place) =
        (u8::try_from(part.convention.len())?, u8::try_from(part.identity.len())?, u8::try_from(second.len())?);
    // As `Introduction::to_bytes` lays it out; a pickle is no text.
    let mut introduction = b"roscnet\n\x01\0".to_vec();
    introduction.extend(length.to_le_bytes());
    introduction.extend(part.first.to_le_bytes());
    introduction.extend(u32::MAX.to_le_bytes());
    introduction.push(convention);
    introduction.extend(part.convention.as_bytes());
    introduction.push(identity);
    introduction.extend(part.identity.as_bytes());
    introduction.push(place);
    introduction.extend(second);
    let me = part.first;
    Ok(vec![
        pickle("raw")?,
        thespian,
        introduction,
        [&introduce(part, me)[..], &pickle("after-greeting")?].concat(),
        [&introduce(part, me)[..], b"C", &pickle("in-claim")?].concat(),
        [&introduce(part, me)[..], b"A", &pickle("after-already")?].concat(),
    ])
}

fn introduce(part: &Part, me: u32) -> Vec<u8> {
    let me = Introduction {
        convention: part.convention.clone(),
        identity: part.identity.clone(),
        system: me,
        place: None,
        payloads: PayloadKinds::ALL,
    };
    me.to_bytes()
}

/// All that a member would say, with its own half of what a pair needs.
fn whole(part: &Part, me: u32, saying: &Saying) -> Result<Vec<u8>, Failure> {
    let mut bytes = introduce(part, me);
    // Its number is small: it decides that this is the link.
    bytes.push(b'G');
    let mut records = vec![saying.join.clone()];
    match &saying.what {
        What::Nothing => {}
        What::Record(record) => records.push(record.clone()),
        What::Frame(frame) => records
            .extend(by_pair(part, me, |pair, now, _| pair.send(now, frame.clone()).map(|_| ()).map_err(Into::into))?),
        What::Parcel(id, parcel) => records.extend(by_pair(part, me, |pair, now, effects| {
            pair.send_durable(now, *id, parcel.clone(), effects).map(|_| ()).map_err(Into::into)
        })?),
    }
    for record in records {
        bytes.extend(u32::try_from(record.len())?.to_le_bytes());
        bytes.extend_from_slice(&record);
    }
    Ok(bytes)
}

/// The records that it takes to send something to a peer that answers.
fn by_pair(
    part: &Part,
    me: u32,
    send: impl FnOnce(&mut Pair, Time, &mut Vec<Effect>) -> Result<(), Failure>,
) -> Result<Vec<Bytes>, Failure> {
    let pair = |me| Pair::new(&pair::Config { me, life: NonZeroU32::MIN, limits: pair::Limits::default() });
    let (now, peer) = (Time::ZERO, part.actor.node().system());
    let (mut own, mut other) = (pair(me), pair(peer));
    let (mut from_own, mut from_other) = (Vec::new(), Vec::new());
    own.linked(now, peer, &mut from_own);
    other.linked(now, me, &mut from_other);
    send(&mut own, now, &mut from_own)?;
    let mut said = Vec::new();
    let records = |effects: &mut Vec<Effect>| -> Vec<Bytes> {
        let record = |effect| match effect {
            Effect::Transmit { head, body } => Some([&head[..], &body[..]].concat().into()),
            _ => None,
        };
        effects.drain(..).filter_map(record).collect()
    };
    loop {
        own.flush(now, &mut from_own);
        let (ours, theirs) = (records(&mut from_own), records(&mut from_other));
        if ours.is_empty() && theirs.is_empty() {
            return Ok(said);
        }
        for record in theirs {
            own.received(now, &record, &mut from_own)?;
        }
        for record in ours {
            other.received(now, &record, &mut from_other)?;
            said.push(record);
        }
    }
}

/// Says it on a connection of its own, which the other side is to close.
fn start(part: &Part, bytes: Vec<u8>) -> std::thread::JoinHandle<Result<(), Failure>> {
    let (place, credentials) = (part.place.clone(), part.credentials.clone());
    std::thread::spawn(move || {
        let mut socket = TcpStream::connect(&place)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let certificate = match &credentials {
            Credentials::Plain => return until_closed(&mut socket, &bytes),
            Credentials::None => None,
            Credentials::Certificate(certificate) => Some(certificate.as_path()),
        };
        let name = ServerName::IpAddress(socket.peer_addr()?.ip().into());
        let connection = ClientConnection::new(Arc::new(config(certificate)?), name)?;
        until_closed(&mut StreamOwned::new(connection, socket), &bytes)
    })
}

fn until_closed(stream: &mut (impl Read + Write), bytes: &[u8]) -> Result<(), Failure> {
    // Who is turned away finds that out here or there.
    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
    match stream.read_to_end(&mut Vec::new()) {
        Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
            Err("the connection was not closed".into())
        }
        _ => Ok(()),
    }
}

fn config(certificate: Option<&Path>) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting));
    Ok(match certificate {
        Some(certificate) => {
            let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(certificate.with_extension("key"))?)?
        }
        None => builder.with_no_client_auth(),
    })
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// Takes every certificate.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
