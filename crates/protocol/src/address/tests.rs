use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn text_and_serde_round_trip(node: u64, core: u8, index in 0..=Address::MAX_INDEX, generation in 0..=Address::MAX_GENERATION, bounded: bool) {
        let mut address = Address::new(NodeId::new(node), core, index, generation);
        if bounded {
            address = address.with_bound();
        }
        prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        let json = serde_json::to_string(&address).unwrap();
        prop_assert_eq!(serde_json::from_str::<Address>(&json).unwrap(), address);
        prop_assert_eq!(Address::from_bytes(address.to_bytes()), address);
        prop_assert_eq!((address.core(), address.index(), address.generation()), (core, index, generation));
        prop_assert_eq!(address.is_bounded(), bounded);
    }

    #[test]
    fn any_text_is_an_address_or_a_clear_error(text in ".{0,40}") {
        if let Err(error) = text.parse::<Address>() {
            prop_assert!(error.to_string().contains("is not an address"));
        }
    }
}

#[test]
fn an_address_is_sixteen_bytes() {
    assert_eq!(size_of::<Address>(), 16);
}

#[test]
fn a_later_generation_is_another_actor() {
    let node = NodeId::new(7);
    assert_ne!(Address::new(node, 0, 1, 0), Address::new(node, 0, 1, 1));
}

#[test]
fn nobody_is_external_and_never_an_actor() {
    let nobody = Address::nobody(NodeId::new(7));
    assert!(nobody.is_nobody() && nobody.is_external());
    assert!(!Address::new(NodeId::new(7), 0, 0, 0).is_nobody());
}

#[test]
fn out_of_range_numbers_are_refused() {
    for text in ["", "1", "1/0.0", "1/0.0.0.0", "1/100.0.0", "1/0.1000000.0", "1/0.0.80000000", "x/0.0.0", "1/0.0.-1"] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}
