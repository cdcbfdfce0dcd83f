//! What is written down is there again, whatever happened to the file.

use std::os::unix::fs::PermissionsExt;

use super::*;

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("spool-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn kept(number: u128) -> Record {
    Record::Kept(number.try_into().unwrap(), Bytes::from(format!("parcel {number}")))
}

fn read_again(place: &Place) -> Vec<Record> {
    Spool::open(&place.0).unwrap().1
}

#[test]
fn what_was_written_is_there_again_and_nobody_else_can_read_it() {
    let place = Place::new("again");
    let (mut spool, records) = Spool::open(&place.0).unwrap();
    assert_eq!(records, []);
    (1..=3).for_each(|number| spool.write(&kept(number)).unwrap());
    spool.sync().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o777;
    assert_eq!((mode(&place.0), mode(&place.file())), (0o700, 0o600));
    drop(spool);
    assert_eq!(read_again(&place), [kept(1), kept(2), kept(3)]);
}

#[test]
fn what_a_crash_left_unfinished_is_cut_and_writing_goes_on() {
    let place = Place::new("torn");
    let (mut spool, _) = Spool::open(&place.0).unwrap();
    (1..=2).for_each(|number| spool.write(&kept(number)).unwrap());
    drop(spool);
    let whole = std::fs::read(place.file()).unwrap();
    let one = whole.len() - kept(2).size();
    for cut in 0..whole.len() {
        std::fs::write(place.file(), &whole[..cut]).unwrap();
        let (mut spool, records) = Spool::open(&place.0).unwrap();
        assert_eq!(records, if cut < one { vec![] } else { vec![kept(1)] }, "{cut}");
        spool.write(&kept(9)).unwrap();
        drop(spool);
        assert_eq!(read_again(&place).last(), Some(&kept(9)));
    }
}

#[test]
fn a_damaged_record_costs_that_record() {
    let place = Place::new("damaged");
    let (mut spool, _) = Spool::open(&place.0).unwrap();
    (1..=3).for_each(|number| spool.write(&kept(number)).unwrap());
    drop(spool);
    let mut bytes = std::fs::read(place.file()).unwrap();
    bytes[MAGIC.len() + kept(1).size() + 20] ^= 1;
    std::fs::write(place.file(), bytes).unwrap();
    assert_eq!(read_again(&place), [kept(1), kept(3)]);
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let place = Place::new("foreign");
    drop(Spool::open(&place.0).unwrap());
    std::fs::write(place.file(), "a letter to my aunt").unwrap();
    assert!(matches!(Spool::open(&place.0), Err(SpoolError::Foreign { .. })));
    assert_eq!(std::fs::read(place.file()).unwrap(), b"a letter to my aunt");
    std::fs::remove_file(place.file()).unwrap();
    std::os::unix::fs::symlink("elsewhere", place.file()).unwrap();
    assert!(matches!(Spool::open(&place.0), Err(SpoolError::Io { .. })));
}

#[test]
fn a_directory_is_of_one_system_and_of_one_user() {
    let place = Place::new("shared");
    let first = Spool::open(&place.0).unwrap();
    assert!(matches!(Spool::open(&place.0), Err(SpoolError::InUse { .. })));
    drop(first);
    std::fs::set_permissions(&place.0, PermissionsExt::from_mode(0o755)).unwrap();
    assert!(matches!(Spool::open(&place.0), Err(SpoolError::NotPrivate { mode: 0o755, .. })));
    let beneath_a_file = Path::new("/dev/null/spool");
    assert!(matches!(Spool::open(beneath_a_file), Err(SpoolError::Io { .. })));
}

#[test]
fn a_full_disk_is_an_error_of_that_message() {
    let place = Place::new("full");
    let (mut spool, _) = Spool::open(&place.0).unwrap();
    spool.write(&kept(1)).unwrap();
    let real = std::mem::replace(&mut spool.file, OpenOptions::new().append(true).open("/dev/full").unwrap());
    assert_eq!(spool.write(&kept(2)).unwrap_err().kind(), io::ErrorKind::StorageFull);
    // Nothing can be cut there, so nobody knows what is in the file.
    assert!(spool.write(&kept(2)).is_err());
    spool.file = real;
    spool.rewrite([kept(1)].into_iter()).unwrap();
    spool.write(&kept(3)).unwrap();
    drop(spool);
    assert_eq!(read_again(&place), [kept(1), kept(3)]);
}

#[test]
fn a_file_that_is_mostly_of_no_use_is_written_anew() {
    let place = Place::new("anew");
    let (mut spool, _) = Spool::open(&place.0).unwrap();
    let long = Record::Kept(1.try_into().unwrap(), Bytes::from(vec![7; 1 << 20]));
    assert!(!spool.is_wasteful(0));
    (0..3).for_each(|_| spool.write(&long).unwrap());
    assert!(spool.is_wasteful(1 << 20) && !spool.is_wasteful(2 << 20));
    // A failure is not repeated all the time.
    std::fs::create_dir(place.0.join(NEXT)).unwrap();
    assert!(spool.rewrite(std::iter::empty()).is_err() && !spool.is_wasteful(0));
    spool.write(&long).unwrap();
    assert!(spool.is_wasteful(0));
    std::fs::remove_dir(place.0.join(NEXT)).unwrap();
    // What another one had begun is no hindrance.
    std::fs::write(place.0.join(NEXT), "half a file").unwrap();
    spool.rewrite([kept(1), kept(2)].into_iter()).unwrap();
    spool.write(&kept(3)).unwrap();
    assert!(!spool.is_wasteful(0));
    drop(spool);
    assert_eq!(read_again(&place), [kept(1), kept(2), kept(3)]);
    assert!(std::fs::metadata(place.file()).unwrap().len() < 1000);
}
