//! The program of the page of the book, which `cargo test --doc` compiles and runs.

#[doc = include_str!("../../../docs/simulation.md")]
struct Page;
