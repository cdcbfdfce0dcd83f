use proptest::prelude::*;

use super::*;

fn directory(claims: &[(&str, u32)]) -> Directory<u32> {
    let mut directory = Directory::new();
    for &(name, holder) in claims {
        directory.claim(name, holder).unwrap();
    }
    directory
}

fn listed(directory: &Directory<u32>) -> Vec<(&str, u32)> {
    directory.iter().collect()
}

#[test]
fn a_claimed_name_is_found() {
    let directory = directory(&[("printer", 7)]);
    assert_eq!(directory.lookup("printer"), Some(7));
    assert_eq!(directory.lookup("print"), None);
    assert_eq!(directory.lookup(""), None);
}

#[test]
fn a_holder_may_claim_its_name_again() {
    let mut directory = directory(&[("printer", 7)]);
    assert_eq!(directory.claim("printer", 7), Ok(()));
    assert_eq!(directory.release(7), ["printer"]);
}

#[test]
fn a_taken_name_stays_with_its_holder() {
    let mut directory = directory(&[("printer", 7)]);
    let error = directory.claim("printer", 8).unwrap_err();
    assert_eq!(error, NameTaken { name: "printer".into(), holder: 7 });
    assert_eq!(error.to_string(), "the name `printer` is taken by 7");
    assert_eq!(directory.lookup("printer"), Some(7));
}

#[test]
fn a_release_takes_all_names_of_one_holder_in_order() {
    let mut directory = directory(&[("b", 2), ("d", 1), ("a", 1), ("e", 3), ("c", 1), ("f", 0)]);
    assert_eq!(directory.release(1), ["a", "c", "d"]);
    assert_eq!(listed(&directory), [("b", 2), ("e", 3), ("f", 0)]);
    assert!(directory.release(1).is_empty());
}

#[test]
fn a_released_name_is_free() {
    let mut directory = directory(&[("printer", 7)]);
    directory.release(7);
    assert_eq!(directory.lookup("printer"), None);
    assert_eq!(directory.claim("printer", 8), Ok(()));
}

#[test]
fn names_are_listed_in_order() {
    let directory = directory(&[("zeta", 1), ("alpha", 9), ("mu", 4)]);
    assert_eq!(listed(&directory), [("alpha", 9), ("mu", 4), ("zeta", 1)]);
    assert_eq!(directory.iter().len(), 3);
}

#[test]
fn a_name_breaks_a_rule() {
    let long = "é".repeat(128);
    let cases = [
        ("", "a name cannot be empty"),
        (long.as_str(), "a name has 255 bytes at most, this one has 256"),
        ("Grüße\nan alle", r#"a name has no control characters, but "Grüße\nan alle" has '\n' at byte 7"#),
        ("\u{85}", r#"a name has no control characters, but "\u{85}" has '\u{85}' at byte 0"#),
    ];
    for (name, message) in cases {
        assert_eq!(check_name(name).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_refused_claim_leaves_no_trace() {
    let mut directory = directory(&[("printer", 7)]);
    directory.claim("printer", 8).unwrap_err();
    assert!(directory.release(8).is_empty());
    assert_eq!(listed(&directory), [("printer", 7)]);
}

#[test]
fn the_empty_name_is_released_like_any_other() {
    let mut directory = directory(&[("", 2), ("a", 2), ("b", 1), ("c", 3)]);
    assert_eq!(directory.release(2), ["", "a"]);
    assert_eq!(listed(&directory), [("b", 1), ("c", 3)]);
}

#[test]
fn other_names_are_fine() {
    for name in ["a", " ", "orders/2024", "Drucker am Empfang", "名前", &"x".repeat(MAX_NAME_LENGTH)] {
        assert_eq!(check_name(name), Ok(()));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Claim(String, u8),
    Release(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => ("[a-d]{0,2}", 0..5_u8).prop_map(|(name, holder)| Step::Claim(name, holder)),
        1 => (0..5_u8).prop_map(Step::Release),
    ]
}

proptest! {
    /// Against one map that is searched from end to end.
    #[test]
    fn any_use_agrees_with_a_plain_map(steps in prop::collection::vec(step(), 1..100)) {
        let mut directory = Directory::new();
        let mut plain = BTreeMap::<String, u8>::new();
        for step in steps {
            match step {
                Step::Claim(name, holder) => {
                    let current = *plain.entry(name.clone()).or_insert(holder);
                    let expected = match current == holder {
                        true => Ok(()),
                        false => Err(NameTaken { name: name.clone(), holder: current }),
                    };
                    prop_assert_eq!(directory.claim(&name, holder), expected);
                }
                Step::Release(holder) => {
                    let names: Vec<_> =
                        plain.iter().filter(|(_, other)| **other == holder).map(|(name, _)| name.clone()).collect();
                    plain.retain(|_, other| *other != holder);
                    prop_assert_eq!(directory.release(holder), names);
                }
            }
            let listed: Vec<_> = directory.iter().map(|(name, holder)| (name.to_owned(), holder)).collect();
            prop_assert_eq!(listed, plain.clone().into_iter().collect::<Vec<_>>());
            prop_assert_eq!(directory.by_holder.len(), plain.len());
        }
    }

    #[test]
    fn a_name_is_accepted_exactly_by_the_rules(name in any::<String>()) {
        let fine = !name.is_empty() && name.len() <= MAX_NAME_LENGTH && !name.chars().any(char::is_control);
        prop_assert_eq!(check_name(&name).is_ok(), fine);
    }
}
