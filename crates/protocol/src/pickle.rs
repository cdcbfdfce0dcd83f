//! What a pickle is of, as far as its first bytes say it. Nothing is made of it.

/// What a pickle begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First<'a> {
    /// A class or function: its module and its name.
    Global(&'a str, &'a str),
    /// A text.
    Text(&'a str),
}

const PROTO: u8 = 0x80;
const FRAME: u8 = 0x95;
const SHORT_TEXT: u8 = 0x8c;
const TEXT: u8 = b'X';
const LONG_TEXT: u8 = 0x8d;
const GLOBAL: u8 = b'c';
const STACK_GLOBAL: u8 = 0x93;
const MEMOIZE: u8 = 0x94;
const PUT: u8 = b'q';

/// The name of the type that a pickle makes: a class with its module, or a type that is built in. None: it is not seen at the
/// first look, or these bytes are no pickle of protocol 2 or later.
pub fn type_name(stream: &[u8]) -> Option<String> {
    let body = body_of(stream)?;
    let end = body.strip_suffix(b".").map(|end| end.strip_suffix(&[MEMOIZE]).unwrap_or(end));
    let built_in = match (body.first()?, end.and_then(|end| end.last())) {
        // What makes a tuple stands at the end.
        (_, Some(0x85..=0x87 | b't')) | (b')', _) => Some("tuple"),
        (b'}', _) => Some("dict"),
        (b']', _) => Some("list"),
        (0x8f, _) => Some("set"),
        (b'J' | b'K' | b'M' | 0x8a, _) => Some("int"),
        _ => None,
    };
    if let Some(name) = built_in {
        return Some(name.to_owned());
    }
    match first(body)? {
        First::Global(module, name) => Some(joined(module, name)),
        First::Text(_) => Some("str".to_owned()),
    }
}

/// The class, or the text, that a pickle begins with: as one does that names a class.
pub fn first_name(stream: &[u8]) -> Option<String> {
    Some(match first(body_of(stream)?)? {
        First::Global(module, name) => joined(module, name),
        First::Text(text) => text.to_owned(),
    })
}

/// The text that a pickle is of. None: it is of something else.
pub fn read_text(stream: &[u8]) -> Option<&str> {
    let (text, rest) = text(body_of(stream)?)?;
    matches!(rest, b"." | [PUT, _, b'.']).then_some(text)
}

/// The pickle of a text, of protocol 4.
pub fn write_text(text: &str) -> Vec<u8> {
    let mut body = match u8::try_from(text.len()) {
        Ok(length) => vec![SHORT_TEXT, length],
        Err(_) => [&[LONG_TEXT], &(text.len() as u64).to_le_bytes()[..]].concat(),
    };
    body.extend_from_slice(text.as_bytes());
    body.extend([MEMOIZE, b'.']);
    [&[PROTO, 4, FRAME], &(body.len() as u64).to_le_bytes()[..], &body].concat()
}

/// Whether a pickle is of plain data: numbers, texts, bytes, true and false, None, and lists, tuples, sets and dictionaries of these. To
/// unpickle it runs nothing. Pickles of the protocols 0 and 1 never are.
pub fn is_plain(stream: &[u8]) -> bool {
    let [PROTO, 2..=u8::MAX, rest @ ..] = stream else { return false };
    let mut rest = rest;
    while let Some((&opcode, after)) = rest.split_first() {
        let length = match opcode {
            b'.' => return true,
            // A mark and what takes it away, None and truths, empty collections, what is put into them, tuples, and what is remembered.
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | 0x88
            | 0x89
            | b']'
            | b'}'
            | b')'
            | 0x8f
            | 0x91
            | b'l'
            | b'd'
            | b't'
            | 0x85..=0x87
            | b'a'
            | b'e'
            | b's'
            | b'u'
            | 0x90
            | MEMOIZE => Some(0),
            // Numbers, and what was remembered.
            b'K' | b'h' | PUT => Some(1),
            b'M' => Some(2),
            b'J' | b'j' | b'r' => Some(4),
            b'G' | FRAME => Some(8),
            // Long numbers, texts and bytes, after their lengths of one, four or eight bytes.
            0x8a | SHORT_TEXT | b'C' => after.first().map(|length| 1 + u64::from(*length)),
            0x8b | TEXT | b'B' => after.first_chunk().map(|length| 4 + u64::from(u32::from_le_bytes(*length))),
            LONG_TEXT | 0x8e | 0x96 => {
                after.first_chunk().and_then(|length| u64::from_le_bytes(*length).checked_add(8))
            }
            _ => None,
        };
        let skipped = length.and_then(|length| usize::try_from(length).ok()).and_then(|length| after.get(length..));
        let Some(skipped) = skipped else { return false };
        rest = skipped;
    }
    false
}

fn joined(module: &str, name: &str) -> String {
    if module == "builtins" { name.to_owned() } else { format!("{module}.{name}") }
}

/// What follows the head of a pickle.
fn body_of(stream: &[u8]) -> Option<&[u8]> {
    let [PROTO, 2..=u8::MAX, body @ ..] = stream else { return None };
    match body {
        [FRAME, framed @ ..] => framed.get(8..),
        body => Some(body),
    }
}

