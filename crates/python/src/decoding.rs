//! MessagePack as Python objects. The bytes come from other processes.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyFrozenSet, PyList, PySet, PyString, PyTuple, PyType};
use roscius::{Address, NodeId};
use roscius_protocol::message_pack::{MessagePackError, Reader, Token};

use crate::address::ActorAddress;
use crate::declared::{Field, Problem, Schema, Shape, schema_of};

/// How deep values may lie in each other.
const DEEPEST: usize = 128;

impl From<MessagePackError> for Problem {
    fn from(error: MessagePackError) -> Self {
        Self::new(error.to_string())
    }
}

type Made = Result<Py<PyAny>, Problem>;

/// The object in a body, of this class. Without one it is made of lists, dictionaries and values.
pub(crate) fn decode(py: Python<'_>, class: Option<Bound<'_, PyType>>, body: &[u8]) -> Made {
    let shape = class.map_or(Shape::Any, |class| Shape::Class(class.unbind()));
    let mut reader = Reader::new(body);
    let object = make(py, &shape, &mut reader, DEEPEST)?;
    reader.finish()?;
    Ok(object)
}

/// The address that is a body.
pub(crate) fn decode_address(py: Python<'_>, body: &[u8]) -> Made {
    let mut reader = Reader::new(body);
    let object = make(py, &Shape::Address, &mut reader, DEEPEST)?;
    reader.finish()?;
    Ok(object)
}

/// A value from MessagePack, for who is not called by a message.
#[pyfunction]
pub(crate) fn decode_value(
    py: Python<'_>,
    class: Option<Bound<'_, PyType>>,
    body: &[u8],
    name: &str,
) -> PyResult<Py<PyAny>> {
    decode(py, class, body).map_err(|problem| problem.of(name))
}

fn make(py: Python<'_>, shape: &Shape, reader: &mut Reader<'_>, depth: usize) -> Made {
    let token = reader.token()?;
    make_of(py, shape, token, reader, depth)
}

/// Makes what begins with this piece.
fn make_of(py: Python<'_>, shape: &Shape, token: Token<'_>, reader: &mut Reader<'_>, depth: usize) -> Made {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Problem::new(format!("values lie more than {DEEPEST} deep in each other")));
    };
    match (shape, token) {
        (Shape::Optional(_), Token::Nil) => Ok(py.None()),
        (Shape::Optional(shape), token) => make_of(py, shape, token, reader, depth),
        (Shape::Class(class), token) => {
            let schema = schema_of(class.bind(py))?;
            let schema = schema.ok_or_else(|| Problem::new("its class is no dataclass any more"))?;
            make_instance(py, &schema, token, reader, depth)
        }
        (Shape::Enum(class), Token::Str(name)) => {
            class.bind(py).get_item(name).map(Bound::unbind).map_err(|_| unexpected(py, shape, token))
        }
        (Shape::Any | Shape::Bool, Token::Bool(truth)) => Ok(PyBool::new(py, truth).to_owned().into_any().unbind()),
        (Shape::Any | Shape::Int, Token::Positive(number)) => {
            Ok(number.into_pyobject(py).map_err(never)?.into_any().unbind())
        }
        (Shape::Any | Shape::Int, Token::Negative(number)) => {
            Ok(number.into_pyobject(py).map_err(never)?.into_any().unbind())
        }
        (Shape::Any | Shape::Float, Token::Float(number)) => Ok(PyFloat::new(py, number).into_any().unbind()),
        (Shape::Float, Token::Positive(number)) => Ok(PyFloat::new(py, number as f64).into_any().unbind()),
        (Shape::Float, Token::Negative(number)) => Ok(PyFloat::new(py, number as f64).into_any().unbind()),
        (Shape::Any | Shape::Str, Token::Str(text)) => Ok(PyString::new(py, text).into_any().unbind()),
        (Shape::Any | Shape::Bytes, Token::Bytes(bytes)) => Ok(PyBytes::new(py, bytes).into_any().unbind()),
        // As serde writes a `Vec<u8>` that nobody has told it is bytes.
        (Shape::Bytes, Token::Array(count)) => {
            let numbers = (0..count).map(|_| match reader.token()? {
                Token::Positive(number) if number < 0x100 => Ok(number as u8),
                other => Err(unexpected(py, shape, other)),
            });
            let bytes = numbers.collect::<Result<Vec<u8>, Problem>>()?;
            Ok(PyBytes::new(py, &bytes).into_any().unbind())
        }
        (Shape::Any, Token::Nil) => Ok(py.None()),
        (Shape::Any, Token::Array(count)) => list(py, &Shape::Any, count, reader, depth),
        (Shape::List(part), Token::Array(count)) => list(py, part, count, reader, depth),
        (Shape::Tuple(part), Token::Array(count)) => {
            let parts = all(py, part, count, reader, depth)?;
            Ok(PyTuple::new(py, parts)?.into_any().unbind())
        }
        (Shape::Row(shapes), Token::Array(count)) if shapes.len() == count => {
            let parts = shapes.iter().enumerate().map(|(index, shape)| {
                make(py, shape, reader, depth).map_err(|problem| problem.within(format!("[{index}]")))
            });
            let parts = parts.collect::<Result<Vec<_>, Problem>>()?;
            Ok(PyTuple::new(py, parts)?.into_any().unbind())
        }
        (Shape::Set(part), Token::Array(count)) => {
            let parts = all(py, part, count, reader, depth)?;
            Ok(PySet::new(py, parts)?.into_any().unbind())
        }
        (Shape::FrozenSet(part), Token::Array(count)) => {
            let parts = all(py, part, count, reader, depth)?;
            Ok(PyFrozenSet::new(py, parts)?.into_any().unbind())
        }
        (Shape::Any, Token::Map(count)) => dict(py, &Shape::Any, &Shape::Any, count, reader, depth),
        (Shape::Dict(keys, values), Token::Map(count)) => dict(py, keys, values, count, reader, depth),
        (Shape::Address, Token::Map(count)) => address(py, count, reader),
        (shape, token) => Err(unexpected(py, shape, token)),
    }
}

