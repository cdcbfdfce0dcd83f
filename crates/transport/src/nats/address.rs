//! Where the server is, and how it is told who asks.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a NATS server is, which convention is on it, and how the server is told who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsAddress {
    /// The servers, `host:port` each: those of one cluster.
    pub servers: Vec<String>,
    /// The name of the convention.
    pub convention: String,
    /// The JetStream domain that the bucket of the convention is in, if it is not that of the server itself: a leaf node leads to those of
    /// others.
    pub domain: Option<String>,
    /// A user of the server and the password.
    pub user: Option<(String, String)>,
    /// A file with credentials, as `nsc` makes it.
    pub credentials: Option<PathBuf>,
    /// Certificates of authorities that the server may be certified by, beside those that the operating system knows.
    pub authority: Option<PathBuf>,
    /// A server that asks for nothing is taken, and one on another host without TLS.
    pub insecure: bool,
}

/// The port of a server that says none.
const PORT: &str = "4222";
const SCHEME: &str = "nats://";

/// A text that is no address of a NATS server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no address on a NATS server: {why}; expected nats://host:port/convention")]
pub struct InvalidAddress {
    // The text may have a password in it.
    why: &'static str,
}

impl NatsAddress {
    /// Whether a text is to be read as one of these.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(SCHEME)
    }

    /// Whether all servers are on this host.
    pub(super) fn is_here(&self) -> bool {
        self.servers.iter().all(|server| {
            let host = server.rsplit_once(':').map_or(server.as_str(), |(host, _)| host);
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        })
    }
}

impl FromStr for NatsAddress {
    type Err = InvalidAddress;

    /// Reads `nats://[user:password@]host[:port][,host[:port]...]/convention[?domain=name]`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |why| InvalidAddress { why };
        let rest = text.strip_prefix(SCHEME).ok_or(invalid("it does not begin with nats://"))?;
        let (place, named) = rest.rsplit_once('/').ok_or(invalid("there is no convention"))?;
        let (convention, domain) = match named.split_once('?') {
            Some((convention, more)) => {
                let domain =
                    more.strip_prefix("domain=").ok_or(invalid("after the convention there is more than a domain"))?;
                // It is part of subjects.
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                if domain.is_empty() || !domain.bytes().all(fits) {
                    return Err(invalid("a domain has letters, digits, - and _ alone"));
                }
                (convention, Some(domain.to_owned()))
            }
            None => (named, None),
        };
        if convention.is_empty() {
            return Err(invalid("there is no convention"));
        }
        let (user, hosts) = match place.rsplit_once('@') {
            Some((user, hosts)) => {
                let (user, password) = user.split_once(':').ok_or(invalid("there is a user without a password"))?;
                (Some((user.to_owned(), password.to_owned())), hosts)
            }
            None => (None, place),
        };
        let server = |host: &str| {
            if host.is_empty() || host.starts_with(':') {
                return Err(invalid("there is no host"));
            }
            let has_port = !host.ends_with(']') && host.contains(':');
            let port = host.rsplit_once(':').filter(|_| has_port).map(|(_, port)| port);
            if port.is_some_and(|port| port.parse::<u16>().is_err()) {
                return Err(invalid("the port is not a number"));
            }
            if host.bytes().any(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ')) {
                return Err(invalid("a host is none"));
            }
            Ok(if has_port { host.to_owned() } else { format!("{host}:{PORT}") })
        };
        let servers = hosts.split(',').map(server).collect::<Result<Vec<_>, _>>()?;
        let convention = convention.to_owned();
        Ok(Self { servers, convention, domain, user, credentials: None, authority: None, insecure: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_the_servers_are_and_which_convention() {
        let address: NatsAddress = "nats://u:p:w@one,[::1]:5,two:4223/site".parse().unwrap();
        assert_eq!(address.servers, ["one:4222", "[::1]:5", "two:4223"]);
        assert_eq!(address.user, Some(("u".into(), "p:w".into())));
        assert_eq!(address.convention, "site");
        assert!(!address.is_here());
        let here: NatsAddress = "nats://localhost,127.0.0.1:9,[::1]/x".parse().unwrap();
        assert!(here.is_here());
        assert_eq!((here.user, here.domain), (None, None));
        let far: NatsAddress = "nats://leaf/x?domain=hub".parse().unwrap();
        assert_eq!((far.convention.as_str(), far.domain.as_deref()), ("x", Some("hub")));
        for wrong in [
            "tcp://a/b",
            "nats://a",
            "nats://a/",
            "nats:///b",
            "nats://a:x/b",
            "nats://u@a/b",
            "nats://a,,b/c",
            "nats://a/b/c",
            "nats://a/b?",
            "nats://a/b?domain=",
            "nats://a/b?domain=x.y",
            "nats://a/b?port=1",
            "nats://a/?domain=x",
        ] {
            assert!(wrong.parse::<NatsAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_error_gives_no_password_away() {
        let error = "nats://user:secret@host".parse::<NatsAddress>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
