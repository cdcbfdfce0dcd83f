//! Store: keeps texts, scores and ratings in an SQLite database.
//!
//! Other sinks can take its place: the actors know only [`Sink`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::batch::ScoredText;
use crate::correlation::Correlation;
use crate::input::Source;

/// Texts a transaction: so many that writing to the disk costs little, so few that memory stays small.
const TRANSACTION: usize = 2048;

/// How long to wait for another program that is using the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a database is opened to be read. A store that was killed may have left half a transaction, which who opens it takes back: it must
/// be allowed to write.
const AGAIN: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE;

/// Marks a database as the demo's own ("RosD"), so that it never overwrites another program's.
const APPLICATION_ID: i32 = 0x526F_7344;

const SCHEMA: &str = "
    DROP TABLE IF EXISTS texts;
    CREATE TABLE texts (
        id     INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        line   INTEGER NOT NULL,
        text   TEXT NOT NULL,
        score  REAL NOT NULL,
        rating REAL
    ) STRICT;";

const INSERT: &str = "INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";

/// A database that cannot be used, and why.
#[derive(Debug, Error, Serialize, Deserialize)]
#[error("database {}: {fault}", path.display())]
pub struct DatabaseError {
    /// Where it is, or was to be.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a database.
#[derive(Debug, Error, Serialize, Deserialize)]
pub enum Fault {
    #[error("it is a directory")]
    Directory,
    #[error("its folder does not exist")]
    NoFolder,
    #[error("it is not one of this program's databases, so it is left alone")]
    Foreign,
    #[error("another program is using it")]
    Busy,
    #[error("it cannot be written: {0}")]
    Unwritable(String),
}

impl DatabaseError {
    /// What the user can do about it.
    pub fn advice(&self) -> String {
        let path = self.path.display();
        match &self.fault {
            Fault::Directory => format!("name a file in it: --database {path}/texts.sqlite"),
            Fault::NoFolder => "create the folder first, or give another path with --database".to_owned(),
            Fault::Foreign => "give another path with --database, or move that file away".to_owned(),
            Fault::Busy => {
                format!("close what holds it open (fuser {path}), then run the demo again")
            }
            Fault::Unwritable(_) => "check that the folder may be written and has space left, or give another path \
                                     with --database"
                .to_owned(),
        }
    }
}

/// Where texts end up.
pub trait Sink: Send {
    /// Takes texts in, perhaps without writing them yet.
    fn add(&mut self, texts: Vec<ScoredText>) -> Result<(), DatabaseError>;

    /// Writes what is not yet written. If that fails it is still there to be written.
    fn flush(&mut self) -> Result<(), DatabaseError>;

    /// How many different texts are written.
    fn written(&self) -> u64;
}

/// Which sink to open, as it can be told to another process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SinkTask {
    /// A database at this path, with the texts of these sources.
    Database { path: PathBuf, sources: Vec<Source> },
    /// Counts.
    Counting,
    /// One that a test has made.
    #[cfg(test)]
    #[serde(skip)]
    Made(Made),
}

impl SinkTask {
    /// Opens it.
    pub fn open(&self) -> Result<Box<dyn Sink>, DatabaseError> {
        Ok(match self {
            Self::Database { path, sources } => Box::new(Database::create(path, sources)?),
            Self::Counting => Box::new(Counting::default()),
            #[cfg(test)]
            Self::Made(made) => made.take(),
        })
    }
}

/// Counts texts and forgets them: for measuring the stages before it.
#[derive(Debug, Default)]
pub struct Counting(u64);

impl Sink for Counting {
    fn add(&mut self, texts: Vec<ScoredText>) -> Result<(), DatabaseError> {
        self.0 += texts.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DatabaseError> {
        Ok(())
    }

    fn written(&self) -> u64 {
        self.0
    }
}

/// The database of one run. A file that an earlier run left at the same path is used again, its texts replaced.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
    path: PathBuf,
    /// The names that stand for the sources.
    sources: Vec<String>,
    /// What is not yet written.
    pending: Vec<ScoredText>,
    written: u64,
}

impl Database {
    /// Creates it, empty.
    pub fn create(path: &Path, sources: &[Source]) -> Result<Self, DatabaseError> {
        let connection = create(path).map_err(|fault| DatabaseError { path: path.to_owned(), fault })?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            sources: sources.iter().map(|source| source.name.clone()).collect(),
            pending: Vec::new(),
            written: 0,
        })
    }

    /// Reads the database at `path` anew and compares it with what was to be stored.
    pub fn audit(path: &Path, sources: &[Source]) -> Result<Audit, DatabaseError> {
        let open = || {
            let connection = Connection::open_with_flags(path, AGAIN)?;
            connection.busy_timeout(PATIENCE)?;
            audit(&connection, sources)
        };
        open().map_err(|error| DatabaseError { path: path.to_owned(), fault: fault(error) })
    }

    /// Reads all texts of the database at `path`, as they were scored, with their scores.
    pub fn read(path: &Path, mut each: impl FnMut(&str, f64)) -> Result<(), DatabaseError> {
        let mut read = || {
            let connection = Connection::open_with_flags(path, AGAIN)?;
            connection.busy_timeout(PATIENCE)?;
            let mut statement = connection.prepare("SELECT text, score FROM texts")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(&row.get::<_, String>(0)?, row.get(1)?);
            }
            Ok(())
        };
        read().map_err(|error| DatabaseError { path: path.to_owned(), fault: fault(error) })
    }
}