fn never(error: std::convert::Infallible) -> Problem {
    match error {}
}

fn all(
    py: Python<'_>,
    shape: &Shape,
    count: usize,
    reader: &mut Reader<'_>,
    depth: usize,
) -> Result<Vec<Py<PyAny>>, Problem> {
    (0..count)
        .map(|index| make(py, shape, reader, depth).map_err(|problem| problem.within(format!("[{index}]"))))
        .collect()
}

fn list(py: Python<'_>, shape: &Shape, count: usize, reader: &mut Reader<'_>, depth: usize) -> Made {
    let parts = all(py, shape, count, reader, depth)?;
    Ok(PyList::new(py, parts)?.into_any().unbind())
}

fn dict(py: Python<'_>, keys: &Shape, values: &Shape, count: usize, reader: &mut Reader<'_>, depth: usize) -> Made {
    let made = PyDict::new(py);
    for _ in 0..count {
        let key = make(py, keys, reader, depth).map_err(|problem| problem.within(" (a key)"))?;
        let value = make(py, values, reader, depth);
        let value = value.map_err(|problem| problem.within(format!("[{}]", key.bind(py))))?;
        made.set_item(key, value)?;
    }
    Ok(made.into_any().unbind())
}

/// Makes an instance from its fields by name, by their order, or, if it has only one, from that alone: serde has a form for
/// each kind of struct.
fn make_instance(py: Python<'_>, schema: &Schema, token: Token<'_>, reader: &mut Reader<'_>, depth: usize) -> Made {
    let mut values: Vec<Option<Py<PyAny>>> = schema.fields.iter().map(|_| None).collect();
    let read = |field: &Field, token: Token<'_>, reader: &mut Reader<'_>| {
        make_of(py, &field.shape, token, reader, depth).map_err(|problem| problem.within(format!(".{}", field.text)))
    };
    match token {
        Token::Map(count) => {
            for _ in 0..count {
                let Token::Str(name) = reader.token()? else {
                    return Err(Problem::new("the name of a field is no text"));
                };
                let token = reader.token()?;
                match schema.fields.iter().position(|field| field.text == name) {
                    Some(index) => values[index] = Some(read(&schema.fields[index], token, reader)?),
                    // A newer sender has more to say.
                    None => drop(make_of(py, &Shape::Any, token, reader, depth)?),
                }
            }
        }
        Token::Array(count) => {
            let mut places = schema.fields.iter().zip(&mut values);
            for _ in 0..count {
                let token = reader.token()?;
                match places.next() {
                    Some((field, value)) => *value = Some(read(field, token, reader)?),
                    None => drop(make_of(py, &Shape::Any, token, reader, depth)?),
                }
            }
        }
        Token::Nil if schema.fields.is_empty() => {}
        token => match schema.fields.as_slice() {
            [field] => values[0] = Some(read(field, token, reader)?),
            _ => return Err(Problem::new(format!("a map of fields was expected, not {}", described(token)))),
        },
    }
    instance(py, schema, values)
}

