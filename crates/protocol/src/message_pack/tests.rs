use proptest::prelude::*;

use super::*;

fn written(token: Token<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(token, &mut out).unwrap();
    out
}

/// Reads all pieces, as far as there are any.
fn read_all(bytes: &[u8]) -> Result<usize, MessagePackError> {
    let mut reader = Reader::new(bytes);
    let mut count = 0;
    while reader.left() > 0 {
        reader.token()?;
        count += 1;
    }
    Ok(count)
}

#[test]
fn values_at_the_edges_of_their_forms_are_read_as_they_were_written() {
    let positive = [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, u64::MAX];
    let negative = [-1, -0x20, -0x21, -0x80, -0x81, -0x8000, -0x8001, -0x8000_0000, -0x8000_0001, i64::MIN];
    let tokens = positive.map(Token::Positive).into_iter().chain(negative.map(Token::Negative)).chain([
        Token::Nil,
        Token::Bool(true),
        Token::Bool(false),
        Token::Float(-0.5),
        Token::Extension(-1, &[1, 2, 3]),
    ]);
    for token in tokens {
        let bytes = written(token);
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.token().unwrap(), token);
        reader.finish().unwrap();
    }
    for length in [0, 1, 0x1f, 0x20, 0xff, 0x100, 0xffff, 0x1_0000] {
        let (text, bytes) = ("x".repeat(length), vec![7; length]);
        for token in [Token::Str(&text), Token::Bytes(&bytes)] {
            assert_eq!(Reader::new(&written(token)).token().unwrap(), token);
        }
        for token in [Token::Array(length), Token::Map(length)] {
            let mut head = written(token);
            head.resize(head.len() + 2 * length, 0xc0);
            assert_eq!(Reader::new(&head).token().unwrap(), token);
        }
    }
}

#[test]
fn what_is_announced_has_to_be_there() {
    // A list of four thousand million values, a text of as many bytes, and a map.
    for bytes in [[0xdd, 0xff, 0xff, 0xff, 0xff], [0xdb, 0xff, 0xff, 0xff, 0xff], [0xdf, 0xff, 0xff, 0xff, 0xff]] {
        let error = Reader::new(&bytes).token().unwrap_err();
        assert!(matches!(error, MessagePackError::TooShort { left: 0, .. }), "{error}");
    }
    assert!(matches!(Reader::new(&[]).token(), Err(MessagePackError::TooShort { wanted: 1, .. })));
    assert!(matches!(Reader::new(&[0xa1, 0xff]).token(), Err(MessagePackError::Text { at: 1 })));
    assert!(matches!(Reader::new(&[0xc1]).token(), Err(MessagePackError::Reserved { at: 0 })));
    assert!(matches!(read_bool(&[0xc3, 0]), Err(MessagePackError::TooLong { count: 1 })));
    assert!(matches!(read_bool(&[1]), Err(MessagePackError::Unexpected { .. })));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        // Each piece takes at least one byte.
        if let Ok(count) = read_all(&bytes) {
            prop_assert!(count <= bytes.len());
        }
    }
}
