//! What is answered to which request.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Json, Router, middleware};
use serde::{Deserialize, Serialize};

use super::collector::Watcher;
use super::guard::{self, Guard, METRICS, PAGE};
use super::metrics;
use super::server::Cut;
use super::stream;
use super::view::{Asked, View};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const ICON: &str = "image/svg+xml";

/// What all routes use.
#[derive(Clone)]
struct Shared {
    guard: Arc<Guard>,
    watcher: Watcher,
}

/// All routes, behind the guard.
pub(super) fn router(guard: Arc<Guard>, watcher: Watcher) -> Router {
    let shared = Shared { guard: Arc::clone(&guard), watcher };
    Router::new()
        .route(PAGE, file(HTML, include_str!("page/index.html")))
        .route("/style.css", file(CSS, include_str!("page/style.css")))
        .route("/script.js", file(SCRIPT, include_str!("page/script.js")))
        .route("/table.js", file(SCRIPT, include_str!("page/table.js")))
        .route("/chart.js", file(SCRIPT, include_str!("page/chart.js")))
        .route("/icon.svg", file(ICON, include_str!("page/icon.svg")))
        .route("/events", get(events))
        .route("/resend", post(resend))
        .route(METRICS, get(prometheus))
        .layer(middleware::from_fn_with_state(guard, guard::check))
        .with_state(shared)
}

/// A part of the page. It comes with the program.
fn file(kind: &'static str, text: &'static str) -> MethodRouter<Shared> {
    get(move || async move { ([(header::CONTENT_TYPE, kind)], text) })
}

async fn events(
    State(shared): State<Shared>,
    Query(asked): Query<Asked>,
    Extension(cut): Extension<Cut>,
) -> Result<Sse<impl tokio_stream::Stream<Item = Result<Event, Infallible>>>, (StatusCode, &'static str)> {
    let place = shared.watcher.take_place();
    let place = place.ok_or((StatusCode::SERVICE_UNAVAILABLE, "Too many browsers look on already: close one."))?;
    let view = View::new(&asked, shared.guard.allow_changes);
    Ok(Sse::new(stream::start(shared.watcher, view, cut, place)))
}

/// A dead letter that is to be sent again.
#[derive(Deserialize)]
struct Resend {
    letter: u64,
    /// An address or a global name. None: whom it was for.
    to: Option<String>,
}

/// Whom it was sent to.
#[derive(Serialize)]
struct Resent {
    to: String,
}

async fn resend(State(shared): State<Shared>, Json(resend): Json<Resend>) -> Response {
    let Resend { letter, to } = resend;
    let to = to.map(|to| to.trim().to_owned()).filter(|to| !to.is_empty());
    match shared.watcher.resend(letter, to).await {
        Ok(Some(to)) => Json(Resent { to }).into_response(),
        Ok(None) => (StatusCode::GONE, "The message of this letter is not kept any more.").into_response(),
        Err(reason) => (StatusCode::CONFLICT, reason).into_response(),
    }
}

async fn prometheus(State(shared): State<Shared>) -> Response {
    let picture = Arc::clone(&shared.watcher.pictures.borrow());
    match metrics::text(picture) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
