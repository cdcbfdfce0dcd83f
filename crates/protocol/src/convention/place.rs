//! Where a system can be dialled.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A host and a port, in one form only, so that two that are written alike are equal: names in small letters, IPv6 addresses in
/// brackets and shortened. Two different places may lead to one system all the same; dialling tells.
///
/// A system that is reached by way of a server has no host and no port of its own: its place is `nats/` and its number, eight digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Place(String);

/// How the place of a system begins that is reached by way of a server.
const BY_SERVER: &str = "nats/";
/// The longest name of a host that there is.
const LONGEST_HOST: usize = 253;

impl Place {
    /// The place `host`, which may be a name, an IPv4 address, or an IPv6 address with or without brackets, and `port`.
    ///
    /// # Errors
    ///
    /// [`InvalidPlace`] if the host is none of these, or the port is zero.
    pub fn new(host: &str, port: u16) -> Result<Self, InvalidPlace> {
        let invalid = |why| InvalidPlace { text: host.chars().take(100).collect(), why };
        if port == 0 {
            return Err(invalid("the port is zero"));
        }
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(host).parse::<Ipv6Addr>() {
            return Ok(Self(format!("[{address}]:{port}")));
        }
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Ok(Self(format!("{address}:{port}")));
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        match check_name(&name) {
            Ok(()) => Ok(Self(format!("{name}:{port}"))),
            Err(why) => Err(invalid(why)),
        }
    }

    /// The host and the port, as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether this can be the name of a host.
fn check_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("there is no host");
    }
    if name.len() > LONGEST_HOST {
        return Err("the name of the host is too long");
    }
    let fits = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !name.split('.').all(fits) {
        return Err("the host is neither a name nor an address");
    }
    // `1.2.3` or `010.0.0.1`: no address, and no name that anybody has.
    if name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Err("the host looks like an IPv4 address, but is none");
    }
    Ok(())
}

impl FromStr for Place {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |why| InvalidPlace { text: text.chars().take(100).collect(), why };
        if let Some(number) = text.strip_prefix(BY_SERVER) {
            let is_number = number.len() == 8 && number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            return if is_number { Ok(Self(text.to_owned())) } else { Err(invalid("that is no number of a system")) };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| invalid("there is no port"))?;
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return Err(invalid("an IPv6 address stands in brackets before the port"));
        }
        if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid("the port is not a number"));
        }
        let port = port.parse().map_err(|_| invalid("the port is above 65535"))?;
        Self::new(host, port).map_err(|error| invalid(error.why))
    }
}

impl TryFrom<String> for Place {
    type Error = InvalidPlace;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a place: {why}; expected host:port, such as example.org:1900 or [::1]:1900")]
pub struct InvalidPlace {
    /// What was given, at most its first 100 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}
