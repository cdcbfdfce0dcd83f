//! Keys that sign.

use std::fmt;

use ring::error::KeyRejected;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::der;
use crate::public_key::{Algorithm, KeyError, PublicKey, blocks, to_pem};

const PRIVATE_KEY: &str = "PRIVATE KEY";
const RSA_PRIVATE_KEY: &str = "RSA PRIVATE KEY";
const ENCRYPTED_PRIVATE_KEY: &str = "ENCRYPTED PRIVATE KEY";

/// A private key that signs sources.
pub struct SigningKey {
    pair: Pair,
    public: PublicKey,
    /// The PKCS#8 form, where it was made here.
    pkcs8: Option<Vec<u8>>,
}

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// The private key in a text: a PEM block `PRIVATE KEY` (PKCS#8, for RSA or Ed25519) or `RSA PRIVATE KEY` (PKCS#1).
    /// RSA keys must have from 2048 to 4096 bits.
    ///
    /// # Errors
    ///
    /// There is none, or it can not be used.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let blocks = blocks(text)?;
        // Other tools write parameters and certificates beside a key.
        let block = blocks.iter().find(|block| block.tag().ends_with(PRIVATE_KEY)).unwrap_or(&blocks[0]);
        if block.tag() == ENCRYPTED_PRIVATE_KEY || block.headers().get("Proc-Type").is_some() {
            return Err(KeyError::Protected);
        }
        let der = block.contents();
        match block.tag() {
            RSA_PRIVATE_KEY => Self::rsa(RsaKeyPair::from_der(der)),
            PRIVATE_KEY => match der::private_key_algorithm(der).ok_or(KeyError::Algorithm)? {
                Algorithm::Rsa => Self::rsa(RsaKeyPair::from_pkcs8(der)),
                // Most tools leave the public key out.
                Algorithm::Ed25519 => Self::ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der), None),
            },
            label => Err(KeyError::Label { wanted: "private key", label: label.to_owned() }),
        }
    }

    /// A new Ed25519 key.
    ///
    /// # Errors
    ///
    /// The system gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| KeyError::NoRandomness)?;
        Self::ed25519(Ed25519KeyPair::from_seed_unchecked(&seed), Some(der::ed25519_pkcs8(&seed)))
    }

    fn rsa(pair: Result<RsaKeyPair, KeyRejected>) -> Result<Self, KeyError> {
        let hint = "RSA keys that sign must have from 2048 to 4096 bits";
        let pair = pair.map_err(|error| KeyError::Rejected(format!("{error}; {hint}")))?;
        let public = PublicKey::rsa(pair.public().as_ref())?;
        Ok(Self { pair: Pair::Rsa(Box::new(pair)), public, pkcs8: None })
    }

    fn ed25519(pair: Result<Ed25519KeyPair, KeyRejected>, pkcs8: Option<Vec<u8>>) -> Result<Self, KeyError> {
        let pair = pair.map_err(|error| KeyError::Rejected(error.to_string()))?;
        let key = pair.public_key().as_ref().try_into();
        let public = PublicKey::ed25519(key.map_err(|_| KeyError::Damaged("its length is wrong".into()))?);
        Ok(Self { pair: Pair::Ed25519(pair), public, pkcs8 })
    }

    /// The key that checks what this one signs.
    pub fn public_key(&self) -> PublicKey {
        self.public.clone()
    }

    /// What it is for.
    pub const fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// A key that [`SigningKey::generate`] made, as a PEM block `PRIVATE KEY`; `None` for others, which their owner has.
    pub fn to_pem(&self) -> Option<String> {
        self.pkcs8.clone().map(|der| to_pem(PRIVATE_KEY, der))
    }

    /// Signs; `None` if the system gives no randomness.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                // The randomness blinds the computation; the signature does not depend on it.
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({}, {})", self.algorithm(), self.public.id())
    }
}
