//! Certificates of conventions: an authority, and those of its systems.
//!
//! What is in them is decided by `roscius_transport::network`, which reads them; here they are made.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SanType,
};
use roscius_transport::network::{NameError, Names, Problem, TlsConfig, TlsError, TlsFiles, fingerprint};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::time::ASN1Time;

/// The clocks of two hosts may differ by so much.
const CLOCKS: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86400);
/// How the authority is called among the names in its own certificate.
const AUTHORITY: &str = "ca";

/// Why a certificate can not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Such a name can not be in a certificate.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The authority's files have this name.
    #[error("a system can not be called \"{AUTHORITY}\": its files would be those of the authority")]
    Reserved,
    /// It is no host name and no address.
    #[error("\"{host}\" is no host name and no address: give it without a port")]
    Host {
        /// What was given.
        host: String,
    },
    /// The file is there already.
    #[error("{} is there already{hint}", .path.display())]
    Exists {
        /// Which file.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// There is no authority.
    #[error("{}: no authority can be read: {why}; `roscius cert init CONVENTION` makes one", .path.display())]
    NoAuthority {
        /// Where it should be.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The key does not belong to the certificate of the authority.
    #[error("{} does not belong to the certificate beside it", .path.display())]
    AnotherKey {
        /// The file with the key.
        path: PathBuf,
    },
    /// The authority's time is over.
    #[error("{}: the authority has expired; a new one (roscius cert init) has to certify every system anew", .path.display())]
    ExpiredAuthority {
        /// Its certificate.
        path: PathBuf,
    },
    /// The file can not be read, or has no certificate.
    #[error("{}: {why}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file can not be written.
    #[error("{} can not be written: {source}", .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It could not be made.
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
    /// It was made, and would not be taken.
    #[error(transparent)]
    Useless(#[from] TlsError),
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key to it.
    pub key: PathBuf,
}

/// Makes the authority of a convention in a folder, which is made too if it is not there.
///
/// # Errors
///
/// [`CertificateError`]; nothing is written over.
pub fn init(folder: &Path, convention: &str, days: u32) -> Result<Made, CertificateError> {
    let uri = Names::new(convention, AUTHORITY)?.uri();
    let mut params = params(&format!("authority of {convention}"), uri, days)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    std::fs::create_dir_all(folder).map_err(|source| CertificateError::Write { path: folder.to_owned(), source })?;
    write_both(folder, AUTHORITY, &certificate.pem(), &key, false)
}

/// How the certificate of a system is to be.
#[derive(Debug)]
pub struct Node<'a> {
    /// The name of the system in its convention.
    pub name: &'a str,
    /// The host names and addresses that it is dialled by; none: any.
    pub hosts: &'a [String],
    /// How many days it is good.
    pub days: u32,
    /// Whether files that are there are written over.
    pub replace: bool,
}

/// Makes the certificate of a system with the authority that is in the folder.
///
/// # Errors
///
/// [`CertificateError`].
pub fn node(folder: &Path, node: &Node<'_>) -> Result<Made, CertificateError> {
    if node.name == AUTHORITY {
        return Err(CertificateError::Reserved);
    }
    let (authority, key_path) = (file(folder, AUTHORITY, "pem"), file(folder, AUTHORITY, "key"));
    let no_authority =
        |path: &Path, why: &dyn ToString| CertificateError::NoAuthority { path: path.to_owned(), why: why.to_string() };
    let shown = read(&authority).map_err(|error| match error {
        CertificateError::Unreadable { path, why } => CertificateError::NoAuthority { path, why },
        error => error,
    })?;
    let [Shown { convention: Some(convention), is_authority: true, until, public_key, .. }] = &shown[..] else {
        return Err(no_authority(&authority, &"it is not one certificate of an authority"));
    };
    if until.timestamp() < ASN1Time::now().timestamp() {
        return Err(CertificateError::ExpiredAuthority { path: authority });
    }
    let text = |path: &Path| std::fs::read_to_string(path).map_err(|error| no_authority(path, &error));
    let key = KeyPair::from_pem(&text(&key_path)?).map_err(|error| no_authority(&key_path, &error))?;
    if key.der_bytes() != public_key {
        return Err(CertificateError::AnotherKey { path: key_path });
    }
    let issuer = Issuer::from_ca_cert_pem(&text(&authority)?, key).map_err(|error| no_authority(&authority, &error))?;

    let mut params = params(node.name, Names::new(convention, node.name)?.uri(), node.days)?;
    params.not_after = params.not_after.min(until.to_datetime());
    for host in node.hosts {
        params.subject_alt_names.push(host_name(host)?);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let own = KeyPair::generate()?;
    let certificate = params.signed_by(&own, &issuer)?;
    let made = write_both(folder, node.name, &certificate.pem(), &own, node.replace)?;
    // What others will find is better found here.
    let (certificate, key) = (made.certificate.clone(), made.key.clone());
    TlsConfig::load(&TlsFiles { authorities: authority, certificate, key, refused: None })?;
    Ok(made)
}

/// Those of an authority and those of a system.
fn params(name: &str, uri: String, days: u32) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Roscius");
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
    let now = SystemTime::now();
    params.not_before = (now - CLOCKS).into();
    params.not_after = (now + DAY * days).into();
    Ok(params)
}

fn host_name(host: &str) -> Result<SanType, CertificateError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let good = |c: char| c.is_ascii_alphanumeric() || "-._*".contains(c);
    if host.is_empty() || !host.chars().all(good) {
        return Err(CertificateError::Host { host: host.to_owned() });
    }
    Ok(SanType::DnsName(host.try_into()?))
}

