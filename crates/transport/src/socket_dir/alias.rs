//! Systems of processes, and what they are found by.
//!
//! All that makes or removes the directory of a system, or an alias, is done under the lock of the directory above, so a system
//! that just starts is not taken for one that is dead. A system is alive while its Admin listens.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use roscius_protocol::address::NodeId;

use super::{
    Listening, SocketDir, SocketDirError, check_name, check_parent, connect, in_first_base, lock, make_private, ours_in,
};

/// A system that an alias leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The alias.
    pub alias: String,
    /// Where the processes of the system listen.
    pub directory: SocketDir,
    /// Whether its Admin listens.
    pub is_alive: bool,
}

/// Another user who has, or had, systems here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbour {
    /// Who.
    pub uid: u32,
    /// Where only that user can look.
    pub path: PathBuf,
}

/// What the link of an alias is called until it is in place.
const UNNAMED: &str = "alias";
/// How many systems that are alive one that begins disturbs when it looks for the dead.
const ALIVE_LOOKED_AT: usize = 32;

impl SocketDir {
    /// The directory of the system with this number, in which its processes listen. Made if it is not there.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`], as [`SocketDir::open`].
    pub fn of_system(system: u32) -> Result<Self, SocketDirError> {
        Self::open(&name_of(system))
    }

    /// The same under a directory of the caller's choice.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`], as [`SocketDir::open`].
    pub fn of_system_in(base: &Path, system: u32) -> Result<Self, SocketDirError> {
        Self::open_in(base, &name_of(system))
    }

    /// The directory of a running system, by its [path](SocketDir::path). It is not made if it is gone.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if it is not there, is no directory of a system, or others could get at it.
    pub fn of_path(path: &Path) -> Result<Self, SocketDirError> {
        let not_there = || SocketDirError::NotADirectory { path: path.to_owned() };
        let base = path.parent().and_then(Path::parent).ok_or_else(not_there)?;
        let system = system_of(path).filter(|_| path.is_dir()).ok_or_else(not_there)?;
        Self::of_system_in(base, system)
    }

    /// Begins a system: makes its directory, has its Admin listen there, and removes what dead systems left behind.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`], as [`SocketDir::open`] and [`SocketDir::listen`].
    pub fn begin(system: u32) -> Result<(Self, Listening), SocketDirError> {
        in_first_base(|base| Self::begin_in(base, system))
    }

    /// The same under a directory of the caller's choice.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`], as [`SocketDir::begin`].
    pub fn begin_in(base: &Path, system: u32) -> Result<(Self, Listening), SocketDirError> {
        check_parent(base)?;
        let ours = ours_in(base);
        make_private(&ours)?;
        let _lock = lock(&ours)?;
        let directory = Self::of_system_in(base, system)?;
        let listening = directory.listen(NodeId::of_process(system, NodeId::ADMIN))?;
        directory.sweep_dead_systems();
        Ok((directory, listening))
    }

    /// The number of the system, if the directory is one of a system of processes.
    pub fn system(&self) -> Option<u32> {
        system_of(&self.path)
    }

    /// Where the socket of a node is, of this system or another one.
    pub fn path_of(&self, node: NodeId) -> PathBuf {
        let directory = Self { path: self.above().join(name_of(node.system())) };
        directory.socket_of(node)
    }

