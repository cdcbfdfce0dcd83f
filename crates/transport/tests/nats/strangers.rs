//! Who may not take part.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use roscius_transport::datagram::{Body, Datagram};
use roscius_transport::nats::{NatsAddress, place};
use roscius_transport::network::{Cause, Introduction, Limits};

use super::scene::{Station, connected, introduction, link, linked, until};
use super::server::Server;

/// Somebody who may speak with the server and says what it likes.
struct Stranger {
    say: Option<Sender<Vec<(String, Bytes)>>>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    fn new(server: &Server) -> Self {
        let (say, said) = channel::<Vec<(String, Bytes)>>();
        let port = server.port;
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let options = async_nats::ConnectOptions::with_user_and_password("somebody".into(), "secret".into());
                let client = options.connect(format!("127.0.0.1:{port}")).await.unwrap();
                for messages in said {
                    for (subject, message) in messages {
                        client.publish(subject, message).await.unwrap();
                    }
                    client.flush().await.unwrap();
                }
            });
        });
        Self { say: Some(say), thread: Some(thread) }
    }

    fn say(&self, from: &str, message: Bytes) {
        self.flood(from, &message, 1);
    }

    /// The same so often, as fast as it can.
    fn flood(&self, from: &str, message: &Bytes, times: usize) {
        let subject = format!("roscius.site.00000001.{from}");
        self.say.as_ref().unwrap().send(vec![(subject, message.clone()); times]).unwrap();
    }

    fn hello(&self, from: &str, introduction: Introduction) {
        let (system, body) = (introduction.system, Body::Hello(introduction));
        self.say(from, Datagram { system, from: 5, to: 0, body }.to_bytes());
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.say.take();
        let _ = self.thread.take().unwrap().join();
    }
}

#[test]
fn what_makes_no_sense_is_turned_away() {
    let server = Server::new();
    let (mut a, mut b) = linked(&server);
    let stranger = Stranger::new(&server);
    stranger.say("x", Bytes::from_static(b"\x80\x04pickle"));
    stranger.say("x", Bytes::new());
    stranger.hello("system-9", introduction(8));
    stranger.hello("system-1", introduction(1));
    stranger.hello("x", Introduction { convention: "another".into(), ..introduction(9) });
    let mut old = Datagram { system: 9, from: 5, to: 0, body: Body::Hello(introduction(9)) }.to_bytes().to_vec();
    old[21 + 8] = 9;
    stranger.say("system-9", old.into());
    a.until("that all are turned away", |a| a.turned_away().len() == 6);
    let causes = a.turned_away();
    assert!(matches!(causes[0], Cause::Malformed { .. }) && matches!(causes[1], Cause::Malformed { .. }));
    assert_eq!(causes[2], Cause::NotItsName { claimed: "system-8".into(), real: "system-9".into() });
    assert_eq!(causes[3], Cause::Itself);
    assert!(matches!(causes[4], Cause::AnotherConvention { .. }));
    assert!(
        matches!(&causes[5], Cause::Introduction(error) if error.to_string().contains("version 9")),
        "{}",
        causes[5]
    );
    a.send(2, b"still there");
    until("a record", &mut [&mut a, &mut b], |it| it[1].records(1).len() == 1);
    assert!(a.downs().is_empty() && b.downs().is_empty());
}

#[test]
fn who_does_not_know_the_numbers_can_not_speak_on_a_link() {
    let server = Server::new();
    let (mut a, mut b) = linked(&server);
    let stranger = Stranger::new(&server);
    for (from, to) in [(0, 0), (1, 1), (5, 0)] {
        let body = Body::Data { offset: 0, bytes: Bytes::from_static(&[1, 0, 0, 0, 7]) };
        stranger.say("system-2", Datagram { system: 2, from, to, body }.to_bytes());
        stranger.say("system-2", Datagram { system: 2, from, to, body: Body::Close }.to_bytes());
        stranger.say("system-2", Datagram { system: 2, from, to, body: Body::Unknown }.to_bytes());
    }
    // One that is turned away comes after all these.
    stranger.say("x", Bytes::new());
    a.until("the last of it", |a| a.turned_away().len() == 1);
    assert!(a.records(2).is_empty());
    a.send(2, b"still there");
    until("a record", &mut [&mut a, &mut b], |it| it[1].records(1).len() == 1);
    assert!(a.downs().is_empty() && b.downs().is_empty());
}

