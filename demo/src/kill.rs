//! The deliberate killing of inference workers.

use std::panic;

use roscius::prelude::{Deserialize, Serialize};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::batch::Text;

/// What the panic of a killed worker says.
pub const KILLED: &str = "killed on purpose, to show that nothing is lost";

/// Who is to be killed.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Kill {
    /// The worker that comes to this text dies. There is no text 0.
    at: u64,
    /// How many workers are to die of it.
    workers: u32,
}

impl Kill {
    /// Kills nobody.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Kills as many workers as are given this text.
    pub fn at(text: u64, workers: u32) -> Self {
        Self { at: text, workers }
    }

    /// The index of the text of which the next worker dies, after `tried` others.
    pub fn strike(self, texts: &[Text], tried: u32) -> Option<usize> {
        (tried < self.workers).then(|| texts.iter().position(|text| text.id == self.at)).flatten()
    }
}

/// What it is to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Death {
    /// A panic: the end of the actor alone.
    Panic,
    /// SIGKILL: the end of its process, which can do nothing about it.
    Signal,
    /// SIGKILL for the Admin, which is this process: the end of its whole system.
    System(u32),
}

impl Death {
    /// Dies.
    pub fn strike(self) -> ! {
        match self {
            Self::Panic => panic::panic_any(KILLED),
            Self::System(admin) => {
                let admin = i32::try_from(admin).ok().and_then(Pid::from_raw);
                // All others see that it is gone; this one has no time to.
                admin.map(|admin| kill_process(admin, Signal::KILL));
                Self::Signal.strike()
            }
            // None but a panic is left where a process may not send itself a signal.
            Self::Signal => panic!("not to be killed: {:?}", kill_process(getpid(), Signal::KILL)),
        }
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
