//! What the core has to say goes to Python's own logging, where the users of the package look for it.

use std::fmt;

use pyo3::prelude::*;

const LOGGER: &str = "roscius";

/// Logs an error. That the logging itself fails is nothing that anybody could be told.
pub(crate) fn error(py: Python<'_>, what: impl fmt::Display) {
    let _ = log(py, "error", &what.to_string());
}

/// Logs a warning.
pub(crate) fn warning(py: Python<'_>, what: impl fmt::Display) {
    let _ = log(py, "warning", &what.to_string());
}

fn log(py: Python<'_>, level: &str, text: &str) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
    logger.call_method1(level, ("%s", text)).map(drop)
}
