//! Who gets what: each route, without the token, with a wrong one, from elsewhere.

use roscius_console::dashboard::Options;

use crate::http::request;
use crate::stage::Stage;

/// All that is answered, and how: with the right token, where changes are allowed.
const ROUTES: [(&str, &str, u16); 9] = [
    ("GET /", "", 200),
    ("GET /style.css", "", 200),
    ("GET /script.js", "", 200),
    ("GET /table.js", "", 200),
    ("GET /chart.js", "", 200),
    ("GET /icon.svg", "", 200),
    ("GET /events", "", 200),
    ("GET /metrics", "", 200),
    ("POST /resend", r#"{"letter": 99}"#, 410),
];

/// Where nothing is.
const NOWHERE: [&str; 5] = ["GET /nothing", "GET /../Cargo.toml", "PUT /", "DELETE /resend", "POST /events"];

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn changes() -> Options {
    Options { allow_changes: true, ..Options::default() }
}

#[test]
fn no_route_answers_without_the_token() {
    let stage = Stage::start(changes());
    let origin = format!("http://{}", stage.address);
    let cookie = format!("roscius-{}", stage.address.port());
    let almost = format!("{}x", &stage.token[..stage.token.len() - 1]);
    let wrong = [
        vec![],
        vec![("Authorization", "Bearer".to_owned())],
        vec![("Authorization", "Bearer ".to_owned())],
        vec![("Authorization", "Bearer wrong".to_owned())],
        vec![("Authorization", format!("Bearer {almost}"))],
        vec![("Authorization", format!("Basic {}", stage.token))],
        vec![("Cookie", format!("{cookie}=wrong"))],
        vec![("Cookie", format!("{cookie}-other={}", stage.token))],
        vec![("Cookie", format!("{cookie}={almost}"))],
    ];
    for headers in &wrong {
        let mut headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        headers.extend([("Origin", origin.as_str()), JSON]);
        let routes = ROUTES.iter().map(|(line, body, _)| (*line, *body)).chain(NOWHERE.map(|line| (line, "")));
        for (line, body) in routes {
            let response = stage.request(line, &headers, body);
            assert_eq!(response.status, 401, "{line} {headers:?} {response:?}");
            assert_eq!(response.header("www-authenticate"), Some("Bearer"), "{response:?}");
            assert!(!response.body.contains(&stage.token) && response.header("set-cookie").is_none());
        }
    }
    // In the URL it counts for the page alone, so that it stands in no log of anything else.
    for (line, body, _) in &ROUTES[1..] {
        let response = stage.request(&format!("{line}?token={}", stage.token), &[("Origin", &origin), JSON], body);
        assert_eq!(response.status, 401, "{line}");
    }
    assert_eq!(stage.request("GET /?token=wrong", &[], "").status, 401);
    assert_eq!(stage.change(|model| model.resent.len()), 0);
}

#[test]
fn every_route_answers_with_the_token_as_a_header_and_as_a_cookie() {
    let stage = Stage::start(changes());
    let origin = format!("http://{}", stage.address);
    let welcome = stage.request(&format!("GET /?token={}", stage.token), &[], "");
    assert_eq!((welcome.status, welcome.header("location")), (303, Some("/")));
    let cookie = welcome.header("set-cookie").unwrap();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let cookie = format!("other=1; {}", cookie.split(';').next().unwrap());
    let bearer = format!("Bearer {}", stage.token);
    for (line, body, status) in ROUTES {
        let by_cookie = stage.request(line, &[("Cookie", &cookie), ("Origin", &origin), JSON], body);
        let by_header = stage.request(line, &[("Authorization", &bearer), JSON], body);
        assert_eq!((by_cookie.status, by_header.status), (status, status), "{line} {by_cookie:?} {by_header:?}");
    }
    for line in NOWHERE {
        let status = stage.request(line, &[("Authorization", &bearer)], "").status;
        assert!(status == 404 || status == 405, "{line} {status}");
    }
}

#[test]
fn every_answer_forbids_what_the_page_does_not_need() {
    let stage = Stage::start(changes());
    for line in ["GET /", "GET /script.js", "GET /nothing", "GET /metrics"] {
        for response in [stage.ask(line), stage.request(line, &[], "")] {
            let policy = response.header("content-security-policy").unwrap();
            assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("http") && !policy.contains('*'), "{policy}");
            assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
            assert_eq!(response.header("cache-control"), Some("no-store"));
            assert_eq!(response.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(response.header("cross-origin-resource-policy"), Some("same-origin"));
            assert_eq!(response.header("access-control-allow-origin"), None);
        }
    }
    let page = stage.ask("GET /").body;
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("style="), "{page}");
}

