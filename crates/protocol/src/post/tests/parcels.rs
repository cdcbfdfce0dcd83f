//! Parcels on their way between systems.

use bytes::Bytes;

use super::super::{Parcel, ParcelError};
use super::{actor, at, message, to};
use crate::frame::{self, DEFAULT_LIMIT, Frame, Header, Payload};

fn parcel() -> Parcel {
    Parcel::pack(&to("127.0.0.1:1900", "store"), at(77), &message("one")).unwrap()
}

#[test]
fn what_was_packed_is_read() {
    let parcel = parcel();
    assert_eq!(Parcel::read(parcel.whole.clone(), DEFAULT_LIMIT), Ok(parcel));
}

#[test]
fn however_it_is_cut_it_is_refused() {
    let whole = parcel().whole;
    for cut in 0..whole.len() {
        Parcel::read(whole.slice(..cut), DEFAULT_LIMIT).unwrap_err();
    }
    let longer: Bytes = [&whole[..], b"x"].concat().into();
    assert!(matches!(Parcel::read(longer, DEFAULT_LIMIT), Err(ParcelError::Frame(_))));
}

#[test]
fn a_changed_byte_is_read_as_another_or_refused() {
    let whole = parcel().whole;
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.to_vec();
            changed[at] ^= 1 << bit;
            if let Ok(read) = Parcel::read(changed.into(), DEFAULT_LIMIT) {
                assert_ne!(read, parcel());
            }
        }
    }
}

#[test]
fn what_the_actor_system_says_to_itself_is_not_durable() {
    let header = Header { type_id: 1, ..Header::new(actor(7, 20), actor(9, 0)) };
    let mut bytes = Vec::new();
    frame::encode(&header, &Payload::System(b"x"), DEFAULT_LIMIT, &mut bytes).unwrap();
    let frame = Frame::new(bytes.into(), DEFAULT_LIMIT).unwrap();
    let refused = Parcel::pack(&to("b", "store"), at(1), &frame);
    assert!(matches!(refused, Err(ParcelError::Kind { .. })));
    let mut forged = parcel();
    let head = forged.whole.len() - forged.frame.len();
    forged.whole = [&forged.whole[..head], frame.as_bytes()].concat().into();
    assert!(matches!(Parcel::read(forged.whole, DEFAULT_LIMIT), Err(ParcelError::Kind { .. })));
}

#[test]
fn there_are_no_destinations_without_a_name() {
    for (system, name) in [("", "store"), ("b", ""), ("b\n", "store"), ("b", "a\0"), (&"x".repeat(256), "store")] {
        super::super::Destination::new(system, name).unwrap_err();
    }
}
