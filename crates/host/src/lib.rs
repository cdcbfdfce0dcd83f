//! Systems of processes: the Admin, the processes that hold actors, and how both are started.

pub mod admin;