#[test]
fn a_name_of_somebody_else_is_not_taken() {
    let server = Server::new();
    let (mut a, _b) = linked(&server);
    let stranger = Stranger::new(&server);
    // The number of the other system, under another name.
    stranger.hello("thief", Introduction { identity: "thief".into(), ..introduction(2) });
    a.until("that it is turned away", |a| !a.turned_away().is_empty());
    assert!(matches!(&a.turned_away()[0], Cause::NotItsNumber { claimed: 2, .. }));
    assert!(a.downs().is_empty());
}

#[test]
fn a_flood_of_hellos_leaves_room_for_friends() {
    let server = Server::new();
    let limits = Limits { half_open: 16, ..Limits::default() };
    let mut a = Station::with(introduction(1), &server.address(), limits);
    connected(&mut [&mut a]);
    let stranger = Stranger::new(&server);
    for system in 100..1000 {
        stranger.hello(&format!("system-{system}"), introduction(system));
    }
    stranger.say("x", Bytes::new());
    a.until("the last of it", |a| !a.turned_away().is_empty());
    let mut b = Station::new(2, &server);
    link(&mut b, &mut a);
}

#[test]
fn what_comes_too_fast_is_said_to_be_lost_and_links_go_on() {
    let server = Server::new();
    let (mut a, mut b) = linked(&server);
    // More than the client keeps, for one that takes nothing.
    let stranger = Stranger::new(&server);
    stranger.flood("x", &Bytes::from_static(b"x"), 80_000);
    drop(stranger);
    b.send(1, b"perhaps lost with it");
    a.until("that it is said", |a| a.is_troubled_by(&["faster than they were taken"]));
    let mut tried = Instant::now();
    until("a record", &mut [&mut a, &mut b], |it| {
        let [a, b] = it else { return false };
        // The pair above finds out what was lost, and the convention closes a link on which nothing is heard. Here it is enough that
        // a link comes again.
        if tried.elapsed() > Duration::from_secs(3) {
            a.links.close(2);
            b.links.close(1);
            tried = Instant::now();
        }
        if b.links.linked().next().is_none() && a.links.linked().next().is_none() {
            b.links.dial(&place(1));
        } else if b.links.waiting(1) == (0, 0) && b.links.linked().next().is_some() {
            let _ = b.links.send(1, b"once more", Bytes::new());
        }
        a.records(2).iter().any(|record| record == "once more")
    });
}

#[test]
fn a_server_that_lets_in_anybody_is_not_trusted() {
    let server = Server::open();
    let mut a = Station::new(1, &server);
    a.until("that it is said", |a| !a.about_server().is_empty());
    let said = a.about_server()[0];
    assert!(!said.0 && said.1.contains("insecure"), "{said:?}");
    assert!(!a.links.is_up());
    // Nothing is decoded that comes from it.
    let open = NatsAddress { insecure: true, ..server.address() };
    let mut b = Station::with(introduction(2), &open, Limits::default());
    connected(&mut [&mut b]);
    let dial = b.links.dial(&place(1));
    until("that nobody answers", &mut [&mut a, &mut b], |it| it[1].not_up(dial).is_some());
    assert!(a.ups().is_empty() && a.turned_away().is_empty());
    let mut c = Station::with(introduction(3), &open, Limits::default());
    link(&mut b, &mut c);
}

#[test]
fn a_wrong_password_is_said() {
    let server = Server::new();
    let mut address = server.address();
    address.user = Some(("somebody".into(), "guess".into()));
    let mut a = Station::with(introduction(1), &address, Limits::default());
    a.until("that it is said", |a| a.is_troubled_by(&["`somebody`", "password"]));
    assert!(!a.links.is_up());
}
