//! Frames that came together.

use bytes::Bytes;

use super::record::Frames;

/// Frames of one record, in order. They share its memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals(Came);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    Together(Frames),
    /// In several records.
    Alone(Option<Bytes>),
}

impl Arrivals {
    /// Frames of a record, which was checked.
    pub(super) const fn together(frames: Frames) -> Self {
        Self(Came::Together(frames))
    }

    /// A frame that is complete now.
    pub(super) const fn alone(frame: Bytes) -> Self {
        Self(Came::Alone(Some(frame)))
    }
}

impl Iterator for Arrivals {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Came::Together(frames) => frames.next().map(|(_, frame)| frame),
            Came::Alone(frame) => frame.take(),
        }
    }
}
