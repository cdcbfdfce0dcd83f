//! The secret that lets a browser or a program in.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// How many random bytes a token has.
const LENGTH: usize = 32;

/// A random secret, made at the start and never written anywhere but into the URL that is printed.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A new one, from the random numbers of the operating system.
    ///
    /// # Errors
    ///
    /// [`getrandom::Error`] if it gives none.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The token as it stands in a URL, a cookie or a header.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether this is the token. How long that takes says nothing about how much of it is right.
    pub fn is(&self, claimed: &str) -> bool {
        self.0.as_bytes().ct_eq(claimed.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_alone_and_shows_nothing() {
        let (token, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert!(token.is(token.text()));
        assert!(!token.is(other.text()) && !token.is("") && !token.is(&token.text()[1..]));
        assert_eq!(token.text().len(), 43);
        assert!(!format!("{token:?}").contains(token.text()));
    }
}
