//! Python objects as they leave the process, and come back.
//!
//! Some exact types travel as they are, instances of declared classes as MessagePack; everything else is pickled with protocol 5.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString};
use roscius::{Address, Message};
use roscius_host::process::Write;
use roscius_host::rust::EXIT_REQUEST;
use roscius_protocol::frame::{Frame, Payload};
use roscius_protocol::message_pack::read_bool;

use crate::address::ActorAddress;
use crate::classes::Classes;
use crate::{declared, decoding, encoding};

/// A Python object that is ready to leave the process.
pub(crate) enum Packed {
    Bytes(Py<PyBytes>),
    Str(Py<PyString>),
    Int(i64),
    Float(f64),
    Bool(bool),
    None,
    /// Of a declared class, under its name.
    MessagePack(Arc<str>, Vec<u8>),
    Pickle(Py<PyBytes>),
}

const PROTOCOL: u8 = 5;
/// What is shorter is copied: that costs less than to hold it.
const LONG: usize = 64 << 10;

/// The name of an address as a message of its own.
const ADDRESS: &str = <Address as Message>::NAME;

static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

fn pickle_function<'py>(
    py: Python<'py>,
    function: &'static PyOnceLock<Py<PyAny>>,
    name: &str,
) -> PyResult<&'py Bound<'py, PyAny>> {
    let function = function.get_or_try_init(py, || py.import("pickle")?.getattr(name).map(Bound::unbind))?;
    Ok(function.bind(py))
}

/// Packs an object.
///
/// # Errors
///
/// What pickling it raised.
pub(crate) fn pack(object: &Bound<'_, PyAny>) -> PyResult<Packed> {
    let py = object.py();
    if let Ok(text) = object.cast_exact::<PyString>() {
        // A text with half a surrogate pair has no bytes of its own.
        if text.to_str().is_ok() {
            return Ok(Packed::Str(text.clone().unbind()));
        }
    } else if let Ok(bytes) = object.cast_exact::<PyBytes>() {
        return Ok(Packed::Bytes(bytes.clone().unbind()));
    } else if let Ok(number) = object.cast_exact::<PyInt>() {
        if let Ok(number) = number.extract() {
            return Ok(Packed::Int(number));
        }
    } else if let Ok(number) = object.cast_exact::<PyFloat>() {
        return Ok(Packed::Float(number.value()));
    } else if let Ok(truth) = object.cast_exact::<PyBool>() {
        return Ok(Packed::Bool(truth.is_true()));
    } else if object.is_none() {
        return Ok(Packed::None);
    } else if let Some(name) = declared::name_of(&object.get_type()) {
        let body = encoding::encode(object).map_err(|problem| problem.of(&name))?;
        return Ok(Packed::MessagePack(name, body));
    } else if object.is_exact_instance_of::<ActorAddress>() {
        // One that is of no actor is a matter of Python alone.
        if let Ok(body) = encoding::encode(object) {
            return Ok(Packed::MessagePack(ADDRESS.into(), body));
        }
    } else if let Some(recursive) = exit_request(object)? {
        return Ok(Packed::MessagePack(EXIT_REQUEST.into(), vec![if recursive { 0xc3 } else { 0xc2 }]));
    }
    pickle(py, object).map(Packed::Pickle)
}

