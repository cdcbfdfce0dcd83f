//! The formats: plain lines, rated lines, CSV.

use std::io::{self, BufRead, BufReader, Read};

use super::Problem;
use super::checked::{CHUNK, CheckedReader, LONGEST_TEXT};

/// One text as it stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The line at which it starts, counted from 1.
    pub line: u64,
    /// The text.
    pub text: String,
    /// What people thought of it, if the file says so.
    pub rating: Option<f64>,
}

/// The texts of a file, one after the other. After an error there is nothing more to be had.
#[derive(Debug)]
pub struct Records<R> {
    format: Format<R>,
    failed: bool,
}

#[derive(Debug)]
enum Format<R> {
    Lines(Lines<R>),
    Csv(Box<Csv<R>>),
}

impl<R: Read> Records<R> {
    /// One text a line, or rated lines: the first line decides.
    pub fn lines(inner: R) -> Self {
        let reader = BufReader::with_capacity(CHUNK, CheckedReader::new(inner));
        let lines = Lines { reader, line: 0, rated: None };
        Self { format: Format::Lines(lines), failed: false }
    }

    /// A table with a header that names a column `text` and perhaps one `rating`.
    pub fn csv(inner: R, delimiter: u8) -> Result<Self, Problem> {
        let csv = Csv::open(inner, delimiter)?;
        Ok(Self { format: Format::Csv(Box::new(csv)), failed: false })
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = match &mut self.format {
            Format::Lines(lines) => lines.next(),
            Format::Csv(csv) => csv.next(),
        };
        let next = next.transpose();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

#[derive(Debug)]
struct Lines<R> {
    reader: BufReader<CheckedReader<R>>,
    line: u64,
    /// Unknown until the first text.
    rated: Option<bool>,
}

impl<R: Read> Lines<R> {
    fn next(&mut self) -> Result<Option<Record>, Problem> {
        loop {
            let mut bytes = Vec::new();
            if self.reader.read_until(b'\n', &mut bytes).map_err(from_io)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.reader.get_mut().text_done(self.line + 1);
            let mut text = String::from_utf8(bytes).map_err(|_| Problem::Changed)?;
            if self.line == 1 && text.starts_with('\u{feff}') {
                text.remove(0);
            }
            if text.trim().is_empty() {
                continue;
            }
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            return self.record(text).map(Some);
        }
    }

    fn record(&mut self, text: String) -> Result<Record, Problem> {
        let line = self.line;
        check_length(&text, line)?;
        let rated = split_rated(&text);
        let is_rated = *self.rated.get_or_insert(rated.is_some());
        match rated {
            Some((rating, text)) if is_rated => Ok(Record { line, text: text.to_owned(), rating: Some(rating) }),
            None if is_rated => Err(Problem::NotRated { line }),
            _ => Ok(Record { line, text, rating: None }),
        }
    }
}

/// Takes `id<TAB>rating<TAB>text` apart.
fn split_rated(line: &str) -> Option<(f64, &str)> {
    let mut parts = line.splitn(3, '\t');
    let (_id, rating, text) = (parts.next()?, parts.next()?, parts.next()?);
    Some((number(rating)?, text))
}

#[derive(Debug)]
struct Csv<R> {
    reader: csv::Reader<CheckedReader<R>>,
    text: usize,
    rating: Option<usize>,
    record: csv::StringRecord,
}

impl<R: Read> Csv<R> {
    fn open(inner: R, delimiter: u8) -> Result<Self, Problem> {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .buffer_capacity(CHUNK)
            .from_reader(CheckedReader::new(inner));
        let header = reader.headers().map_err(from_csv)?;
        let column = |name: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(name));
        let Some(text) = column("text") else {
            let columns = header.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>().join(", ");
            return Err(Problem::NoTextColumn { columns });
        };
        let rating = column("rating");
        Ok(Self { reader, text, rating, record: csv::StringRecord::new() })
    }

    fn next(&mut self) -> Result<Option<Record>, Problem> {
        loop {
            let next_line = self.reader.position().line();
            self.reader.get_mut().text_done(next_line);
            if !self.reader.read_record(&mut self.record).map_err(from_csv)? {
                return Ok(None);
            }
            let line = self.record.position().map_or(next_line, csv::Position::line);
            let text = self.record.get(self.text).unwrap_or_default();
            if text.trim().is_empty() {
                continue;
            }
            check_length(text, line)?;
            let rating = self.rating.and_then(|column| self.record.get(column)).map(str::trim).unwrap_or_default();
            let rating = match number(rating) {
                None if !rating.is_empty() => {
                    return Err(Problem::Rating { line, rating: rating.to_owned() });
                }
                rating => rating,
            };
            return Ok(Some(Record { line, text: text.to_owned(), rating }));
        }
    }
}

fn check_length(text: &str, line: u64) -> Result<(), Problem> {
    if text.len() as u64 > LONGEST_TEXT { Err(Problem::TooLong { line }) } else { Ok(()) }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// What `CheckedReader` found comes back out of the I/O error in which it travelled.
fn from_io(error: io::Error) -> Problem {
    error.downcast().unwrap_or_else(|error| Problem::Unreadable(error.to_string()))
}

fn from_csv(error: csv::Error) -> Problem {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => from_io(error),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            Problem::Columns { line: pos.map_or(0, |pos| pos.line()), expected: expected_len, found: len }
        }
        csv::ErrorKind::Utf8 { .. } => Problem::Changed,
        _ => Problem::Unreadable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Result<Vec<Record>, Problem> {
        Records::lines(bytes).collect()
    }

    fn csv(bytes: &[u8]) -> Result<Vec<Record>, Problem> {
        Records::csv(bytes, b',')?.collect()
    }

    fn record(line: u64, text: &str, rating: Option<f64>) -> Record {
        Record { line, text: text.to_owned(), rating }
    }

    #[test]
    fn plain_lines_with_any_line_end_and_without_a_last_one() {
        let texts = lines("\u{feff}first\r\n\n  \nsecond, with a\ttab\nlast".as_bytes());
        let expected = vec![record(1, "first", None), record(4, "second, with a\ttab", None), record(5, "last", None)];
        assert_eq!(texts, Ok(expected));
    }

    #[test]
    fn rated_lines_are_recognised_by_the_first() {
        let texts = lines(b"1_1\t-0.15\tnot bad\r\n1_2\t2\ta\ttab\r\n");
        assert_eq!(texts, Ok(vec![record(1, "not bad", Some(-0.15)), record(2, "a\ttab", Some(2.0))]));
        assert_eq!(lines(b"1\t0.5\tgood\nno tabs\n"), Err(Problem::NotRated { line: 2 }));
        assert_eq!(lines(b"1\t0.5\tgood\n2\tNaN\tbad\n"), Err(Problem::NotRated { line: 2 }));
    }

    #[test]
    fn csv_with_quotes_line_breaks_and_empty_ratings() {
        let table = "\u{feff}id, Rating ,TEXT\n1,0.5,\"one, two\"\n2,,\"two\nlines\"\n3,-1,\n4, -2.5 ,end\n";
        let expected =
            vec![record(2, "one, two", Some(0.5)), record(3, "two\nlines", None), record(6, "end", Some(-2.5))];
        assert_eq!(csv(table.as_bytes()), Ok(expected));
        assert_eq!(csv(b"text\nonly\n"), Ok(vec![record(2, "only", None)]));
    }

    #[test]
    fn csv_problems_name_the_line() {
        let columns = "`id`, `body`".to_owned();
        assert_eq!(csv(b"id,body\n1,hello\n"), Err(Problem::NoTextColumn { columns }));
        assert_eq!(csv(b"id,text\n1,a\n2\n"), Err(Problem::Columns { line: 3, expected: 2, found: 1 }));
        let rating = "high".to_owned();
        assert_eq!(csv(b"text,rating\na,high\n"), Err(Problem::Rating { line: 2, rating }));
        assert_eq!(csv(b"text\ncaf\xe9\n"), Err(Problem::NotUtf8 { line: 2, offset: 8, byte: 0xe9 }));
    }

    #[test]
    fn a_quotation_mark_that_is_never_closed_is_found_where_it_opens() {
        let mut table = b"text\ngood\n\"open\n".to_vec();
        table.extend(b"more\n".repeat(100_000));
        assert_eq!(csv(&table), Err(Problem::TooLong { line: 3 }));
    }

    #[test]
    fn a_long_line_is_refused() {
        let mut text = b"short\n".to_vec();
        text.extend(b"x".repeat(LONGEST_TEXT as usize + 1));
        assert_eq!(lines(&text), Err(Problem::TooLong { line: 2 }));
    }

    #[test]
    fn nothing_follows_an_error() {
        let mut records = Records::lines(&b"1\t0.5\tgood\nbad\n3\t0.5\tgood\n"[..]);
        assert!(records.next().is_some_and(|record| record.is_ok()));
        assert!(records.next().is_some_and(|record| record.is_err()));
        assert_eq!(records.next(), None);
    }
}
