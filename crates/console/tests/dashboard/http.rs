//! Requests as somebody would write them who is no browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::stage::PATIENCE;

/// What came back.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Response {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Sends a request that consists of a first line, headers and a body, as they are, and begins to read the answer.
fn send(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> (BufReader<TcpStream>, u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    // As a whole: who refuses the first part of it may hang up before the rest.
    let request = format!("{line} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the connection ended in the head: {head}");
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (reader, status, head)
}

/// Sends a request and reads the answer. An endless one is read until its first event is there.
pub fn request(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let (mut reader, status, head) = send(address, line, headers, body);
    let mut body = String::new();
    if head.contains("text/event-stream") {
        while !body.contains("\n\n") {
            assert_ne!(reader.read_line(&mut body).unwrap(), 0, "the events ended: {body}");
        }
        return Response { status, head, body };
    }
    let response = Response { status, head, body: String::new() };
    match response.header("content-length").map(|length| length.parse().unwrap()) {
        Some(length) => reader.take(length).read_to_string(&mut body).unwrap(),
        None => reader.read_to_string(&mut body).unwrap(),
    };
    Response { body, ..response }
}

/// Events as they come, without a browser.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// Opens the stream at this path.
    pub fn open(address: SocketAddr, path: &str, token: &str) -> Self {
        let host = address.to_string();
        let bearer = format!("Bearer {token}");
        let headers = [("Host", host.as_str()), ("Authorization", bearer.as_str())];
        let (reader, status, head) = send(address, &format!("GET {path}"), &headers, "");
        assert_eq!(status, 200, "{head}");
        Self(reader)
    }

    /// The next event: its name and what it says. None: the stream has ended.
    pub fn next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).unwrap_or(0) == 0 {
                return None;
            }
            // What is sent in pieces has their lengths between them.
            if let Some(event) = line.strip_prefix("event: ") {
                event.trim().clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// The connection, to be used otherwise.
    pub fn into_inner(self) -> TcpStream {
        self.0.into_inner()
    }
}
