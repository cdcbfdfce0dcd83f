//! The zip file of a source, for what imports from it: Python's own reader of such files takes longer to load than most sources.

use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyFileNotFoundError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use zip::ZipArchive;
use zip::result::ZipError;

/// A zip file that is in memory.
#[pyclass(frozen, module = "roscius._core")]
pub(crate) struct SourceArchive {
    archive: Mutex<ZipArchive<Cursor<PyBackedBytes>>>,
}

#[pymethods]
impl SourceArchive {
    /// ValueError for what is no zip file.
    #[new]
    fn new(content: PyBackedBytes) -> PyResult<Self> {
        let archive =
            ZipArchive::new(Cursor::new(content)).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { archive: Mutex::new(archive) })
    }

    /// The names of all files. One that is no text can be the name of nothing that is asked for.
    fn names(&self) -> Vec<String> {
        let archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        archive.file_names().filter_map(Result::ok).map(Cow::into_owned).collect()
    }

    /// What is in a file. ValueError if it is damaged, and FileNotFoundError if there is none of this name.
    fn read<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyBytes>> {
        // Without the interpreter, which another thread that reads may wait for.
        let content = py.detach(|| self.content_of(name)).map_err(|error| match error {
            ZipError::FileNotFound => PyFileNotFoundError::new_err(name.to_owned()),
            other => PyValueError::new_err(other.to_string()),
        })?;
        Ok(PyBytes::new(py, &content))
    }
}

impl SourceArchive {
    fn content_of(&self, name: &str) -> Result<Vec<u8>, ZipError> {
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let file = archive.by_name(name)?;
        let length = file.size();
        let mut content = Vec::new();
        // One byte more than it says that it has: only at the end is it known to be whole.
        file.take(length.saturating_add(1)).read_to_end(&mut content)?;
        if content.len() as u64 > length {
            return Err(ZipError::InvalidArchive("it is longer than it says".into()));
        }
        Ok(content)
    }
}
