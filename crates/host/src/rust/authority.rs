//! Actors and programs in Rust that decide which sources may be loaded, and that hear which come and go.
//!
//! An actor is the *source authority* from [`be_source_authority`] on, an address of a program from
//! [`Endpoint::be_source_authority`] on, in place of any other. It is asked by a [`ValidateSource`], and its reply is the verdict: at
//! once, from an asynchronous handler, or as a promise that is kept later. Who fails has given no verdict: then the source waits
//! for the next authority, or is given up after two minutes.

use std::fmt;

use bytes::Bytes;
use roscius::gate::Crossing;
use roscius::{Accepts, Actor, Address, AskError, Context, Message, Payload};
use roscius_protocol::admin::messages::{FromAdmin, ToAdmin};
use roscius_protocol::sources::Notice;

use super::Endpoint;
use super::error::{SourceDutyError, TellError};
use super::within;

/// May this source be loaded? For the source authority, which replies with its verdict.
#[derive(Message)]
#[message(reply = SourceVerdict, name = "roscius.ValidateSource")]
pub struct ValidateSource {
    /// Its id: the MD5 of what was loaded, in hexadecimal. It names the source, and proves nothing.
    pub id: String,
    /// What it was called by who loaded it.
    pub info: Option<String>,
    /// What was loaded.
    pub content: Bytes,
}

/// What a source authority says of a source.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(name = "roscius.SourceVerdict")]
pub enum SourceVerdict {
    /// It is valid.
    Valid {
        /// What it is called. None: as by who loaded it.
        info: Option<String>,
        /// The zip file or program that it is: without the signature, for example, that came with it.
        content: Bytes,
    },
    /// It is not to be used.
    Rejected,
}

/// A source can be used from now on, or can not any more. For who [watches](watch_sources).
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[message(name = "roscius.SourceNotice")]
pub struct SourceNotice {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub info: Option<String>,
    /// It has come. Or it has gone.
    pub loaded: bool,
}

impl fmt::Debug for ValidateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, info, content } = self;
        let bytes = content.len();
        f.debug_struct("ValidateSource").field("id", id).field("info", info).field("bytes", &bytes).finish()
    }
}

/// Makes the actor the source authority of its system.
///
/// # Errors
///
/// [`SourceDutyError`] if it is not in a process of a system of processes.
pub fn be_source_authority<A, P>(ctx: &mut Context<A>) -> Result<(), SourceDutyError>
where
    A: Actor + Accepts<ValidateSource, P>,
{
    say(ctx, ToAdmin::BeSourceAuthority)
}

/// Has the actor told which sources come and go, from those that are there already on; or ends that.
///
/// # Errors
///
/// [`SourceDutyError`] if it is not in a process of a system of processes.
pub fn watch_sources<A, P>(ctx: &mut Context<A>, start: bool) -> Result<(), SourceDutyError>
where
    A: Actor + Accepts<SourceNotice, P>,
{
    say(ctx, ToAdmin::WatchSources { start })
}

fn say<A: Actor>(ctx: &Context<A>, message: ToAdmin) -> Result<(), SourceDutyError> {
    within::process().ok_or(SourceDutyError)?.tell_admin(ctx.me().address(), message);
    Ok(())
}

impl Endpoint {
    /// Makes this address the source authority of the system. [`ValidateSource`] arrives here, as an
    /// [ask](roscius::Delivered::into_ask).
    ///
    /// # Errors
    ///
    /// [`TellError`] if the links of the program fail.
    pub fn be_source_authority(&self) -> Result<(), TellError> {
        self.say_to_admin(ToAdmin::BeSourceAuthority)
    }

    /// Has a [`SourceNotice`] arrive here for each source that comes or goes, from those that are there already on; or ends that.
    ///
    /// # Errors
    ///
    /// [`TellError`] if the links of the program fail.
    pub fn watch_sources(&self, start: bool) -> Result<(), TellError> {
        self.say_to_admin(ToAdmin::WatchSources { start })
    }
}

/// What an actor or a program is told when the Admin says this to it.
pub(super) fn crossing(to: Address, admin: Address, said: FromAdmin) -> Option<Crossing> {
    let message = match said {
        FromAdmin::ValidateSource { id, info, content } => Payload::new(ValidateSource { id, info, content }),
        FromAdmin::Source(Notice { id, info, loaded }) => Payload::new(SourceNotice { id, info, loaded }),
        _ => return None,
    };
    Some(Crossing::Message { to, from: admin, message, asker: None })
}

/// What the Admin is told of the reply to a [`ValidateSource`]. None: there was no verdict.
pub(super) fn verdict(id: String, reply: Result<Payload, AskError>) -> Option<ToAdmin> {
    let verdict = match &reply {
        Ok(reply) => reply.get::<SourceVerdict>().cloned(),
        Err(error) => {
            tracing::warn!(source = id, %error, "the source authority gave no verdict");
            None
        }
    };
    Some(match verdict? {
        SourceVerdict::Valid { info, content } => ToAdmin::SourceVerdict { id, info, content: Some(content) },
        SourceVerdict::Rejected => ToAdmin::SourceVerdict { id, info: None, content: None },
    })
}
