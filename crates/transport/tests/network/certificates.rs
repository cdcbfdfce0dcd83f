//! Who has which certificate, and what comes of it.

use std::time::SystemTime;

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, SanType};
use roscius_transport::network::{Cause, Names, Problem, Security, TlsConfig, TlsError, TlsFiles, fingerprint};

use crate::authority::{Authority, DAY, secured};
use crate::bare;
use crate::scene::{Station, linked, until};

fn expired(params: &mut CertificateParams) {
    params.not_before = (SystemTime::now() - 5 * DAY).into();
    params.not_after = (SystemTime::now() - 3 * DAY).into();
}

fn of_another_convention(params: &mut CertificateParams) {
    let uri = Names::new("elsewhere", "system-2").unwrap().uri();
    params.subject_alt_names = vec![SanType::URI(uri.try_into().unwrap())];
}

#[test]
fn a_certificate_that_is_not_good_is_refused_to_who_dials_and_to_who_is_dialled() {
    let (ours, others) = (Authority::new(), Authority::new());
    let good = ours.options(1);
    let is_expired = |problem: &Problem| problem.to_string().contains("expired 3 days ago");
    type Check = fn(&Problem) -> bool;
    let cases: [(&str, TlsFiles, Check); 6] = [
        ("expired", ours.certify("system-2", expired), is_expired),
        ("early", ours.certify("system-2", |it| it.not_before = (SystemTime::now() + DAY / 2).into()), |it| {
            *it == Problem::NotYet
        }),
        ("foreign", others.certify("system-2", |_| {}), |it| *it == Problem::Foreign),
        (
            "for websites",
            ours.certify("system-2", |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning]),
            |it| *it == Problem::Purpose,
        ),
        (
            "an authority's",
            ours.certify("system-2", |it| it.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained)),
            |it| *it == Problem::Purpose,
        ),
        ("nameless", ours.certify("system-2", |it| it.subject_alt_names.clear()), |it| *it == Problem::Nameless),
    ];
    for (what, files, is_right) in cases {
        let mut a = Station::with(good.clone());
        let client = bare::dial(a.address(), Some(&files), b"roscnet\n\x01\x00\x0c\x00\x02\0\0\0\0\0\0\0\0\x01x\0");
        a.until("the refusal", |a| !a.turned_away().is_empty());
        match &a.turned_away()[0] {
            Cause::TheirCertificate(problem) => assert!(is_right(problem), "{what}: {problem:?}"),
            cause => panic!("{what}: {cause:?}"),
        }
        client.join().unwrap();

        let (address, server) = bare::listen(&files);
        let dial = a.links.dial(&address.to_string());
        // Nobody introduces himself there, so a nameless one is not found out.
        if what == "nameless" {
            drop(a);
        } else {
            a.until("the refusal", |a| a.not_up(dial).is_some());
            match a.not_up(dial) {
                Some(Cause::TheirCertificate(problem)) => assert!(is_right(&problem), "{what}: {problem:?}"),
                cause => panic!("{what}: {cause:?}"),
            }
        }
        server.join().unwrap();

        // And its owner is told before anybody else has to.
        match TlsConfig::load(&files) {
            Err(TlsError::Useless { path, problem }) => {
                assert_eq!(path, files.certificate);
                assert!(is_right(&problem) || what == "foreign", "{what}: {problem:?}");
            }
            other => assert!(what == "foreign" && other.is_ok(), "{what}: {other:?}"),
        }
    }
}

#[test]
fn no_certificate_is_no_way_in() {
    let ours = Authority::new();
    let mut a = ours.station(1);
    let client = bare::dial(a.address(), None, b"");
    a.until("the refusal", |a| !a.turned_away().is_empty());
    assert_eq!(a.turned_away(), [Cause::TheirCertificate(Problem::Absent)]);
    assert_eq!(client.join().unwrap(), b"", "nothing is said to a stranger");
}