impl Sink for Database {
    /// Texts are written in large transactions.
    fn add(&mut self, texts: Vec<ScoredText>) -> Result<(), DatabaseError> {
        self.pending.extend(texts);
        if self.pending.len() < TRANSACTION { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), DatabaseError> {
        let written = write(&mut self.connection, &self.sources, &self.pending);
        self.written += written.map_err(|error| DatabaseError { path: self.path.clone(), fault: fault(error) })?;
        self.pending.clear();
        Ok(())
    }

    fn written(&self) -> u64 {
        self.written
    }
}

/// What the database really holds in the end.
#[derive(Debug, Default)]
pub struct Audit {
    /// Texts found.
    pub texts: u64,
    /// How many of the expected texts are not there.
    pub missing: u64,
    /// The number of the first that is not there.
    pub first_missing: Option<u64>,
    /// For each source: its texts, and how well scores and human ratings go together.
    pub sources: Vec<(u64, Correlation)>,
}

fn audit(connection: &Connection, sources: &[Source]) -> rusqlite::Result<Audit> {
    let mut audit = Audit { sources: vec![Default::default(); sources.len()], ..Audit::default() };
    let expected: u64 = sources.iter().map(|source| source.texts).sum();
    let mut statement = connection.prepare("SELECT id, source, score, rating FROM texts ORDER BY id")?;
    let mut rows = statement.query([])?;
    let mut next = 1;
    while let Some(row) = rows.next()? {
        let id: u64 = row.get(0)?;
        if id > next {
            audit.first_missing.get_or_insert(next);
        }
        next = id + 1;
        audit.texts += 1;
        let name = row.get_ref(1)?.as_str()?;
        let Some(index) = sources.iter().position(|source| source.name == name) else {
            continue;
        };
        let (texts, correlation) = &mut audit.sources[index];
        *texts += 1;
        if let Some(rating) = row.get(3)? {
            correlation.add(row.get(2)?, rating);
        }
    }
    if next <= expected {
        audit.first_missing.get_or_insert(next);
    }
    audit.missing = expected.saturating_sub(audit.texts);
    Ok(audit)
}

fn create(path: &Path) -> Result<Connection, Fault> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(Fault::Directory),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            if folder.is_some_and(|folder| !folder.exists()) {
                return Err(Fault::NoFolder);
            }
        }
        Err(error) => return Err(Fault::Unwritable(error.to_string())),
        Ok(_) => {}
    }
    let connection = Connection::open(path).map_err(fault)?;
    claim(&connection)?;
    connection.execute_batch(SCHEMA).map_err(fault)?;
    Ok(connection)
}

/// Makes sure that the file is ours: a new one, or one that an earlier run made.
fn claim(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    let value = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(fault);
    let tables = value("SELECT count(*) FROM sqlite_schema")?;
    let owner = value("PRAGMA application_id")?;
    if owner != APPLICATION_ID && (tables > 0 || owner != 0) {
        return Err(Fault::Foreign);
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(fault)
}

fn write(connection: &mut Connection, sources: &[String], texts: &[ScoredText]) -> rusqlite::Result<u64> {
    let transaction = connection.transaction()?;
    let mut written = 0;
    {
        // A text that comes again, because its worker ended between the work and the word of it, is no new text.
        let mut insert = transaction.prepare(INSERT)?;
        for ScoredText { text, score } in texts {
            let source = sources.get(text.source);
            written += insert.execute(params![text.id, source, text.line, text.text, score, text.rating])?;
        }
    }
    transaction.commit()?;
    Ok(written as u64)
}

fn fault(error: rusqlite::Error) -> Fault {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => Fault::Foreign,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
        _ => Fault::Unwritable(error.to_string()),
    }
}

#[cfg(test)]
pub use tests::Made;

#[cfg(test)]
mod tests {
    use std::fmt;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::batch::Text;

    /// A sink that a test has made, for the one actor that opens it.
    #[derive(Clone)]
    pub struct Made(Arc<Mutex<Option<Box<dyn Sink>>>>);

    impl Made {
        pub fn new(sink: Box<dyn Sink>) -> Self {
            Self(Arc::new(Mutex::new(Some(sink))))
        }

        pub fn take(&self) -> Box<dyn Sink> {
            self.0.lock().expect("no panic").take().expect("opened once")
        }
    }

