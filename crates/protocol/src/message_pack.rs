//! MessagePack, piece by piece, for who knows only at run time what a value is to be.
//!
//! [`Reader`] looks at bytes of others, so it checks each length before anybody allocates for it: a list of so many parts
//! needs at least as many bytes, and they have to be there.

/// A value that says nothing, as a whole body.
pub const NIL: [u8; 1] = [0xc0];

/// One piece: a value, or the head of a list or map whose parts follow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'a> {
    /// Nothing.
    Nil,
    /// True or false.
    Bool(bool),
    /// A whole number below zero.
    Negative(i64),
    /// A whole number from zero on.
    Positive(u64),
    /// A number.
    Float(f64),
    /// A text.
    Str(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A list of so many values, which follow.
    Array(usize),
    /// A map of so many pairs, which follow.
    Map(usize),
    /// A value of a kind that programs agree on, by number.
    Extension(i8, &'a [u8]),
}

/// Bytes that are no MessagePack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessagePackError {
    /// Something is announced that is not there.
    #[error("at byte {at}: {wanted} more are announced, {left} are left")]
    TooShort {
        /// Where.
        at: usize,
        /// How many bytes there should be at least.
        wanted: u64,
        /// How many there are.
        left: usize,
    },
    /// A text is no UTF-8.
    #[error("at byte {at}: a text is not UTF-8")]
    Text {
        /// Where.
        at: usize,
    },
    /// The only byte that means nothing.
    #[error("at byte {at}: 0xc1 begins no value")]
    Reserved {
        /// Where.
        at: usize,
    },
    /// Bytes follow the value.
    #[error("{count} bytes follow the value")]
    TooLong {
        /// How many.
        count: usize,
    },
    /// The value is another one than expected.
    #[error("{found} was found, and {expected} expected")]
    Unexpected {
        /// What.
        expected: &'static str,
        /// What there is.
        found: String,
    },
}

/// Takes bytes apart.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    whole: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// At the beginning of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { whole: bytes, at: 0 }
    }

    /// How many bytes are left.
    pub const fn left(&self) -> usize {
        self.whole.len() - self.at
    }

    /// That the end has come.
    ///
    /// # Errors
    ///
    /// [`MessagePackError::TooLong`] if it has not.
    pub const fn finish(&self) -> Result<(), MessagePackError> {
        match self.left() {
            0 => Ok(()),
            count => Err(MessagePackError::TooLong { count }),
        }
    }

    /// The next piece.
    ///
    /// # Errors
    ///
    /// [`MessagePackError`] if there is none, or what it announces is not there.
    pub fn token(&mut self) -> Result<Token<'a>, MessagePackError> {
        let at = self.at;
        let [first] = self.array()?;
        Ok(match first {
            0x00..=0x7f => Token::Positive(first.into()),
            0x80..=0x8f => self.map(u64::from(first & 0x0f))?,
            0x90..=0x9f => self.list(u64::from(first & 0x0f))?,
            0xa0..=0xbf => self.text(u64::from(first & 0x1f))?,
            0xc0 => Token::Nil,
            0xc1 => return Err(MessagePackError::Reserved { at }),
            0xc2 | 0xc3 => Token::Bool(first == 0xc3),
            0xc4..=0xc6 => {
                let length = self.length(first - 0xc4)?;
                Token::Bytes(self.take(length)?)
            }
            0xc7..=0xc9 => {
                let length = self.length(first - 0xc7)?;
                self.extension(length)?
            }
            0xca => Token::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Token::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Token::Positive(u8::from_be_bytes(self.array()?).into()),
            0xcd => Token::Positive(u16::from_be_bytes(self.array()?).into()),
            0xce => Token::Positive(u32::from_be_bytes(self.array()?).into()),
            0xcf => Token::Positive(u64::from_be_bytes(self.array()?)),
            0xd0 => whole(i8::from_be_bytes(self.array()?).into()),
            0xd1 => whole(i16::from_be_bytes(self.array()?).into()),
            0xd2 => whole(i32::from_be_bytes(self.array()?).into()),
            0xd3 => whole(i64::from_be_bytes(self.array()?)),
            0xd4..=0xd8 => self.extension(1 << (first - 0xd4))?,
            0xd9..=0xdb => {
                let length = self.length(first - 0xd9)?;
                self.text(length)?
            }
            0xdc | 0xdd => {
                let count = self.length(first - 0xdc + 1)?;
                self.list(count)?
            }
            0xde | 0xdf => {
                let count = self.length(first - 0xde + 1)?;
                self.map(count)?
            }
            0xe0..=0xff => Token::Negative(i8::from_be_bytes([first]).into()),
        })
    }

    /// A length of one, two or four bytes.
    fn length(&mut self, size: u8) -> Result<u64, MessagePackError> {
        Ok(match size {
            0 => u8::from_be_bytes(self.array()?).into(),
            1 => u16::from_be_bytes(self.array()?).into(),
            _ => u32::from_be_bytes(self.array()?).into(),
        })
    }

    fn list(&self, count: u64) -> Result<Token<'a>, MessagePackError> {
        self.parts(count, count).map(Token::Array)
    }

    fn map(&self, count: u64) -> Result<Token<'a>, MessagePackError> {
        self.parts(count, 2 * count).map(Token::Map)
    }

    /// Each part is at least one byte.
    fn parts(&self, count: u64, wanted: u64) -> Result<usize, MessagePackError> {
        let left = self.left();
        if wanted > left as u64 {
            return Err(MessagePackError::TooShort { at: self.at, wanted, left });
        }
        Ok(count as usize)
    }

    fn text(&mut self, length: u64) -> Result<Token<'a>, MessagePackError> {
        let at = self.at;
        std::str::from_utf8(self.take(length)?).map(Token::Str).map_err(|_| MessagePackError::Text { at })
    }

    fn extension(&mut self, length: u64) -> Result<Token<'a>, MessagePackError> {
        let [kind] = self.array()?;
        Ok(Token::Extension(i8::from_be_bytes([kind]), self.take(length)?))
    }

    fn take(&mut self, wanted: u64) -> Result<&'a [u8], MessagePackError> {
        let left = self.left();
        if wanted > left as u64 {
            return Err(MessagePackError::TooShort { at: self.at, wanted, left });
        }
        let from = self.at;
        self.at += wanted as usize;
        Ok(&self.whole[from..self.at])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessagePackError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64)?);
        Ok(bytes)
    }
}

