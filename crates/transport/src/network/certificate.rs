//! What a certificate says, and whether it is good.
//!
//! The certificate of a system carries its convention and its identity as a URI among its alternative names,
//! `roscius://CONVENTION/IDENTITY`, and is signed by the authority of the convention. If it lists host names or addresses too, it is good only where
//! it was dialled by one of them.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{AlertDescription, CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

const SCHEME: &str = "roscius://";
/// The longest convention or identity in a certificate.
const LONGEST: usize = 100;

/// The SHA-256 of a certificate.
pub type Fingerprint = [u8; 32];

/// Fingerprints of certificates.
pub mod fingerprint {
    use super::Fingerprint;

    /// That of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Fingerprint {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, certificate).as_ref());
        bytes
    }

    /// Reads one: 64 hexadecimal digits, with colons between them or not.
    pub fn parse(text: &str) -> Option<Fingerprint> {
        let digits: Vec<u8> = text
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect::<Option<_>>()?;
        let pairs = digits.as_chunks::<2>();
        let bytes: Vec<u8> = pairs.0.iter().map(|[high, low]| high << 4 | low).collect();
        if pairs.1.is_empty() { bytes.try_into().ok() } else { None }
    }
}

/// Whose certificate it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The convention.
    pub convention: String,
    /// The name of the system in it.
    pub identity: String,
}

/// A name that can not be in a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{name}\" can not be a name in a certificate: letters, digits and `.-_:` are taken, from 1 to {LONGEST} of them"
)]
pub struct NameError {
    name: String,
}

impl Names {
    /// Makes sure that both can be in a certificate.
    ///
    /// # Errors
    ///
    /// [`NameError`] names the one that can not.
    pub fn new(convention: &str, identity: &str) -> Result<Self, NameError> {
        for name in [convention, identity] {
            let good = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
            if !(1..=LONGEST).contains(&name.len()) || !name.chars().all(good) {
                return Err(NameError { name: name.to_owned() });
            }
        }
        Ok(Self { convention: convention.to_owned(), identity: identity.to_owned() })
    }

    /// As the URI that is in the certificate.
    pub fn uri(&self) -> String {
        format!("{SCHEME}{}/{}", self.convention, self.identity)
    }

    /// Those in a certificate, if there are any.
    ///
    /// # Errors
    ///
    /// [`Problem::Nameless`] or [`Problem::Other`].
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, Problem> {
        let parsed = EndEntityCert::try_from(certificate).map_err(|error| Problem::Other(error.to_string()))?;
        let mut uris = parsed.valid_uri_names().filter_map(|uri| uri.strip_prefix(SCHEME));
        let (Some(uri), None) = (uris.next(), uris.next()) else { return Err(Problem::Nameless) };
        let (convention, identity) = uri.split_once('/').ok_or(Problem::Nameless)?;
        Self::new(convention, identity).map_err(|_| Problem::Nameless)
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is none.
    #[error("there is none")]
    Absent,
    /// Its time is over.
    #[error("it has expired{}: make a new one (roscius cert node)", Ago(.ago))]
    Expired {
        /// How long ago, if that is known.
        ago: Option<Duration>,
    },
    /// Its time has not come.
    #[error("it is not valid yet: is the clock right on both hosts?")]
    NotYet,
    /// Another authority has signed it.
    #[error("it is not of the authority that this convention has")]
    Foreign,
    /// It is on the list of those that are taken no more.
    #[error("it has been refused, by its fingerprint")]
    Refused,
    /// It is good for other hosts.
    #[error("it is for {}, and {dialled} was dialled", .hosts.join(", "))]
    AnotherHost {
        /// Where it is good.
        hosts: Vec<String>,
        /// What was dialled.
        dialled: String,
    },
    /// It says no convention and identity, or several.
    #[error("it does not say of which convention and system it is: make it with roscius cert node")]
    Nameless,
    /// It is for something else, such as signing certificates.
    #[error("it is no certificate for a system: make one with roscius cert node")]
    Purpose,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

struct Ago<'a>(&'a Option<Duration>);

impl fmt::Display for Ago<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(seconds) = self.0.map(|ago| ago.as_secs()) else { return Ok(()) };
        match seconds {
            0..3600 => write!(f, " {} min ago", seconds / 60),
            3600..172_800 => write!(f, " {} h ago", seconds / 3600),
            _ => write!(f, " {} days ago", seconds / 86400),
        }
    }
}

