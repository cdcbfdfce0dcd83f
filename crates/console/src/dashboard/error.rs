//! Why there is no dashboard.

use std::io;

/// Why a dashboard can not be served.
#[derive(Debug, thiserror::Error)]
pub enum DashboardError {
    /// The port can not be had.
    #[error("port {port} can not be used: {error}. Choose another with --port, or none for any that is free")]
    Port {
        /// Which.
        port: u16,
        /// What the operating system says.
        error: io::Error,
    },
    /// There are no random numbers, and so no token.
    #[error("the operating system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The operating system refused something else.
    #[error(transparent)]
    Io(#[from] io::Error),
}
