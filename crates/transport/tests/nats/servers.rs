//! Servers that ask for more, and several of them.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use roscius_transport::nats::{NatsAddress, place};
use roscius_transport::network::{Cause, Limits};

use super::scene::{Station, connected, introduction, link, until};
use super::server::{Server, free_port};

/// What docs/nats.md says that a system needs, for one of each name.
const PERMISSIONS: &str = r#"
authorization {
    users = [
        { user: system-1, password: one, permissions: {
            publish: ["roscius.site.*.system-1", "$JS.API.>", "$JS.FC.>", "$KV.roscius-site.>"]
            subscribe: ["roscius.site.*.*", "_INBOX.>"]
        } }
        { user: system-2, password: two, permissions: {
            publish: ["roscius.site.*.system-2", "$JS.API.>", "$JS.FC.>", "$KV.roscius-site.>"]
            subscribe: ["roscius.site.*.*", "_INBOX.>"]
        } }
    ]
}
"#;

#[test]
fn each_may_be_allowed_its_own_name_only() {
    let server = Server::configured(PERMISSIONS);
    let as_user = |user: &str, password: &str| NatsAddress {
        user: Some((user.to_owned(), password.to_owned())),
        ..server.address()
    };
    let mut a = Station::with(introduction(1), &as_user("system-1", "one"), Limits::default());
    let mut b = Station::with(introduction(2), &as_user("system-2", "two"), Limits::default());
    link(&mut a, &mut b);
    a.send(2, b"a record");
    until("the record", &mut [&mut a, &mut b], |it| it[1].records(1).len() == 1);
    until("who may lead", &mut [&mut a, &mut b], |it| it.iter().all(|station| station.leaders().len() == 2));
    assert!(a.about_server().iter().all(|(is_up, _)| *is_up), "{:?}", a.about_server());
    assert!(a.troubles().is_empty() && b.troubles().is_empty(), "{:?} {:?}", a.troubles(), b.troubles());
    // The second gives itself out for another.
    let mut thief = Station::with(introduction(3), &as_user("system-2", "two"), Limits::default());
    thief.until("that it is said", |it| it.is_troubled_by(&["`system-2` publish", "`roscius.site.*.system-3`"]));
    assert!(!thief.links.is_up());
}

/// Who may do anything but speak to one system.
const ALL_BUT_ONE: &str = r#"
authorization { users = [{ user: somebody, password: secret, permissions: { publish: { deny: ["roscius.site.00000002.*"] } } }] }
"#;

#[test]
fn what_may_not_be_published_is_said_once_and_costs_nothing_else() {
    let server = Server::configured(ALL_BUT_ONE);
    let [mut a, mut b, mut c] = [1, 2, 3].map(|system| Station::new(system, &server));
    connected(&mut [&mut a, &mut c]);
    let dial = a.links.dial(&place(2));
    // It says hello again and again.
    a.until("that nobody answers", |a| a.not_up(dial).is_some());
    assert_eq!(a.troubles().len(), 1, "{:?}", a.troubles());
    assert!(a.is_troubled_by(&["`somebody` publish", "roscius.site.00000002.system-1", "`roscius.site.*.system-1`"]));
    assert!(a.links.is_up());
    // Who is not heard by itself is heard by nobody.
    b.until("that it is said", |b| b.is_troubled_by(&["roscius.site.00000002.system-2"]));
    assert!(!b.links.is_up());
    link(&mut a, &mut c);
}

#[test]
fn a_server_with_a_certificate_is_believed_if_its_authority_is_known() {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let folder = std::env::temp_dir().join(format!("nats-certificates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    std::fs::write(at("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    std::fs::write(at("server.pem"), params.signed_by(&own, &issuer).unwrap().pem()).unwrap();
    std::fs::write(at("server.key"), own.serialize_pem()).unwrap();
    let server = Server::with_arguments(&["--tls", "--tlscert", &at("server.pem"), "--tlskey", &at("server.key")]);
    let known = NatsAddress { authority: Some(at("ca.pem").into()), ..server.address() };
    let mut a = Station::with(introduction(1), &known, Limits::default());
    let mut b = Station::with(introduction(2), &known, Limits::default());
    link(&mut a, &mut b);
    let mut c = Station::new(3, &server);
    c.until("that it is said", |c| !c.troubles().is_empty());
    assert!(!c.links.is_up());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn one_server_of_three_may_be_killed() {
    let routes = [free_port(), free_port(), free_port()];
    let all = routes.map(|port| format!("nats://127.0.0.1:{port}")).join(",");
    let start = |number: usize| {
        let cluster = format!("nats://127.0.0.1:{}", routes[number]);
        let name = format!("server-{number}");
        let arguments = ["--name", &name, "--cluster_name", "three", "--cluster", &cluster, "--routes", &all];
        Server::with_arguments(&arguments)
    };
    let mut servers = [start(0), start(1), start(2)];
    let addresses = servers.each_ref().map(|server| format!("127.0.0.1:{}", server.port)).to_vec();
    let address = NatsAddress { servers: addresses, ..servers[0].address() };
    // All are connected with the first, as it is the only one for now.
    servers[1].kill();
    servers[2].kill();
    let mut stations = [1, 2, 3].map(|system| Station::with(introduction(system), &address, Limits::default()));
    let [a, b, c] = &mut stations;
    connected(&mut [a, b, c]);
    servers[1].start_again();
    servers[2].start_again();
    until("who may lead", &mut [a, b, c], |all| all.iter().all(|station| station.leaders().len() == 3));
    let leaders = a.leaders();
    link(a, b);
    until("that all servers have the bucket", &mut [a, b, c], |_| copies(&servers[1]) == Some(3));
    servers[0].kill();
    until("the end of the link", &mut [a, b, c], |all| all[0].downs().len() == 1 && all[1].downs().len() == 1);
    assert!(matches!(a.downs()[0].1, Cause::NoServer { .. }));
    link(a, b);
    a.send(2, b"by the other servers");
    until("the record", &mut [a, b, c], |all| all[1].records(1).len() == 1);
    // Nobody was taken for gone before the bucket could be used again, as it is when somebody new learns who may lead.
    let mut d = Station::with(introduction(4), &address, Limits::default());
    until("that a fourth finds its way", &mut [a, b, c, &mut d], |all| all[3].leaders() == leaders);
    assert!(a.downs().len() == 1 && b.downs().len() == 1);
    assert!([a, b, c].iter().all(|station| station.leaders() == leaders));
}

/// How many servers have all that is in the bucket of the convention.
fn copies(server: &Server) -> Option<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = async_nats::ConnectOptions::with_user_and_password("somebody".into(), "secret".into());
        let client = options.connect(format!("127.0.0.1:{}", server.port)).await.unwrap();
        let bucket = async_nats::jetstream::new(client).get_key_value("roscius-site").await.ok()?;
        let cluster = bucket.stream.cached_info().cluster.clone()?;
        Some(1 + cluster.replicas.iter().filter(|replica| replica.current).count())
    })
}
