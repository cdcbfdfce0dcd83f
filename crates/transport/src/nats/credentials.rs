//! Files with credentials, as `nsc` makes them: a token that says who a user is, and the seed of the key that it is bound to.

use std::path::{Path, PathBuf};

use nkeys::{KeyPair, KeyPairType};

/// What is in such a file.
pub struct Credentials {
    /// The token, which is shown to the server.
    pub token: String,
    key: KeyPair,
}

/// Why a file with credentials is of no use.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// It can not be read.
    #[error("the credentials in `{}` can not be read: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("there are no credentials in `{}`: {why}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it. Nothing of the seed.
        why: &'static str,
    },
}

impl Credentials {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| CredentialsError::Io { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|why| CredentialsError::Content { path: path.to_owned(), why })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let token = framed(text, "NATS USER JWT").ok_or("it has no part `NATS USER JWT`")?;
        let seed = framed(text, "USER NKEY SEED").ok_or("it has no part `USER NKEY SEED`")?;
        let key = KeyPair::from_seed(seed).map_err(|_| "its seed is none")?;
        // With another key the server would refuse everything that is signed.
        if key.key_pair_type() != KeyPairType::User {
            return Err("its seed is not that of a user");
        }
        Ok(Self { token: token.to_owned(), key })
    }

    /// Signs what the server has drawn.
    pub fn sign(&self, nonce: &[u8]) -> Result<Vec<u8>, nkeys::error::Error> {
        self.key.sign(nonce)
    }
}

/// The line between `-----BEGIN name-----` and the line that ends it, which has one more `-` where `nsc` writes it.
fn framed<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.trim_matches('-') == format!("BEGIN {name}"))?;
    let content = lines.next().filter(|line| !line.is_empty())?;
    lines.next().filter(|line| line.trim_matches('-') == format!("END {name}"))?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(token: &str, seed: &str) -> String {
        format!(
            "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n*** IMPORTANT ***\nsecret\n\n\
             -----BEGIN USER NKEY SEED-----\r\n{seed}\r\n------END USER NKEY SEED------\r\n"
        )
    }

    #[test]
    fn what_nsc_writes_is_read() {
        let user = KeyPair::new_user();
        let credentials = Credentials::parse(&file("e30.e30.x", &user.seed().unwrap())).ok().unwrap();
        assert_eq!(credentials.token, "e30.e30.x");
        user.verify(b"nonce", &credentials.sign(b"nonce").unwrap()).unwrap();
    }

    #[test]
    fn what_is_no_such_file_says_why_and_gives_no_seed_away() {
        let account = KeyPair::new_account().seed().unwrap();
        let whole = file("e30.e30.x", &KeyPair::new_user().seed().unwrap());
        let wrong = [String::new(), file("", "x"), file("x", "SUAsecret"), file("x", &account), whole[..60].to_owned()];
        for text in wrong {
            let why = Credentials::parse(&text).err().unwrap();
            assert!(!why.is_empty() && !why.contains("secret"), "{why}");
        }
        let missing = Credentials::read(Path::new("/nowhere/edge.creds")).err().unwrap().to_string();
        assert!(missing.contains("`/nowhere/edge.creds`"), "{missing}");
    }
}
