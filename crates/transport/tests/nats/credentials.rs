//! Systems that show a file with credentials.

use std::path::{Path, PathBuf};

use roscius_transport::nats::{Links, NatsAddress};
use roscius_transport::network::Limits;

use super::operator::Operator;
use super::scene::{Station, introduction, link, until};
use super::server::Server;

/// A system that shows a file.
fn showing(system: u32, server: &Server, path: &Path) -> Station {
    Station::with(introduction(system), &address(server, path), Limits::default())
}

fn address(server: &Server, path: &Path) -> NatsAddress {
    NatsAddress { user: None, credentials: Some(path.to_owned()), ..server.address() }
}

fn files(operator: &Operator, server: &Server) -> [PathBuf; 2] {
    [operator.user(&server.folder, "system-1"), operator.user(&server.folder, "system-2")]
}

#[test]
fn who_shows_credentials_of_the_account_is_let_in() {
    let operator = Operator::new();
    let server = Server::configured(&operator.configuration());
    let [one, two] = files(&operator, &server);
    let (mut a, mut b) = (showing(1, &server, &one), showing(2, &server, &two));
    link(&mut a, &mut b);
    a.send(2, b"a record");
    until("the record", &mut [&mut a, &mut b], |it| it[1].records(1).len() == 1);
    until("who may lead", &mut [&mut a, &mut b], |it| it.iter().all(|station| station.leaders().len() == 2));
    assert!(a.troubles().is_empty() && b.troubles().is_empty(), "{:?} {:?}", a.troubles(), b.troubles());
}

#[test]
fn who_shows_those_of_another_operator_is_refused_until_the_file_is_another() {
    let operator = Operator::new();
    let mut server = Server::configured(&operator.configuration());
    let path = Operator::new().user(&server.folder, "system-1");
    let mut a = showing(1, &server, &path);
    a.until("that it is said", |a| a.is_troubled_by(&["refuses the credentials", path.to_str().unwrap()]));
    assert!(!a.links.is_up() && a.about_server().is_empty());
    // It is read whenever the server is connected to, also when it is gone for a moment.
    std::fs::remove_file(&path).unwrap();
    a.until("that the file is missing", |a| a.is_troubled_by(&["can not be read", path.to_str().unwrap()]));
    operator.user(&server.folder, "system-1");
    a.until("the server", |a| a.links.is_up());
    server.kill();
    a.until("that it is gone", |a| !a.links.is_up());
    server.start_again();
    a.until("the server", |a| a.links.is_up());
}

#[test]
fn who_shows_nothing_is_told_that_it_has_to() {
    let server = Server::configured(&Operator::new().configuration());
    let nobody = NatsAddress { user: None, ..server.address() };
    let mut a = Station::with(introduction(1), &nobody, Limits::default());
    a.until("that it is said", |a| a.is_troubled_by(&["neither a user nor credentials"]));
    assert!(!a.links.is_up());
}

#[test]
fn a_file_that_holds_none_is_no_start() {
    let server = Server::new();
    let path = server.folder.join("empty.creds");
    for content in [None, Some("-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n")] {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = Links::new(introduction(1), &address(&server, &path), Limits::default()).unwrap_err();
        assert!(error.to_string().contains("empty.creds"), "{error}");
    }
}
