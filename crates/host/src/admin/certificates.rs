//! The certificates of a system, which are read again when their files change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use roscius_transport::network::{TlsConfig, TlsError, TlsFiles};

/// The files are looked at this often at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a file is: when it was changed, and how long it is. None: it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Certificates {
    certificate: PathBuf,
    seen: [Stamp; 4],
    looked: Instant,
}

impl Certificates {
    /// Reads the certificate of a system, with what is beside it.
    pub fn read(certificate: PathBuf) -> Result<(Self, TlsConfig), TlsError> {
        // Before it is read: what changes meanwhile is seen as a change.
        let seen = stamps(&certificate);
        let config = TlsConfig::load(&files(&certificate))?;
        Ok((Self { certificate, seen, looked: Instant::now() }, config))
    }

    /// What is in the files, if they have changed. An error is told once for each change: who writes several files is in between.
    pub fn read_again(&mut self) -> Option<Result<TlsConfig, TlsError>> {
        if self.looked.elapsed() < LOOK_EVERY {
            return None;
        }
        self.looked = Instant::now();
        let now = stamps(&self.certificate);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        Some(TlsConfig::load(&files(&self.certificate)))
    }
}

fn files(certificate: &Path) -> TlsFiles {
    let refused = certificate.with_file_name("refused");
    TlsFiles {
        authorities: certificate.with_file_name("ca.pem"),
        key: certificate.with_extension("key"),
        refused: refused.exists().then_some(refused),
        certificate: certificate.to_owned(),
    }
}

fn stamps(certificate: &Path) -> [Stamp; 4] {
    let stamp = |path: PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    let beside = |name: &str| certificate.with_file_name(name);
    [beside("ca.pem"), certificate.with_extension("key"), beside("refused"), certificate.to_owned()].map(stamp)
}