    impl Default for Made {
        fn default() -> Self {
            Self::new(Box::new(Counting::default()))
        }
    }

    impl fmt::Debug for Made {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Made")
        }
    }

    fn sources() -> Vec<Source> {
        let source = |name: &str, texts| Source { name: name.to_owned(), path: PathBuf::from(name), texts };
        vec![source("first", 3), source("second", 2)]
    }

    fn text(id: u64, source: usize, score: f64, rating: Option<f64>) -> ScoredText {
        ScoredText { text: Text { id, source, line: id, text: format!("text {id}"), rating }, score }
    }

    fn all() -> Vec<ScoredText> {
        vec![
            text(1, 0, -0.5, Some(-1.0)),
            text(2, 0, 0.0, Some(0.0)),
            text(3, 0, 0.5, Some(1.0)),
            text(4, 1, 0.1, None),
            text(5, 1, 0.2, Some(2.0)),
        ]
    }

    fn fault_of(path: &Path) -> Fault {
        Database::create(path, &sources()).expect_err("a fault").fault
    }

    #[test]
    fn what_is_added_is_found_again_with_its_correlation() {
        let folder = tempfile::tempdir().expect("folder");
        let mut database = Database::create(&folder.path().join("t.sqlite"), &sources()).expect("created");
        database.add(all()).expect("added");
        database.flush().expect("written");
        let audit = Database::audit(&folder.path().join("t.sqlite"), &sources()).expect("read");
        assert_eq!((audit.texts, audit.missing, audit.first_missing), (5, 0, None));
        assert_eq!(audit.sources[0].0, 3);
        assert_eq!(audit.sources[0].1.coefficient(), Some(1.0));
        assert_eq!((audit.sources[1].0, audit.sources[1].1.pairs()), (2, 1));
    }

    #[test]
    fn one_missing_text_is_noticed_and_named() {
        for lost in 0..5 {
            let folder = tempfile::tempdir().expect("folder");
            let mut database = Database::create(&folder.path().join("t.sqlite"), &sources()).expect("created");
            let mut texts = all();
            let id = texts.remove(lost).text.id;
            database.add(texts).expect("added");
            database.flush().expect("written");
            let audit = Database::audit(&folder.path().join("t.sqlite"), &sources()).expect("read");
            assert_eq!((audit.missing, audit.first_missing), (1, Some(id)));
        }
    }

    #[test]
    fn a_text_that_comes_again_is_not_stored_twice() {
        let folder = tempfile::tempdir().expect("folder");
        let mut database = Database::create(&folder.path().join("t.sqlite"), &sources()).expect("created");
        database.add(all()).expect("added");
        database.add(vec![text(2, 0, 0.0, None)]).expect("added");
        database.flush().expect("written");
        assert_eq!(database.written(), 5);
    }

    #[test]
    fn large_amounts_are_written_without_waiting_for_the_end() {
        let folder = tempfile::tempdir().expect("folder");
        let mut database = Database::create(&folder.path().join("t.sqlite"), &sources()).expect("created");
        for id in 1..=TRANSACTION as u64 + 1 {
            database.add(vec![text(id, 0, 0.0, None)]).expect("added");
        }
        assert_eq!(database.written(), TRANSACTION as u64);
    }

    #[test]
    fn an_earlier_run_is_replaced_and_another_programs_file_is_left_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("t.sqlite");
        let mut database = Database::create(&path, &sources()).expect("created");
        database.add(all()).expect("added");
        database.flush().expect("written");
        drop(database);
        Database::create(&path, &sources()).expect("created again");
        assert_eq!(Database::audit(&path, &sources()).expect("read").texts, 0);

        let foreign = folder.path().join("foreign.sqlite");
        Connection::open(&foreign).and_then(|other| other.execute_batch("CREATE TABLE t (x)")).expect("made");
        assert!(matches!(fault_of(&foreign), Fault::Foreign));
        let letter = folder.path().join("letter.txt");
        fs::write(&letter, "Dear Sir or Madam, this is no database at all.").expect("write");
        assert!(matches!(fault_of(&letter), Fault::Foreign));
    }

    #[test]
    fn unusable_paths_and_a_locked_database_are_told_apart() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(matches!(fault_of(folder.path()), Fault::Directory));
        assert!(matches!(fault_of(&folder.path().join("no/t.sqlite")), Fault::NoFolder));
        let file = folder.path().join("file");
        fs::write(&file, "").expect("write");
        assert!(matches!(fault_of(&file.join("t.sqlite")), Fault::Unwritable(_)));

        let path = folder.path().join("t.sqlite");
        let _database = Database::create(&path, &sources()).expect("created");
        let other = Connection::open(&path).expect("opened");
        other.execute_batch("BEGIN EXCLUSIVE").expect("locked");
        assert!(matches!(fault_of(&path), Fault::Busy));
    }
}
