//! Why the program ends without a report.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::input::InputError;
use crate::stages::store::DatabaseError;

/// Everything that can go wrong, with what to do about it and the program's exit code.
#[derive(Debug, Error, Serialize, Deserialize)]
pub enum Failure {
    /// An input file cannot be used.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is no place for the processes of the actors.
    #[error("the processes of the actors cannot be started: {0}")]
    NoProcesses(String),
    /// There is no Python for the workers.
    #[error("the Python actors cannot be started with {}: {reason}", interpreter.display())]
    NoPython {
        /// Which Python was tried.
        interpreter: PathBuf,
        /// What it said.
        reason: String,
    },
    /// The pipeline could not do its work.
    #[error("the pipeline broke off: {0}")]
    Broken(String),
    /// Not everything arrived: the very thing that must not happen.
    #[error("{missing} of {expected} texts are missing in the database, the first is number {first}: {cause}")]
    Lost {
        /// How many.
        missing: u64,
        /// Of how many.
        expected: u64,
        /// The number of the first.
        first: u64,
        /// Why, as far as it is known.
        cause: String,
    },
}

impl Failure {
    /// An actor, or the actor system, failed.
    pub fn broken(error: impl std::error::Error) -> Self {
        Self::Broken(error.to_string())
    }

    /// What the user can do.
    pub fn advice(&self) -> String {
        match self {
            Self::Input(error) => error.problem.advice(&error.path),
            Self::Database(error) => error.advice(),
            Self::NoProcesses(_) => {
                "check that the folder of its sockets (in $XDG_RUNTIME_DIR, else in the folder for \
                                     temporary files) may be written and that more processes may be started, or leave \
                                     out --base processes"
                    .to_owned()
            }
            Self::NoPython { .. } => {
                "run `make demo DEMO_ARGS=\"--base processes --python\"` in the project's top folder: it \
                                      installs what is needed; or name a Python that has roscius and vaderSentiment: \
                                      --python=INTERPRETER"
                    .to_owned()
            }
            Self::Broken(_) | Self::Lost { .. } => {
                "this is a fault of the pipeline: please report it with this output".to_owned()
            }
        }
    }

    /// 2 for what the user can set right, 1 for a fault of the program.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Database(_) | Self::NoProcesses(_) | Self::NoPython { .. } => 2,
            Self::Broken(_) | Self::Lost { .. } => 1,
        }
    }
}
