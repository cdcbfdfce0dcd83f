//! `cert`.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use x509_parser::time::ASN1Time;

use super::{CommandError, Outcome};
use crate::certificates::{self, Node, Shown};
use crate::cli::CertAction;

const DAY: i64 = 86400;

/// Makes and shows certificates.
pub(super) fn run(action: &CertAction, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    match action {
        CertAction::Init { convention, folder, days } => {
            let made = certificates::init(folder, convention, *days)?;
            writeln!(
                out,
                "{}  the authority of {convention}: every system of it needs this file",
                made.certificate.display()
            )?;
            writeln!(out, "{}  its key: keep it here, and safe; who has it can let anybody in", made.key.display())?;
            Ok(Outcome::Well)
        }
        CertAction::Node { name, folder, host, days, replace } => {
            let node = Node { name, hosts: host, days: *days, replace: *replace };
            let made = certificates::node(folder, &node)?;
            writeln!(out, "{}  the certificate of {name}", made.certificate.display())?;
            writeln!(out, "{}  its key: for {name} alone", made.key.display())?;
            Ok(Outcome::Well)
        }
        CertAction::Show { files, json } => {
            let mut all = Vec::new();
            for file in files {
                all.extend(certificates::read(file)?.into_iter().map(|shown| (file.as_path(), shown)));
            }
            if *json {
                writeln!(
                    out,
                    "{}",
                    Value::from(all.iter().map(|(file, shown)| as_json(file, shown)).collect::<Vec<_>>())
                )?;
            } else {
                for (file, shown) in &all {
                    print(file, shown, out)?;
                }
            }
            let all_good = all.iter().all(|(_, shown)| is_good(shown));
            Ok(if all_good { Outcome::Well } else { Outcome::Wrong })
        }
    }
}

fn is_good(shown: &Shown) -> bool {
    let now = ASN1Time::now().timestamp();
    (shown.from.timestamp()..=shown.until.timestamp()).contains(&now)
}

fn print(file: &Path, shown: &Shown, out: &mut dyn Write) -> Result<(), CommandError> {
    let Shown { convention, identity, is_authority, hosts, from, until, issuer, fingerprint, .. } = shown;
    let kind = match (convention, identity) {
        (Some(convention), None) if *is_authority => format!("authority of the convention {convention}"),
        (Some(convention), Some(identity)) => format!("system {identity} of the convention {convention}"),
        _ => "neither a convention nor a system: no system takes it".to_owned(),
    };
    writeln!(out, "{}: {kind}", file.display())?;
    let now = ASN1Time::now().timestamp();
    let state = match (until.timestamp() - now, from.timestamp() - now) {
        (left, _) if left < 0 => format!("EXPIRED {} ago", days(-left)),
        (_, early) if early > 0 => "NOT YET VALID".to_owned(),
        (left, _) => format!("{} left", days(left)),
    };
    writeln!(out, "  valid        {} to {}, {state}", date(from), date(until))?;
    if !is_authority {
        let hosts = if hosts.is_empty() { "any".to_owned() } else { hosts.join(", ") };
        writeln!(out, "  hosts        {hosts}")?;
    }
    writeln!(out, "  signed by    {issuer}")?;
    writeln!(out, "  fingerprint  {fingerprint}")?;
    Ok(())
}

fn days(seconds: i64) -> String {
    match seconds / DAY {
        0 => format!("{} h", seconds / 3600),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn date(time: &ASN1Time) -> String {
    time.to_datetime().date().to_string()
}

fn as_json(file: &Path, shown: &Shown) -> Value {
    let Shown { convention, identity, is_authority, hosts, from, until, issuer, fingerprint, .. } = shown;
    json!({
        "file": file,
        "convention": convention,
        "identity": identity,
        "authority": is_authority,
        "hosts": hosts,
        "from": from.timestamp(),
        "until": until.timestamp(),
        "good": is_good(shown),
        "issuer": issuer,
        "fingerprint": fingerprint,
    })
}
