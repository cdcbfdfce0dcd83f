//! What makes code of a source import its own modules by the names that it knows them by.
//!
//! Here, and not in Python, so that it is no line of a traceback, and costs little.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

struct Hook {
    /// The function that imports.
    usual: Py<PyAny>,
    /// The class of the loaders of sources.
    source: Py<PyType>,
    /// Tells who runs now. To import it when it is needed would be an import.
    frame: Py<PyAny>,
}

static HOOK: PyOnceLock<Hook> = PyOnceLock::new();

/// Has all imports go through [`import`], from now on.
#[pyfunction]
pub(crate) fn hook_imports(source: &Bound<'_, PyType>) -> PyResult<()> {
    let py = source.py();
    let name = intern!(py, "__import__");
    let builtins = py.import("builtins")?;
    let hook = HOOK.get_or_try_init(py, || {
        let usual = builtins.getattr(name)?.unbind();
        let frame = py.import("sys")?.getattr("_getframe")?.unbind();
        Ok::<_, PyErr>(Hook { usual, source: source.clone().unbind(), frame })
    })?;
    let current = builtins.getattr(name)?;
    if current.is(&hook.usual) { builtins.setattr(name, wrap_pyfunction!(import, py)?) } else { Ok(()) }
}

/// Imports as usual. Code of a source is meant to say names of its own modules.
#[pyfunction]
#[pyo3(name = "__import__", signature = (name, globals = None, locals = None, fromlist = None, level = 0))]
fn import<'py>(
    name: Bound<'py, PyAny>,
    globals: Option<Bound<'py, PyAny>>,
    locals: Option<Bound<'py, PyAny>>,
    fromlist: Option<Bound<'py, PyAny>>,
    level: i32,
) -> PyResult<Bound<'py, PyAny>> {
    let py = name.py();
    let Some(hook) = HOOK.get(py) else { return Err(PyValueError::new_err("imports are not hooked")) };
    // A relative import needs no help: the name of the package has the prefix.
    let name = if level == 0 { meant_by(hook, name, globals.as_ref())? } else { name };
    hook.usual.bind(py).call1((name, globals, locals, fromlist, level))
}

/// The module that is meant by a name, by who says it.
fn meant_by<'py>(
    hook: &Hook,
    name: Bound<'py, PyAny>,
    globals: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = name.py();
    let told = match globals.map(|globals| globals.cast::<PyDict>()) {
        Some(Ok(globals)) => globals.get_item(intern!(py, "__loader__"))?,
        _ => None,
    };
    let loader = match told {
        Some(loader) => Some(loader),
        // Called without its globals.
        None => loader_of_caller(py, hook)?,
    };
    match loader {
        Some(loader) if loader.get_type().is(&hook.source) => loader.call_method1(intern!(py, "meant_by"), (name,)),
        _ => Ok(name),
    }
}

fn loader_of_caller<'py>(py: Python<'py>, hook: &Hook) -> PyResult<Option<Bound<'py, PyAny>>> {
    let globals = match hook.frame.bind(py).call0() {
        Ok(frame) => frame.getattr(intern!(py, "f_globals"))?,
        // The import comes from outside of Python.
        Err(error) if error.is_instance_of::<PyValueError>(py) => return Ok(None),
        Err(error) => return Err(error),
    };
    match globals.cast_into::<PyDict>() {
        Ok(globals) => globals.get_item(intern!(py, "__loader__")),
        Err(_) => Ok(None),
    }
}