fn instance(py: Python<'_>, schema: &Schema, values: Vec<Option<Py<PyAny>>>) -> Made {
    let arguments = PyDict::new(py);
    let mut others = Vec::new();
    for (field, value) in schema.fields.iter().zip(values) {
        match value {
            Some(value) if field.is_argument => arguments.set_item(&field.name, value)?,
            Some(value) => others.push((field, value)),
            None if field.is_required => {
                return Err(Problem::new("the field is missing").within(format!(".{}", field.text)));
            }
            None => {}
        }
    }
    let made = schema.class.bind(py).call((), Some(&arguments))?;
    if !others.is_empty() {
        // A frozen class allows it in no other way.
        let set = py.import("builtins")?.getattr("object")?.getattr("__setattr__")?;
        for (field, value) in others {
            set.call1((&made, &field.name, value))?;
        }
    }
    Ok(made.unbind())
}

/// As the type `Address` of Rust writes itself.
fn address(py: Python<'_>, count: usize, reader: &mut Reader<'_>) -> Made {
    let (mut node, mut place, mut generation) = (None, None, None);
    for _ in 0..count {
        match (reader.token()?, reader.token()?) {
            (Token::Str("node"), Token::Positive(number)) => node = Some(number),
            (Token::Str("place"), Token::Positive(number)) => place = u32::try_from(number).ok(),
            (Token::Str("generation"), Token::Positive(number)) => generation = u32::try_from(number).ok(),
            _ => return Err(Problem::new("the address of an actor was expected")),
        }
    }
    let (Some(node), Some(place), Some(generation)) = (node, place, generation) else {
        return Err(Problem::new("the address of an actor was expected"));
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&NodeId::new(node).number().to_le_bytes());
    bytes[8..12].copy_from_slice(&place.to_le_bytes());
    bytes[12..].copy_from_slice(&generation.to_le_bytes());
    Ok(Bound::new(py, ActorAddress::of(Address::from_bytes(bytes)))?.into_any().unbind())
}

fn unexpected(py: Python<'_>, shape: &Shape, token: Token<'_>) -> Problem {
    Problem::new(format!("{} was expected, not {}", wanted(py, shape), described(token)))
}

fn wanted(py: Python<'_>, shape: &Shape) -> String {
    match shape {
        Shape::Any => "a value",
        Shape::Bool => "a bool",
        Shape::Int => "an int",
        Shape::Float => "a float",
        Shape::Str => "a str",
        Shape::Bytes => "bytes",
        Shape::Address => "the address of an actor",
        Shape::Optional(shape) => return wanted(py, shape),
        Shape::List(_) | Shape::Tuple(_) | Shape::Set(_) | Shape::FrozenSet(_) => "a list",
        Shape::Row(shapes) => return format!("a list of {}", shapes.len()),
        Shape::Dict(..) => "a dict",
        Shape::Class(class) | Shape::Enum(class) => {
            let name = class.bind(py).name().map(|name| name.to_string());
            return format!("a {}", name.unwrap_or_default());
        }
    }
    .to_owned()
}

fn described(token: Token<'_>) -> String {
    match token {
        Token::Nil => "None".to_owned(),
        Token::Bool(truth) => if truth { "True" } else { "False" }.to_owned(),
        Token::Negative(number) => number.to_string(),
        Token::Positive(number) => number.to_string(),
        Token::Float(number) => number.to_string(),
        Token::Str(text) => format!("the text {:?}", text.chars().take(40).collect::<String>()),
        Token::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Token::Array(count) => format!("a list of {count}"),
        Token::Map(count) => format!("a map of {count}"),
        Token::Extension(kind, _) => format!("a value of the unknown kind {kind}"),
    }
}
