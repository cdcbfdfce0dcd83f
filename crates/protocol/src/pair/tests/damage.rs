//! Records that no honest peer sends.

use bytes::Bytes;

use super::{Two, WINDOW, limits, long};
use crate::pair::record::HEAD;
use crate::pair::{Effect, FRAGMENT, LONGEST_RECORD, Limits, RecordError};

/// Two that have greeted, and a record from one to the other that is on the way.
fn with_record(frame: Bytes) -> (Two, Vec<u8>) {
    let mut two = Two::linked(limits(|limits| limits.window = WINDOW));
    two.send(0, frame);
    let record = two.under_way[1].remove(0);
    (two, record.to_vec())
}

fn refuse(two: &mut Two, record: Vec<u8>) -> RecordError {
    let mut out = Vec::new();
    let error = two.pairs[1].received(two.now, &record.into(), &mut out).unwrap_err();
    assert!(!out.iter().any(|effect| matches!(effect, Effect::Deliver(_))), "{out:?}");
    error
}

#[test]
fn records_that_are_cut_or_too_long_are_refused() {
    let (mut two, record) = with_record(Bytes::from_static(b"a frame"));
    for length in 0..record.len() {
        let error = refuse(&mut two, record[..length].to_vec());
        let expected = if length < HEAD { RecordError::TooShort { length } } else { RecordError::Content };
        assert_eq!(error, expected);
    }
    let length = LONGEST_RECORD + 1;
    assert_eq!(refuse(&mut two, vec![0; length]), RecordError::TooLong { length });
}

#[test]
fn what_has_no_meaning_is_refused() {
    let (mut two, record) = with_record(Bytes::from_static(b"a frame"));
    let changed = |at: usize, value: u8| {
        let mut record = record.clone();
        record[at] = value;
        record
    };
    assert_eq!(refuse(&mut two, changed(0, 5)), RecordError::Kind { kind: 5 });
    assert_eq!(refuse(&mut two, changed(0, 200)), RecordError::Kind { kind: 200 });
    assert_eq!(refuse(&mut two, changed(1, 4)), RecordError::Flags { flags: 4 });
    assert_eq!(refuse(&mut two, changed(2, 2)), RecordError::Content, "two frames, it says");
    assert_eq!(refuse(&mut two, changed(2, 0)), RecordError::Content, "none, it says");
    assert_eq!(refuse(&mut two, changed(HEAD, 8)), RecordError::Content, "a longer frame");
    assert_eq!(refuse(&mut two, changed(1, 1)), RecordError::Content, "no room for an id");
    assert_eq!(refuse(&mut two, changed(1, 2)), RecordError::Content, "no ids");
    assert!(matches!(refuse(&mut two, changed(55, 0xff)), RecordError::Number { .. }));
    two.pairs[1].received(two.now, &record.into(), &mut Vec::new()).unwrap();
}

#[test]
fn nobody_acknowledges_what_was_not_sent() {
    let (mut two, mut record) = with_record(Bytes::from_static(b"a frame"));
    record[32] = 99;
    assert_eq!(refuse(&mut two, record), RecordError::Acknowledgement { acknowledged: 99, sent: 1 });
}

#[test]
fn more_than_the_window_is_refused() {
    // The sender believes in a wider one.
    let mut two = Two::linked(limits(|limits| limits.window = WINDOW));
    two.pairs[0] = Two::linked(Limits::default()).pairs.into_iter().next().unwrap();
    for number in 0..=WINDOW.pieces as u8 {
        two.pairs[0].send(two.now, vec![number].into()).unwrap();
    }
    let mut out = Vec::new();
    two.pairs[0].flush(two.now, &mut out);
    let Effect::Transmit { head, .. } = out.remove(0) else { panic!("{out:?}") };
    assert_eq!(refuse(&mut two, head), RecordError::Window);
}

#[test]
fn fragments_that_do_not_fit_are_refused() {
    let (two, first) = with_record(long(3 * FRAGMENT, 1));
    drop(two);
    let place = HEAD + 8;
    // It begins in the middle.
    let (mut two, _) = with_record(long(3 * FRAGMENT, 1));
    let mut record = first.clone();
    record[place..place + 8].copy_from_slice(&(FRAGMENT as u64).to_le_bytes());
    assert_eq!(refuse(&mut two, record.clone()), RecordError::Fragment);
    // Its place is no place of a fragment, or outside of the frame.
    for offset in [1, 3 * FRAGMENT as u64, u64::MAX] {
        record[place..place + 8].copy_from_slice(&offset.to_le_bytes());
        assert_eq!(refuse(&mut two, record.clone()), RecordError::Content);
    }
    // A short frame is not sent in fragments.
    let mut record = first.clone();
    record[HEAD..HEAD + 8].copy_from_slice(&(FRAGMENT as u64).to_le_bytes());
    assert_eq!(refuse(&mut two, record), RecordError::Content);
    // The second belongs to a longer frame.
    two.pairs[1].received(two.now, &first.into(), &mut Vec::new()).unwrap();
    let mut second = two.under_way[1].remove(0).to_vec();
    second[HEAD..HEAD + 8].copy_from_slice(&(4 * FRAGMENT as u64).to_le_bytes());
    assert_eq!(refuse(&mut two, second), RecordError::Fragment);
}

#[test]
fn a_fragment_that_announces_much_allocates_little() {
    let (mut two, mut record) = with_record(long(2 * FRAGMENT, 1));
    let announced = Limits::default().frame;
    record[HEAD..HEAD + 8].copy_from_slice(&announced.to_le_bytes());
    two.pairs[1].received(two.now, &record.into(), &mut Vec::new()).unwrap();
    assert!(two.pairs[1].incoming.under_way() <= 1 << 20);
}
