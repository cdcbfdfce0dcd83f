//! What can be wrong with a frame.

use super::Kind;

/// Bytes that are not a frame, or a message that does not fit into one. Offsets count from the start of the frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The frame is longer than this side takes.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    TooLong {
        /// Its length.
        length: u64,
        /// The longest that is taken.
        limit: u64,
    },
    /// The frame has no room for what its header announces.
    #[error("a frame of {length} bytes cannot be: its header asks for {least} at least")]
    TooShort {
        /// Its length.
        length: u64,
        /// The shortest it could be.
        least: u64,
    },
    /// The bytes are more or fewer than one frame.
    #[error("the frame announces {announced} bytes, {found} are there")]
    Length {
        /// What its header says.
        announced: u64,
        /// How many bytes there are.
        found: u64,
    },
    /// No such kind of payload.
    #[error("unknown kind of payload {kind} at offset 8")]
    Kind {
        /// The number of the kind.
        kind: u8,
    },
    /// Flags that have no meaning in this version.
    #[error("unknown flags {flags:#010b} at offset 9")]
    Flags {
        /// All flags of the frame.
        flags: u8,
    },
    /// Bytes that must be zero are not.
    #[error("bytes 10 and 11 are not zero")]
    Reserved,
    /// Out-of-band buffers where there can be none, or too many.
    #[error("{count} out-of-band buffers do not go with a payload of kind {kind:?}")]
    Buffers {
        /// The kind of the payload.
        kind: Kind,
        /// How many buffers there are.
        count: u64,
    },
    /// A buffer reaches over the end of the frame.
    #[error("out-of-band buffer {index} has {length} bytes, but only {left} are left")]
    Buffer {
        /// Which buffer it is, from 0.
        index: u32,
        /// How long it claims to be.
        length: u64,
        /// How much of the frame there is for it.
        left: u64,
    },
    /// The bytes between two buffers are not zero.
    #[error("the bytes after out-of-band buffer {index} are not zero")]
    Padding {
        /// The buffer before them, from 0.
        index: u32,
    },
    /// A payload of fixed size has another.
    #[error("a payload of kind {kind:?} has {expected} bytes, not {found}")]
    Size {
        /// The kind of the payload.
        kind: Kind,
        /// The size it has to have.
        expected: usize,
        /// The size it has.
        found: usize,
    },
    /// A truth value that is neither 0 nor 1.
    #[error("{found} is no truth value")]
    Truth {
        /// What it is.
        found: u8,
    },
    /// What a link says of its memory is none of what there is to say.
    #[error("{found:?} says nothing about the memory of a link")]
    Memory {
        /// What it is.
        found: [u8; 8],
    },
    /// A text that is not UTF-8.
    #[error("the text is not UTF-8 at offset {at}")]
    Text {
        /// Where the first wrong byte is.
        at: usize,
    },
    /// The name of a message type does not fit: into its frame when it is read, into 65,535 bytes when it is written.
    #[error("the name of the message type has {length} bytes, there is room for {room}")]
    Name {
        /// How long it is.
        length: usize,
        /// How long it can be.
        room: usize,
    },
}