fn file(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}.{ending}"))
}

/// Writes a key that nobody else may read, and its certificate. Neither is written over another unless that is wanted.
fn write_both(folder: &Path, name: &str, pem: &str, key: &KeyPair, replace: bool) -> Result<Made, CertificateError> {
    let made = Made { certificate: file(folder, name, "pem"), key: file(folder, name, "key") };
    for path in [&made.certificate, &made.key] {
        if !replace && path.exists() {
            let hint = if name == AUTHORITY { "" } else { "; `--replace` replaces it" };
            return Err(CertificateError::Exists { path: path.clone(), hint });
        }
    }
    for (path, text, mode) in [(&made.key, key.serialize_pem(), 0o600), (&made.certificate, pem.to_owned(), 0o644)] {
        let failed = |source| CertificateError::Write { path: path.clone(), source };
        // Beside it first: a system that is starting finds the old one or the new one, whole.
        let beside = path.with_extension("new");
        let _ = std::fs::remove_file(&beside);
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)?;
    }
    Ok(made)
}

/// What a certificate says.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The convention, if it says one.
    pub convention: Option<String>,
    /// The system, if it is that of one.
    pub identity: Option<String>,
    /// Whether it may sign others.
    pub is_authority: bool,
    /// The host names and addresses that it is bound to.
    pub hosts: Vec<String>,
    /// When it begins to be good.
    pub from: ASN1Time,
    /// When it is good no more.
    pub until: ASN1Time,
    /// Whose signature it has.
    pub issuer: String,
    /// Its SHA-256.
    pub fingerprint: String,
    /// The key in it.
    public_key: Vec<u8>,
}

/// Reads the certificates in a file.
///
/// # Errors
///
/// [`CertificateError::Unreadable`] if there is none.
pub fn read(path: &Path) -> Result<Vec<Shown>, CertificateError> {
    let unreadable = |why: String| CertificateError::Unreadable { path: path.to_owned(), why };
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let mut found = Vec::new();
    let mut others = Vec::new();
    for pem in Pem::iter_from_buffer(&bytes) {
        let pem = pem.map_err(|error| unreadable(format!("it is no PEM: {error}")))?;
        if pem.label == "CERTIFICATE" {
            found.push(show(&pem).map_err(&unreadable)?);
        } else {
            others.push(pem.label);
        }
    }
    match (found.is_empty(), others.first()) {
        (false, _) => Ok(found),
        (true, Some(label)) => Err(unreadable(format!("it has no certificate, but a {}", label.to_lowercase()))),
        (true, None) => Err(unreadable("it has no certificate in PEM".to_owned())),
    }
}

fn show(pem: &Pem) -> Result<Shown, String> {
    let certificate: X509Certificate<'_> = pem.parse_x509().map_err(|error| format!("no certificate: {error}"))?;
    let names = match Names::of(&pem.contents[..].into()) {
        Ok(names) => Some(names),
        Err(Problem::Nameless) => None,
        Err(problem) => return Err(problem.to_string()),
    };
    let mut hosts = Vec::new();
    if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
        hosts.extend(alternative.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        }));
    }
    let is_authority = certificate.is_ca();
    let validity = certificate.validity();
    let digest = fingerprint::of(&pem.contents);
    Ok(Shown {
        convention: names.as_ref().map(|names| names.convention.clone()),
        identity: names.map(|names| names.identity).filter(|_| !is_authority),
        is_authority,
        hosts,
        from: validity.not_before,
        until: validity.not_after,
        issuer: certificate.issuer().to_string(),
        fingerprint: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        public_key: certificate.public_key().subject_public_key.data.to_vec(),
    })
}

fn address(bytes: &[u8]) -> Option<String> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    let address = four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from));
    address.ok().map(|address| address.to_string())
}
