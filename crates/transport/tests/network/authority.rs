//! Certificates of all kinds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use roscius_transport::network::{LinksOptions, Names, Security, TlsConfig, TlsFiles};

use crate::scene::{Station, options};

pub const DAY: Duration = Duration::from_secs(86400);

/// An authority, and a folder for what it makes that goes with the test.
pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    made: AtomicU32,
}

impl Authority {
    pub fn new() -> Self {
        static FOLDERS: AtomicU32 = AtomicU32::new(0);
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("rcert-{}-{number}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
        Self { folder, issuer: Issuer::new(params, key), made: AtomicU32::new(0) }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A good certificate, or what `change` makes of it.
    pub fn certify(&self, identity: &str, change: impl FnOnce(&mut CertificateParams)) -> TlsFiles {
        let uri = Names::new("site", identity).unwrap().uri();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = (SystemTime::now() - DAY).into();
        params.not_after = (SystemTime::now() + DAY).into();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let at = |ending: &str| self.folder.join(format!("{identity}-{number}.{ending}"));
        std::fs::write(at("pem"), certificate.pem()).unwrap();
        std::fs::write(at("key"), key.serialize_pem()).unwrap();
        TlsFiles { authorities: self.folder.join("ca.pem"), certificate: at("pem"), key: at("key"), refused: None }
    }

    /// What a system with a good certificate is told.
    pub fn options(&self, system: u32) -> LinksOptions {
        secured(system, &self.certify(&format!("system-{system}"), |_| {}))
    }

    pub fn station(&self, system: u32) -> Station {
        Station::with(self.options(system))
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn secured(system: u32, files: &TlsFiles) -> LinksOptions {
    LinksOptions { security: Security::Tls(TlsConfig::load(files).unwrap()), ..options(system) }
}
