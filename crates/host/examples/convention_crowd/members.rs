//! Many members in one process: the Admin of each on a thread of its own, and a program attached to it on another.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use roscius::Address;
use roscius::prelude::*;
use roscius_host::admin::{self, AdminOptions, Claim, ConventionOptions};
use roscius_host::rust::{ProcessSystem, Registry};

use crate::Failure;
use crate::authority::certificate_of;

/// Who are you?
#[derive(Message, Serialize, Deserialize)]
pub struct Call {
    pub from: Address,
}

/// A member's answer.
#[derive(Message, Serialize, Deserialize)]
pub struct Answer {
    pub number: u32,
    /// The Admin that leads it.
    pub leader: Option<Address>,
}

pub fn registry() -> Registry {
    Registry::new().message::<Call>().message::<Answer>()
}

pub fn identity(number: u32) -> String {
    format!("member-{number}")
}

/// Plays these members, says `member NUMBER ADDRESS` of each, and shuts them down when its input ends.
pub fn play(first: u32, last: u32, leader: &str, folder: &Path) -> Result<(), Failure> {
    let over = Arc::new(AtomicBool::new(false));
    let members: Vec<_> = (first..=last)
        .map(|number| {
            let (leader, folder, over) = (leader.to_owned(), folder.to_owned(), Arc::clone(&over));
            thread::spawn(move || {
                let been = be(number, leader, &folder, &over);
                // Nobody looks at what comes of a thread before the end.
                been.inspect_err(|error| eprintln!("member {number}: {error}"))
            })
        })
        .collect();
    std::io::stdin().read_to_end(&mut Vec::new())?;
    over.store(true, Ordering::Release);
    for member in members {
        member.join().map_err(|_| "a member has panicked")??;
    }
    Ok(())
}

fn be(number: u32, leader: String, folder: &Path, over: &AtomicBool) -> Result<(), Failure> {
    let certificate = certificate_of(folder, &identity(number));
    let (said, started) = mpsc::channel();
    let admin = thread::spawn(move || {
        let served = admin::serve(options(leader, certificate), |served| {
            // Nobody waits any more if the program ends.
            let _ = said.send(served.map(|served| served.port).map_err(ToString::to_string));
        });
        served.map_err(|error| error.to_string())
    });
    let port = started.recv()??.ok_or("the system has no port")?;
    let system = ProcessSystem::builder(Claim::Tcp(at(port)), &registry()).attach()?;
    let endpoint = system.endpoint();
    println!("member {number} {}", endpoint.address());
    while !over.load(Ordering::Acquire) {
        if let Some(call) = endpoint.listen(Duration::from_millis(500)).and_then(|it| it.message::<Call>()) {
            endpoint
                .send(call.from, Answer { number, leader: system.status()?.leader })
                .map_err(|error| error.to_string())?;
        }
    }
    system.shutdown()?;
    Ok(admin.join().map_err(|_| "an Admin has panicked")??)
}

fn options(leader: String, certificate: PathBuf) -> AdminOptions {
    AdminOptions {
        // Any number that nobody else has.
        system: RandomState::new().build_hasher().finish() as u32 | 1,
        claim: Claim::Tcp(at(0)),
        base: None,
        capabilities: Vec::new(),
        settings: Vec::new(),
        logger: None,
        creator: None,
        convention: ConventionOptions {
            leaders: vec![leader],
            certificate: Some(certificate),
            ..ConventionOptions::default()
        },
    }
}

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}
