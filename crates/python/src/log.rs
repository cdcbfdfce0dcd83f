//! What the core has to say goes to Python's own logging, where the users of the package look for it.

use std::fmt;

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

const LOGGER: &str = "roscius";

/// Logs an error. That the logging itself fails is nothing that anybody could be told.
pub(crate) fn error(py: Python<'_>, what: impl fmt::Display) {
    let _ = log(py, "error", &what.to_string());
}

/// Logs a warning.
pub(crate) fn warning(py: Python<'_>, what: impl fmt::Display) {
    let _ = log(py, "warning", &what.to_string());
}

/// Notes a warning in the system's own log: for what no user of the package needs to be told.
pub(crate) fn noted(py: Python<'_>, what: impl fmt::Display) {
    let _ = note(py, &what.to_string());
}

/// The traceback of an error, as a text.
pub(crate) fn traceback<'py>(py: Python<'py>, error: &PyErr) -> PyResult<Bound<'py, PyAny>> {
    // Only this puts the traceback of an error that has not been raised again into its value.
    let value = error.clone_ref(py).into_value(py);
    let lines = py.import("traceback")?.call_method1("format_exception", (value,))?;
    pyo3::types::PyString::new(py, "").call_method1("join", (lines,))
}

fn log(py: Python<'_>, level: &str, text: &str) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    logger.call_method1(level, ("%s", text)).map(drop)
}

fn note(py: Python<'_>, text: &str) -> PyResult<()> {
    let level = py.import("logging")?.getattr("WARNING")?;
    let options = [("level", level)].into_py_dict(py)?;
    py.import("thespian.system.thesplog")?.getattr("thesplog")?.call(("%s", text), Some(&options)).map(drop)
}
