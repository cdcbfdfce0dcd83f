//! `sources`.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use md5::{Digest, Md5};
use roscius_protocol::admin::messages::{Status, ToAdmin};

use super::table::{Side, lay_out};
use super::{CommandError, Outcome};
use crate::attached::Attached;
use crate::cli::SourceAction;
use crate::collector::sources;
use crate::snapshot::SourceInfo;
use crate::systems::System;

/// How often it is looked whether a source has been validated.
const LOOK: Duration = Duration::from_millis(20);
/// As long as a list of sources needs to be.
const WIDE: usize = 200;

pub(super) fn run(
    system: &System,
    within: Duration,
    action: Option<&SourceAction>,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let attached = Attached::to(system, within)?;
    match action {
        None | Some(SourceAction::List { json: false }) => list(&attached.status()?, out),
        Some(SourceAction::List { json: true }) => {
            writeln!(out, "{}", serde_json::json!(sources(&attached.status()?)))?;
            Ok(Outcome::Well)
        }
        Some(SourceAction::Load { file, info, timeout }) => load(&attached, file, info.as_deref(), *timeout, out),
        Some(SourceAction::Unload { hash }) => unload(&attached, hash, out),
    }
}

fn list(status: &Status, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    match status.source_authority {
        Some(authority) => writeln!(out, "sources are validated by {authority}")?,
        None => writeln!(out, "there is no source authority: nothing can be loaded")?,
    }
    let row = |source: SourceInfo| {
        let state = if source.validated { "loaded" } else { "waits for its authority" };
        vec![source.hash, state.to_owned(), source.info]
    };
    let rows: Vec<Vec<String>> = sources(status).into_iter().map(row).collect();
    if !rows.is_empty() {
        let columns = [("HASH", Side::Left), ("STATE", Side::Left), ("INFO", Side::Left)];
        out.write_all(lay_out(&columns, &rows, 0, WIDE).as_bytes())?;
    }
    Ok(Outcome::Well)
}

/// Has a file loaded, and waits until it is decided.
fn load(
    attached: &Attached,
    file: &Path,
    info: Option<&str>,
    timeout: Duration,
    out: &mut dyn Write,
) -> Result<Outcome, CommandError> {
    let failed = |text: String| Err(CommandError::Failed(text));
    let content = match std::fs::read(file) {
        Ok(content) => content,
        Err(error) => return failed(format!("`{}` can not be read: {error}", file.display())),
    };
    if attached.status()?.source_authority.is_none() {
        return failed("there is no source authority to validate it: nothing is loaded".to_owned());
    }
    // The identity that programs have for it, too.
    let id: String = Md5::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    let info = info.map_or_else(|| file.display().to_string(), str::to_owned);
    let message = ToAdmin::LoadSource { id: id.clone(), info: Some(info), content: Bytes::from(content) };
    let until = Instant::now() + timeout;
    attached.request(message, timeout)?;
    loop {
        match sources(&attached.status()?).into_iter().find(|source| source.hash == id) {
            Some(SourceInfo { validated: true, .. }) => {
                writeln!(out, "{id}")?;
                return Ok(Outcome::Well);
            }
            None => return failed(format!("the source authority has refused {id}")),
            Some(_) if Instant::now() >= until => {
                let seconds = timeout.as_secs_f64();
                return failed(format!("the source authority has not decided about {id} within {seconds:.1} s"));
            }
            Some(_) => std::thread::sleep(LOOK),
        }
    }
}

fn unload(attached: &Attached, hash: &str, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let known = sources(&attached.status()?);
    // Its beginning is enough where no other begins so.
    let of_this: Vec<&SourceInfo> =
        known.iter().filter(|source| !hash.is_empty() && source.hash.starts_with(hash)).collect();
    let id = match of_this.as_slice() {
        [only] => only.hash.clone(),
        [] => return Err(CommandError::Failed(format!("no source has the hash `{hash}`"))),
        several => return Err(CommandError::Failed(format!("{} sources begin with `{hash}`", several.len()))),
    };
    attached.request(ToAdmin::UnloadSource { id: id.clone() }, attached.within())?;
    writeln!(out, "{id} is unloaded")?;
    Ok(Outcome::Well)
}
