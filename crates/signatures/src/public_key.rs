//! Keys that are trusted.

use std::fmt;
use std::str::FromStr;

use pem::Pem;
use ring::digest::{SHA256, digest};
use ring::signature::{
    ED25519, ED25519_PUBLIC_KEY_LEN, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, UnparsedPublicKey,
};

use crate::der::{self, PublicKeyInfo};

const PUBLIC_KEY: &str = "PUBLIC KEY";
const RSA_PUBLIC_KEY: &str = "RSA PUBLIC KEY";

/// The sizes of RSA keys, in bits. The Director's users have keys of 1024 bits; new ones should be of at least 2048.
const RSA_SIZES: std::ops::RangeInclusive<usize> = 1024..=8192;

/// Why a text is not the key it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no PEM block in it.
    #[error("there is no key in it: a key is a text between `-----BEGIN …-----` and `-----END …-----`")]
    NoPem,
    /// The PEM is damaged.
    #[error("the key is damaged: {0}")]
    Damaged(String),
    /// It is not this kind of thing that is wanted.
    #[error("a {wanted} is wanted, but this is a `{label}`")]
    Label {
        /// What is wanted.
        wanted: &'static str,
        /// What the PEM says that it is.
        label: String,
    },
    /// The key is protected by a password.
    #[error("the key is protected by a password: take the protection off, or use a key without")]
    Protected,
    /// Neither RSA nor Ed25519.
    #[error("only keys for RSA and for Ed25519 can be used here")]
    Algorithm,
    /// Too short to be safe, or too long.
    #[error("an RSA key of {bits} bits can not be used here: it must have from {least} to {most}")]
    Size {
        /// The size of the key.
        bits: usize,
        /// The smallest that can be used.
        least: usize,
        /// The largest that can be used.
        most: usize,
    },
    /// A private key was not taken.
    #[error("the private key can not be used: {0}")]
    Rejected(String),
    /// There was no randomness for a new key.
    #[error("the system gave no random numbers for a new key")]
    NoRandomness,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS#1 v1.5 padding and SHA-256.
    Rsa,
    /// Ed25519.
    Ed25519,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Rsa => "RSA",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// Names a key: the first eight bytes of the SHA-256 of its SubjectPublicKeyInfo. Shown as sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let bytes = crate::lines::from_hex(text.as_bytes()).ok_or(())?;
        Ok(Self(bytes))
    }
}

/// A key that signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(Inner);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Inner {
    /// An RSAPublicKey of PKCS#1, in DER.
    Rsa(Box<[u8]>),
    Ed25519([u8; ED25519_PUBLIC_KEY_LEN]),
}

impl PublicKey {
    /// The keys in a text: any number of PEM blocks `PUBLIC KEY` or `RSA PUBLIC KEY`, with other text around them.
    ///
    /// # Errors
    ///
    /// There is none, or one of them can not be used.
    pub fn from_pem(text: &str) -> Result<Vec<Self>, KeyError> {
        let blocks = blocks(text)?;
        blocks.iter().map(Self::from_block).collect()
    }

    fn from_block(block: &Pem) -> Result<Self, KeyError> {
        match block.tag() {
            RSA_PUBLIC_KEY => Self::rsa(block.contents()),
            PUBLIC_KEY => match der::read_public_key_info(block.contents()) {
                Some(PublicKeyInfo::Rsa(key)) => Self::rsa(key),
                Some(PublicKeyInfo::Ed25519(key)) => {
                    let key = key.try_into().map_err(|_| KeyError::Damaged("its length is wrong".into()))?;
                    Ok(Self::ed25519(key))
                }
                Some(PublicKeyInfo::Other) => Err(KeyError::Algorithm),
                None => Err(KeyError::Damaged("it is no SubjectPublicKeyInfo".into())),
            },
            label => Err(KeyError::Label { wanted: "public key", label: label.to_owned() }),
        }
    }

    pub(crate) fn rsa(key: &[u8]) -> Result<Self, KeyError> {
        let bits = der::rsa_bits(key).ok_or_else(|| KeyError::Damaged("it is no RSAPublicKey".into()))?;
        if !RSA_SIZES.contains(&bits) {
            return Err(KeyError::Size { bits, least: *RSA_SIZES.start(), most: *RSA_SIZES.end() });
        }
        Ok(Self(Inner::Rsa(key.into())))
    }

    pub(crate) const fn ed25519(key: [u8; ED25519_PUBLIC_KEY_LEN]) -> Self {
        Self(Inner::Ed25519(key))
    }

    /// What it is for.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Inner::Rsa(_) => Algorithm::Rsa,
            Inner::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&digest(&SHA256, &self.info()).as_ref()[..8]);
        KeyId(id)
    }

    /// The key as a PEM block `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        to_pem(PUBLIC_KEY, self.info())
    }

    fn info(&self) -> Vec<u8> {
        match &self.0 {
            Inner::Rsa(key) => der::rsa_public_key_info(key),
            Inner::Ed25519(key) => der::ed25519_public_key_info(key),
        }
    }

    /// Whether the private part of this key has signed `message`.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Inner::Rsa(key) => UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, &key[..])
                .verify(message, signature)
                .is_ok(),
            Inner::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok(),
        }
    }
}

/// The PEM blocks in a text, of which there is at least one.
pub(crate) fn blocks(text: &str) -> Result<Vec<Pem>, KeyError> {
    let blocks = pem::parse_many(text).map_err(|error| KeyError::Damaged(error.to_string()))?;
    if blocks.is_empty() {
        // The parser passes over a block without an end.
        let begins = text.contains("-----BEGIN ");
        return Err(if begins { KeyError::Damaged("it has no end".into()) } else { KeyError::NoPem });
    }
    Ok(blocks)
}

pub(crate) fn to_pem(label: &str, der: Vec<u8>) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&Pem::new(label, der), config)
}
