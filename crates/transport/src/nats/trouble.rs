//! What is wrong with the server, in words that say what can be done.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::NatsAddress;
use super::server::Me;

/// By what a server knows this system.
#[derive(Clone, Debug)]
pub enum Shown {
    /// A file with credentials.
    Credentials(PathBuf),
    /// A user with a password.
    User(String),
    /// Nothing.
    Nothing,
}

impl From<&NatsAddress> for Shown {
    fn from(address: &NatsAddress) -> Self {
        match (&address.credentials, &address.user) {
            (Some(path), _) => Self::Credentials(path.clone()),
            (None, Some((user, _))) => Self::User(user.clone()),
            (None, None) => Self::Nothing,
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(path) => write!(f, "the credentials in `{}`", path.display()),
            Self::User(user) => write!(f, "the user `{user}`"),
            Self::Nothing => f.write_str("a system that shows neither a user nor credentials"),
        }
    }
}

/// After how long the same is told again, if it is still so.
const TOLD_EVERY: Duration = Duration::from_secs(60);
/// How many different things are remembered.
const REMEMBERED: usize = 32;

/// What has been told lately.
#[derive(Debug, Default)]
pub struct Told {
    texts: VecDeque<(Instant, String)>,
}

impl Told {
    /// Whether this was not told lately. It has been, from here on.
    pub fn is_new(&mut self, what: &str, now: Instant) -> bool {
        self.texts.retain(|(at, _)| now.saturating_duration_since(*at) < TOLD_EVERY);
        if self.texts.iter().any(|(_, text)| text == what) {
            return false;
        }
        if self.texts.len() == REMEMBERED {
            self.texts.pop_front();
        }
        self.texts.push_back((now, what.to_owned()));
        true
    }

    /// All is well again.
    pub fn clear(&mut self) {
        self.texts.clear();
    }
}

/// What the server or the client has said, for people.
pub fn explain(said: &str, shown: &Shown, me: &Me) -> String {
    let lower = said.to_lowercase();
    let is_refused = ["authorization violation", "authentication expired", "authentication revoked"];
    if is_refused.iter().any(|words| lower.contains(words)) {
        return refused(said, shown);
    }
    if let Some(subject) = subject_after(said, "permissions violation for publish to") {
        return format!("the NATS server does not let {shown} publish to {subject}: {}", unheard(subject, me));
    }
    if let Some(subject) = subject_after(said, "permissions violation for subscription to") {
        return format!(
            "the NATS server does not let {shown} subscribe to {subject}: nothing that is sent there gets here"
        );
    }
    said.to_owned()
}

fn refused(said: &str, shown: &Shown) -> String {
    let why = match shown {
        Shown::Credentials(_) => "they are not of an account that it knows, are revoked, or have expired",
        Shown::User(_) => "there is no such user, or the password is another",
        Shown::Nothing => "name a user in the address, or a file with credentials",
    };
    format!("the NATS server refuses {shown}: {why} ({said})")
}

/// What comes of it that nothing can be published there.
fn unheard(subject: &str, me: &Me) -> String {
    if subject.contains("$JS.") || subject.contains("$KV.") {
        "who is there and who may lead can not be found out".to_owned()
    } else {
        let (convention, name) = (&me.convention, &me.identity);
        format!(
            "nobody hears this system; what it needs is `roscius.{convention}.*.{name}`, by the name that it has in the convention"
        )
    }
}

/// The subject that stands after these words, in quotes as the server writes it.
fn subject_after<'a>(said: &'a str, words: &str) -> Option<&'a str> {
    // The words are ASCII, so nothing moves where letters become small.
    let at = said.to_ascii_lowercase().find(words)?;
    Some(said.get(at + words.len()..)?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn me() -> Me {
        Me { system: 1, convention: "site".into(), identity: "edge-1".into(), domain: None }
    }

    #[test]
    fn who_is_refused_is_told_what_to_look_at() {
        let said = "nats: authorization violation";
        let by_file = explain(said, &Shown::Credentials("/etc/edge.creds".into()), &me());
        assert!(by_file.contains("`/etc/edge.creds`") && by_file.contains("expired"), "{by_file}");
        let by_user = explain(said, &Shown::User("edge".into()), &me());
        assert!(by_user.contains("`edge`") && by_user.contains("password"), "{by_user}");
        let by_nothing = explain("nats: User Authentication Expired", &Shown::Nothing, &me());
        assert!(by_nothing.contains("name a user"), "{by_nothing}");
    }

    #[test]
    fn the_same_is_told_again_after_a_while() {
        let (mut told, now) = (Told::default(), Instant::now());
        assert!(told.is_new("one", now) && told.is_new("two", now));
        assert!(!told.is_new("one", now) && !told.is_new("two", now + TOLD_EVERY / 2));
        assert!(told.is_new("one", now + TOLD_EVERY));
        told.clear();
        assert!(told.is_new("one", now + TOLD_EVERY));
        for number in 0..1000 {
            assert!(told.is_new(&number.to_string(), now + TOLD_EVERY));
        }
        assert_eq!(told.texts.len(), REMEMBERED);
    }

    #[test]
    fn a_subject_that_may_not_be_used_is_named_with_what_comes_of_it() {
        let shown = Shown::User("edge".into());
        let said = r#"nats: Permissions Violation for Publish to "roscius.site.00000001.edge-1""#;
        let text = explain(said, &shown, &me());
        assert!(text.contains("`edge` publish to \"roscius.site.00000001.edge-1\""), "{text}");
        assert!(text.contains("`roscius.site.*.edge-1`"), "{text}");
        let text = explain(r#"nats: Permissions Violation for Publish to "$JS.API.INFO""#, &shown, &me());
        assert!(text.contains("who may lead"), "{text}");
        let text = explain(r#"nats: Permissions Violation for Subscription to "_INBOX.x""#, &shown, &me());
        assert!(text.contains("subscribe to \"_INBOX.x\""), "{text}");
        assert_eq!(explain("nats: IO error", &shown, &me()), "nats: IO error");
    }
}
