//! How far one turn of reading or writing came.

/// How far reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// There is nothing more to read for now.
    Drained,
    /// There may be more: the budget is used up.
    More,
    /// The other side sends nothing more.
    Ended,
}

/// How far writing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Everything is written.
    All,
    /// There is more, and the socket takes it.
    Part,
    /// There is more, but the socket takes nothing for now.
    Blocked,
}
