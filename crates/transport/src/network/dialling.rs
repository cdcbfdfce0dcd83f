//! How links are dialled.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;

use super::connections::Purpose;
use super::greeting::Greeting;
use super::{Cause, DialId, Event, Links};

/// The most addresses of a host that are tried.
const ADDRESSES: usize = 16;
/// How long looking up a host name may take.
const LOOK_UP_WITHIN: Duration = Duration::from_secs(10);

/// What is tried for one call of [`Links::dial`].
#[derive(Debug)]
pub struct Dial {
    host: String,
    /// As certificates name it.
    name: ServerName<'static>,
    /// Until when its addresses are waited for, while they are looked up.
    pub(super) look_up_until: Option<Instant>,
    /// What is left to try.
    addresses: VecDeque<SocketAddr>,
    /// What came of those that were tried.
    cause: Option<Cause>,
}

/// Splits `host:port`.
fn split(place: &str) -> Option<(&str, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok())?,
        None => place.rsplit_once(':').filter(|(host, _)| !host.contains(':'))?,
    };
    let port: u16 = port.parse().ok()?;
    (!host.is_empty() && port != 0).then_some((host, port))
}

impl Links {
    /// Connects to the system at `host:port`; IPv6 is `[address]:port`. If the host has several addresses, they are tried in turn.
    /// [`Event::Up`] or [`Event::NotUp`] answers, once.
    ///
    /// A host name is looked up on a thread of its own, which is started for that and ends when it has nothing to do: the system's resolver blocks.
    pub fn dial(&mut self, place: &str) -> DialId {
        self.dial_ids += 1;
        let id = DialId(self.dial_ids);
        let named =
            split(place).and_then(|(host, port)| Some((host, port, ServerName::try_from(host).ok()?.to_owned())));
        let Some((host, port, name)) = named else {
            self.events.push(Event::NotUp { dial: id, cause: Cause::NoPlace { place: place.to_owned() } });
            return id;
        };
        let mut dial =
            Dial { host: host.to_owned(), name, look_up_until: None, addresses: VecDeque::new(), cause: None };
        let known: &[IpAddr] = match host.parse() {
            Ok(address) => &[address],
            Err(_) if host.eq_ignore_ascii_case("localhost") => {
                &[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
            }
            Err(_) => {
                dial.look_up_until = Some(Instant::now() + LOOK_UP_WITHIN);
                let asked = self.resolver.look_up(id, host.to_owned(), port);
                self.dials.insert(id, dial);
                if let Err(error) = asked {
                    self.resolved(id, Err(error.to_string()));
                }
                return id;
            }
        };
        dial.addresses.extend(known.iter().map(|address| SocketAddr::new(*address, port)));
        self.dials.insert(id, dial);
        self.try_next(id);
        id
    }

    /// A name was looked up.
    pub(super) fn resolved(&mut self, id: DialId, found: Result<Vec<SocketAddr>, String>) {
        let Some(dial) = self.dials.get_mut(&id) else { return };
        let why = match found {
            Ok(addresses) => {
                dial.addresses.extend(addresses.into_iter().take(ADDRESSES));
                "it has none".to_owned()
            }
            Err(why) => why,
        };
        dial.look_up_until = None;
        dial.cause = Some(Cause::NoAddress { host: dial.host.clone(), why });
        self.try_next(id);
    }

    /// Gives up names that no name server knows anything of, not even that there is no such name.
    pub(super) fn end_look_ups(&mut self, now: Instant) {
        let is_late = |dial: &Dial| dial.look_up_until.is_some_and(|until| until <= now);
        let late: Vec<DialId> = self.dials.iter().filter(|(_, dial)| is_late(dial)).map(|(id, _)| *id).collect();
        for id in late {
            self.resolved(id, Err(format!("no answer within {LOOK_UP_WITHIN:?}")));
        }
    }

    /// Tries the next address, or says that none is left.
    fn try_next(&mut self, id: DialId) {
        loop {
            let Some(dial) = self.dials.get_mut(&id) else { return };
            let Some(address) = dial.addresses.pop_front() else {
                let unknown = || Cause::NoAddress { host: dial.host.clone(), why: "it has none".into() };
                let cause = dial.cause.take().unwrap_or_else(unknown);
                self.dials.remove(&id);
                self.events.push(Event::NotUp { dial: id, cause });
                return;
            };
            match Greeting::dial(address, dial.name.clone(), &self.rules) {
                Ok(greeting) => {
                    let until = Instant::now() + self.rules.limits.connect_within;
                    self.greet(greeting, Purpose::Dialled(id), until);
                    return;
                }
                Err(cause) => dial.note(cause),
            }
        }
    }

    /// One address came to nothing.
    pub(super) fn dial_failed(&mut self, id: DialId, cause: Cause) {
        if let Some(dial) = self.dials.get_mut(&id) {
            if matches!(cause, Cause::Already { .. } | Cause::Itself) {
                // It has been found.
                dial.addresses.clear();
            }
            dial.note(cause);
            self.try_next(id);
        }
    }
}

impl Dial {
    /// Keeps what tells more: that nobody listens on one address says less than what is wrong with who does on another.
    fn note(&mut self, cause: Cause) {
        let says_little = |cause: &Cause| matches!(cause, Cause::NoConnection { .. } | Cause::NoAddress { .. });
        if !says_little(&cause) || self.cause.as_ref().is_none_or(says_little) {
            self.cause = Some(cause);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        assert_eq!(split("host:1900"), Some(("host", 1900)));
        assert_eq!(split("10.0.0.1:1"), Some(("10.0.0.1", 1)));
        assert_eq!(split("[::1]:1900"), Some(("::1", 1900)));
        for wrong in
            ["", "host", "host:", ":1900", "host:0", "host:65536", "::1:1900", "[::1]1900", "[host]:1", "host:x"]
        {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
