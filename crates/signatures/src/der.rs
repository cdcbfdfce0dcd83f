//! The little DER that keys are made of.

use ring::error::Unspecified;
use ring::io::der::{Tag, expect_tag_and_get_value, nested, positive_integer};

use crate::public_key::Algorithm;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const NULL: [u8; 2] = [0x05, 0x00];

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// What a PKCS#8 private key for Ed25519 begins with; the seed of 32 bytes follows.
const ED25519_PKCS8: &[u8] =
    &[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// What is inside a SubjectPublicKeyInfo.
pub(crate) enum PublicKeyInfo<'a> {
    /// An RSAPublicKey of PKCS#1.
    Rsa(&'a [u8]),
    Ed25519(&'a [u8]),
    /// An algorithm that is not for us.
    Other,
}

/// Takes a SubjectPublicKeyInfo apart; `None` if it is none.
pub(crate) fn read_public_key_info(der: &[u8]) -> Option<PublicKeyInfo<'_>> {
    untrusted::Input::from(der)
        .read_all(Unspecified, |reader| {
            nested(reader, Tag::Sequence, Unspecified, |info| {
                let algorithm = expect_tag_and_get_value(info, Tag::Sequence)?;
                let key = ring::io::der::bit_string_with_no_unused_bits(info)?.as_slice_less_safe();
                let (id, has_null) = algorithm.read_all(Unspecified, |algorithm| {
                    let id = expect_tag_and_get_value(algorithm, Tag::OID)?.as_slice_less_safe();
                    Ok((id, algorithm.read_bytes_to_end().as_slice_less_safe() == NULL))
                })?;
                Ok(match id {
                    RSA_ENCRYPTION if has_null => PublicKeyInfo::Rsa(key),
                    ED25519 if !has_null => PublicKeyInfo::Ed25519(key),
                    _ => PublicKeyInfo::Other,
                })
            })
        })
        .ok()
}

/// What a PKCS#8 private key is for; `None` if it is neither that nor for us.
pub(crate) fn private_key_algorithm(der: &[u8]) -> Option<Algorithm> {
    untrusted::Input::from(der)
        .read_all(Unspecified, |reader| {
            nested(reader, Tag::Sequence, Unspecified, |info| {
                expect_tag_and_get_value(info, Tag::Integer)?;
                let id = nested(info, Tag::Sequence, Unspecified, |algorithm| {
                    let id = expect_tag_and_get_value(algorithm, Tag::OID)?.as_slice_less_safe();
                    algorithm.skip_to_end();
                    Ok(id)
                })?;
                info.skip_to_end();
                match id {
                    RSA_ENCRYPTION => Ok(Algorithm::Rsa),
                    ED25519 => Ok(Algorithm::Ed25519),
                    _ => Err(Unspecified),
                }
            })
        })
        .ok()
}

/// The size of the modulus of an RSAPublicKey in bits; `None` if it is none.
pub(crate) fn rsa_bits(der: &[u8]) -> Option<usize> {
    untrusted::Input::from(der)
        .read_all(Unspecified, |reader| {
            nested(reader, Tag::Sequence, Unspecified, |key| {
                let modulus = positive_integer(key)?;
                positive_integer(key)?;
                let bytes = modulus.big_endian_without_leading_zero();
                let unused = bytes.first().map_or(0, |byte| byte.leading_zeros() as usize);
                Ok(bytes.len() * 8 - unused)
            })
        })
        .ok()
}

/// The SubjectPublicKeyInfo of an RSAPublicKey.
pub(crate) fn rsa_public_key_info(key: &[u8]) -> Vec<u8> {
    let algorithm = [element(OBJECT_ID, RSA_ENCRYPTION), NULL.to_vec()].concat();
    public_key_info(&algorithm, key)
}

/// The SubjectPublicKeyInfo of an Ed25519 key.
pub(crate) fn ed25519_public_key_info(key: &[u8]) -> Vec<u8> {
    public_key_info(&element(OBJECT_ID, ED25519), key)
}

fn public_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    // A bit string begins with the number of its unused bits.
    let bits = element(BIT_STRING, &[&[0], key].concat());
    element(SEQUENCE, &[element(SEQUENCE, algorithm), bits].concat())
}

/// The PKCS#8 form of an Ed25519 key, as other tools read it.
pub(crate) fn ed25519_pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    [ED25519_PKCS8, seed].concat()
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().position(|&byte| byte != 0).unwrap_or(length.len() - 1)..];
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | significant.len() as u8);
    }
    out.extend_from_slice(significant);
    out.extend_from_slice(content);
    out
}
