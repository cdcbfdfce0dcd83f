//! Certificates of all kinds.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use roscius_transport::network::{Names, fingerprint};

use crate::Failure;

const DAY: Duration = Duration::from_secs(86400);

/// In the folder: those of `system`, `member`, `expired`, and `revoked`, whose fingerprint is in the file `refused`. In the folder `other` in it
/// that of another `member`, by another authority for the same convention.
pub fn make(folder: &Path) -> Result<(), Failure> {
    let ours = authority(folder)?;
    for identity in ["system", "member"] {
        certify(&ours, folder, identity, DAY)?;
    }
    let second = Duration::from_secs(1);
    certify(&ours, folder, "expired", second)?;
    let revoked = fingerprint::of(&certify(&ours, folder, "revoked", DAY)?);
    let digits: String = revoked.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(folder.join("refused"), digits)?;
    let other = folder.join("other");
    std::fs::create_dir(&other)?;
    certify(&authority(&other)?, &other, "member", DAY)?;
    Ok(())
}

fn authority(folder: &Path) -> Result<Issuer<'static, KeyPair>, Failure> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate()?;
    std::fs::write(folder.join("ca.pem"), params.self_signed(&key)?.pem())?;
    Ok(Issuer::new(params, key))
}

/// A certificate from two days ago on, until a day after tomorrow or, for a shorter time, until long ago. Gives it in DER.
fn certify(by: &Issuer<'_, KeyPair>, folder: &Path, identity: &str, lasts: Duration) -> Result<Vec<u8>, Failure> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(Names::new("site", identity)?.uri().try_into()?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let begins = SystemTime::now() - 2 * DAY;
    params.not_before = begins.into();
    params.not_after = if lasts < DAY { (begins + lasts).into() } else { (SystemTime::now() + lasts).into() };
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, by)?;
    std::fs::write(folder.join(identity).with_extension("pem"), certificate.pem())?;
    std::fs::write(folder.join(identity).with_extension("key"), key.serialize_pem())?;
    Ok(certificate.der().to_vec())
}
