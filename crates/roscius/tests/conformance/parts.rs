//! Parts: what actors are made from, in the process of the test or in one of their own.

use std::path::PathBuf;

use roscius::{Actor, Failure, Overflow, Props, Restart};
use roscius_host::rust::Registry;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The arguments of an actor that can be made in any process.
pub trait Play: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    type Actor: Actor;

    /// What makes the instances: called for each, also for restarts.
    fn player(self) -> impl FnMut() -> Result<Self::Actor, Failure> + Send + 'static;
}

/// An actor that is its own arguments, as it is before its first message.
macro_rules! plays_itself {
    ($($actor:ty),+ $(,)?) => {
        $(impl $crate::parts::Play for $actor {
            type Actor = Self;

            fn player(self) -> impl FnMut() -> Result<Self, roscius::Failure> + Send + 'static {
                move || Ok(self.clone())
            }
        })+
    };
}

/// The arguments of an actor that keeps things which do not travel.
macro_rules! part {
    ($(#[$doc:meta])* $role:ident { $($field:ident: $type:ty),* $(,)? } makes $actor:ty: $make:expr) => {
        $(#[$doc])*
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        struct $role {
            $($field: $type,)*
        }

        impl $crate::parts::Play for $role {
            type Actor = $actor;

            fn player(self) -> impl FnMut() -> Result<$actor, roscius::Failure> + Send + 'static {
                move || {
                    let Self { $($field),* } = self.clone();
                    Ok($make)
                }
            }
        }
    };
}

/// What an actor is made from, and how it is kept.
#[derive(Clone, Serialize, Deserialize)]
pub struct Part<R> {
    pub role: R,
    name: Option<String>,
    bound: Option<(usize, Overflow)>,
    restart: Restart,
    deliveries: u32,
    spread: bool,
}

impl<R: Play> From<R> for Part<R> {
    fn from(role: R) -> Self {
        Self { role, name: None, bound: None, restart: Restart::Temporary, deliveries: 1, spread: false }
    }
}

impl<R: Play> Part<R> {
    /// Takes the name out: in a system of processes the Admin gives it.
    pub fn take_name(&mut self) -> Option<String> {
        self.name.take()
    }

    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub fn bounded(mut self, capacity: usize, overflow: Overflow) -> Self {
        self.bound = Some((capacity, overflow));
        self
    }

    pub fn restart(mut self, policy: Restart) -> Self {
        self.restart = policy;
        self
    }

    pub fn deliveries(mut self, times: u32) -> Self {
        self.deliveries = times;
        self
    }

    pub fn spread(mut self) -> Self {
        self.spread = true;
        self
    }
}

impl<R: Play> From<Part<R>> for Props<R::Actor> {
    fn from(part: Part<R>) -> Self {
        let Part { role, name, bound, restart, deliveries, spread } = part;
        let mut props = Props::fallible(role.player()).restart(restart).deliveries(deliveries);
        if let Some((capacity, overflow)) = bound {
            props = props.bounded(capacity, overflow);
        }
        if let Some(name) = name {
            props = props.named(name);
        }
        if spread {
            props = props.spread();
        }
        props
    }
}

/// Lets these be made in processes of their own.
pub trait Enlist: Sized {
    fn enlist<R: Play>(self) -> Self;
}

impl Enlist for Registry {
    fn enlist<R: Play>(self) -> Self {
        self.actor_by(std::any::type_name::<R>(), |part: Part<R>| Props::from(part))
    }
}

/// Where the ends of instances are noted, one line each, whatever process they end in.
#[derive(Debug)]
pub struct Diary(PathBuf);

impl Diary {
    pub fn new() -> Self {
        Self(std::env::temp_dir().join(format!("rcd{:x}", crate::system::fresh_number())))
    }

    pub fn path(&self) -> PathBuf {
        self.0.clone()
    }

    /// The labels of the puppets whose instances were dropped, in that order.
    pub fn ends(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
