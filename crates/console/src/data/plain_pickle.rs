//! Pickles of plain data: texts, numbers, lists, tables. What makes an object of a class is left alone.

use serde_json::{Map, Number, Value};

/// How deep data may be.
const DEPTH: usize = 64;
/// How many values may come of one pickle. One that is put in many places counts in each.
const VALUES: usize = 1 << 20;
/// The most bytes that one pickle may have.
const LONGEST: usize = 16 << 20;

/// A value that is made. Lists and tables can be filled after others refer to them, so they do by their places.
enum Node {
    Leaf(Value),
    List(Vec<usize>),
    /// Keys and values in turn.
    Table(Vec<usize>),
}

/// The data in a pickle of protocol 2 to 5. None: it makes objects of classes, or it is no pickle, or too large. What Python
/// tells apart and JSON does not, such as tuples, sets and lists, is the same here.
pub fn read(stream: &[u8]) -> Option<Value> {
    if stream.len() > LONGEST {
        return None;
    }
    let mut reader = Reader { rest: stream, nodes: Vec::new(), stack: Vec::new(), marks: Vec::new(), memo: Vec::new() };
    let root = reader.run()?;
    reader.value(root, DEPTH, &mut { VALUES })
}

struct Reader<'a> {
    rest: &'a [u8],
    nodes: Vec<Node>,
    stack: Vec<usize>,
    marks: Vec<usize>,
    memo: Vec<(usize, usize)>,
}

