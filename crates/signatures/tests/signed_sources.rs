//! Keys and signed sources that other programs made, and all that can be wrong with them.

use roscius_signatures::{Algorithm, Format, KeyError, PublicKey, SignError, SigningKey, SourceError, sign, verify};

macro_rules! made_elsewhere {
    (text $name:literal) => {
        include_str!(concat!("made_elsewhere/", $name))
    };
    (bytes $name:literal) => {
        include_bytes!(concat!("made_elsewhere/", $name)).as_slice()
    };
}

const RSA: &str = made_elsewhere!(text "rsa_2048.pem");
const RSA_PUBLIC: &str = made_elsewhere!(text "rsa_2048.pub");
const ED25519: &str = made_elsewhere!(text "ed25519.pem");
const ED25519_PUBLIC: &str = made_elsewhere!(text "ed25519.pub");
const SOURCE: &[u8] = made_elsewhere!(bytes "source.zip");
const NOW: u64 = 1_800_000_000;

fn public(text: &str) -> PublicKey {
    PublicKey::from_pem(text).expect("a good key").remove(0)
}

fn private(text: &str) -> SigningKey {
    SigningKey::from_pem(text).expect("a good key")
}

#[test]
fn what_the_director_signed_is_verified() {
    let keys = [public(ED25519_PUBLIC), public(made_elsewhere!(text "rsa_1024.pub")), public(RSA_PUBLIC)];
    for (file, format, key) in [
        (made_elsewhere!(bytes "director1.tls"), Format::Director1, 2),
        (made_elsewhere!(bytes "director1_1024.tls"), Format::Director1, 1),
        (made_elsewhere!(bytes "viceroy1.tls"), Format::Viceroy1, 2),
        (made_elsewhere!(bytes "viceroy2.tls"), Format::Viceroy2, 2),
    ] {
        let verified = verify(file, &keys, NOW).unwrap();
        assert_eq!(&*verified.content, SOURCE, "{format}");
        assert_eq!((verified.format, verified.key, verified.expires), (format, keys[key].id(), None));
    }
}

#[test]
fn what_is_signed_here_is_what_the_director_signs() {
    // RSA signatures of this kind are the same each time.
    for key in [RSA, made_elsewhere!(text "rsa_2048_pkcs8.pem")] {
        let key = private(key);
        assert_eq!(sign(SOURCE, &key, Format::Director1, None).unwrap(), made_elsewhere!(bytes "director1.tls"));
        assert_eq!(sign(SOURCE, &key, Format::Viceroy2, None).unwrap(), made_elsewhere!(bytes "viceroy2.tls"));
    }
}

#[test]
fn an_archive_in_an_archive_is_signed() {
    let nested = [SOURCE, SOURCE].concat();
    let file = sign(&nested, &private(RSA), Format::Director1, None).unwrap();
    assert_eq!(&*verify(&file, &[public(RSA_PUBLIC)], NOW).unwrap().content, nested);
}

#[test]
fn keys_have_the_same_name_in_each_form() {
    let key = public(RSA_PUBLIC);
    for other in [made_elsewhere!(text "rsa_2048_pkcs1.pub").to_owned(), RSA_PUBLIC.replace('\n', "\r\n"), key.to_pem()]
    {
        assert_eq!(public(&other), key);
        assert_eq!(public(&other).id().to_string(), key.id().to_string());
    }
    for text in [RSA, made_elsewhere!(text "rsa_2048_pkcs8.pem")] {
        assert_eq!(private(text).public_key(), key);
    }
    assert_eq!(key.to_pem(), RSA_PUBLIC);
    assert_eq!(private(ED25519).public_key().to_pem(), ED25519_PUBLIC);
    let several = format!("my keys\n{RSA_PUBLIC}and\n{ED25519_PUBLIC}");
    let algorithms: Vec<_> = PublicKey::from_pem(&several).unwrap().iter().map(PublicKey::algorithm).collect();
    assert_eq!(algorithms, [Algorithm::Rsa, Algorithm::Ed25519]);
}

