//! The `roscius` command.

fn main() {}
