//! Connections: how many, how long they may be silent, and how one is cut off.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

/// How many connections are served at a time. Others wait until one ends.
const CONNECTIONS: usize = 128;
/// How long a request may take to come.
const REQUEST_WITHIN: Duration = Duration::from_secs(10);
/// How many bytes wait for a browser beside those that the operating system holds. Requests are no longer either.
const BUFFER: usize = 64 << 10;
/// How long to wait when there is no descriptor for one more connection.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Ends the connection that a request came by.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut(Arc<Notify>);

impl Cut {
    /// Ends it, whatever is on its way.
    pub fn cut(&self) {
        self.0.notify_one();
    }

    /// Waits until it is ended so.
    pub fn wait(&self) -> impl Future<Output = ()> {
        self.0.notified()
    }
}

/// Serves for as long as it is polled.
pub(super) async fn serve(listener: TcpListener, app: Router) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // It is closed by nobody.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(AGAIN_AFTER).await;
                continue;
            }
        };
        // Events are small, and wanted at once.
        let _ = stream.set_nodelay(true);
        let cut = Cut::default();
        let service = TowerToHyperService::new(app.clone().layer(Extension(cut.clone())));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(REQUEST_WITHIN)
                .max_buf_size(BUFFER)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection has ended");
                },
                () = cut.wait() => tracing::debug!("a connection was cut off"),
            }
            drop(place);
        });
    }
}
