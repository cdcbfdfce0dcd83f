//! The programs in Rust of the README and of the user's guide, which `cargo test --doc` compiles and runs.

macro_rules! pages {
    ($($name:ident: $page:literal,)*) => {
        $(#[doc = include_str!(concat!("../../../docs/", $page))] struct $name;)*
    };
}

pages! {
    Readme: "../README.md",
    FirstSteps: "guide/first-steps.md",
    Messages: "guide/messages.md",
    Families: "guide/families.md",
    TimeAndLoss: "guide/time-and-loss.md",
    Bases: "guide/bases.md",
    Seeing: "guide/seeing.md",
    Sources: "sources.md",
}
