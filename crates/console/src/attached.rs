//! This process as a program of a system: it looks, and says something to actors.

mod language;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use roscius::{Address, Endpoint, NodeId, Received};
use roscius_host::process::{JoinError, Joining, Process, RequestError};
use roscius_protocol::admin::messages::{FromAdmin, Setback, Status, ToAdmin};
use roscius_protocol::frame::Role;
use roscius_transport::SocketDir;

use crate::data::Message;
use crate::processes::Eyes;
use crate::snapshot::ProcessState;
use crate::systems::System;
use language::{CameBack, Incoming, Observer, Outgoing};

/// How long goodbyes may take.
const LEAVE_WITHIN: Duration = Duration::from_millis(500);
/// How often what was sent is looked after while an answer is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// A program that is attached to a system. When it is dropped, it leaves.
pub struct Attached {
    process: Arc<Process>,
    system: System,
    within: Duration,
}

/// Why a system can not be reached.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Its Admin does not answer.
    #[error("the Admin of `{system}`{} does not answer within {:.1} s{}", numbered(.pid), .within.as_secs_f64(), why(*.state))]
    AdminUnanswering {
        /// The system.
        system: String,
        /// The process id of the Admin.
        pid: Option<u32>,
        /// What it is doing.
        state: ProcessState,
        /// How long it was waited for.
        within: Duration,
    },
    /// The system has ended meanwhile.
    #[error("the actor system `{system}` has ended")]
    Ended {
        /// The system.
        system: String,
    },
    /// This process could not join it.
    #[error("`{system}` can not be reached: {error}")]
    Join {
        /// The system.
        system: String,
        /// What was wrong.
        error: JoinError,
    },
}

fn numbered(pid: &Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

fn why(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Stopped => ": it is stopped, `kill -CONT` lets it go on",
        ProcessState::Ended => ": it has ended",
        ProcessState::Running => ": it is busy",
        ProcessState::Blocked => ": it waits for a disk or a device",
        ProcessState::Sleeping | ProcessState::Unknown => "",
    }
}

/// How an actor answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// With a message.
    Message {
        /// Who sent it.
        from: Address,
        /// What it says.
        message: Message,
    },
    /// It gave the message back: it does not take it, or failed on it.
    GivenBack {
        /// What was wrong, for people.
        details: String,
    },
    /// The message has reached nobody.
    NoActor,
    /// There was no answer in time.
    Late,
    /// The system has ended.
    Ended,
}

impl Attached {
    /// Attaches to a system whose Admin answers within this time. So long are answers waited for later, too.
    ///
    /// # Errors
    ///
    /// [`AttachError`] if it can not be reached.
    pub fn to(system: &System, within: Duration) -> Result<Self, AttachError> {
        let joining = Joining { node: None, role: Role::External, hold_within: within, answer_within: within };
        let name = || system.name.clone();
        match joining.join(&system.directory, Arc::new(Observer)) {
            Ok(process) => Ok(Self { process, system: system.clone(), within }),
            Err(JoinError::Admin(error)) => Err(unanswering(system, within, &error)),
            Err(error) => Err(AttachError::Join { system: name(), error }),
        }
    }

    /// The system.
    pub const fn system(&self) -> &System {
        &self.system
    }

    /// How long answers are waited for.
    pub const fn within(&self) -> Duration {
        self.within
    }

    /// This process of the system.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// How the system is, as its Admin sees it.
    ///
    /// # Errors
    ///
    /// [`AttachError`] if it does not answer.
    pub fn status(&self) -> Result<Status, AttachError> {
        self.process.system_status(self.within).map_err(|error| unanswering(&self.system, self.within, &error))
    }

    /// Asks the Admin for something.
    ///
    /// # Errors
    ///
    /// [`AttachError`] if it does not answer within this time.
    pub fn request(&self, message: ToAdmin, within: Duration) -> Result<FromAdmin, AttachError> {
        let answer = self.process.request::<RequestError>(self.process.root(), message, within, || Ok(()));
        answer.map_err(|error| unanswering(&self.system, within, &error))
    }

    /// Sends a message, and waits until it has left. What comes of it is known if an answer is waited for.
    pub fn tell(&self, to: Address, message: Message) -> Result<(), Reply> {
        let question = Question::ask(self, to, message)?;
        question.leave(self, to, self.within)?;
        match question.answer() {
            // An answer says that it was heard.
            None | Some(Reply::Message { .. }) => Ok(()),
            Some(reply) => Err(reply),
        }
    }

