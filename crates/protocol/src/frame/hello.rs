//! The first bytes on a link.

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::address::NodeId;

const MAGIC: [u8; 8] = *b"roscius\n";

/// What kind of process speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
pub enum Role {
    /// The Admin of the system.
    Admin = 1,
    /// A process with one actor.
    Actor = 2,
    /// A process with many actors.
    ProcessHost = 3,
    /// A program outside any actor.
    External = 4,
    /// The process that actor processes are forked from.
    Zygote = 5,
    /// The process that writes the log.
    Logger = 6,
}

impl Role {
    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Admin,
            2 => Self::Actor,
            3 => Self::ProcessHost,
            4 => Self::External,
            5 => Self::Zygote,
            6 => Self::Logger,
            _ => return None,
        })
    }
}

/// What each side of a link says of itself before the first frame.
///
/// In bytes: 8 of magic, version (2), role (1), a zero (1), process id (4), node id (8). Magic and version keep their
/// places in all versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hello {
    /// The incarnation that speaks.
    pub node: NodeId,
    /// What kind of process it is.
    pub role: Role,
    /// Its process id, as it sees it itself.
    pub pid: u32,
}

impl Hello {
    /// How many bytes it takes.
    pub const SIZE: usize = 24;

    /// Its bytes.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10] = self.role as u8;
        bytes[12..16].copy_from_slice(&self.pid.to_le_bytes());
        bytes[16..].copy_from_slice(&self.node.number().to_le_bytes());
        bytes
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`HelloError`] if these bytes are something else.
    pub fn from_bytes(bytes: &[u8; Self::SIZE]) -> Result<Self, HelloError> {
        let [m0, m1, m2, m3, m4, m5, m6, m7, v0, v1, role, zero, p0, p1, p2, p3, node @ ..] = *bytes;
        let found = [m0, m1, m2, m3, m4, m5, m6, m7];
        if found != MAGIC {
            return Err(HelloError::Magic { found });
        }
        let version = u16::from_le_bytes([v0, v1]);
        if version != VERSION {
            return Err(HelloError::Version { found: version });
        }
        if zero != 0 {
            return Err(HelloError::Reserved);
        }
        let role = Role::of(role).ok_or(HelloError::Role { found: role })?;
        let pid = u32::from_le_bytes([p0, p1, p2, p3]);
        Ok(Self { node: NodeId::new(u64::from_le_bytes(node)), role, pid })
    }
}

/// The other side does not speak as we do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloError {
    /// It is something else altogether.
    #[error("the other side is no part of an actor system: it began with {}", .found.escape_ascii())]
    Magic {
        /// The first bytes it sent.
        found: [u8; 8],
    },
    /// It is another version.
    #[error("the other side speaks version {found} of the format, this one {VERSION}")]
    Version {
        /// Its version.
        found: u16,
    },
    /// No such role.
    #[error("the other side calls itself role {found}, which this one does not know")]
    Role {
        /// The number of the role.
        found: u8,
    },
    /// A byte that must be zero is not.
    #[error("byte 11 of the greeting is not zero")]
    Reserved,
}
