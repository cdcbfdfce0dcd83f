use std::io::{Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use memchr::memmem;
use roscius_protocol::sources::Platform;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn good() -> Vec<u8> {
    archive(&[("__init__.py", b""), ("barn/cow.py", "print('moo')\n".repeat(50).as_bytes())])
}

fn refused(content: &[u8]) -> String {
    check(content).unwrap_err().to_string()
}

/// The same with another name, as long, in each place where it stands.
fn renamed(mut content: Vec<u8>, before: &[u8], after: &[u8]) -> Vec<u8> {
    assert_eq!(before.len(), after.len());
    let places: Vec<usize> = memmem::find_iter(&content, before).collect();
    assert_eq!(places.len(), 2, "in the file, and in the list of files");
    for place in places {
        content[place..place + after.len()].copy_from_slice(after);
    }
    content
}

#[test]
fn an_archive_of_modules_is_fit() {
    check(&good()).unwrap();
    check(&archive(&[])).unwrap();
}

#[test]
fn what_is_no_archive_or_not_all_of_one_is_refused() {
    let good = good();
    for content in [&b""[..], b"PK", b"import this", &[0xff; 1000], &good[..good.len() - 1], &good[..good.len() / 2]] {
        assert!(refused(content).starts_with("it is no zip file: "), "{}", refused(content));
    }
}

#[test]
fn a_file_that_can_not_be_unpacked_is_refused() {
    let mut content = archive(&[("cow.py", &[b'x'; 5000])]);
    // The first bytes of the file itself, behind its header of 30 bytes and its name.
    for byte in &mut content[36..40] {
        *byte ^= 0x55;
    }
    assert!(refused(&content).starts_with("`cow.py` can not be read: "), "{}", refused(&content));
}

#[test]
fn a_file_with_another_content_than_was_packed_is_refused() {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("cow.py", stored).unwrap();
    writer.write_all(b"good").unwrap();
    let mut content = writer.finish().unwrap().into_inner();
    let at = memmem::find(&content, b"good").unwrap();
    content[at..at + 4].copy_from_slice(b"evil");
    assert!(refused(&content).starts_with("`cow.py` can not be read: "));
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["../a.py", "/xy/a.py", "a/../../b", "a/..", "..\\a.py", "\\xy\\a.py", "c:/a.py"] {
        let placeholder: String = name.chars().map(|_| 'q').collect();
        let content = renamed(archive(&[(&placeholder, b"x")]), placeholder.as_bytes(), name.as_bytes());
        let text = refused(&content);
        assert!(text.ends_with("is no name of a file in an archive"), "{name}: {text}");
    }
    check(&archive(&[("a/..b/c...py", b"x")])).unwrap();
}

#[test]
fn a_bomb_is_refused_before_it_goes_off() {
    let content = archive(&[("cow.py", &vec![b' '; 80 << 20])]);
    assert!(content.len() < 400_000);
    assert!(refused(&content).starts_with("`cow.py` has 83886080 bytes, packed to "), "{}", refused(&content));
}

#[test]
fn a_bomb_that_says_that_it_is_small_is_refused() {
    let mut content = archive(&[("cow.py", &vec![b' '; 80 << 20])]);
    // Its length, wherever it stands.
    let before = (80_u32 << 20).to_le_bytes();
    while let Some(at) = memmem::find(&content, &before) {
        content[at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    assert!(refused(&content).starts_with("`cow.py` can not be read: "), "{}", refused(&content));
}

#[test]
fn too_many_files_are_refused() {
    let names: Vec<String> = (0..20_001).map(|number| format!("f{number}.py")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert_eq!(refused(&archive(&files)), "it has more than 20000 files");
    check(&archive(&files[1..])).unwrap();
}

#[test]
fn a_list_of_files_in_the_form_for_millions_is_refused() {
    let mut content = b"PK\x06\x07".to_vec();
    content.resize(20, 0);
    content.extend(archive(&[]));
    assert_eq!(refused(&content), "it has more than 20000 files");
}

#[test]
fn encrypted_files_are_refused() {
    let mut content = archive(&[("cow.py", b"moo")]);
    // The first bit of the flags, in the file and in the list of files.
    content[6] |= 1;
    let list = memmem::find(&content, b"PK\x01\x02").unwrap();
    content[list + 8] |= 1;
    assert_eq!(refused(&content), "`cow.py` is encrypted");
}

#[test]
fn what_is_too_long_is_not_looked_at() {
    let content = vec![0; LONGEST + 1];
    assert_eq!(refused(&content), "it has 268435457 bytes, and may have 268435456");
}

#[test]
fn sources_are_known_by_their_md5_and_checked_by_their_sha256() {
    assert_eq!(id_of(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(digest_of(b"abc").to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sources-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn files(&self) -> Vec<PathBuf> {
        std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_kept_is_found_until_it_is_discarded() {
    let directory = Directory::new("kept");
    let store = Store::new(&directory.0);
    let digest = store.keep(b"content", ContentKind::Archive).unwrap();
    assert_eq!(store.keep(b"content", ContentKind::Archive).unwrap(), digest, "twice is fine");
    let [file] = &directory.files()[..] else { panic!("{:?}", directory.files()) };
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(&directory.0, digest).unwrap(), b"content");
    store.discard(digest).unwrap();
    store.discard(digest).unwrap();
    assert!(matches!(read(&directory.0, digest), Err(ReadError::Gone)));
    assert_eq!(directory.files(), [""; 0].map(PathBuf::from));
}

#[test]
fn a_content_that_was_changed_is_not_used() {
    let directory = Directory::new("changed");
    let store = Store::new(&directory.0);
    let digest = store.keep(b"content", ContentKind::Archive).unwrap();
    let file = directory.files().remove(0);
    std::fs::write(&file, b"another").unwrap();
    assert!(matches!(read(&directory.0, digest), Err(ReadError::Changed)));
    // Nor is what it leads to.
    let elsewhere = directory.0.join("elsewhere");
    std::fs::write(&elsewhere, b"content").unwrap();
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert!(matches!(read(&directory.0, digest), Err(ReadError::Io(_))));
}

#[test]
fn what_can_not_be_written_leaves_nothing() {
    let directory = Directory::new("gone");
    let store = Store::new(&directory.0.join("not there"));
    store.keep(b"content", ContentKind::Archive).unwrap_err();
    // Where a file is to be there is something else.
    let digest = digest_of(b"content");
    std::fs::create_dir(directory.0.join(format!("source-{digest}"))).unwrap();
    Store::new(&directory.0).keep(b"content", ContentKind::Archive).unwrap_err();
    assert_eq!(directory.files().len(), 1);
}

fn elf(class: u8, system: u8, machine: u16) -> Vec<u8> {
    let mut content = vec![0x7f, b'E', b'L', b'F', class, 1, 1, system];
    content.resize(18, 0);
    content.extend(machine.to_le_bytes());
    content
}

#[test]
fn programs_say_for_which_hosts_they_are() {
    let ours = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert_eq!(examine(&ours[..64]).unwrap(), ContentKind::Program(Some(THIS_HOST)));
    assert_eq!(examine(b"#!/bin/sh\n").unwrap(), ContentKind::Program(None));
    assert_eq!(examine(&good()).unwrap(), ContentKind::Archive);
    for (content, os, arch) in [
        (elf(2, 9, 62), "unknown", "x86_64"),
        (elf(2, 0, 22), "linux", "unknown"),
        (elf(1, 0, 40), "linux", "arm"),
        (b"MZ\x90".to_vec(), "windows", "unknown"),
        (b"\xcf\xfa\xed\xfe".to_vec(), "macos", "unknown"),
        (b"\x7fELF\x02\x01\x01\0".to_vec(), "linux", "unknown"),
    ] {
        assert_eq!(examine(&content).unwrap(), ContentKind::Program(Some(Platform { os, arch })));
    }
}

#[test]
fn a_program_can_be_run_by_its_user_alone() {
    let directory = Directory::new("program");
    let digest = Store::new(&directory.0).keep(b"#!/bin/sh\nexit 7\n", ContentKind::Program(None)).unwrap();
    let path = path_of(&directory.0, digest);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(std::process::Command::new(path).status().unwrap().code(), Some(7));
}
