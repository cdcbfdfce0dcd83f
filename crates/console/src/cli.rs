//! What can be said on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// Look into a running system of actors, and act on it.
#[derive(Debug, Parser)]
#[command(name = "roscius", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "A SYSTEM is named by its port or its name; the only one that runs need not be named. \
    An ACTOR is named by its address, by its global name, or by its class if it is the only one of it.\n\n\
    Exit code: 0 all is well; 1 something is wrong, or could not be done; 2 there is no such system, or the command line is wrong.")]
pub struct Cli {
    /// The system, by its port or name.
    #[arg(short = 's', long = "system", value_name = "SYSTEM", global = true)]
    pub named: Option<String>,
    /// How many seconds the Admin and the processes may take to answer.
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds, global = true)]
    pub within: Duration,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What runs, what is wrong and why.
    Status(Look),
    /// The actors, parents before their children.
    Ps {
        /// What to look at, and how to show it.
        #[command(flatten)]
        look: Look,
        /// The processes instead.
        #[arg(short, long)]
        processes: bool,
    },
    /// A live view: actors, mailboxes, rates, memory.
    Top {
        /// The system, by its port or name.
        system: Option<String>,
        /// How many seconds lie between two looks.
        #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
        every: Duration,
    },
    /// A page that shows the system in a browser, and what Prometheus reads.
    Dashboard(Serve),
    /// The systems that can be found.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Send a message to an actor.
    Tell(Say),
    /// Send a message to an actor, and print the answer.
    Ask {
        /// What to say, and to whom.
        #[command(flatten)]
        say: Say,
        /// How many seconds to wait for the answer.
        #[arg(short, long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Ask an actor to exit, with its children.
    Kill {
        /// Which.
        actor: String,
        /// End its process at once. What it has in hand is lost.
        #[arg(short, long)]
        force: bool,
        /// How many seconds it may take to exit.
        #[arg(short, long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
        timeout: Duration,
    },
    /// Shut a system down, for all who are attached to it.
    Shutdown {
        /// The system, by its port or name.
        system: Option<String>,
    },
    /// What the system says it can do.
    Capabilities {
        /// What to do with them.
        #[command(subcommand)]
        action: Option<Capability>,
    },
    /// What the actors in Python log.
    Log {
        /// What to do about it.
        #[command(subcommand)]
        action: LogAction,
    },
    /// Code of actors that is loaded into the system.
    Sources {
        /// What to do with it.
        #[command(subcommand)]
        action: Option<SourceAction>,
    },
    /// Certificates, with which the systems of a convention know each other.
    Cert {
        /// What to do with them.
        #[command(subcommand)]
        action: CertAction,
    },
    /// Read commands line by line.
    Shell {
        /// The system, by its port or name.
        system: Option<String>,
    },
    /// Write a script that completes commands for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// What to look at, and how to show it.
#[derive(Debug, Args)]
pub struct Look {
    /// The system, by its port or name.
    pub system: Option<String>,
    /// As JSON: one object, the fields of a snapshot.
    #[arg(long)]
    pub json: bool,
}

/// How to serve the dashboard.
#[derive(Clone, Debug, Args)]
pub struct Serve {
    /// The system, by its port or name.
    pub system: Option<String>,
    /// The port of the page, on loopback. 0: any that is free.
    #[arg(short, long, default_value = "0")]
    pub port: u16,
    /// Let the page change something: send dead letters again.
    #[arg(long)]
    pub allow_changes: bool,
    /// Answer /metrics without the token.
    #[arg(long)]
    pub metrics_open: bool,
    /// A log whose last lines are shown, such as the file that the system logs to.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// How many seconds lie between two looks while somebody looks on.
    #[arg(short, long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub every: Duration,
}

/// What to say, and to whom.
#[derive(Debug, Args)]
pub struct Say {
    /// To whom.
    pub actor: String,
    /// What: a text as it is, or with --json or --type, JSON. `-` reads it from the standard input.
    #[arg(allow_hyphen_values = true)]
    pub message: String,
    /// The message is JSON; an answer is shown as JSON too.
    #[arg(long)]
    pub json: bool,
    /// The message is of the type that is registered under this name, and its fields are JSON.
    #[arg(long = "type", value_name = "NAME")]
    pub type_name: Option<String>,
}

/// What to do with capabilities.
#[derive(Debug, Subcommand)]
pub enum Capability {
    /// Show them. So does no action at all.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Set one.
    Set {
        /// Its name.
        name: String,
        /// Its value: JSON, or else a text.
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Remove one.
    Remove {
        /// Its name.
        name: String,
    },
}

/// What to do about the log.
#[derive(Debug, Subcommand)]
pub enum LogAction {
    /// Show the lowest level that actors send to the log, or set it. What writes the log may leave more out.
    Level {
        /// DEBUG, INFO, WARNING, ERROR, CRITICAL, or a number.
        level: Option<String>,
    },
    /// Show the latest records that the logger has got.
    Show {
        /// How many at most. The logger keeps 200.
        #[arg(short, long, value_name = "N", default_value = "20")]
        count: usize,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What to do with sources.
#[derive(Debug, Subcommand)]
pub enum SourceAction {
    /// Show them. So does no action at all.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Load a file, print its hash, and wait until the source authority has decided.
    Load {
        /// The file, in the form that the source authority wants.
        file: PathBuf,
        /// What to call it, in place of the name of the file.
        #[arg(long, value_name = "TEXT")]
        info: Option<String>,
        /// How many seconds the source authority may take.
        #[arg(short, long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Let go of a source. Its actors go on.
    Unload {
        /// Its hash, or the beginning of it.
        hash: String,
    },
}

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub enum CertAction {
    /// Make the authority of a convention: ca.pem, which all its systems need, and ca.key, which nobody else may have.
    Init {
        /// The name of the convention.
        convention: String,
        /// Where to put the files.
        #[arg(short, long, default_value = ".")]
        folder: PathBuf,
        /// How many days it is good.
        #[arg(long, default_value = "3650", value_parser = clap::value_parser!(u32).range(1..=36500))]
        days: u32,
    },
    /// Make the certificate of a system: NAME.pem and NAME.key.
    Node {
        /// The name of the system in its convention. It outlives restarts.
        name: String,
        /// Where the authority is, and where to put the files.
        #[arg(short, long, default_value = ".")]
        folder: PathBuf,
        /// A host name or address that the system is dialled by; may be given several times. Without any, the certificate is good everywhere.
        #[arg(long, value_name = "HOST")]
        host: Vec<String>,
        /// How many days it is good.
        #[arg(long, default_value = "365", value_parser = clap::value_parser!(u32).range(1..=36500))]
        days: u32,
        /// Replace the files if they are there.
        #[arg(long)]
        replace: bool,
    },
    /// Show what certificates say. The exit code is 1 if one of them is good no more.
    Show {
        /// The files, as PEM.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Cli {
    /// The system that the command names, if it does.
    pub fn system(&self) -> Option<&str> {
        let own = match &self.command {
            Command::Status(look) | Command::Ps { look, .. } => look.system.as_deref(),
            Command::Dashboard(serve) => serve.system.as_deref(),
            Command::Top { system, .. } | Command::Shutdown { system } | Command::Shell { system } => system.as_deref(),
            _ => None,
        };
        own.or(self.named.as_deref())
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    let duration = Duration::try_from_secs_f64(seconds).ok().filter(|duration| !duration.is_zero());
    duration.filter(|duration| duration.as_secs() < 1 << 32).ok_or_else(|| "it is no time to wait".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_system_is_named_in_either_way() {
        let system = |line: &[&str]| Cli::try_parse_from(line).unwrap().system().map(str::to_owned);
        assert_eq!(system(&["roscius", "status", "1900"]).as_deref(), Some("1900"));
        assert_eq!(system(&["roscius", "ask", "-s", "1900", "clerk", "-5"]).as_deref(), Some("1900"));
        assert_eq!(system(&["roscius", "ps"]), None);
    }

    #[test]
    fn a_time_is_a_number_above_zero() {
        for wrong in ["0", "-1", "x", "inf", "nan", "1e300"] {
            assert!(Cli::try_parse_from(["roscius", "top", "--every", wrong]).is_err(), "{wrong}");
        }
        assert!(Cli::try_parse_from(["roscius", "top", "--every", "0.2"]).is_ok());
    }
}