#[test]
fn a_new_key_is_kept_as_text() {
    let key = SigningKey::generate().unwrap();
    let again = private(&key.to_pem().unwrap());
    assert_eq!(again.public_key(), key.public_key());
    assert_ne!(SigningKey::generate().unwrap().public_key(), key.public_key());
    assert_eq!(again.to_pem(), None);
}

#[test]
fn signatures_expire() {
    let keys = [public(ED25519_PUBLIC)];
    let for_ever = sign(SOURCE, &private(ED25519), Format::Source1, None).unwrap();
    assert_eq!(verify(&for_ever, &keys, u64::MAX).unwrap().expires, None);
    let file = sign(SOURCE, &private(ED25519), Format::Source1, Some(NOW)).unwrap();
    let verified = verify(&file, &keys, NOW - 1).unwrap();
    assert_eq!((&*verified.content, verified.expires), (SOURCE, Some(NOW)));
    assert_eq!(verify(&file, &keys, NOW), Err(SourceError::Expired { expired: NOW, now: NOW }));
    // Nobody makes it last longer.
    let longer = replaced(&file, b"expires: 1800000000", b"expires: 1900000000");
    assert!(matches!(verify(&longer, &keys, NOW), Err(SourceError::WrongSignature { .. })));
}

fn replaced(file: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = file.windows(from.len()).position(|window| window == from).expect("it is in the file");
    [&file[..at], to, &file[at + from.len()..]].concat()
}

#[test]
fn the_signer_must_be_trusted() {
    let ours = sign(SOURCE, &private(ED25519), Format::Source1, None).unwrap();
    let directors = made_elsewhere!(bytes "director1.tls");
    let (rsa, ed25519) = (public(RSA_PUBLIC), public(ED25519_PUBLIC));
    let stranger = SigningKey::generate().unwrap().public_key();
    let weak = public(made_elsewhere!(text "rsa_1024.pub"));
    let unknown = Err(SourceError::NoSuchKey { key: ed25519.id(), trusted: 2 });
    assert_eq!(verify(&ours, &[rsa.clone(), stranger.clone()], NOW), unknown);
    assert_eq!(verify(directors, &[ed25519], NOW), Err(SourceError::NoKey { algorithm: Algorithm::Rsa }));
    assert_eq!(verify(directors, &[], NOW), Err(SourceError::NoKey { algorithm: Algorithm::Rsa }));
    let wrong = Err(SourceError::WrongSignature { algorithm: Algorithm::Rsa, tried: 1 });
    assert_eq!(verify(directors, &[weak, stranger], NOW), wrong);
    let error = verify(&ours, &[rsa], NOW).unwrap_err().to_string();
    assert!(error.contains("which is none of the 1 trusted keys"), "{error}");
}

