//! Who may be at the other end.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::certificate::{Fingerprint, Names, Problem, Verifier, fingerprint};

/// Who may be at the other end of a link.
#[derive(Clone, Debug)]
pub enum Security {
    /// Who has a certificate of the convention's authority.
    Tls(TlsConfig),
    /// Anybody, without encryption.
    Plain {
        /// Whether that goes for all hosts: the user has said `insecure`. Otherwise only processes of the same user on this
        /// host are taken.
        anywhere: bool,
    },
}

/// Where the certificates of a system are, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate of the convention's authority; several while one follows another.
    pub authorities: PathBuf,
    /// The system's own certificate, and after it those between it and the authority, if there are any.
    pub certificate: PathBuf,
    /// The key to it.
    pub key: PathBuf,
    /// Fingerprints of certificates that are taken no more, one a line, as `roscius cert show` prints them; `#` begins a comment.
    pub refused: Option<PathBuf>,
}

/// The certificates of this side, and what it asks of others. To load it again takes in what has changed in the files.
#[derive(Clone, Debug)]
pub struct TlsConfig {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    names: Names,
    refused: Arc<HashSet<Fingerprint>>,
}

/// Certificates that are of no use.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can not be read, or there is nothing of the kind in it.
    #[error("{}: no {what} in PEM can be read: {why}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The file of refused certificates has a line that is no fingerprint.
    #[error("{}, line {line}: not a fingerprint: SHA-256 in 64 hexadecimal digits is wanted, as `roscius cert show` prints it", .path.display())]
    Refused {
        /// Which file.
        path: PathBuf,
        /// Which line, the first being 1.
        line: usize,
    },
    /// The key does not belong to the certificate.
    #[error("{}: this key does not belong to the certificate {}", .key.display(), .certificate.display())]
    AnotherKey {
        /// The file with the key.
        key: PathBuf,
        /// The file with the certificate.
        certificate: PathBuf,
    },
    /// Others would not take the certificate.
    #[error("{}: no other system would take this certificate: {problem}", .path.display())]
    Useless {
        /// Which file.
        path: PathBuf,
        /// Why not.
        problem: Problem,
    },
    /// TLS can not be set up.
    #[error("TLS can not be set up: {0}")]
    SetUp(String),
}

impl TlsConfig {
    /// Reads the files, and makes sure that others will take what is in them.
    ///
    /// # Errors
    ///
    /// [`TlsError`] says which file is of no use, and why.
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        // First the one that was named: where it is not, the others are not either.
        let chain = certificates(&files.certificate)?;
        let authorities = certificates(&files.authorities)?;
        let key =
            PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, "private key", &error))?;
        let refused = Arc::new(files.refused.as_deref().map(refused).transpose()?.unwrap_or_default());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let useless = |path: &Path| {
            let path = path.to_owned();
            move |problem| TlsError::Useless { path, problem }
        };
        let verifier =
            Verifier::new(&authorities, Arc::clone(&refused), &provider).map_err(useless(&files.authorities))?;
        let names = verifier.check(&chain, UnixTime::now()).map_err(useless(&files.certificate))?;
        let verifier = Arc::new(verifier);
        let failed = |error: rustls::Error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::AnotherKey { key: files.key.clone(), certificate: files.certificate.clone() }
            }
            error => TlsError::SetUp(error.to_string()),
        };
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|builder| {
                let builder = builder.with_client_cert_verifier(Arc::clone(&verifier) as _);
                builder.with_single_cert(chain.clone(), key.clone_key())
            })
            .map_err(failed)?;
        // A session that is resumed is not verified again: whoever is refused now would come in by an old one.
        server.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|builder| {
                let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
                builder.with_client_auth_cert(chain, key)
            })
            .map_err(failed)?;
        client.resumption = rustls::client::Resumption::disabled();
        client.enable_sni = false;
        Ok(Self { server: Arc::new(server), client: Arc::new(client), names, refused })
    }

    /// The convention and the identity that the certificate says.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Whether a certificate with these fingerprints in its chain is taken still.
    pub(super) fn takes(&self, chain: &[Fingerprint]) -> bool {
        !chain.iter().any(|fingerprint| self.refused.contains(fingerprint))
    }

    pub(super) fn accept(&self) -> Result<Connection, rustls::Error> {
        ServerConnection::new(Arc::clone(&self.server)).map(Connection::Server)
    }

    pub(super) fn dial(&self, host: ServerName<'static>) -> Result<Connection, rustls::Error> {
        ClientConnection::new(Arc::clone(&self.client), host).map(Connection::Client)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|error| unreadable(path, "certificate", &error))?;
    if certificates.is_empty() {
        return Err(unreadable(path, "certificate", &"there is none"));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, what: &'static str, why: &dyn ToString) -> TlsError {
    TlsError::Read { path: path.to_owned(), what, why: why.to_string() }
}

fn refused(path: &Path) -> Result<HashSet<Fingerprint>, TlsError> {
    let text = std::fs::read_to_string(path).map_err(|error| TlsError::Read {
        path: path.to_owned(),
        what: "list",
        why: error.to_string(),
    })?;
    let mut found = HashSet::new();
    for (index, line) in text.lines().enumerate() {
        let entry = line.split('#').next().unwrap_or_default().trim();
        if entry.is_empty() {
            continue;
        }
        let line = index + 1;
        found.insert(fingerprint::parse(entry).ok_or_else(|| TlsError::Refused { path: path.to_owned(), line })?);
    }
    Ok(found)
}
