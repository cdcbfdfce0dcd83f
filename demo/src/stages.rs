//! What the stages do to texts. Nothing here knows of actors.

pub mod clean;
pub mod infer;
pub mod store;
