//! The server goes, and comes back.

use roscius_transport::nats::place;
use roscius_transport::network::Cause;

use super::scene::{Station, connected, link, linked, until};
use super::server::Server;

#[test]
fn links_go_with_the_server_and_can_be_made_again_when_it_is_back() {
    let mut server = Server::new();
    let (mut a, mut b) = linked(&server);
    until("who may lead", &mut [&mut a, &mut b], |it| it.iter().all(|station| station.leaders().len() == 2));
    let leaders = a.leaders();
    for round in 1..=2 {
        server.kill();
        until("the end of the links", &mut [&mut a, &mut b], |it| {
            it.iter().all(|station| station.downs().len() == round && !station.links.is_up())
        });
        assert!(a.downs().iter().chain(&b.downs()).all(|(_, cause)| matches!(cause, Cause::NoServer { .. })));
        let dial = a.links.dial(&place(2));
        a.until("that there is no way", |a| a.not_up(dial).is_some());
        assert!(matches!(a.not_up(dial), Some(Cause::NoServer { .. })));
        server.start_again();
        link(&mut a, &mut b);
        a.send(2, b"again");
        until("a record", &mut [&mut a, &mut b], |it| it[1].records(1).len() == round);
        assert_eq!((a.leaders(), b.leaders()), (leaders.clone(), leaders.clone()), "nobody else leads because of it");
    }
    assert_eq!((a.ups().len(), b.ups().len()), (3, 3));
}

#[test]
fn a_system_may_start_before_the_server() {
    let mut server = Server::new();
    server.kill();
    let (mut a, mut b) = (Station::new(1, &server), Station::new(2, &server));
    until("that it is said", &mut [&mut a, &mut b], |it| it.iter().all(|station| !station.troubles().is_empty()));
    assert!(a.about_server().is_empty(), "{:?}", a.about_server());
    server.start_again();
    connected(&mut [&mut a, &mut b]);
    link(&mut a, &mut b);
}

#[test]
fn a_side_that_has_lost_the_link_gets_another() {
    let server = Server::new();
    let (a, mut b) = linked(&server);
    // As if it had been cut off: the same start of the system knows nothing of the link.
    drop(a);
    let mut a = Station::new(1, &server);
    connected(&mut [&mut a]);
    b.send(1, b"for the link before");
    until("that it is told", &mut [&mut a, &mut b], |it| !it[1].downs().is_empty());
    assert!(matches!(b.downs()[0], (1, Cause::Cut | Cause::Away)), "{:?}", b.downs());
    assert!(a.records(2).is_empty());
    link(&mut a, &mut b);
    // This time it begins anew before the other says anything.
    drop(a);
    let mut a = Station::new(1, &server);
    link(&mut a, &mut b);
    let replaced = &b.downs()[1];
    assert!(matches!(replaced, (1, Cause::Replaced | Cause::Away)), "{replaced:?}");
    b.send(1, b"for this link");
    until("the record", &mut [&mut a, &mut b], |it| it[0].records(2).len() == 1);
}
