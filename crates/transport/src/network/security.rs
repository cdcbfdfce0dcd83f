//! Who may be at the other end.

/// Who may be at the other end of a link.
#[derive(Clone, Debug)]
pub enum Security {
    /// Who has a certificate of the convention's authority.
    Tls(TlsConfig),
    /// Anybody, without encryption.
    Plain {
        /// Whether that goes for all hosts: the user has said `insecure`. Otherwise only processes of the same user on this
        /// host are taken.
        anywhere: bool,
    },
}

/// The certificates of this side, and what it asks of others.
#[derive(Clone, Debug)]
pub struct TlsConfig {}
