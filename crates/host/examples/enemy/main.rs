//! A program that does not mean well: it says to a system all that a member can say, with a pickle wherever one could be, and shows whatever
//! credentials it is told to. The tests across languages have it try its luck with systems in Python.
//!
//! * `enemy certificates FOLDER`: certificates of all kinds, of the convention `site`; see [`certificates`].
//! * `enemy speak FIRST HOST:PORT ACTOR PICKLE CREDENTIALS [CONVENTION [IDENTITY]]`: a connection for each of the things that there are to say, which
//!   says it without waiting for an answer.
//! * `enemy join …`, the same arguments: one link after another, as a member has them; what there is to say is said when it has joined.
//!
//! `ACTOR` is an address, `PICKLE` a file; in the pickle, 16 times `@` are replaced by the name of what is being said. `CREDENTIALS` is the file of a certificate,
//! `none` for TLS without one, or `plain`. `FIRST` is the number of the first system that it takes itself for.

mod bare;
mod certificates;
mod member;
mod sayings;

use std::path::{Path, PathBuf};

use roscius_protocol::address::Address;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is shown to the other side.
#[derive(Clone, Debug)]
enum Credentials {
    /// No TLS at all.
    Plain,
    /// TLS, and no certificate.
    None,
    /// This certificate, with its key beside it.
    Certificate(PathBuf),
}

/// Whom to speak with, and as whom.
#[derive(Clone, Debug)]
struct Part {
    first: u32,
    place: String,
    actor: Address,
    pickle: Vec<u8>,
    credentials: Credentials,
    convention: String,
    identity: String,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match &arguments[..] {
        ["certificates", folder] => certificates::make(Path::new(folder)),
        ["speak", rest @ ..] => bare::speak(&part(rest)?),
        ["join", rest @ ..] => member::join(&part(rest)?),
        _ => Err("certificates, speak or join is wanted".into()),
    }
}

fn part(arguments: &[&str]) -> Result<Part, Failure> {
    let [first, place, actor, pickle, credentials, names @ ..] = arguments else {
        return Err("a number, a place, an actor, a pickle and credentials are wanted".into());
    };
    Ok(Part {
        first: first.parse()?,
        place: (*place).to_owned(),
        actor: actor.parse()?,
        pickle: std::fs::read(pickle)?,
        credentials: match *credentials {
            "plain" => Credentials::Plain,
            "none" => Credentials::None,
            file => Credentials::Certificate(file.into()),
        },
        convention: names.first().copied().unwrap_or("site").to_owned(),
        identity: names.get(1).copied().unwrap_or("member").to_owned(),
    })
}
