//! The command line.

use std::path::{Path, PathBuf};
use std::thread;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};

use crate::bases::Place;
use crate::plan::MOST_WORKERS;

/// Where `demo/fetch-data` puts the texts, seen from the project's top folder.
const DATA: &str = ".data/hutto_ICWSM_2014";

/// The demo's own texts: tweets, film reviews, product reviews, newspaper editorials.
const TEXTS: [&str; 4] = ["tweets", "movieReviewSnippets", "amazonReviewSnippets", "nytEditorialSnippets"];

/// The interpreter that `demo/prepare-python` makes ready.
const PYTHON: &str = ".data/python/bin/python";

const DATABASE: &str = "texts.sqlite";

/// Reads texts, cleans them, infers their sentiment and stores it: a pipeline of actors.
#[derive(Debug, Parser)]
#[command(name = "roscius-demo", version, max_term_width = 100)]
pub struct Arguments {
    /// A file of texts, one a line; or a CSV file (its name ends in .csv, or .tsv with tabs) with a column `text` and
    /// perhaps one `rating`. May be given several times. Without it: the demo's own texts
    #[arg(long = "input", value_name = "FILE")]
    inputs: Vec<PathBuf>,

    /// How many inference workers there are at most. Without it: one for each core
    #[arg(long, value_name = "N", value_parser = parse_workers)]
    workers: Option<usize>,

    /// The SQLite database to write; one that an earlier run left there is replaced. Without it: texts.sqlite in the
    /// project's folder .data, or here if there is no such folder
    #[arg(long, value_name = "PATH")]
    database: Option<PathBuf>,

    /// Where the actors run: on a few threads of this program, each in a process of its own, or so in three systems
    #[arg(long, value_enum, default_value_t)]
    base: BaseName,

    /// Let the inference workers be Python actors, with the package vaderSentiment. It takes a Python that has this and
    /// `roscius`: without a name, that which `make demo` prepares
    #[arg(long, value_name = "INTERPRETER", num_args = 0..=1, require_equals = true, default_missing_value = PYTHON)]
    python: Option<PathBuf>,

    /// Kill no inference worker midway
    #[arg(long)]
    pub no_kill: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum BaseName {
    #[default]
    Threads,
    Processes,
    Cluster,
}

impl Arguments {
    /// Reads the command line of the program, or ends it with an error.
    pub fn read() -> Self {
        let arguments = Self::parse();
        if arguments.python.is_some() && arguments.base != BaseName::Processes {
            let problem = "--python needs --base processes: Python actors have processes of their own";
            Self::command().error(ErrorKind::MissingRequiredArgument, problem).exit();
        }
        arguments
    }

    /// Where the actors run.
    pub fn place(&self) -> Place {
        match self.base {
            BaseName::Threads => Place::Threads,
            BaseName::Cluster => Place::Cluster,
            BaseName::Processes => Place::Processes { python: self.python.clone() },
        }
    }

    /// The files to read.
    pub fn inputs(&self) -> Vec<PathBuf> {
        if self.inputs.is_empty() {
            TEXTS.iter().map(|name| PathBuf::from(format!("{DATA}/{name}_GroundTruth.txt"))).collect()
        } else {
            self.inputs.clone()
        }
    }

    /// The database to write.
    pub fn database(&self) -> PathBuf {
        let folder = Path::new(".data");
        let default = || {
            if folder.is_dir() { folder.join(DATABASE) } else { PathBuf::from(DATABASE) }
        };
        self.database.clone().unwrap_or_else(default)
    }

    /// The number of inference workers.
    pub fn workers(&self) -> usize {
        self.workers.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS))
    }
}

fn parse_workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(workers @ 1..=MOST_WORKERS) => Ok(workers),
        _ => Err(format!("give a whole number from 1 to {MOST_WORKERS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn defaults_are_the_demos_own_texts_and_a_worker_a_core() {
        let arguments = Arguments::try_parse_from(["roscius-demo"]).expect("valid");
        assert_eq!(arguments.inputs().len(), 4);
        assert!(arguments.workers() >= 1);
        assert!(!arguments.no_kill);
    }

    #[test]
    fn workers_are_between_one_and_the_most() {
        for good in ["1", "2", "256"] {
            assert!(Arguments::try_parse_from(["roscius-demo", "--workers", good]).is_ok());
        }
        for bad in ["0", "257", "-1", "two", "1.5", ""] {
            let error = Arguments::try_parse_from(["roscius-demo", "--workers", bad]).expect_err("refused");
            assert_eq!(error.exit_code(), 2);
        }
    }
}
