//! Headers made of lines.

/// The first line of `data`, without its end, and what follows; `None` if no line ends within `limit` bytes.
pub(crate) fn line(data: &[u8], limit: usize) -> Option<(&[u8], &[u8])> {
    let end = data.iter().take(limit + 1).position(|&byte| byte == b'\n')?;
    Some((&data[..end], &data[end + 1..]))
}

/// A number in decimal digits, and nothing else.
pub(crate) fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    // The parser of the standard library takes a sign too.
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Bytes as lower-case hexadecimal digits, and nothing else.
pub(crate) fn from_hex<const SIZE: usize>(text: &[u8]) -> Option<[u8; SIZE]> {
    if text.len() != 2 * SIZE {
        return None;
    }
    let mut bytes = [0; SIZE];
    for (byte, digits) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(digits[0])? << 4 | digit(digits[1])?;
    }
    Some(bytes)
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