impl Reader<'_> {
    /// The place of what the pickle makes.
    fn run(&mut self) -> Option<usize> {
        if self.byte()? != 0x80 || !(2..=5).contains(&self.byte()?) {
            return None;
        }
        loop {
            match self.byte()? {
                b'.' => return self.stack.pop(),
                // A frame says no more than how long it is.
                0x95 => drop(self.take(8)?),
                b'N' => self.push(Node::Leaf(Value::Null)),
                0x88 => self.push(Node::Leaf(Value::Bool(true))),
                0x89 => self.push(Node::Leaf(Value::Bool(false))),
                b'J' => {
                    let number = i32::from_le_bytes(self.array()?);
                    self.push(Node::Leaf(number.into()));
                }
                b'K' => self.number(1)?,
                b'M' => self.number(2)?,
                0x8a => {
                    let length = self.byte()?.into();
                    self.long(length)?;
                }
                b'G' => {
                    let number = f64::from_be_bytes(self.array()?);
                    self.push(Node::Leaf(float(number)));
                }
                0x8c => self.text(1)?,
                b'X' => self.text(4)?,
                0x8d => self.text(8)?,
                b'C' => self.bytes(1)?,
                b'B' => self.bytes(4)?,
                0x8e | 0x96 => self.bytes(8)?,
                b']' | b')' | 0x8f => self.push(Node::List(Vec::new())),
                b'}' => self.push(Node::Table(Vec::new())),
                b'(' => self.marks.push(self.stack.len()),
                tuple @ 0x85..=0x87 => {
                    let items = self.pop_many(usize::from(tuple) - 0x84)?;
                    self.push(Node::List(items));
                }
                b't' | 0x91 => {
                    let items = self.pop_marked()?;
                    self.push(Node::List(items));
                }
                b'a' => {
                    let items = self.pop_many(1)?;
                    self.fill(items, false)?;
                }
                b's' => {
                    let items = self.pop_many(2)?;
                    self.fill(items, true)?;
                }
                b'e' | 0x90 => {
                    let items = self.pop_marked()?;
                    self.fill(items, false)?;
                }
                b'u' => {
                    let items = self.pop_marked()?;
                    self.fill(items, true)?;
                }
                b'q' => {
                    let key = self.length(1)?;
                    self.memo.push((key, *self.stack.last()?));
                }
                b'r' => {
                    let key = self.length(4)?;
                    self.memo.push((key, *self.stack.last()?));
                }
                0x94 => self.memo.push((self.memo.len(), *self.stack.last()?)),
                b'h' => self.recall(1)?,
                b'j' => self.recall(4)?,
                _ => return None,
            }
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*taken)
    }

    /// A length or key of so many bytes.
    fn length(&mut self, bytes: usize) -> Option<usize> {
        let mut wide = [0; 8];
        wide.get_mut(..bytes)?.copy_from_slice(self.take(bytes)?);
        usize::try_from(u64::from_le_bytes(wide)).ok()
    }

    fn push(&mut self, node: Node) {
        self.stack.push(self.nodes.len());
        self.nodes.push(node);
    }

    fn number(&mut self, bytes: usize) -> Option<()> {
        let number = self.length(bytes)?;
        self.push(Node::Leaf(number.into()));
        Some(())
    }

    /// A number of any length. One that JSON can not have is shown in hexadecimal.
    fn long(&mut self, length: usize) -> Option<()> {
        let bytes = self.take(length)?;
        let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let mut wide = [if is_negative { 0xff } else { 0 }; 16];
        let value = match wide.get_mut(..length) {
            Some(low) => {
                low.copy_from_slice(bytes);
                let number = i128::from_le_bytes(wide);
                let fits = i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from));
                fits.unwrap_or_else(|_| Value::String(number.to_string()))
            }
            None => {
                let digits: String = bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect();
                Value::String(format!("0x{digits}"))
            }
        };
        self.push(Node::Leaf(value));
        Some(())
    }

    fn text(&mut self, bytes: usize) -> Option<()> {
        let length = self.length(bytes)?;
        // Python may put half a surrogate pair there.
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Node::Leaf(Value::String(text)));
        Some(())
    }

    fn bytes(&mut self, bytes: usize) -> Option<()> {
        let length = self.length(bytes)?;
        let text = self.take(length)?.escape_ascii().to_string();
        self.push(Node::Leaf(Value::String(text)));
        Some(())
    }

    fn pop_many(&mut self, count: usize) -> Option<Vec<usize>> {
        let start = self.stack.len().checked_sub(count)?;
        Some(self.stack.split_off(start))
    }

    fn pop_marked(&mut self) -> Option<Vec<usize>> {
        let mark = self.marks.pop()?;
        (mark <= self.stack.len()).then(|| self.stack.split_off(mark))
    }

    /// Puts items into the list or table on top.
    fn fill(&mut self, items: Vec<usize>, by_pairs: bool) -> Option<()> {
        match (self.nodes.get_mut(*self.stack.last()?)?, by_pairs) {
            (Node::List(list), false) => list.extend(items),
            (Node::Table(table), true) if items.len().is_multiple_of(2) => table.extend(items),
            _ => return None,
        }
        Some(())
    }

    fn recall(&mut self, bytes: usize) -> Option<()> {
        let wanted = self.length(bytes)?;
        // Most pickles number what they keep one after the other.
        let numbered = self.memo.get(wanted).filter(|(key, _)| *key == wanted);
        let (_, place) = numbered.or_else(|| self.memo.iter().rev().find(|(key, _)| *key == wanted))?;
        self.stack.push(*place);
        Some(())
    }

    fn value(&self, place: usize, depth: usize, left: &mut usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        *left = left.checked_sub(1)?;
        Some(match self.nodes.get(place)? {
            Node::Leaf(value) => value.clone(),
            Node::List(items) => {
                Value::Array(items.iter().map(|item| self.value(*item, depth, left)).collect::<Option<_>>()?)
            }
            Node::Table(items) => {
                let mut table = Map::new();
                for pair in items.chunks_exact(2) {
                    let key = match self.value(*pair.first()?, depth, left)? {
                        Value::String(text) => text,
                        other => other.to_string(),
                    };
                    table.insert(key, self.value(*pair.get(1)?, depth, left)?);
                }
                Value::Object(table)
            }
        })
    }
}

