//! Classes that are declared as messages, and what their fields are to be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple, PyType};

/// Where something in a message is wrong, and what.
pub(crate) struct Problem {
    /// From the innermost to the outermost.
    path: Vec<String>,
    text: String,
}

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { path: Vec::new(), text: text.into() }
    }

    /// It is within this part.
    pub(crate) fn within(mut self, part: impl Into<String>) -> Self {
        self.path.push(part.into());
        self
    }

    /// As an error of a message of this name.
    pub(crate) fn of(&self, name: &str) -> PyErr {
        let path: String = self.path.iter().rev().map(String::as_str).collect();
        PyValueError::new_err(format!("{name}{path}: {}", self.text))
    }
}

impl From<PyErr> for Problem {
    fn from(error: PyErr) -> Self {
        Self::new(error.to_string())
    }
}

/// What a class says of its instances.
pub(crate) struct Schema {
    pub(crate) class: Py<PyType>,
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) name: Py<PyString>,
    /// The same, to be compared.
    pub(crate) text: String,
    pub(crate) shape: Shape,
    /// It has no default.
    pub(crate) is_required: bool,
    /// The constructor takes it.
    pub(crate) is_argument: bool,
}

/// What a value is to be.
pub(crate) enum Shape {
    Any,
    Bool,
    Int,
    Float,
    Str,
    Bytes,
    Address,
    Optional(Box<Shape>),
    List(Box<Shape>),
    /// A tuple of any length.
    Tuple(Box<Shape>),
    /// A tuple of these.
    Row(Vec<Shape>),
    Set(Box<Shape>),
    FrozenSet(Box<Shape>),
    Dict(Box<Shape>, Box<Shape>),
    Class(Py<PyType>),
    Enum(Py<PyType>),
}

#[derive(Default)]
struct Declared {
    names: HashMap<usize, Arc<str>>,
    classes: HashMap<Arc<str>, Py<PyType>>,
    schemas: HashMap<usize, Arc<Schema>>,
}

static DECLARED: Mutex<Option<Declared>> = Mutex::new(None);

/// Nothing that runs Python may happen while this is held: it could let another thread in that wants it too.
fn lock() -> MutexGuard<'static, Option<Declared>> {
    DECLARED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(class: &Bound<'_, PyType>) -> usize {
    class.as_ptr() as usize
}

/// Declares a class as a message with a name. The class that had the name before, if any, is returned, and has it no more.
#[pyfunction]
pub(crate) fn declare_message(class: Bound<'_, PyType>, name: &str) -> Option<Py<PyType>> {
    let mut guard = lock();
    let declared = guard.get_or_insert_default();
    let name: Arc<str> = name.into();
    declared.names.insert(key(&class), Arc::clone(&name));
    let before = declared.classes.insert(name, class.clone().unbind());
    if let Some(before) = &before
        && !before.is(&class)
    {
        declared.names.remove(&key(before.bind(class.py())));
    }
    before
}

/// The name of a declared class.
pub(crate) fn name_of(class: &Bound<'_, PyType>) -> Option<Arc<str>> {
    lock().as_ref()?.names.get(&key(class)).cloned()
}

/// The class that a name is declared for; none for what has no name.
///
/// # Errors
///
/// There is none.
pub(crate) fn class_of<'py>(py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyType>>> {
    if name.is_empty() {
        return Ok(None);
    }
    let class = lock().as_ref().and_then(|declared| declared.classes.get(name).map(|class| class.clone_ref(py)));
    let unknown = || {
        PyValueError::new_err(format!(
            "no message type `{name}` is known here: import the module that declares it with `@roscius.message(\"{name}\")`"
        ))
    };
    class.map(|class| Some(class.into_bound(py))).ok_or_else(unknown)
}

/// What a class says of its instances. None: it is no dataclass.
pub(crate) fn schema_of(class: &Bound<'_, PyType>) -> PyResult<Option<Arc<Schema>>> {
    if let Some(known) = lock().as_ref().and_then(|declared| declared.schemas.get(&key(class)).cloned()) {
        return Ok(Some(known));
    }
    let py = class.py();
    let fields = py.import("roscius.messages")?.getattr("fields_of")?.call1((class,))?;
    if fields.is_none() {
        return Ok(None);
    }
    let mut read = Vec::new();
    for field in fields.try_iter()? {
        let (name, shape, is_required, is_argument) =
            field?.extract::<(Bound<'_, PyString>, Bound<'_, PyTuple>, bool, bool)>()?;
        let text = name.to_str()?.to_owned();
        read.push(Field { name: name.unbind(), text, shape: shape_of(&shape)?, is_required, is_argument });
    }
    let schema = Arc::new(Schema { class: class.clone().unbind(), fields: read });
    lock().get_or_insert_default().schemas.insert(key(class), Arc::clone(&schema));
    Ok(Some(schema))
}

/// Reads a shape as `roscius.messages` writes it: a tuple of its kind and its parts.
fn shape_of(written: &Bound<'_, PyTuple>) -> PyResult<Shape> {
    let part =
        |index: usize| -> PyResult<Box<Shape>> { shape_of(written.get_item(index)?.cast::<PyTuple>()?).map(Box::new) };
    let class = || -> PyResult<Py<PyType>> { Ok(written.get_item(1)?.cast_into::<PyType>()?.unbind()) };
    let kind = written.get_item(0)?.extract::<String>()?;
    Ok(match kind.as_str() {
        "any" => Shape::Any,
        "bool" => Shape::Bool,
        "int" => Shape::Int,
        "float" => Shape::Float,
        "str" => Shape::Str,
        "bytes" => Shape::Bytes,
        "address" => Shape::Address,
        "optional" => Shape::Optional(part(1)?),
        "list" => Shape::List(part(1)?),
        "tuple" => Shape::Tuple(part(1)?),
        "row" => Shape::Row((1..written.len()).map(|index| part(index).map(|part| *part)).collect::<PyResult<_>>()?),
        "set" => Shape::Set(part(1)?),
        "frozenset" => Shape::FrozenSet(part(1)?),
        "dict" => Shape::Dict(part(1)?, part(2)?),
        "class" => Shape::Class(class()?),
        "enum" => Shape::Enum(class()?),
        other => return Err(PyValueError::new_err(format!("`{other}` is no shape of a value"))),
    })
}
