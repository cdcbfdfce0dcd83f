//! The dashboard: a page that shows a running system, and what Prometheus reads.
//!
//! A thread of its own, the *collector*, looks at the system and makes a *picture* of it. The page gets a *view* of the
//! picture by server-sent events: first all of it, then what has changed. Views are made from the newest picture when a browser
//! can take one, so a slow browser skips pictures and nothing queues for it.
//!
//! Whether a request is answered at all is decided in one place, the *guard*.

mod collector;
mod counted;
mod error;
mod forest;
mod guard;
mod history;
mod log_tail;
mod metrics;
mod news;
mod patch;
mod picture;
mod routes;
mod rows;
mod server;
mod stream;
mod token;
mod view;

use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use collector::{Connect, Observed};
pub use error::DashboardError;
use guard::Guard;
use token::Token;

/// How a dashboard is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port on loopback. Zero: any that is free.
    pub port: u16,
    /// Whether the page may change something: send dead letters again.
    pub allow_changes: bool,
    /// Whether `/metrics` is answered without the token.
    pub metrics_open: bool,
    /// A file whose last lines are shown, such as one that the system logs to.
    pub log: Option<PathBuf>,
    /// How often the system is looked at while somebody looks on. Else it is five times as long.
    pub every: Duration,
}

/// A free port, nothing allowed, one look a second.
impl Default for Options {
    fn default() -> Self {
        Self { port: 0, allow_changes: false, metrics_open: false, log: None, every: Duration::from_secs(1) }
    }
}

/// A dashboard that has its port, and does not serve yet.
#[derive(Debug)]
pub struct Dashboard {
    listener: TcpListener,
    address: SocketAddr,
    guard: Arc<Guard>,
    log: Option<PathBuf>,
    every: Duration,
}

impl Dashboard {
    /// Takes the port and makes the token.
    ///
    /// # Errors
    ///
    /// [`DashboardError::Port`] if the port can not be had, [`DashboardError::Random`] if there are no random numbers.
    pub fn bind(options: Options) -> Result<Self, DashboardError> {
        let Options { port, allow_changes, metrics_open, log, every } = options;
        let failed = |error| DashboardError::Port { port, error };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let cookie = format!("roscius-{}", address.port());
        let guard = Arc::new(Guard { token: Token::random()?, cookie, allow_changes, metrics_open });
        Ok(Self { listener, address, guard, log, every })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The secret that a program shows as a bearer token. The browser gets it with [`Dashboard::url`].
    pub fn token(&self) -> &str {
        self.guard.token.text()
    }

    /// What the user opens: the page, with the token.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token())
    }

    /// Shows the system that `connect` finds, until what `begin` gives has ended.
    /// `begin` is called when all is ready, in the runtime that serves. A system that has ended is looked for again.
    ///
    /// # Errors
    ///
    /// [`DashboardError::Io`] if the operating system refuses threads or descriptors.
    pub fn serve<S>(self, connect: Connect, begin: impl FnOnce() -> io::Result<S>) -> Result<(), DashboardError>
    where
        S: Future<Output = ()>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let collector = collector::start(connect, self.log, self.every)?;
            let app = routes::router(self.guard, collector.watcher());
            let ended = match begin() {
                Ok(stop) => {
                    tokio::select! {
                        () = server::serve(listener, app) => {}
                        () = stop => {}
                    }
                    Ok(())
                }
                Err(error) => Err(error.into()),
            };
            collector.stop();
            ended
        })
    }
}
