//! Whole runs of the program over small files, and what is in the database afterwards.

mod cluster;
mod processes;
mod program;
mod threads;