const fn whole<'a>(number: i64) -> Token<'a> {
    if number < 0 { Token::Negative(number) } else { Token::Positive(number as u64) }
}

/// The truth value that a body is.
///
/// # Errors
///
/// [`MessagePackError`] if it is something else.
pub fn read_bool(body: &[u8]) -> Result<bool, MessagePackError> {
    let mut reader = Reader::new(body);
    let token = reader.token()?;
    reader.finish()?;
    match token {
        Token::Bool(truth) => Ok(truth),
        other => Err(MessagePackError::Unexpected { expected: "true or false", found: format!("{other:?}") }),
    }
}

/// Writes one piece, in the shortest form.
///
/// # Errors
///
/// A text, bytes, a list or a map of more than four thousand million parts.
pub fn write(token: Token<'_>, out: &mut Vec<u8>) -> Result<(), MessagePackError> {
    match token {
        Token::Nil => out.push(NIL[0]),
        Token::Bool(truth) => out.push(0xc2 + u8::from(truth)),
        Token::Positive(number) => match number {
            0..=0x7f => out.push(number as u8),
            0x80..=0xff => sized(out, 0xcc, &(number as u8).to_be_bytes()),
            0x100..=0xffff => sized(out, 0xcd, &(number as u16).to_be_bytes()),
            0x1_0000..=0xffff_ffff => sized(out, 0xce, &(number as u32).to_be_bytes()),
            _ => sized(out, 0xcf, &number.to_be_bytes()),
        },
        Token::Negative(number) => match number {
            -0x20..=-1 => out.push(number as i8 as u8),
            -0x80..=-0x21 => sized(out, 0xd0, &(number as i8).to_be_bytes()),
            -0x8000..=-0x81 => sized(out, 0xd1, &(number as i16).to_be_bytes()),
            -0x8000_0000..=-0x8001 => sized(out, 0xd2, &(number as i32).to_be_bytes()),
            _ => sized(out, 0xd3, &number.to_be_bytes()),
        },
        Token::Float(number) => sized(out, 0xcb, &number.to_be_bytes()),
        Token::Str(text) => {
            match fits(text.len(), "a text")? {
                length @ ..=0x1f => out.push(0xa0 | length as u8),
                length @ ..=0xff => sized(out, 0xd9, &(length as u8).to_be_bytes()),
                length => wide(out, 0xda, length),
            }
            out.extend_from_slice(text.as_bytes());
        }
        Token::Bytes(bytes) => {
            match fits(bytes.len(), "bytes")? {
                length @ ..=0xff => sized(out, 0xc4, &(length as u8).to_be_bytes()),
                length => wide(out, 0xc5, length),
            }
            out.extend_from_slice(bytes);
        }
        Token::Array(count) => match fits(count, "a list")? {
            count @ ..=0x0f => out.push(0x90 | count as u8),
            count => wide(out, 0xdc, count),
        },
        Token::Map(count) => match fits(count, "a map")? {
            count @ ..=0x0f => out.push(0x80 | count as u8),
            count => wide(out, 0xde, count),
        },
        Token::Extension(kind, bytes) => {
            match fits(bytes.len(), "an extension")? {
                length @ ..=0xff => sized(out, 0xc7, &(length as u8).to_be_bytes()),
                length => wide(out, 0xc8, length),
            }
            out.push(kind as u8);
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

fn fits(length: usize, what: &str) -> Result<u32, MessagePackError> {
    u32::try_from(length).map_err(|_| MessagePackError::Unexpected {
        expected: "a length of 32 bits",
        found: format!("{what} of length {length}"),
    })
}

fn sized(out: &mut Vec<u8>, first: u8, number: &[u8]) {
    out.push(first);
    out.extend_from_slice(number);
}

/// A length of two bytes, or, with the next marker, of four.
fn wide(out: &mut Vec<u8>, first: u8, length: u32) {
    match u16::try_from(length) {
        Ok(short) => sized(out, first, &short.to_be_bytes()),
        Err(_) => sized(out, first + 1, &length.to_be_bytes()),
    }
}

#[cfg(test)]
mod tests;
