//! A leaf node, by which systems of one site reach those at the hub.

use std::net::Ipv4Addr;

use roscius_transport::nats::NatsAddress;
use roscius_transport::network::{Cause, Limits};

use super::scene::{Station, introduction, link, until};
use super::server::{Server, free_port};

/// What docs/nats.md says that a system needs.
fn permissions(of_jetstream: &str) -> String {
    format!(
        r#"authorization {{ users = [{{ user: somebody, password: secret, permissions: {{
            publish: ["roscius.site.*.*", "$JS.FC.>", {of_jetstream}]
            subscribe: ["roscius.site.*.*", "_INBOX.>"]
        }} }}] }}"#
    )
}

/// A hub, and a leaf node that is connected with it.
struct Site {
    hub: Server,
    leaf: Server,
}

impl Site {
    /// With a JetStream of its own at the leaf, or none.
    fn new(with_its_own: bool) -> Self {
        let (port, host) = (free_port(), Ipv4Addr::LOCALHOST);
        let (hub, leaf) = (permissions(r#""$JS.API.>", "$KV.roscius-site.>""#), permissions(r#""$JS.hub.API.>""#));
        let asks = "authorization { user: leaf, password: secret }";
        let hub = format!("jetstream {{ domain: hub }}\nleafnodes {{ listen: \"{host}:{port}\", {asks} }}\n{hub}\n");
        let hub = Server::configured(&hub);
        let remote = format!("nats-leaf://leaf:secret@{host}:{port}");
        let leaf = format!("leafnodes {{ reconnect: 1, remotes: [ {{ url: \"{remote}\" }} ] }}\n{leaf}\n");
        let leaf = if with_its_own {
            Server::configured(&format!("jetstream {{ domain: leaf }}\n{leaf}"))
        } else {
            Server::without_jetstream(&leaf)
        };
        Self { hub, leaf }
    }

    /// The first at the leaf, the second at the hub.
    fn stations(&self) -> [Station; 2] {
        let at = |system: u32, server: &Server| {
            let address = NatsAddress { domain: Some("hub".into()), ..server.address() };
            Station::with(introduction(system), &address, Limits::default())
        };
        [at(1, &self.leaf), at(2, &self.hub)]
    }
}

fn are_one_convention(site: &Site) -> [Station; 2] {
    let [mut a, mut b] = site.stations();
    until("who may lead", &mut [&mut a, &mut b], |it| it.iter().all(|station| station.leaders().len() == 2));
    assert_eq!(a.leaders(), b.leaders());
    link(&mut a, &mut b);
    a.send(2, b"from the leaf");
    b.send(1, b"from the hub");
    until("the records", &mut [&mut a, &mut b], |it| it[0].records(2).len() + it[1].records(1).len() == 2);
    [a, b]
}

#[test]
fn systems_on_both_sides_are_one_convention() {
    are_one_convention(&Site::new(true));
    are_one_convention(&Site::new(false));
}

#[test]
fn a_leaf_that_is_killed_comes_back() {
    let mut site = Site::new(true);
    let [mut a, mut b] = are_one_convention(&site);
    site.leaf.kill();
    // Who is there is known at the hub.
    until("that it is gone", &mut [&mut a, &mut b], |it| it[0].downs().len() == 1 && it[1].downs().len() == 1);
    assert!(matches!(a.downs()[0].1, Cause::NoServer { .. }));
    assert_eq!(b.downs(), [(1, Cause::Away)]);
    site.leaf.start_again();
    until("that it is back", &mut [&mut a, &mut b], |it| it.iter().all(|station| station.leaders().len() == 2));
    link(&mut a, &mut b);
    b.send(1, b"again");
    until("a record", &mut [&mut a, &mut b], |it| it[0].records(2).len() == 2);
}

#[test]
fn a_leaf_without_jetstream_says_that_the_domain_is_missing() {
    let site = Site::new(false);
    let mut a = Station::new(1, &site.leaf);
    a.until("that it is said", |a| a.about_server().iter().any(|(_, what)| what.contains("?domain=")));
    assert!(!a.links.is_up());
}