fn first(body: &[u8]) -> Option<First<'_>> {
    if let [GLOBAL, rest @ ..] = body {
        let mut lines = rest.splitn(3, |byte| *byte == b'\n');
        let mut line = || std::str::from_utf8(lines.next()?).ok();
        let (module, name) = (line()?, line()?);
        // Without a third part the name has not ended.
        return lines.next().map(|_| First::Global(module, name));
    }
    let (text, rest) = text(body)?;
    let Some((name, rest)) = self::text(rest) else { return Some(First::Text(text)) };
    Some(if rest.first() == Some(&STACK_GLOBAL) { First::Global(text, name) } else { First::Text(text) })
}

/// The text at the beginning, and what follows it.
fn text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = match bytes {
        [SHORT_TEXT, length, rest @ ..] => (usize::from(*length), rest),
        [TEXT, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        [LONG_TEXT, rest @ ..] => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_le_bytes(*length)).ok()?, rest)
        }
        _ => return None,
    };
    let (text, rest) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(text).ok()?, rest.strip_prefix(&[MEMOIZE]).unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // As CPython 3.12 writes them, with protocol 5.
    const FRACTION: &[u8] =
        b"\x80\x05\x95\x23\0\0\0\0\0\0\0\x8c\x09fractions\x94\x8c\x08Fraction\x94\x93\x94\x8c\x031/2\x94\x85\x94R\x94.";
    const DICT: &[u8] = b"\x80\x05\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.";
    const LIST: &[u8] = b"\x80\x05\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01K\x02e.";
    const PAIR: &[u8] = b"\x80\x05K\x01K\x02\x86\x94.";
    const SPEC: &[u8] = b"\x80\x04\x95\x18\0\0\0\0\0\0\0\x8c\x0fexamples.Worker\x94NN\x87\x94.";
    const CLASS: &[u8] = b"\x80\x02cexamples\nWorker\nq\0)\x81q\x01.";

    #[test]
    fn a_pickle_is_called_by_what_it_makes() {
        let name = |stream| type_name(stream).unwrap();
        assert_eq!(name(FRACTION), "fractions.Fraction");
        assert_eq!(name(DICT), "dict");
        assert_eq!(name(LIST), "list");
        assert_eq!(name(PAIR), "tuple");
        assert_eq!(name(SPEC), "tuple");
        assert_eq!(name(CLASS), "examples.Worker");
    }

    #[test]
    fn plain_is_what_makes_no_object() {
        // {"a": (1, 2.5, None), "b": [True, b"x", "text", {1}, 10**30]}, as CPython writes it with protocol 5.
        let data = b"\x80\x05\x95\x45\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94K\x01G@\x04\0\0\0\0\0\0N\x87\x94\x8c\x01b\x94]\x94(\x88C\x01x\x94\x8c\x04text\x94\x8f\x94(K\x01\x90\x8a\x0d\0\0\0@\xea\xed\x74\x46\xd0\x9c\x2c\x9f\x0ceu.";
        for plain in [&data[..], DICT, LIST, PAIR, SPEC, &write_text("linux")] {
            assert!(is_plain(plain), "{}", plain.escape_ascii());
            // What comes after the end is not looked at; what has none is nothing.
            assert!(is_plain(&[plain, b"R"].concat()));
            (0..plain.len()).for_each(|end| assert!(!is_plain(&plain[..end])));
        }
        let old = b"cposix\nsystem\n(S'x'\ntR.";
        for active in
            [FRACTION, CLASS, old, &[b"\x80\x02", &old[..]].concat(), b"\x80\x02\x82\x01.", b"\x80\x04Px\n.", b""]
        {
            assert!(!is_plain(active), "{}", active.escape_ascii());
        }
        // A length beyond the end, and one beyond all ends.
        assert!(!is_plain(b"\x80\x04X\xff\xff\xff\xff."));
        assert!(!is_plain(b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff."));
    }

    #[test]
    fn the_class_is_seen_that_a_pickle_begins_with() {
        assert_eq!(first_name(SPEC).unwrap(), "examples.Worker");
        assert_eq!(first_name(CLASS).unwrap(), "examples.Worker");
        assert_eq!(first_name(FRACTION).unwrap(), "fractions.Fraction");
        assert_eq!(first_name(DICT), None);
    }

    #[test]
    fn a_text_is_written_as_python_writes_it_and_read() {
        let linux = b"\x80\x04\x95\x09\0\0\0\0\0\0\0\x8c\x05linux\x94.";
        assert_eq!(write_text("linux"), linux);
        assert_eq!(read_text(linux), Some("linux"));
        let long = "ü".repeat(200);
        assert_eq!(read_text(&write_text(&long)), Some(&*long));
        // As protocols 2 and 5 have it.
        assert_eq!(read_text(b"\x80\x02X\x05\0\0\0linuxq\0."), Some("linux"));
        assert_eq!(read_text(b"\x80\x05\x95\x09\0\0\0\0\0\0\0\x8c\x05linux\x94."), Some("linux"));
        for other in [FRACTION, DICT, LIST, PAIR, SPEC, CLASS, b"linux", &linux[..linux.len() - 1]] {
            assert_eq!(read_text(other), None);
        }
    }

    #[test]
    fn what_is_cut_off_is_no_pickle_and_harms_nobody() {
        for stream in [FRACTION, DICT, LIST, PAIR, SPEC, CLASS] {
            for length in 0..stream.len() {
                let _ = (type_name(&stream[..length]), first_name(&stream[..length]));
            }
        }
        assert_eq!(first_name(&FRACTION[..20]), None);
        assert_eq!(first_name(&CLASS[..12]), None);
        assert_eq!(first_name(b"examples.Worker"), None);
    }
}
