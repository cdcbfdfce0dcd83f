//! Certificates for all systems, in a folder that goes with the run.

use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use roscius_transport::network::Names;

use crate::Failure;

pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Result<Self, Failure> {
        let folder = std::env::temp_dir().join(format!("crowd-{}", std::process::id()));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate()?;
        std::fs::write(folder.join("ca.pem"), params.self_signed(&key)?.pem())?;
        Ok(Self { folder, issuer: Issuer::new(params, key) })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn certify(&self, identity: &str) -> Result<(), Failure> {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![
            SanType::URI(Names::new("crowd", identity)?.uri().try_into()?),
            SanType::IpAddress([127, 0, 0, 1].into()),
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        std::fs::write(certificate_of(&self.folder, identity), certificate.pem())?;
        std::fs::write(certificate_of(&self.folder, identity).with_extension("key"), key.serialize_pem())?;
        Ok(())
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn certificate_of(folder: &Path, identity: &str) -> PathBuf {
    folder.join(identity).with_extension("pem")
}