/// JSON knows no number that is none, or without end.
pub fn float(number: f64) -> Value {
    Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

/// A pickle of this data. All versions of Python 3 read it.
pub fn write(value: &Value) -> Vec<u8> {
    let mut out = vec![0x80, 4];
    put(value, &mut out);
    out.push(b'.');
    out
}

fn put(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'N'),
        Value::Bool(truth) => out.push(if *truth { 0x88 } else { 0x89 }),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(small), _) => put_long(&small.to_le_bytes(), out),
            (None, Some(large)) => put_long(&u128::from(large).to_le_bytes()[..9], out),
            (None, None) => {
                out.push(b'G');
                out.extend(number.as_f64().unwrap_or(f64::NAN).to_be_bytes());
            }
        },
        Value::String(text) => put_text(text, out),
        Value::Array(items) => {
            out.extend(b"](");
            for item in items {
                put(item, out);
            }
            out.push(b'e');
        }
        Value::Object(table) => {
            out.extend(b"}(");
            for (key, value) in table {
                put_text(key, out);
                put(value, out);
            }
            out.push(b'u');
        }
    }
}

fn put_long(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend([0x8a, bytes.len() as u8]);
    out.extend(bytes);
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    match u8::try_from(text.len()) {
        Ok(length) => out.extend([0x8c, length]),
        Err(_) => {
            out.push(0x8d);
            out.extend((text.len() as u64).to_le_bytes());
        }
    }
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = "x".repeat(300);
        for value in [
            json!(null),
            json!([true, false, 0, -1, 255, 256, 65536, i64::MIN, u64::MAX, 1.5, "ä", "", long]),
            json!({"a": {"b": [[], {}]}, "c": null}),
        ] {
            assert_eq!(read(&write(&value)).unwrap(), value);
        }
    }

    #[test]
    fn what_python_writes_is_read() {
        // {"a": (1, 2.5, None), "b": [True, b"\x01", {3}], 7: frozenset({"x"})}, with protocol 5 of CPython.
        let stream = b"\x80\x05\x95\x3a\0\0\0\0\0\0\0}\x94(\x8c\x01a\x94K\x01G@\x04\0\0\0\0\0\0N\x87\x94\x8c\x01b\x94]\x94(\x88C\x01\x01\x94\x8f\x94(K\x03\x90eK\x07(\x8c\x01x\x94\x91\x94u.";
        assert_eq!(read(stream).unwrap(), json!({"a": [1, 2.5, null], "b": [true, "\\x01", [3]], "7": ["x"]}));
        // a = []; [a, a] with protocol 2.
        assert_eq!(read(b"\x80\x02]q\0(]q\x01h\x01e.").unwrap(), json!([[], []]));
        // 1 << 70, and -(1 << 70)
        assert_eq!(read(b"\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x40.").unwrap(), json!("1180591620717411303424"));
    }

    #[test]
    fn what_makes_objects_or_does_not_end_is_left_alone() {
        assert_eq!(read(b"\x80\x02cos\nsystem\n(X\x02\0\0\0lsq\0tR."), None);
        assert_eq!(read(b""), None);
        assert_eq!(read(b"\x80\x05\x8c\xffa"), None);
        assert_eq!(read(b"\x80\x05a."), None);
        assert_eq!(read(b"\x80\x05(K\x01u."), None);
        // A list in itself.
        assert_eq!(read(b"\x80\x02]q\0h\0a."), None);
    }

    #[test]
    fn what_grows_without_end_is_left_alone() {
        let mut deep = b"\x80\x02".to_vec();
        deep.resize(1_000_000, b']');
        deep.resize(1_999_997, b'a');
        deep.push(b'.');
        assert_eq!(read(&deep), None);
        // Each list has the one before it twice.
        let mut wide = b"\x80\x02]q\0".to_vec();
        for place in 0..60_u8 {
            wide.extend([b']', b'q', place + 1, b'h', place, b'a', b'h', place, b'a']);
        }
        wide.push(b'.');
        assert_eq!(read(&wide), None);
    }
}
