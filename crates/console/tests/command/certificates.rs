//! Certificates: made by the command, and used by systems.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant, SystemTime};

use rcgen::{CertificateParams, Issuer, KeyPair, SanType};
use roscius_transport::network::{
    Cause, Event, Introduction, Limits, Links, LinksOptions, Names, PayloadKinds, Problem, Security, TlsConfig,
    TlsError, TlsFiles,
};

use crate::scene::{PATIENCE, Place};

const DAY: Duration = Duration::from_secs(86400);

fn files(place: &Place, name: &str) -> TlsFiles {
    let at = |name: String| place.0.join(name);
    let (certificate, key) = (at(format!("{name}.pem")), at(format!("{name}.key")));
    TlsFiles { authorities: at("ca.pem".into()), certificate, key, refused: None }
}

fn links(system: u32, files: &TlsFiles) -> Links {
    let config = TlsConfig::load(files).unwrap();
    let Names { convention, identity } = config.names().clone();
    let me = Introduction { convention, identity, system, place: None, payloads: PayloadKinds::ALL };
    let mut links =
        Links::new(LinksOptions { me, security: Security::Tls(config), limits: Limits::default() }).unwrap();
    links.listen(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
    links
}

/// What comes of it if the first dials the second by this host name.
fn meet(a: &mut Links, b: &mut Links, host: &str) -> Result<String, Cause> {
    a.dial(&format!("{host}:{}", b.addresses().next().unwrap().port()));
    let (since, mut events, mut others) = (Instant::now(), Vec::new(), Vec::new());
    while since.elapsed() < PATIENCE {
        a.turn(&mut events).unwrap();
        b.turn(&mut others).unwrap();
        for event in events.drain(..) {
            match event {
                Event::Up { peer, .. } => return Ok(peer.identity),
                Event::NotUp { cause, .. } => return Err(cause),
                _ => {}
            }
        }
    }
    panic!("neither an answer nor none");
}

#[test]
fn systems_with_certificates_of_one_authority_meet() {
    let place = Place::new("cert-meet");
    let said = place.run(&["cert", "init", "site", "--folder", place.0.to_str().unwrap()]);
    assert!(said.well().contains("ca.key"), "{said:?}");
    let folder = place.0.to_str().unwrap();
    for (name, hosts) in [("edge-1", &[][..]), ("edge-2", &["--host", "localhost"])] {
        let arguments = [&["cert", "node", name, "--folder", folder][..], hosts].concat();
        assert!(place.run(&arguments).well().contains(&format!("{name}.pem")));
    }
    for key in ["ca.key", "edge-1.key"] {
        assert_eq!(place.0.join(key).metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let (mut a, mut b) = (links(1, &files(&place, "edge-1")), links(2, &files(&place, "edge-2")));
    assert_eq!(meet(&mut a, &mut b, "localhost"), Ok("edge-2".to_owned()));
    a.close(2);
    let by_address = meet(&mut a, &mut b, "127.0.0.1").unwrap_err();
    assert!(matches!(by_address, Cause::TheirCertificate(Problem::AnotherHost { .. })), "{by_address}");

    // Another authority of the same name is another.
    let other = Place::new("cert-meet-other");
    let elsewhere = other.0.to_str().unwrap();
    place.run(&["cert", "init", "site", "-f", elsewhere]).well();
    place.run(&["cert", "node", "edge-1", "-f", elsewhere]).well();
    let stranger = meet(&mut links(3, &files(&other, "edge-1")), &mut b, "localhost").unwrap_err();
    assert_eq!(stranger, Cause::TheirCertificate(Problem::Foreign));
}

#[test]
fn certificates_are_shown_and_those_that_have_expired_are_of_no_use() {
    let place = Place::new("cert-show");
    let folder = place.0.to_str().unwrap().to_owned();
    place.run(&["cert", "init", "site", "-f", &folder, "--days", "100"]).well();
    // Longer than its authority, and under a renewed name.
    for replace in [&[][..], &["--replace"]] {
        let arguments =
            [&["cert", "node", "edge", "-f", &folder, "--host", "h.example", "--host", "::1"][..], replace].concat();
        place.run(&arguments).well();
    }
    let path = |name: &str| format!("{folder}/{name}");
    let (code, shown) = place.json(&["cert", "show", &path("ca.pem"), &path("edge.pem"), "--json"]);
    assert_eq!(code, 0);
    assert_eq!((&shown[0]["authority"], &shown[0]["identity"]), (&true.into(), &serde_json::Value::Null));
    assert_eq!((&shown[1]["convention"], &shown[1]["identity"]), (&"site".into(), &"edge".into()));
    assert_eq!(shown[1]["hosts"], serde_json::json!(["h.example", "::1"]));
    assert_eq!(shown[1]["until"], shown[0]["until"], "it ends with its authority");
    let said = place.run(&["cert", "show", &path("edge.pem")]);
    for part in ["system edge of the convention site", " days left", "h.example, ::1", "authority of site"] {
        assert!(said.well().contains(part), "{part}: {said:?}");
    }
    assert!(said.well().contains(shown[1]["fingerprint"].as_str().unwrap()));

    // One that was good until an hour ago.
    let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&text("ca.pem"), KeyPair::from_pem(&text("ca.key")).unwrap()).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(Names::new("site", "old").unwrap().uri().try_into().unwrap())];
    params.not_before = (SystemTime::now() - DAY).into();
    params.not_after = (SystemTime::now() - DAY / 24).into();
    let key = KeyPair::generate().unwrap();
    std::fs::write(path("old.pem"), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    std::fs::write(path("old.key"), key.serialize_pem()).unwrap();
    let said = place.run(&["cert", "show", &path("old.pem"), &path("edge.pem")]);
    assert!(said.code == 1 && said.out.contains("EXPIRED 1 h ago"), "{said:?}");
    match TlsConfig::load(&files(&place, "old")) {
        Err(TlsError::Useless { problem: Problem::Expired { .. }, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_can_not_be_made_is_told_and_nothing_is_lost() {
    let place = Place::new("cert-wrong");
    let folder = place.0.join("new").to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| place.run(&[&["cert"], arguments, &["--folder", &folder]].concat());
    assert!(run(&["node", "edge"]).failed(1).contains("roscius cert init"));
    assert!(run(&["init", "a/b"]).failed(1).contains("can not be a name"));
    run(&["init", "site"]).well();
    let made = std::fs::read(format!("{folder}/ca.key")).unwrap();
    assert!(run(&["init", "site"]).failed(1).contains("is there already"));
    assert_eq!(std::fs::read(format!("{folder}/ca.key")).unwrap(), made);
    assert!(run(&["node", "ca", "--replace"]).failed(1).contains("authority"));
    assert!(run(&["node", "edge", "--host", "h:1900"]).failed(1).contains("without a port"));
    assert!(run(&["node", ""]).failed(1).contains("can not be a name"));
    run(&["node", "edge"]).well();
    assert!(run(&["node", "edge"]).failed(1).contains("--replace"));
    assert_eq!(run(&["node", "x", "--days", "0"]).code, 2);
    let show = |file: &str| place.run(&["cert", "show", &format!("{folder}/{file}")]);
    assert!(show("edge.key").failed(1).contains("private key"));
    assert!(show("missing").failed(1).contains("missing"));
    std::fs::write(format!("{folder}/junk"), "junk").unwrap();
    assert!(show("junk").failed(1).contains("no certificate"));

    std::fs::copy(format!("{folder}/edge.key"), format!("{folder}/ca.key")).unwrap();
    assert!(run(&["node", "more"]).failed(1).contains("does not belong"));
    std::fs::copy(format!("{folder}/edge.pem"), format!("{folder}/ca.pem")).unwrap();
    assert!(run(&["node", "more"]).failed(1).contains("authority"));
}
