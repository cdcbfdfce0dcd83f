//! How conventions and systems are called on a NATS server.

use std::fmt::Write as _;

/// A text as one token of a subject, which is also good in the name of a bucket and of a key: letters, digits and `-` stay, every other
/// byte becomes `_` and two digits. Different texts have different tokens.
pub fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            token.push(char::from(byte));
        } else {
            // Nothing goes wrong where a string is written to.
            let _ = write!(token, "_{byte:02X}");
        }
    }
    // No token is empty.
    if token.is_empty() { "_".to_owned() } else { token }
}

/// The subject of what a system sends to another: a server can be told that only who may use the name may publish there.
pub fn subject(convention: &str, to: u32, from: &str) -> String {
    format!("roscius.{convention}.{to:08x}.{from}")
}

/// The subjects of all that is sent to a system.
pub fn subjects(convention: &str, to: u32) -> String {
    format!("roscius.{convention}.{to:08x}.*")
}

/// Who has sent something: the last token of its subject.
pub fn sender(subject: &str) -> &str {
    subject.rsplit('.').next().unwrap_or_default()
}

/// The bucket of a convention.
pub fn bucket(convention: &str) -> String {
    format!("roscius-{convention}")
}

/// The key that says that a system is there.
pub fn member(system: u32) -> String {
    format!("member.{system:08x}")
}

/// All of these.
pub const MEMBERS: &str = "member.*";

/// The system that such a key is about.
pub fn member_of(key: &str) -> Option<u32> {
    system(key.strip_prefix("member.")?)
}

/// The key of a seat.
pub fn seat(number: usize) -> String {
    format!("seat.{number}")
}

/// All of these.
pub const SEATS: &str = "seat.*";

/// The number of the seat that such a key is about.
pub fn seat_of(key: &str) -> Option<usize> {
    key.strip_prefix("seat.")?.parse().ok()
}

/// Where a system is dialled over NATS.
pub fn place(system: u32) -> String {
    format!("{PLACE}{system:08x}")
}

/// Which system is dialled there.
pub fn system_at(place: &str) -> Option<u32> {
    system(place.strip_prefix(PLACE)?)
}

const PLACE: &str = "nats/";

/// Eight digits, in the one form that [`subject`], [`member`] and [`place`] give them.
fn system(digits: &str) -> Option<u32> {
    let plain = digits.len() == 8 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u32::from_str_radix(digits, 16).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_token() {
        assert_eq!(token("edge-1"), "edge-1");
        assert_eq!(token("10.0.0.1:1900"), "10_2E0_2E0_2E1_3A1900");
        assert_eq!(token("a.>"), "a_2E_3E");
        assert_eq!(token("_2E"), "_5F2E");
        assert_eq!(token(""), "_");
        assert_eq!(token("ü"), "_C3_BC");
    }

    #[test]
    fn numbers_are_read_in_one_form_only() {
        assert_eq!(system_at(&place(0xbad)), Some(0xbad));
        assert_eq!(member_of(&member(u32::MAX)), Some(u32::MAX));
        for wrong in ["nats/bad", "nats/00000BAD", "nats/+0000bad", "nats:1900", "nats/000000bad", ""] {
            assert_eq!(system_at(wrong), None, "{wrong}");
        }
    }
}