#[test]
fn both_sides_learn_what_is_wrong() {
    let (ours, others) = (Authority::new(), Authority::new());
    let (mut a, mut b) = (ours.station(1), others.station(2));
    let dial = a.dial(&b);
    until("the refusal", &mut a, &mut b, |a, b| a.not_up(dial).is_some() && !b.turned_away().is_empty());
    // The one that dials looks at the other's certificate first.
    assert_eq!(a.not_up(dial), Some(Cause::TheirCertificate(Problem::Foreign)));
    assert_eq!(b.turned_away(), [Cause::OwnCertificate(Problem::Foreign)]);

    // Each knows the other's authority, but not the other way round: the certificate of the one that dials is refused.
    let mut both = ours.certify("system-1", |_| {});
    let text = |authority: &Authority| std::fs::read_to_string(authority.folder().join("ca.pem")).unwrap();
    both.authorities = ours.folder().join("both.pem");
    std::fs::write(&both.authorities, text(&others) + &text(&ours)).unwrap();
    let mut a = Station::with(secured(1, &both));
    let dial = a.dial(&b);
    b.events.clear();
    until("the refusal", &mut a, &mut b, |a, b| a.not_up(dial).is_some() && !b.turned_away().is_empty());
    assert_eq!(a.not_up(dial), Some(Cause::OwnCertificate(Problem::Foreign)));
    assert_eq!(b.turned_away(), [Cause::TheirCertificate(Problem::Foreign)]);

    // While one authority follows another, both are good.
    let mut c = ours.options(3);
    c.security = Security::Tls(
        TlsConfig::load(&TlsFiles { authorities: both.authorities, ..others.certify("system-3", |_| {}) }).unwrap(),
    );
    let (a, c) = linked(a, Station::with(c));
    drop((a, c));
}

#[test]
fn another_convention_of_the_same_authority_is_refused_on_both_sides() {
    let ours = Authority::new();
    let mut other = secured(2, &ours.certify("system-2", of_another_convention));
    let mut a = ours.station(1);
    other.me.convention = "elsewhere".into();
    let mut b = Station::with(other);
    let dial = a.dial(&b);
    until("the refusal", &mut a, &mut b, |a, b| a.not_up(dial).is_some() && !b.turned_away().is_empty());
    let cause = |theirs: &str, ours: &str| Cause::AnotherConvention { theirs: theirs.into(), ours: ours.into() };
    assert_eq!(a.not_up(dial), Some(cause("elsewhere", "site")));
    assert_eq!(b.turned_away(), [cause("site", "elsewhere")]);
}

#[test]
fn a_system_is_who_its_certificate_says() {
    let ours = Authority::new();
    let mut a = ours.station(1);
    // It calls itself x.
    let saying = b"roscnet\n\x01\x00\x10\x00\x02\0\0\0\0\0\0\0\x04site\x01x\0";
    let client = bare::dial(a.address(), Some(&ours.certify("system-2", |_| {})), saying);
    a.until("the refusal", |a| !a.turned_away().is_empty());
    let (claimed, real) = ("site/x".to_owned(), "site/system-2".to_owned());
    assert_eq!(a.turned_away(), [Cause::NotItsName { claimed, real }]);
    client.join().unwrap();

    let mut liar = ours.options(2);
    liar.me.identity = "system-3".into();
    let error = roscius_transport::network::Links::new(liar).unwrap_err();
    assert!(error.to_string().contains("site/system-2"), "{error}");
}

#[test]
fn a_certificate_that_lists_hosts_is_good_there_only() {
    let ours = Authority::new();
    let with = |hosts: &[SanType]| {
        secured(2, &ours.certify("system-2", |it| it.subject_alt_names.extend(hosts.iter().cloned())))
    };
    let name = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let address = |text: &str| SanType::IpAddress(text.parse().unwrap());
    for (hosts, good) in [
        (vec![], true),
        (vec![name("localhost")], true),
        (vec![name("host.example"), address("127.0.0.1"), name("localhost")], true),
        (vec![address("10.0.0.1")], false),
        (vec![name("host.example")], false),
    ] {
        for place in ["localhost", "127.0.0.1"] {
            let good = if hosts.len() == 1 && good { place == "localhost" } else { good };
            let (mut a, mut b) = (ours.station(1), Station::with(with(&hosts)));
            let dial = a.links.dial(&format!("{place}:{}", b.address().port()));
            until("the answer", &mut a, &mut b, |a, b| a.not_up(dial).is_some() || a.ups() == [2] && b.ups() == [1]);
            match a.not_up(dial) {
                None => assert!(good, "{place} {hosts:?}"),
                Some(Cause::TheirCertificate(Problem::AnotherHost { hosts: listed, dialled })) => {
                    assert!(!good && listed.len() == hosts.len() && dialled == place, "{place} {hosts:?}: {listed:?}");
                }
                Some(cause) => panic!("{place} {hosts:?}: {cause}"),
            }
        }
    }
}