#[test]
fn every_change_is_noticed() {
    let keys = [public(RSA_PUBLIC), public(ED25519_PUBLIC)];
    let ours = sign(SOURCE, &private(ED25519), Format::Source1, Some(NOW + 1)).unwrap();
    let files = [
        ours.as_slice(),
        made_elsewhere!(bytes "director1.tls"),
        made_elsewhere!(bytes "viceroy1.tls"),
        made_elsewhere!(bytes "viceroy2.tls"),
    ];
    for file in files {
        assert!(verify(file, &keys, NOW).is_ok());
        for at in 0..file.len() {
            let mut changed = file.to_vec();
            changed[at] ^= 1;
            assert!(verify(&changed, &keys, NOW).is_err(), "byte {at}");
            assert!(verify(&file[..at], &keys, NOW).is_err(), "cut at {at}");
        }
        assert!(verify(&[file, b"x"].concat(), &keys, NOW).is_err());
        assert!(verify(&[b"x", file].concat(), &keys, NOW).is_err());
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let key = [public(ED25519_PUBLIC)];
    let ours = sign(SOURCE, &private(ED25519), Format::Source1, None).unwrap();
    let said = |file: &[u8]| verify(file, &key, NOW).unwrap_err().to_string();
    assert!(said(SOURCE).contains("it begins with `PK\\x03\\x04"), "{}", said(SOURCE));
    assert!(said(b"").contains("no format known here"));
    assert!(said(b"RosciusSource1-ed25519\nkey: 12").contains("header is not complete"));
    assert!(said(&ours[..ours.len() - 1]).contains("less content than it says"));
    assert!(said(&[&ours[..], b"x"].concat()).contains("more content than it says"));
    assert!(said(&replaced(&ours, b"expires: never", b"expires: +1234")).contains("expiry is no time"));
    assert!(said(&replaced(&ours, b"key: ", b"kez: ")).contains("not what it should be"));
    assert!(said(&replaced(&ours, SOURCE, &SOURCE.iter().rev().copied().collect::<Vec<_>>())).contains("not what was"));
    for (file, text) in [
        (&b"ThespianDirectorFMT1-sha256\n256\n99"[..], "header is not complete"),
        (b"ThespianDirectorFMT1-sha256\n0\n9\n", "size of its signature is impossible"),
        (b"ThespianDirectorFMT1-sha256\n-4\n9\n", "a number in its header is none"),
        (b"ThespianDirectorFMT1-sha256\n256\n99999999999999999999\n", "a number in its header is none"),
        (b"ThespianDirectorFMT1-sha256\n000000000000000000000256\n9\n", "too long"),
        (b"ThespianDirectorFMT1-sha256\n4\n9\n1234", "less content than it says"),
        (b"ViceroyFMT2-sha256\n256\nshort", "no room for the signature"),
        (b"ThespianDirectorFMT1-sha1\n4\n0\n1234", "no format known here"),
    ] {
        assert!(said(file).contains(text), "{}", said(file));
    }
}

#[test]
fn keys_that_can_not_be_used() {
    let public = |text: &str| PublicKey::from_pem(text).unwrap_err();
    let private = |text: &str| SigningKey::from_pem(text).unwrap_err();
    assert_eq!(public("no key"), KeyError::NoPem);
    assert_eq!(public(""), KeyError::NoPem);
    assert!(matches!(public(&RSA_PUBLIC[..200]), KeyError::Damaged(_)));
    assert!(matches!(public(&RSA_PUBLIC.replace("MII", "!II")), KeyError::Damaged(_)));
    assert!(matches!(public(&ED25519_PUBLIC.replace("MCow", "MCoa")), KeyError::Damaged(_)));
    assert_eq!(public(made_elsewhere!(text "ec.pub")), KeyError::Algorithm);
    assert!(matches!(public(RSA), KeyError::Label { wanted: "public key", .. }));
    assert_eq!(private(made_elsewhere!(text "ec.pem")), KeyError::Algorithm);
    assert_eq!(private(made_elsewhere!(text "protected.pem")), KeyError::Protected);
    assert!(matches!(private(RSA_PUBLIC), KeyError::Label { wanted: "private key", .. }));
    assert!(matches!(private(&RSA.replace("MII", "MIJ")), KeyError::Rejected(_)));
    let short = "-----BEGIN RSA PUBLIC KEY-----\nMAYCAQ8CAQM=\n-----END RSA PUBLIC KEY-----\n";
    assert_eq!(public(short), KeyError::Size { bits: 4, least: 1024, most: 8192 });
}

#[test]
fn keys_formats_and_expiries_go_together() {
    let (rsa, ed25519) = (private(RSA), private(ED25519));
    assert!(matches!(sign(SOURCE, &rsa, Format::Source1, None), Err(SignError::WrongKey { .. })));
    assert!(matches!(sign(SOURCE, &ed25519, Format::Director1, None), Err(SignError::WrongKey { .. })));
    assert_eq!(sign(SOURCE, &rsa, Format::Viceroy1, None), Err(SignError::ReadOnly(Format::Viceroy1)));
    assert_eq!(sign(SOURCE, &rsa, Format::Director1, Some(9)), Err(SignError::NoExpiry(Format::Director1)));
    assert_eq!(sign(b"no zip", &rsa, Format::Director1, None), Err(SignError::NoZip(Format::Director1)));
    assert_eq!(Format::by_name("ThespianDirectorFMT1"), Some(Format::Director1));
    assert_eq!(Format::by_name("RosciusSource1-ed25519"), Some(Format::Source1));
    assert_eq!(Format::by_name("ThespianDirectorFMT2"), None);
}