    /// Sends a message, and waits for the first answer.
    pub fn ask(&self, to: Address, message: Message, within: Duration) -> Reply {
        let asked = Question::ask(self, to, message);
        match asked.and_then(|question| question.leave(self, to, within).map(|()| question)) {
            Ok(question) => question.wait(self, Instant::now() + within),
            Err(reply) => reply,
        }
    }

    /// Asks an actor to exit, and waits for its end. False: it has not ended within the time.
    pub fn exit(&self, actor: Address, within: Duration) -> bool {
        let endpoint = self.process.system().endpoint();
        endpoint.watch(actor);
        self.process.system().exit(actor);
        self.process.flush();
        let until = Instant::now() + within;
        loop {
            while let Some(received) = endpoint.take_arrival() {
                if matches!(received, Received::Terminated(end) if end.address == actor) {
                    return true;
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if self.process.is_over() {
                return true;
            }
            if left.is_zero() || self.process.turn(Some(left)).is_err() {
                return false;
            }
        }
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.process.leave(LEAVE_WITHIN);
    }
}

/// Why the Admin gave no answer.
fn unanswering(system: &System, within: Duration, error: &RequestError) -> AttachError {
    let name = system.name.clone();
    match error {
        RequestError::Late { .. } => {
            let pid = admin_pid(&system.directory);
            let seen = Eyes::default().look(&[pid]).pop().flatten();
            let state = seen.map_or(ProcessState::Unknown, |seen| seen.state);
            AttachError::AdminUnanswering { system: name, pid, state, within }
        }
        RequestError::NoAdmin | RequestError::Io(_) => AttachError::Ended { system: name },
    }
}

/// The process id of the Admin of the system with this directory, if it listens.
pub(crate) fn admin_pid(directory: &Path) -> Option<u32> {
    let directory = SocketDir::of_path(directory).ok()?;
    directory.listener(NodeId::of_process(directory.system()?, NodeId::ADMIN))
}

/// A message, and what comes of it.
pub(crate) struct Question {
    endpoint: Endpoint,
    receipt: Arc<roscius_host::process::Receipt>,
}

impl Question {
    /// Sends the message as soon as it can be sent.
    pub fn ask(attached: &Attached, to: Address, message: Message) -> Result<Self, Reply> {
        let process = attached.process();
        let endpoint = process.system().endpoint();
        let (outgoing, receipt) = Outgoing::new(message);
        // It fails only in a system that has ended.
        endpoint.post(to, outgoing).map_err(|_| Reply::Ended)?;
        process.flush();
        Ok(Self { endpoint, receipt })
    }

    /// What has come of the message already.
    pub fn answer(&self) -> Option<Reply> {
        while let Some(received) = self.endpoint.take_arrival() {
            match received {
                Received::Message(delivered) => {
                    let from = delivered.sender;
                    let message = match delivered.message.take::<Incoming>() {
                        Ok(Incoming(message)) => return Some(Reply::Message { from, message }),
                        Err(message) => message,
                    };
                    if let Ok(CameBack { reason, details }) = message.take::<CameBack>() {
                        let reached_nobody = matches!(reason, Setback::NoActor | Setback::Exited | Setback::Foreign);
                        return Some(if reached_nobody { Reply::NoActor } else { Reply::GivenBack { details } });
                    }
                }
                Received::Poison(poison) => return Some(Reply::GivenBack { details: poison.details.to_string() }),
                Received::Terminated(_) => {}
            }
        }
        if self.receipt.is_lost() {
            return Some(Reply::NoActor);
        }
        self.receipt.complaint().map(|details| Reply::GivenBack { details })
    }

    /// Waits until the message has left.
    fn leave(&self, attached: &Attached, to: Address, within: Duration) -> Result<(), Reply> {
        let process = attached.process();
        let until = Instant::now() + within;
        while !process.flush_to(to.node()) {
            if let Some(reply) = self.answer() {
                return Err(reply);
            }
            if Instant::now() >= until {
                return Err(Reply::Late);
            }
            if process.turn(Some(LOOK)).is_err() {
                return Err(Reply::Ended);
            }
        }
        // What can not be sent at all is back by now.
        let _ = process.turn(Some(Duration::ZERO));
        Ok(())
    }

    /// Waits for what comes of the message.
    pub fn wait(&self, attached: &Attached, until: Instant) -> Reply {
        loop {
            if let Some(reply) = self.answer() {
                return reply;
            }
            let process = attached.process();
            let left = until.saturating_duration_since(Instant::now());
            if process.is_over() {
                return Reply::Ended;
            }
            if left.is_zero() {
                return Reply::Late;
            }
            if process.turn(Some(left)).is_err() {
                return Reply::Ended;
            }
        }
    }
}
