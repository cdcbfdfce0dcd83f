//! Who may ask for what: decided for every request before anything else looks at it.
//!
//! The page listens on loopback, but every website that a user visits can make the browser send requests there. So a request
//! is refused unless
//!
//! * it is addressed to this machine by its own name: a name that somebody else has pointed here (DNS rebinding) is not;
//! * it does not come from a page of another site;
//! * it brings the token, in the URL once, then as a cookie, or as a bearer token.
//!
//! What changes something must be allowed at the start, and the browser must say that its own page asks for it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::token::Token;

/// Where the page is, and the only place where the token may stand in the URL.
pub(super) const PAGE: &str = "/";
/// Where Prometheus reads.
pub(super) const METRICS: &str = "/metrics";

/// What a page of ours may do: use what comes with it, and nothing from anywhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The rules of one dashboard.
#[derive(Debug)]
pub(super) struct Guard {
    pub token: Token,
    /// What the cookie is called. Cookies of all ports of a host are sent to each of them.
    pub cookie: String,
    pub allow_changes: bool,
    pub metrics_open: bool,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    Host,
    CrossSite,
    NoToken,
    WrongToken,
    ReadOnly,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "This dashboard answers to localhost, 127.0.0.1 and [::1] only. Use one of these names in the URL.",
            ),
            Self::CrossSite => (StatusCode::FORBIDDEN, "Pages of other sites may not use this dashboard."),
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "This dashboard needs its token: open the URL that `roscius dashboard` has printed.",
            ),
            Self::WrongToken => (
                StatusCode::UNAUTHORIZED,
                "This is not the token of this dashboard: each start makes a new one. Open the URL that \
                 `roscius dashboard` has printed.",
            ),
            Self::ReadOnly => {
                (StatusCode::FORBIDDEN, "This dashboard only shows: start it with --allow-changes to change something.")
            }
        };
        let mut response = (status, text).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Lets a request pass, or answers it here.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request<Body>, next: Next) -> Response {
    let mut response = match guard.admit(request.method(), request.uri(), request.headers()) {
        Ok(Admitted::Known) => next.run(request).await,
        Ok(Admitted::New) => guard.welcome(),
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Who is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admitted {
    /// Who has shown the token where it belongs, or needs none.
    Known,
    /// Who has the token in the URL, and is to have it as a cookie.
    New,
}

impl Guard {
    fn admit(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Admitted, Refusal> {
        let host = single(headers, header::HOST).filter(|host| is_local(host)).ok_or(Refusal::Host)?;
        if uri.authority().is_some_and(|authority| !is_local(authority.as_str())) {
            return Err(Refusal::Host);
        }
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let bearer = single(headers, header::AUTHORIZATION).map(bearer_of);
        self.check_origin(reads, uri, host, bearer.is_some(), headers)?;
        let admitted = match self.claimed(uri, headers, bearer) {
            _ if self.metrics_open && reads && uri.path() == METRICS => Admitted::Known,
            None => return Err(Refusal::NoToken),
            Some((token, admitted)) if self.token.is(&token) => admitted,
            Some(_) => return Err(Refusal::WrongToken),
        };
        if !reads && !self.allow_changes {
            return Err(Refusal::ReadOnly);
        }
        Ok(admitted)
    }

    /// A page of another site may lead to ours, and nothing else.
    fn check_origin(
        &self,
        reads: bool,
        uri: &Uri,
        host: &str,
        has_bearer: bool,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let is_visit = reads
            && uri.path() == PAGE
            && headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
            && headers.get("sec-fetch-dest").is_some_and(|dest| dest == "document");
        let site = headers.get("sec-fetch-site");
        if !is_visit && site.is_some_and(|site| site != "same-origin" && site != "none") {
            return Err(Refusal::CrossSite);
        }
        match headers.get(header::ORIGIN) {
            Some(origin) if origin.to_str().is_ok_and(|origin| origin.strip_prefix("http://") == Some(host)) => Ok(()),
            Some(_) => Err(Refusal::CrossSite),
            // Browsers say where a change comes from. Other programs have no cookies that somebody else could use.
            None if reads || has_bearer => Ok(()),
            None => Err(Refusal::CrossSite),
        }
    }

    /// The token that a request brings.
    fn claimed(&self, uri: &Uri, headers: &HeaderMap, bearer: Option<&str>) -> Option<(String, Admitted)> {
        if let Some(token) = bearer {
            return Some((token.to_owned(), Admitted::Known));
        }
        let in_url = uri.query().filter(|_| uri.path() == PAGE).into_iter().flat_map(|query| query.split('&'));
        if let Some(token) = in_url.filter_map(|part| part.strip_prefix("token=")).next() {
            return Some((token.to_owned(), Admitted::New));
        }
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == self.cookie).map(|(_, token)| (token.to_owned(), Admitted::Known))
    }

    /// Has the browser keep the token where scripts and other sites do not get at it, and out of its history.
    fn welcome(&self) -> Response {
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie, self.token.text());
        (StatusCode::SEE_OTHER, [(header::LOCATION, PAGE), (header::SET_COOKIE, cookie.as_str())]).into_response()
    }
}

/// The value of a header that is there once.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// The token in `Bearer …`, or what stands in its place.
fn bearer_of(authorization: &str) -> &str {
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    }
}

/// Whether a host, with or without a port, is this machine by a name that nobody else can give.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "[::1]"].contains(&name) || name.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]", "[::1]:9"] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example:1",
            "127.0.0.1:80@evil.example",
            "127.0.0.2",
            "[::1]x",
            "localhost:",
            "localhost:x",
            "::1",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
