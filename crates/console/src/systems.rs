//! The systems of processes of this user, and which of them is meant.

use std::fmt;
use std::path::PathBuf;

use roscius_transport::{Found, SocketDir};

/// A system that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// What it is found by: `tcp-1900`, `udp-1900`, or `queue-` and a name.
    pub name: String,
    /// Where its processes listen.
    pub directory: PathBuf,
    /// Whether its Admin listens.
    pub is_alive: bool,
}

impl System {
    /// Its port, if it has one.
    pub fn port(&self) -> Option<u16> {
        let number = self.name.strip_prefix("tcp-").or_else(|| self.name.strip_prefix("udp-"))?;
        number.parse().ok()
    }

    /// Whether somebody who says this means the system: its name, its port, or its name without what stands before it.
    fn is_called(&self, wanted: &str) -> bool {
        self.name == wanted || self.name.split_once('-').is_some_and(|(_, rest)| rest == wanted)
    }
}

impl From<Found> for System {
    fn from(found: Found) -> Self {
        let Found { alias, directory, is_alive } = found;
        Self { name: alias, directory: directory.path().to_owned(), is_alive }
    }
}

/// Why no system is chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSystem {
    /// None runs.
    #[error("no actor system of yours runs on this machine{}", neighbours_of(.others))]
    None {
        /// Who else has, or had, systems here, by the number of the user.
        others: Vec<u32>,
    },
    /// None is called so.
    #[error("there is no actor system `{wanted}`{}{}", listed(.running), neighbours_of(.others))]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// Those that run.
        running: Vec<String>,
        /// Who else has, or had, systems here.
        others: Vec<u32>,
    },
    /// Its Admin has ended.
    #[error(
        "the Admin of `{name}` has ended: nobody can reach its actors any more. The next system that starts clears up what is left"
    )]
    Dead {
        /// The system.
        name: String,
    },
    /// Several run, and none is named, or several have the name.
    #[error("several actor systems run, say which: {}", .running.join(", "))]
    Several {
        /// Those.
        running: Vec<String>,
    },
}

fn listed(running: &[String]) -> String {
    match running {
        [] => ", and no other".to_owned(),
        running => format!("; those that run: {}", running.join(", ")),
    }
}

fn neighbours_of(others: &[u32]) -> String {
    struct Users<'a>(&'a [u32]);
    impl fmt::Display for Users<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
            f.write_str(&numbers.join(", "))
        }
    }
    match others {
        [] => String::new(),
        [_] => format!(". User {} may have some, which only that user can reach", Users(others)),
        _ => format!(". Users {} may have some, which only they can reach", Users(others)),
    }
}

/// The systems of this user. Those whose Admin has ended are among them.
pub fn all() -> Vec<System> {
    SocketDir::systems().into_iter().map(System::from).collect()
}

/// The system that is meant: by its name or port, or the only one that runs.
///
/// # Errors
///
/// [`NoSystem`] if there is none, or not one alone.
pub fn choose(wanted: Option<&str>) -> Result<System, NoSystem> {
    choose_from(all(), wanted, || SocketDir::neighbours().into_iter().map(|neighbour| neighbour.uid).collect())
}

fn choose_from(
    systems: Vec<System>,
    wanted: Option<&str>,
    neighbours: impl FnOnce() -> Vec<u32>,
) -> Result<System, NoSystem> {
    let running = |systems: &[System]| -> Vec<String> {
        systems.iter().filter(|system| system.is_alive).map(|system| system.name.clone()).collect()
    };
    let all_running = running(&systems);
    let Some(wanted) = wanted else {
        let mut alive: Vec<System> = systems.into_iter().filter(|system| system.is_alive).collect();
        return match (alive.pop(), alive.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => Err(NoSystem::Several { running: all_running }),
            (None, _) => Err(NoSystem::None { others: neighbours() }),
        };
    };
    let exact = systems.iter().any(|system| system.name == wanted);
    let is_meant = |system: &System| if exact { system.name == wanted } else { system.is_called(wanted) };
    let mut called: Vec<System> = systems.into_iter().filter(is_meant).collect();
    if called.iter().any(|system| system.is_alive) {
        called.retain(|system| system.is_alive);
    }
    match (called.pop(), called.is_empty()) {
        (Some(System { name, is_alive: false, .. }), _) => Err(NoSystem::Dead { name }),
        (Some(only), true) => Ok(only),
        (Some(last), false) => {
            called.push(last);
            Err(NoSystem::Several { running: running(&called) })
        }
        (None, _) => Err(NoSystem::Unknown { wanted: wanted.to_owned(), running: all_running, others: neighbours() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(name: &str, is_alive: bool) -> System {
        System { name: name.to_owned(), directory: PathBuf::from("/run"), is_alive }
    }

    fn chosen(systems: &[(&str, bool)], wanted: Option<&str>) -> Result<String, NoSystem> {
        let systems = systems.iter().map(|(name, is_alive)| system(name, *is_alive)).collect();
        choose_from(systems, wanted, || vec![7]).map(|system| system.name)
    }

    #[test]
    fn a_system_is_named_by_its_port_or_its_name() {
        let systems = [("tcp-1900", true), ("udp-1901", true), ("queue-demo", true)];
        assert_eq!(chosen(&systems, Some("1900")).unwrap(), "tcp-1900");
        assert_eq!(chosen(&systems, Some("udp-1901")).unwrap(), "udp-1901");
        assert_eq!(chosen(&systems, Some("demo")).unwrap(), "queue-demo");
        assert_eq!(system("udp-1901", true).port(), Some(1901));
        assert_eq!(system("queue-1901", true).port(), None);
    }

    #[test]
    fn the_only_one_that_runs_need_not_be_named() {
        assert_eq!(chosen(&[("tcp-1", false), ("tcp-2", true)], None).unwrap(), "tcp-2");
        let several = chosen(&[("tcp-1", true), ("tcp-2", true)], None).unwrap_err();
        assert!(several.to_string().ends_with("tcp-1, tcp-2"), "{several}");
        let none = chosen(&[("tcp-1", false)], None).unwrap_err();
        assert!(none.to_string().contains("User 7"), "{none}");
    }

    #[test]
    fn what_is_not_there_is_told_apart() {
        assert_eq!(chosen(&[("tcp-1", false)], Some("1")), Err(NoSystem::Dead { name: "tcp-1".into() }));
        assert_eq!(chosen(&[("tcp-1", false), ("udp-1", true)], Some("1")).unwrap(), "udp-1");
        let unknown = chosen(&[("tcp-1", true)], Some("2")).unwrap_err().to_string();
        assert!(unknown.contains("`2`") && unknown.contains("tcp-1"), "{unknown}");
        let both = chosen(&[("tcp-1", true), ("udp-1", true)], Some("1")).unwrap_err();
        assert!(matches!(both, NoSystem::Several { running } if running.len() == 2));
    }
}