#[test]
fn a_refused_certificate_is_out_at_once_and_stays_out() {
    let ours = Authority::new();
    let list = ours.folder().join("refused.txt");
    std::fs::write(&list, "# nobody yet\n").unwrap();
    let mine = TlsFiles { refused: Some(list.clone()), ..ours.certify("system-1", |_| {}) };
    let theirs = ours.certify("system-2", |_| {});
    let (mut a, mut b) = linked(Station::with(secured(1, &mine)), Station::with(secured(2, &theirs)));

    let pem = std::fs::read(&theirs.certificate).unwrap();
    let der =
        <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(&pem).unwrap();
    let digits: Vec<String> = fingerprint::of(&der).iter().map(|byte| format!("{byte:02X}")).collect();
    std::fs::write(&list, format!("# stolen\n\n{}  # in May\n", digits.join(":"))).unwrap();
    a.links.set_security(Security::Tls(TlsConfig::load(&mine).unwrap())).unwrap();
    until("the end", &mut a, &mut b, |a, b| !a.downs().is_empty() && !b.downs().is_empty());
    assert_eq!(a.downs(), [(2, Cause::TheirCertificate(Problem::Refused))]);

    let dial = b.dial(&a);
    until("the refusal", &mut a, &mut b, |_, b| b.not_up(dial).is_some());
    assert_eq!(b.not_up(dial), Some(Cause::OwnCertificate(Problem::Refused)));
    let dial = a.dial(&b);
    until("the refusal", &mut a, &mut b, |a, _| a.not_up(dial).is_some());
    assert_eq!(a.not_up(dial), Some(Cause::TheirCertificate(Problem::Refused)));

    // With a new certificate it is taken again.
    b.links.set_security(secured(2, &ours.certify("system-2", |_| {})).security).unwrap();
    a.dial(&b);
    until("the link", &mut a, &mut b, |a, b| a.ups() == [2, 2] && b.ups() == [1, 1]);

    std::fs::write(&list, "ab:cd\n").unwrap();
    let error = TlsConfig::load(&mine).unwrap_err();
    assert!(matches!(&error, TlsError::Refused { line: 1, .. }), "{error}");
}

#[test]
fn a_certificate_can_be_changed_while_links_last() {
    let ours = Authority::new();
    let (mut a, mut b) = linked(ours.station(1), ours.station(2));
    a.links.set_security(ours.options(1).security).unwrap();
    let error = a.links.set_security(ours.options(3).security).unwrap_err();
    assert!(error.to_string().contains("system-3"), "{error}");
    a.send(2, b"on the old link");
    until("the record", &mut a, &mut b, |_, b| b.records(1).len() == 1);
    let c = ours.station(3);
    let (a, c) = linked_more(a, c);
    assert!(a.downs().is_empty());
    drop((b, c));
}

fn linked_more(mut a: Station, mut c: Station) -> (Station, Station) {
    a.dial(&c);
    until("the link", &mut a, &mut c, |a, c| a.ups().len() == 2 && c.ups() == [1]);
    (a, c)
}

#[test]
fn files_that_are_of_no_use_are_named() {
    let ours = Authority::new();
    let good = ours.certify("system-1", |_| {});
    assert_eq!(TlsConfig::load(&good).unwrap().names(), &Names::new("site", "system-1").unwrap());
    let missing = ours.folder().join("missing");
    let empty = ours.folder().join("empty");
    std::fs::write(&empty, "").unwrap();
    for wrong in [missing, empty] {
        for files in [
            TlsFiles { authorities: wrong.clone(), ..good.clone() },
            TlsFiles { certificate: wrong.clone(), ..good.clone() },
            TlsFiles { key: wrong.clone(), ..good.clone() },
        ] {
            match TlsConfig::load(&files) {
                Err(TlsError::Read { path, .. }) => assert_eq!(path, wrong),
                other => panic!("{files:?}: {other:?}"),
            }
        }
    }
    let other = ours.certify("system-2", |_| {});
    let mixed = TlsFiles { key: other.key.clone(), ..good.clone() };
    assert!(matches!(TlsConfig::load(&mixed), Err(TlsError::AnotherKey { key, .. }) if key == other.key));
    let foreign = TlsFiles { authorities: Authority::new().certify("x", |_| {}).certificate, ..good };
    assert!(TlsConfig::load(&foreign).is_err());
}