fn pickle(py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<Py<PyBytes>> {
    let stream = pickle_function(py, &DUMPS, "dumps")?.call1((object, PROTOCOL))?;
    Ok(stream.cast_into::<PyBytes>()?.unbind())
}

/// Whether the children are to exit too, if this is a request to exit and no more. Actors in Rust know it under its name.
fn exit_request(object: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
    let py = object.py();
    if !object.get_type().is(Classes::get(py)?.exit_request.bind(py)) || object.getattr("__dict__")?.len()? != 1 {
        return Ok(None);
    }
    object.getattr("isRecursive")?.is_truthy().map(Some)
}

/// Makes the object that a body says, of the class that has declared the name.
fn read(py: Python<'_>, name: &str, body: &[u8]) -> PyResult<Py<PyAny>> {
    if name == EXIT_REQUEST {
        let recursive = read_bool(body).map_err(|error| PyValueError::new_err(error.to_string()))?;
        return Classes::get(py)?.exit_request.call1(py, (recursive,));
    }
    if name == ADDRESS {
        return decoding::decode_address(py, body).map_err(|problem| problem.of(name));
    }
    let class = declared::class_of(py, name)?;
    decoding::decode(py, class, body).map_err(|problem| problem.of(name))
}

/// Makes the object in a frame.
///
/// # Errors
///
/// What unpickling raised, or that it is no message for Python.
pub(crate) fn unpack(py: Python<'_>, frame: &Frame) -> PyResult<Py<PyAny>> {
    let payload = frame.payload().map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(match payload {
        Payload::Pickle { stream, buffers } => {
            let loads = pickle_function(py, &LOADS, "loads")?;
            if buffers.is_empty() {
                return loads.call1((PyBytes::new(py, stream),)).map(Bound::unbind);
            }
            let buffers: Vec<_> = buffers.iter().map(|buffer| PyBytes::new(py, buffer)).collect();
            let named = pyo3::types::PyDict::new(py);
            named.set_item("buffers", buffers)?;
            loads.call((PyBytes::new(py, stream),), Some(&named))?.unbind()
        }
        Payload::Bytes(bytes) => PyBytes::new(py, bytes).into_any().unbind(),
        Payload::Str(text) => PyString::new(py, text).into_any().unbind(),
        Payload::Int(number) => number.into_pyobject(py)?.into_any().unbind(),
        Payload::Float(number) => PyFloat::new(py, number).into_any().unbind(),
        Payload::Bool(truth) => PyBool::new(py, truth).to_owned().into_any().unbind(),
        Payload::None => py.None(),
        Payload::MessagePack { name, body } => read(py, name, body)?,
        Payload::System(_) | Payload::Goodbye | Payload::Memory(_) => {
            return Err(PyValueError::new_err("a message of the actor system is not for actors"));
        }
    })
}

/// As [`unpack`], for who has sent the frame itself. What its class would not take is made of dictionaries and values.
pub(crate) fn unpack_any(py: Python<'_>, frame: &Frame) -> PyResult<Py<PyAny>> {
    unpack(py, frame).or_else(|error| match frame.payload() {
        Ok(Payload::MessagePack { name, body }) => decoding::decode(py, None, body).map_err(|problem| problem.of(name)),
        _ => Err(error),
    })
}

/// The memory of a long object, to be written from where it is.
fn shared(bytes: &Bound<'_, PyBytes>) -> Option<Bytes> {
    (bytes.as_bytes().len() >= LONG).then(|| Bytes::from_owner(PyBackedBytes::from(bytes.clone())))
}

impl Packed {
    /// Gives the payload to `write`.
    pub(crate) fn lend(&self, py: Python<'_>, write: &mut Write<'_>) -> PyResult<()> {
        match self {
            Self::Bytes(bytes) => write(&Payload::Bytes(bytes.as_bytes(py)), shared(bytes.bind(py))),
            Self::Str(text) => write(&Payload::Str(text.to_str(py)?), None),
            Self::Int(number) => write(&Payload::Int(*number), None),
            Self::Float(number) => write(&Payload::Float(*number), None),
            Self::Bool(truth) => write(&Payload::Bool(*truth), None),
            Self::None => write(&Payload::None, None),
            Self::MessagePack(name, body) => write(&Payload::MessagePack { name, body }, None),
            Self::Pickle(stream) => write(&Payload::pickle(stream.as_bytes(py)), shared(stream.bind(py))),
        }
        Ok(())
    }

    /// The object again: another one, unless it can not be changed.
    pub(crate) fn unpack(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(match self {
            Self::Bytes(bytes) => bytes.clone_ref(py).into_any(),
            Self::Str(text) => text.clone_ref(py).into_any(),
            Self::Int(number) => number.into_pyobject(py)?.into_any().unbind(),
            Self::Float(number) => PyFloat::new(py, *number).into_any().unbind(),
            Self::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any().unbind(),
            Self::None => py.None(),
            Self::MessagePack(name, body) => read(py, name, body)?,
            Self::Pickle(stream) => pickle_function(py, &LOADS, "loads")?.call1((stream,))?.unbind(),
        })
    }
}
