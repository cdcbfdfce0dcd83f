//! Signed sources, as the Python packages see them.

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use roscius_signatures::{Format, KeyError, PublicKey, SigningKey, sign, verify};

create_exception!(roscius._core, SourceRefused, PyValueError, "A signed source is not to be used; the text says why.");
create_exception!(roscius._core, KeyRefused, PyValueError, "A key can not be used; the text says why.");

/// Content, format, id of the key, and until when.
type Verified<'py> = (Bound<'py, PyBytes>, &'static str, String, Option<u64>);

fn key_refused(error: KeyError) -> PyErr {
    KeyRefused::new_err(error.to_string())
}

/// Checks a signed file against the keys in texts; `now` is in seconds since 1970.
#[pyfunction]
pub(crate) fn verify_source<'py>(py: Python<'py>, data: &[u8], keys: Vec<String>, now: u64) -> PyResult<Verified<'py>> {
    let mut trusted = Vec::new();
    for text in keys {
        trusted.extend(PublicKey::from_pem(&text).map_err(key_refused)?);
    }
    let verified = py.detach(|| verify(data, &trusted, now));
    let verified = verified.map_err(|error| SourceRefused::new_err(error.to_string()))?;
    let content = PyBytes::new(py, &verified.content);
    Ok((content, verified.format.first_line(), verified.key.to_string(), verified.expires))
}

/// Signs a source with the private key in a text.
#[pyfunction]
#[pyo3(signature = (content, key, format=None, expires=None))]
pub(crate) fn sign_source<'py>(
    py: Python<'py>,
    content: &[u8],
    key: &str,
    format: Option<&str>,
    expires: Option<u64>,
) -> PyResult<Bound<'py, PyBytes>> {
    let key = SigningKey::from_pem(key).map_err(key_refused)?;
    let format = match format {
        Some(name) => Format::by_name(name)
            .ok_or_else(|| PyValueError::new_err(format!("there is no format `{name}` of signed sources")))?,
        None => Format::for_key(key.algorithm()),
    };
    let file = py.detach(|| sign(content, &key, format, expires));
    Ok(PyBytes::new(py, &file.map_err(|error| PyValueError::new_err(error.to_string()))?))
}

/// The ids of the public keys in a text.
#[pyfunction]
pub(crate) fn key_ids(text: &str) -> PyResult<Vec<String>> {
    let keys = PublicKey::from_pem(text).map_err(key_refused)?;
    Ok(keys.iter().map(|key| key.id().to_string()).collect())
}

/// The public part of the private key in a text.
#[pyfunction]
pub(crate) fn public_key(text: &str) -> PyResult<String> {
    Ok(SigningKey::from_pem(text).map_err(key_refused)?.public_key().to_pem())
}

/// A new Ed25519 key: its private and its public part.
#[pyfunction]
pub(crate) fn generate_key() -> PyResult<(String, String)> {
    let key = SigningKey::generate().map_err(key_refused)?;
    Ok((key.to_pem().unwrap_or_default(), key.public_key().to_pem()))
}
