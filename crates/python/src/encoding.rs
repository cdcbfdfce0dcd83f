//! Python objects as MessagePack, for actors in any language.

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyFrozenSet, PyInt, PyList, PySet, PyString, PyTuple,
};
use roscius_protocol::message_pack::{Token, write};

use crate::address::{ActorAddress, Place};
use crate::classes::Classes;
use crate::declared::{Problem, schema_of};

/// How deep values may lie in each other. A list that contains itself is deeper.
const DEEPEST: usize = 128;

/// The body of a message.
pub(crate) fn encode(object: &Bound<'_, PyAny>) -> Result<Vec<u8>, Problem> {
    let mut out = Vec::new();
    put(object, &mut out, DEEPEST)?;
    Ok(out)
}

/// A value as MessagePack, for who is not called by a message.
#[pyfunction]
pub(crate) fn encode_value<'py>(value: Bound<'py, PyAny>, name: &str) -> PyResult<Bound<'py, PyBytes>> {
    let body = encode(&value).map_err(|problem| problem.of(name))?;
    Ok(PyBytes::new(value.py(), &body))
}

fn token(token: Token<'_>, out: &mut Vec<u8>) -> Result<(), Problem> {
    write(token, out).map_err(|error| Problem::new(error.to_string()))
}

fn put(value: &Bound<'_, PyAny>, out: &mut Vec<u8>, depth: usize) -> Result<(), Problem> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(Problem::new(format!("values lie more than {DEEPEST} deep in each other")));
    };
    if value.is_none() {
        return token(Token::Nil, out);
    }
    if let Ok(text) = value.cast::<PyString>() {
        if is_enumeration(value)? {
            return put_name(value, out);
        }
        let text = text.to_str().map_err(|_| Problem::new("a text with half a surrogate pair has no UTF-8"))?;
        return token(Token::Str(text), out);
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return token(Token::Bool(truth.is_true()), out);
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return if is_enumeration(value)? { put_name(value, out) } else { put_int(number, out) };
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return token(Token::Float(number.value()), out);
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return token(Token::Bytes(bytes.as_bytes()), out);
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return token(Token::Bytes(&bytes.to_vec()), out);
    }
    if let Ok(pairs) = value.cast::<PyDict>() {
        token(Token::Map(pairs.len()), out)?;
        for (key, value) in pairs.iter() {
            put(&key, out, depth).map_err(|problem| problem.within(" (a key)"))?;
            put(&value, out, depth).map_err(|problem| problem.within(format!("[{key}]")))?;
        }
        return Ok(());
    }
    if let Ok(list) = value.cast::<PyList>() {
        return put_all(list.len(), list.iter(), out, depth);
    }
    if let Ok(tuple) = value.cast::<PyTuple>() {
        return put_all(tuple.len(), tuple.iter(), out, depth);
    }
    if let Ok(set) = value.cast::<PySet>() {
        return put_all(set.len(), set.iter(), out, depth);
    }
    if let Ok(set) = value.cast::<PyFrozenSet>() {
        return put_all(set.len(), set.iter(), out, depth);
    }
    if let Ok(address) = value.cast::<ActorAddress>() {
        return put_address(address.get(), out);
    }
    if is_enumeration(value)? {
        return put_name(value, out);
    }
    let Some(schema) = schema_of(&value.get_type())? else {
        let class = value.get_type().fully_qualified_name()?;
        return Err(Problem::new(format!("a `{class}` can not be told to actors in other languages")));
    };
    token(Token::Map(schema.fields.len()), out)?;
    for field in &schema.fields {
        token(Token::Str(&field.text), out)?;
        let within = |problem: Problem| problem.within(format!(".{}", field.text));
        let part = value.getattr(field.name.bind(value.py())).map_err(|error| within(error.into()))?;
        put(&part, out, depth).map_err(within)?;
    }
    Ok(())
}

fn put_all<'py>(
    count: usize,
    values: impl Iterator<Item = Bound<'py, PyAny>>,
    out: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Problem> {
    token(Token::Array(count), out)?;
    for (index, value) in values.enumerate() {
        put(&value, out, depth).map_err(|problem| problem.within(format!("[{index}]")))?;
    }
    Ok(())
}

fn put_int(number: &Bound<'_, PyInt>, out: &mut Vec<u8>) -> Result<(), Problem> {
    if let Ok(number) = number.extract::<u64>() {
        return token(Token::Positive(number), out);
    }
    match number.extract::<i64>() {
        Ok(number) => token(Token::Negative(number), out),
        Err(_) => Err(Problem::new("the whole number has more than 64 bits")),
    }
}

/// As Rust writes a variant without fields.
fn put_name(value: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> Result<(), Problem> {
    let name = value.getattr("name")?;
    let Ok(name) = name.cast::<PyString>() else {
        return Err(Problem::new("a combination of flags has no name"));
    };
    token(Token::Str(name.to_str()?), out)
}

fn is_enumeration(value: &Bound<'_, PyAny>) -> Result<bool, Problem> {
    let py = value.py();
    Ok(value.is_instance(Classes::get(py)?.enumeration.bind(py))?)
}

/// As the type `Address` of Rust writes itself.
fn put_address(address: &ActorAddress, out: &mut Vec<u8>) -> Result<(), Problem> {
    if let Some(problem) = address.never_was() {
        return Err(Problem::new(problem));
    }
    let Place::Actor(address) = address.place else {
        return Err(Problem::new(format!("{address} is the address of no actor")));
    };
    let body = rmp_serde::to_vec_named(&address).map_err(|error| Problem::new(error.to_string()))?;
    out.extend_from_slice(&body);
    Ok(())
}
