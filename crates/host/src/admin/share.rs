//! What a system is to others: who may be at the other end of its links, where it listens, and which convention it takes part in.

use std::net::{SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
#[cfg(feature = "nats")]
use std::time::Duration;

use roscius_protocol::admin::{LinksAre, Openness};
use roscius_protocol::convention::{self, Place, SystemId};
use roscius_transport::Hub;
use roscius_transport::between::Links;
#[cfg(feature = "nats")]
use roscius_transport::nats::{self, NatsAddress};
use roscius_transport::network::{self, Introduction, LinksOptions, Security, TlsError};

use super::certificates::Certificates;
use super::neighbours::limits;
use super::{AdminError, Claim, ConventionOptions, Network, Pickles};
use crate::process::random_number;

/// Whether a system may listen where it wants to: where other hosts reach it, not without saying how it knows them.
pub(super) fn allow(claim: &Claim, options: &ConventionOptions) -> Result<(), AdminError> {
    match claim {
        Claim::Tcp(address) | Claim::Udp(address)
            if !address.ip().is_loopback() && options.certificate.is_none() && !options.insecure =>
        {
            Err(AdminError::Exposed { address: *address })
        }
        _ => Ok(()),
    }
}

/// What a system has to do with others.
pub(super) struct Part {
    /// Its links with them, if it has any.
    pub links: Option<Links>,
    /// What is to be said of these.
    pub links_are: LinksAre,
    /// Its part in their convention.
    pub share: convention::Config,
    /// The certificates that it shows, if it does.
    pub certificates: Option<Certificates>,
}

/// Makes the links of a system with others, which its hub waits for, and its part in their convention.
pub(super) fn take_part(
    mut options: ConventionOptions,
    hub: &Hub,
    network: Option<&Network>,
) -> Result<Part, AdminError> {
    let me = hub.node().system();
    if options.leaders.iter().any(|leader| leader.starts_with("nats://")) {
        return over_nats(&options, me);
    }
    let (security, certificates) = security(&mut options)?;
    let links_are = LinksAre { convention: options.name.clone(), openness: openness(&security), by_server: false };
    let listener = listener(network, options.outbound_only);
    let pickles = options.pickles;
    let share = share(options, me, network.map(Network::address))?;
    if network.is_none() {
        return Ok(Part { links: None, links_are, share, certificates });
    }
    let me = introduction(links_are.convention.clone(), &share, pickles);
    let links = LinksOptions { me, security, limits: limits() };
    let mut links = network::Links::new(links).map_err(AdminError::Loop)?;
    links.lodge(hub.lodging().map_err(AdminError::Loop)?);
    if let Some(listener) = listener {
        links.listen(listener).map_err(AdminError::Loop)?;
    }
    Ok(Part { links: Some(Links::Tcp(Box::new(links))), links_are, share, certificates })
}

fn introduction(convention: String, share: &convention::Config, pickles: Pickles) -> Introduction {
    Introduction {
        convention,
        identity: share.identity.clone(),
        system: share.me,
        place: share.place.as_ref().map(ToString::to_string),
        payloads: pickles.kinds(),
    }
}

/// A system whose links go over a NATS server, which says who leads.
#[cfg(feature = "nats")]
fn over_nats(options: &ConventionOptions, me: SystemId) -> Result<Part, AdminError> {
    let [address] = &options.leaders[..] else { return Err(AdminError::NatsAndOthers) };
    let address = NatsAddress {
        credentials: options.credentials.clone(),
        authority: options.authority.clone(),
        insecure: options.insecure,
        ..address.parse()?
    };
    let alone = convention::Config::alone(me);
    let share = convention::Config {
        identity: options.identity.clone().unwrap_or(alone.identity),
        place: Some(nats::place(me).parse()?),
        seed: u64::from(random_number()) << 32 | u64::from(me),
        timing: convention::Timing { broken_after: SERVER_BACK_WITHIN, ..alone.timing.at(&options.pace) },
        ..alone
    };
    let openness = if options.insecure { Openness::Everybody } else { Openness::Certified };
    let links_are = LinksAre { convention: address.convention.clone(), openness, by_server: true };
    let me = introduction(address.convention.clone(), &share, options.pickles);
    let links = nats::Links::new(me, &address, limits()).map_err(AdminError::Nats)?;
    Ok(Part { links: Some(Links::Nats(Box::new(links))), links_are, share, certificates: None })
}

/// A server that is back within this time has cost no member: it may have been started again.
#[cfg(feature = "nats")]
const SERVER_BACK_WITHIN: Duration = Duration::from_secs(4);

#[cfg(not(feature = "nats"))]
fn over_nats(_: &ConventionOptions, _: SystemId) -> Result<Part, AdminError> {
    Err(AdminError::NoNats)
}

/// Who may be at the other end of a link. With a certificate it says the convention and the name of the system.
fn security(options: &mut ConventionOptions) -> Result<(Security, Option<Certificates>), TlsError> {
    let Some(certificate) = options.certificate.take() else {
        return Ok((Security::Plain { anywhere: options.insecure }, None));
    };
    let (certificates, config) = Certificates::read(certificate)?;
    options.name = config.names().convention.clone();
    options.identity = Some(config.names().identity.clone());
    Ok((Security::Tls(config), Some(certificates)))
}

/// Which systems that lets in.
const fn openness(security: &Security) -> Openness {
    match security {
        Security::Tls(_) => Openness::Certified,
        Security::Plain { anywhere: true } => Openness::Everybody,
        Security::Plain { anywhere: false } => Openness::ThisHost,
    }
}

/// The part of a system in its convention.
fn share(
    options: ConventionOptions,
    me: SystemId,
    bound: Option<SocketAddr>,
) -> Result<convention::Config, AdminError> {
    // Who listens everywhere has to be told by what name others know this host.
    let own = || bound.filter(|address| !address.ip().is_unspecified()).map(|address| address.to_string());
    let place = options.place.or_else(own).filter(|_| !options.outbound_only);
    let place: Option<Place> = place.map(|place| place.parse()).transpose()?;
    let alone = convention::Config::alone(me);
    Ok(convention::Config {
        identity: options.identity.or_else(|| place.as_ref().map(ToString::to_string)).unwrap_or(alone.identity),
        candidates: options.leaders.iter().filter_map(|leader| leader_at(leader, place.as_ref())).collect(),
        place,
        outbound_only: options.outbound_only,
        timing: alone.timing.at(&options.pace),
        seed: u64::from(random_number()) << 32 | u64::from(me),
        ..alone
    })
}

/// Where a leader is reached. What leads to this very system is given the form that others know it by.
fn leader_at(text: &str, own: Option<&Place>) -> Option<Place> {
    let leader: Place = match text.strip_prefix("tcp://").unwrap_or(text).parse() {
        Ok(leader) => leader,
        Err(error) => {
            tracing::warn!(%error, "the address of a leader is passed over");
            return None;
        }
    };
    let port = |place: &Place| place.as_str().rsplit_once(':').map(|(_, port)| port.to_owned());
    match own {
        Some(own) if port(own) == port(&leader) && is_here(&leader) => Some(own.clone()),
        _ => Some(leader),
    }
}

/// Whether the host of a place is this one: its address is one that can be bound.
fn is_here(place: &Place) -> bool {
    let Ok(addresses) = place.as_str().to_socket_addrs() else { return false };
    addresses.into_iter().any(|address| UdpSocket::bind((address.ip(), 0)).is_ok())
}

/// What takes connections, if this system is to be connected to. Systems of the same host may always.
fn listener(network: Option<&Network>, outbound_only: bool) -> Option<TcpListener> {
    let network = network.filter(|network| !outbound_only || network.address().ip().is_loopback())?;
    match network.listener() {
        Ok(Some(listener)) => Some(listener),
        Ok(None) => {
            let port = network.port();
            tracing::warn!(
                port,
                "no other system can connect to this one: somebody else has the TCP port of this number"
            );
            None
        }
        Err(error) => {
            tracing::warn!(%error, "no other system can connect to this one");
            None
        }
    }
}