impl Problem {
    /// What this side finds wrong.
    pub(super) fn of(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired => Self::Expired { ago: None },
            CertificateError::ExpiredContext { time, not_after } => {
                Self::Expired { ago: Some(Duration::from_secs(time.as_secs().saturating_sub(not_after.as_secs()))) }
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYet,
            CertificateError::Revoked => Self::Refused,
            CertificateError::UnknownIssuer => Self::Foreign,
            CertificateError::NotValidForNameContext { expected, presented } => Self::AnotherHost {
                hosts: presented.iter().filter_map(|name| host_in(name)).map(str::to_owned).collect(),
                dialled: expected.to_str().into_owned(),
            },
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::Purpose,
            CertificateError::Other(other) => {
                let own = other.0.downcast_ref::<webpki::Error>();
                if matches!(own, Some(webpki::Error::CaUsedAsEndEntity)) {
                    Self::Purpose
                } else {
                    Self::Other(error.to_string())
                }
            }
            error => Self::Other(error.to_string()),
        }
    }

    /// What the other side finds wrong.
    pub(super) fn of_alert(alert: AlertDescription) -> Option<Self> {
        Some(match alert {
            AlertDescription::CertificateExpired => Self::Expired { ago: None },
            AlertDescription::CertificateRevoked => Self::Refused,
            AlertDescription::UnknownCA => Self::Foreign,
            AlertDescription::CertificateRequired => Self::Absent,
            AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnsupportedCertificate => Self::Other(format!("{alert:?}")),
            _ => return None,
        })
    }
}

/// A host name or an address among the names of a certificate, as the library describes them.
fn host_in(name: &str) -> Option<&str> {
    let inner = name.strip_prefix("DnsName(").or_else(|| name.strip_prefix("IpAddress("))?;
    Some(inner.strip_suffix(')')?.trim_matches('"'))
}

/// Decides whether a certificate is good, on both sides.
#[derive(Debug)]
pub(super) struct Verifier {
    authorities: Vec<TrustAnchor<'static>>,
    refused: Arc<HashSet<Fingerprint>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        authorities: &[CertificateDer<'_>],
        refused: Arc<HashSet<Fingerprint>>,
        provider: &CryptoProvider,
    ) -> Result<Self, Problem> {
        let anchor = |certificate| webpki::anchor_from_trusted_cert(certificate).map(|anchor| anchor.to_owned());
        let authorities: Result<_, _> = authorities.iter().map(anchor).collect();
        let authorities = authorities.map_err(|error: webpki::Error| Problem::Other(error.to_string()))?;
        Ok(Self { authorities, refused, algorithms: provider.signature_verification_algorithms })
    }

    /// Whether a chain, its own certificate first, would be taken at both ends of a link.
    pub(super) fn check(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Names, Problem> {
        let (own, between) = chain.split_first().ok_or(Problem::Absent)?;
        let problem = |error| match error {
            Error::InvalidCertificate(error) => Problem::of(&error),
            error => Problem::Other(error.to_string()),
        };
        for usage in [KeyUsage::client_auth(), KeyUsage::server_auth()] {
            self.verify(own, between, now, usage).map_err(problem)?;
        }
        Names::of(own)
    }

    fn verify(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
        usage: KeyUsage,
    ) -> Result<(), Error> {
        let certificate = EndEntityCert::try_from(own).map_err(of_webpki)?;
        certificate
            .verify_for_usage(self.algorithms.all, &self.authorities, between, now, usage, None, None)
            .map_err(of_webpki)?;
        // Names that are refused belong to certificates that were good.
        if std::iter::once(own).chain(between).any(|it| self.refused.contains(&fingerprint::of(it))) {
            return Err(CertificateError::Revoked.into());
        }
        Ok(())
    }
}

fn of_webpki(error: webpki::Error) -> Error {
    use webpki::Error as E;
    let error = match error {
        E::CertExpired { time, not_after } => CertificateError::ExpiredContext { time, not_after },
        E::CertNotValidYet { time, not_before } => CertificateError::NotValidYetContext { time, not_before },
        // An authority that was made anew under the name of the old one is another.
        E::UnknownIssuer | E::InvalidSignatureForPublicKey => CertificateError::UnknownIssuer,
        E::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        E::CertNotValidForName(context) => {
            CertificateError::NotValidForNameContext { expected: context.expected, presented: context.presented }
        }
        E::BadDer | E::BadDerTime | E::TrailingData(_) => CertificateError::BadEncoding,
        error => CertificateError::Other(rustls::OtherError(Arc::new(error))),
    };
    error.into()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify(end_entity, intermediates, now, KeyUsage::server_auth())?;
        let certificate = EndEntityCert::try_from(end_entity).map_err(of_webpki)?;
        match certificate.verify_is_valid_for_subject_name(server_name) {
            // One that lists no hosts is good on all of them: what counts is the identity.
            Err(webpki::Error::CertNotValidForName(context))
                if !context.presented.iter().any(|name| host_in(name).is_some()) => {}
            result => result.map_err(of_webpki)?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // There is one certificate to choose from.
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verify(end_entity, intermediates, now, KeyUsage::client_auth())?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls13_signature(self, message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
