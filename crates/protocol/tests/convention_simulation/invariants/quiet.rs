//! When nothing happens, heartbeats are sent and nothing else.

use super::{End, Invariant, Observation, Subject};

pub struct Quiet;

impl Invariant for Quiet {
    fn see(&mut self, _: Subject, _: &Observation<'_>) {}

    fn end(&mut self, end: &End<'_>) {
        let ties: usize = end.systems.keys().map(|host| end.ties(*host).len()).sum();
        let seconds = end.quiet.as_secs();
        // Each side of a tie sends one a second, or a little more often; clocks differ by two percent.
        let (least, most) = (ties as u64 * seconds * 97 / 100, ties as u64 * (seconds * 128 / 100 + 1));
        let sent = end.messages;
        assert!((least..=most).contains(&sent), "{sent} messages in {seconds} s with {ties} ends of ties");
        assert_eq!(end.dials, 0, "nobody is looked for");
    }
}