#[test]
fn names_that_others_could_point_here_are_refused_whatever_else_is_right() {
    let stage = Stage::start(Options { metrics_open: true, ..changes() });
    let bearer = format!("Bearer {}", stage.token);
    let port = stage.address.port();
    let foreign = ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "0.0.0.0", ""];
    for host in foreign {
        for (line, body, _) in ROUTES {
            let headers = [("Host", host), ("Authorization", bearer.as_str()), JSON];
            let status = request(stage.address, line, &headers, body).status;
            assert_eq!(status, 421, "{line} {host}");
        }
    }
    let twice = [("Host", "localhost"), ("Host", "evil.example"), ("Authorization", bearer.as_str())];
    assert!(matches!(request(stage.address, "GET /", &twice, "").status, 400 | 421));
    let absolute = [("Host", "localhost"), ("Authorization", bearer.as_str())];
    assert_eq!(request(stage.address, "GET http://evil.example/", &absolute, "").status, 421);
    for host in ["localhost", "LocalHost:1", "127.0.0.1:9", "[::1]:80"] {
        let status = request(stage.address, "GET /", &[("Host", host), ("Authorization", &bearer)], "").status;
        assert_eq!(status, 200, "{host}: who forwards a port from another machine");
    }
}

#[test]
fn pages_of_other_sites_get_nothing_though_the_browser_sends_the_cookie() {
    let stage = Stage::start(changes());
    let cookie = format!("roscius-{}={}", stage.address.port(), stage.token);
    let other_port = format!("http://127.0.0.1:{}", stage.address.port() ^ 1);
    let own = format!("http://{}", stage.address);
    for origin in ["http://evil.example", "null", "https://127.0.0.1", &other_port, ""] {
        for (line, body, _) in ROUTES {
            let response = stage.request(line, &[("Cookie", &cookie), ("Origin", origin), JSON], body);
            assert_eq!(response.status, 403, "{line} {origin}");
        }
    }
    for site in ["cross-site", "same-site"] {
        for (line, body, _) in ROUTES {
            let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", site), ("Origin", &own), JSON];
            assert_eq!(stage.request(line, &headers, body).status, 403, "{line} {site}");
        }
    }
    // A link may lead to the page. What is on it, only the page gets.
    let visit = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")];
    let with_cookie: Vec<_> = visit.into_iter().chain([("Cookie", cookie.as_str())]).collect();
    assert_eq!(stage.request("GET /", &with_cookie, "").status, 200);
    assert_eq!(stage.request("GET /events", &with_cookie, "").status, 403);
    let framed = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")];
    assert_eq!(stage.request("GET /", &framed, "").status, 403);
    // A change without a word on where it comes from is no browser's, and has no business with a cookie.
    let nowhere = stage.request("POST /resend", &[("Cookie", &cookie), JSON], r#"{"letter": 1}"#);
    assert_eq!(nowhere.status, 403);
    assert_eq!(stage.change(|model| model.resent.len()), 0);
}

#[test]
fn nothing_is_changed_unless_that_was_allowed_at_the_start() {
    let stage = Stage::start(Options::default());
    stage.until_looked();
    let bearer = format!("Bearer {}", stage.token);
    let response = stage.request("POST /resend", &[("Authorization", &bearer), JSON], r#"{"letter": 1}"#);
    assert_eq!(response.status, 403);
    assert!(response.body.contains("--allow-changes"), "{response:?}");
    assert_eq!(stage.change(|model| model.resent.len()), 0);
}

#[test]
fn a_letter_is_sent_again_by_who_may() {
    let stage = Stage::start(changes());
    stage.until_looked();
    let bearer = format!("Bearer {}", stage.token);
    let resend = |body: &str| stage.request("POST /resend", &[("Authorization", &bearer), JSON], body);
    let refused = resend(r#"{"letter": 1, "to": "nobody"}"#);
    assert_eq!((refused.status, refused.body.as_str()), (409, "there is no actor `nobody`"));
    let sent = resend(r#"{"letter": 1, "to": " boss "}"#);
    assert_eq!((sent.status, sent.body.as_str()), (200, r#"{"to":"boss"}"#));
    assert_eq!(resend(r#"{"letter": 1, "to": ""}"#).status, 410);
    assert_eq!(stage.change(|model| model.resent.clone()), [(1, Some("boss".to_owned()))]);
    for garbage in ["", "{}", "[]", r#"{"letter": -1}"#, r#"{"letter": "1"}"#, "\u{0}"] {
        let status = resend(garbage).status;
        assert!(matches!(status, 400 | 422), "{garbage} {status}");
    }
    assert_eq!(stage.request("POST /resend", &[("Authorization", &bearer)], r#"{"letter": 1}"#).status, 415);
    assert_eq!(resend(&format!(r#"{{"letter": 1, "to": "{}"}}"#, "x".repeat(3 << 20))).status, 413);
}

#[test]
fn metrics_need_no_token_where_they_are_open_and_nothing_else_is_open() {
    let stage = Stage::start(Options { metrics_open: true, ..changes() });
    assert_eq!(stage.request("GET /metrics", &[], "").status, 200);
    assert_eq!(stage.request("HEAD /metrics", &[], "").status, 200);
    assert_eq!(stage.request("GET /metrics", &[("Origin", "http://evil.example")], "").status, 403);
    for (line, body, _) in ROUTES.into_iter().filter(|(line, _, _)| *line != "GET /metrics") {
        let origin = format!("http://{}", stage.address);
        let response = stage.request(line, &[("Origin", &origin), JSON], body);
        assert_eq!(response.status, 401, "{line}");
    }
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let stage = Stage::start(Options::default());
    let port = stage.address.port();
    let error = roscius_console::dashboard::Dashboard::bind(Options { port, ..Options::default() }).unwrap_err();
    assert!(error.to_string().contains(&format!("port {port} can not be used")), "{error}");
}
