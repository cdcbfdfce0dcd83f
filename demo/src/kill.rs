//! The deliberate killing of inference workers.

use std::panic;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::batch::Text;

/// What the panic of a killed worker says.
pub const KILLED: &str = "killed on purpose, to show that nothing is lost";

/// Who is to be killed, and what came of it.
#[derive(Debug, Default)]
pub struct Kill {
    /// The worker that comes to this text dies. There is no text 0.
    at: u64,
    /// How many workers have still to die of it.
    left: AtomicU32,
    in_hand: AtomicU64,
    sent_again: AtomicU64,
}

impl Kill {
    /// Kills nobody.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Kills as many workers as are given this text.
    pub fn at(text: u64, workers: u32) -> Self {
        Self { at: text, left: AtomicU32::new(workers), ..Self::default() }
    }

    /// A worker begins a batch. If another was killed in the middle of it, it is given out again.
    pub fn batch_begins(&self, texts: &[Text]) {
        if self.in_hand() > 0 && texts.iter().any(|text| text.id == self.at) {
            self.sent_again.fetch_add(texts.len() as u64, Ordering::Relaxed);
        }
    }

    /// A worker comes to a text, and dies if this is the one.
    pub fn strike(&self, text: u64, in_hand: u64) {
        if text != self.at {
            return;
        }
        let one_less = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            self.in_hand.fetch_add(in_hand, Ordering::Relaxed);
            panic::panic_any(KILLED);
        }
    }

    /// Texts that killed workers had in hand. Zero while nobody was killed.
    pub fn in_hand(&self) -> u64 {
        self.in_hand.load(Ordering::Relaxed)
    }

    /// Texts that were given to another worker after that.
    pub fn sent_again(&self) -> u64 {
        self.sent_again.load(Ordering::Relaxed)
    }
}

/// Keeps a deliberate kill from being printed as a fault of the program. All other panics are printed as ever.
pub fn expect_kills() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&KILLED) {
            print(info);
        }
    }));
}