    /// The directory of the system that an alias leads to, if its Admin listens there.
    ///
    /// # Errors
    ///
    /// [`SocketDirError::Name`] if there can be no such alias.
    pub fn resolve(alias: &str) -> Result<Option<Self>, SocketDirError> {
        let bases = super::runtime_dir().into_iter().chain([std::env::temp_dir()]);
        for base in bases {
            if let Some(found) = Self::resolve_in(&base, alias)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The same under a directory of the caller's choice.
    ///
    /// # Errors
    ///
    /// [`SocketDirError::Name`] if there can be no such alias.
    pub fn resolve_in(base: &Path, alias: &str) -> Result<Option<Self>, SocketDirError> {
        check_name(alias)?;
        let ours = ours_in(base);
        // Whoever could put a link there could have us talk to whom they like.
        if check_parent(base).is_err() || !ours.is_dir() || make_private(&ours).is_err() {
            return Ok(None);
        }
        Ok(target_of(&ours.join(alias)).filter(Self::is_alive))
    }

    /// The systems of this user, with the aliases that lead to them, in the order of these. What belongs to others, or could be
    /// changed by them, is left out.
    pub fn systems() -> Vec<Found> {
        let bases = super::runtime_dir().into_iter().chain([std::env::temp_dir()]);
        let mut found: Vec<Found> = bases.flat_map(|base| Self::systems_in(&base)).collect();
        found.sort_by(|one, other| one.alias.cmp(&other.alias));
        // Both places may be the same. Of two with one alias the first is what it resolves to.
        found.dedup_by(|later, first| later.alias == first.alias);
        found
    }

    /// The same under a directory of the caller's choice.
    pub fn systems_in(base: &Path) -> Vec<Found> {
        let ours = ours_in(base);
        if check_parent(base).is_err() || !ours.is_dir() || make_private(&ours).is_err() {
            return Vec::new();
        }
        let entries = fs::read_dir(&ours).into_iter().flatten().flatten();
        let found = entries.filter_map(|entry| {
            let directory = target_of(&entry.path())?;
            let alias = entry.file_name().into_string().ok()?;
            let is_alive = directory.is_alive();
            // One with this name is on its way to its place.
            (alias != UNNAMED).then_some(Found { alias, directory, is_alive })
        });
        found.collect()
    }

    /// Directories of other users that may hold systems of theirs.
    pub fn neighbours() -> Vec<Neighbour> {
        let bases = super::runtime_dir().into_iter().chain([std::env::temp_dir()]);
        let mut neighbours: Vec<Neighbour> = bases
            .flat_map(|base| fs::read_dir(base).into_iter().flatten().flatten())
            .filter_map(|entry| {
                let uid = entry.file_name().to_str()?.strip_prefix("roscius-")?.parse().ok()?;
                (uid != super::our_uid()).then(|| Neighbour { uid, path: entry.path() })
            })
            .collect();
        neighbours.sort();
        neighbours.dedup();
        neighbours
    }

    /// Has an alias lead here from now on. Whoever asks finds the system it led to before, or this one, but never none.
    ///
    /// # Errors
    ///
    /// [`SocketDirError::InUse`] if it leads to another system that is alive, others if it can not be made.
    pub fn announce(&self, alias: &str) -> Result<(), SocketDirError> {
        check_name(alias)?;
        let (path, _lock) = (self.above().join(alias), lock(self.above())?);
        match target_of(&path) {
            Some(other) if other == *self => return Ok(()),
            Some(other) if other.is_alive() => return Err(SocketDirError::InUse { path }),
            // What is no link of a system is not ours to replace.
            None if fs::symlink_metadata(&path).is_ok() => return Err(SocketDirError::InUse { path }),
            _ => {}
        }
        let Some(name) = self.path.file_name() else { return Err(SocketDirError::Name { name: alias.to_owned() }) };
        let temporary = self.path.join(UNNAMED);
        // It may be left by who died between the two.
        let _ = fs::remove_file(&temporary);
        symlink(name, &temporary).map_err(|error| SocketDirError::io("make", &temporary, error))?;
        fs::rename(&temporary, &path).map_err(|error| SocketDirError::io("make", &path, error))
    }

    /// Removes an alias if it still leads here.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if it can not be removed.
    pub fn withdraw(&self, alias: &str) -> Result<(), SocketDirError> {
        check_name(alias)?;
        let (path, _lock) = (self.above().join(alias), lock(self.above())?);
        if target_of(&path).as_ref() == Some(self) {
            fs::remove_file(&path).map_err(|error| SocketDirError::io("remove", &path, error))?;
        }
        Ok(())
    }

    /// Removes the directory of a system that has ended, with all sockets in it: those of programs that still run too.
    /// Their connections stay.
    ///
    /// # Errors
    ///
    /// [`SocketDirError`] if something is left.
    pub fn raze(&self) -> Result<(), SocketDirError> {
        // Nobody locks the two in the other order.
        let (_above, _lock) = match (lock(self.above())?, self.lock()) {
            (above, Ok(own)) => (above, own),
            (_, Err(_)) if !self.path.exists() => return Ok(()),
            (_, Err(error)) => return Err(error),
        };
        let failed = |error| SocketDirError::io("remove", &self.path, error);
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(SocketDirError::io("remove", &path, error));
                }
                _ => {}
            }
        }
        match fs::remove_dir(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(error)),
            _ => Ok(()),
        }
    }

    /// Removes the directories of systems whose Admin is gone, as far as nobody listens in them, and aliases that lead
    /// nowhere. The directory above is locked. What can not be removed is left for the next system that begins, as is what is not
    /// looked at here because so many are alive: each of them is disturbed by the question, and others wait for the lock.
    fn sweep_dead_systems(&self) {
        let Ok(entries) = fs::read_dir(self.above()) else { return };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        // The number of a system is random: each begins somewhere else.
        let first = self.system().map_or(0, |system| system as usize % paths.len().max(1));
        paths.rotate_left(first);
        let mut alive = 0;
        for path in paths {
            if path.is_symlink() {
                match target_of(&path) {
                    Some(target) if target.is_alive() => alive += 1,
                    Some(_) => drop(fs::remove_file(&path)),
                    None => {}
                }
            } else if let Some(other) = system_of(&path).map(|_| Self { path }) {
                if other.is_alive() {
                    alive += 1;
                } else {
                    let _ = fs::remove_file(other.path.join(UNNAMED));
                    let _ = other.remove();
                }
            }
            if alive >= ALIVE_LOOKED_AT {
                return;
            }
        }
    }

    /// Whether the Admin of this system listens.
    fn is_alive(&self) -> bool {
        let admin = self.system().map(|system| self.socket_of(NodeId::of_process(system, NodeId::ADMIN)));
        // A queue of connections that is full is one of a living Admin.
        admin.is_some_and(|admin| match connect(&admin) {
            Ok(()) => true,
            Err(error) => !matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound),
        })
    }

    fn above(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

fn name_of(system: u32) -> String {
    format!("s{system:08x}")
}

fn system_of(path: &Path) -> Option<u32> {
    let name = path.file_name()?.to_str()?;
    let system = u32::from_str_radix(name.strip_prefix('s')?, 16).ok()?;
    (name == name_of(system)).then_some(system)
}

/// The directory that an alias leads to, if it is one beside it.
fn target_of(alias: &Path) -> Option<SocketDir> {
    let target = fs::read_link(alias).ok()?;
    let path = alias.parent()?.join(&target);
    (target.components().count() == 1 && system_of(&path).is_some()).then_some(SocketDir { path })
}
