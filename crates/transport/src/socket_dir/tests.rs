use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use super::*;

/// A directory that is removed at the end of a test.
struct Base(PathBuf);

impl Base {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rsd-{}-{name}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        Self(path)
    }

    fn ours(&self) -> PathBuf {
        self.0.join(format!("roscius-{}", our_uid()))
    }
}

impl Drop for Base {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn it_is_private_and_found_again() {
    let base = Base::new("private");
    let directory = SocketDir::open_in(&base.0, "shop").unwrap();
    assert_eq!(fs::metadata(directory.path()).unwrap().mode() & 0o777, 0o700);
    assert_eq!(SocketDir::open_in(&base.0, "shop").unwrap(), directory);
    assert!(directory.remove().unwrap());
    assert!(!directory.path().exists());
}

#[test]
fn a_socket_in_use_is_left_alone_and_a_stale_one_replaced() {
    let base = Base::new("stale");
    let directory = SocketDir::open_in(&base.0, "shop").unwrap();
    let first = directory.listen_as("admin").unwrap();
    assert!(matches!(directory.listen_as("admin"), Err(SocketDirError::InUse { .. })));
    let path = first.path().to_owned();
    drop(first);
    assert!(!path.exists(), "a socket goes with its listener");

    // The standard library leaves the file, as a killed process does.
    drop(UnixListener::bind(&path).unwrap());
    drop(UnixListener::bind(directory.socket_of(NodeId::new(7))).unwrap());
    let second = directory.listen_as("admin").unwrap();
    assert_eq!(directory.sweep().unwrap(), 1);
    assert!(!directory.remove().unwrap(), "the directory stays while somebody listens");
    fs::remove_file(&path).unwrap();
    let third = directory.listen_as("admin").unwrap();
    drop(second);
    assert!(path.exists(), "the name belongs to the third socket now");
    drop(third);
}

#[test]
fn a_file_that_is_no_socket_is_never_removed() {
    let base = Base::new("file");
    let directory = SocketDir::open_in(&base.0, "shop").unwrap();
    let file = directory.path().join("admin");
    fs::write(&file, "mine").unwrap();
    assert!(matches!(directory.listen_as("admin"), Err(SocketDirError::InUse { .. })));
    assert_eq!(directory.sweep().unwrap(), 0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_symbolic_link_in_its_place_is_refused() {
    let base = Base::new("symlink");
    let elsewhere = base.0.join("elsewhere");
    DirBuilder::new().mode(0o700).create(&elsewhere).unwrap();
    symlink(&elsewhere, base.ours()).unwrap();
    let refused = SocketDir::open_in(&base.0, "shop").unwrap_err();
    assert!(matches!(refused, SocketDirError::NotADirectory { .. }), "{refused}");
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
}

#[test]
fn a_directory_that_others_can_enter_or_replace_is_refused() {
    let base = Base::new("open");
    SocketDir::open_in(&base.0, "shop").unwrap();
    fs::set_permissions(base.ours(), fs::Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(SocketDir::open_in(&base.0, "shop"), Err(SocketDirError::NotPrivate { mode: 0o750, .. })));
    fs::set_permissions(base.ours(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(&base.0, fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(SocketDir::open_in(&base.0, "shop"), Err(SocketDirError::OpenParent { .. })));
    fs::set_permissions(&base.0, fs::Permissions::from_mode(0o1777)).unwrap();
    SocketDir::open_in(&base.0, "shop").unwrap();
}

#[test]
fn a_directory_of_somebody_else_is_refused() {
    if our_uid() != 0 {
        eprintln!("SKIPPED: only root can give a directory away");
        return;
    }
    let base = Base::new("theirs");
    DirBuilder::new().mode(0o700).create(base.ours()).unwrap();
    std::os::unix::fs::chown(base.ours(), Some(12345), None).unwrap();
    let refused = SocketDir::open_in(&base.0, "shop").unwrap_err();
    assert!(matches!(refused, SocketDirError::NotOurs { owner: 12345, uid: 0, .. }), "{refused}");
}

#[test]
fn a_full_disk_is_named() {
    let base = Base::new("full");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "nr_inodes=4,mode=700", "none"])
        .arg(&base.0)
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("SKIPPED: no permission to mount a small file system");
        return;
    }
    // The root, two directories and one socket.
    let directory = SocketDir::open_in(&base.0, "shop").unwrap();
    let first = directory.listen_as("a").unwrap();
    let refused = directory.listen_as("b");
    let refused_directory = SocketDir::open_in(&base.0, "other");
    drop(first);
    let _ = std::process::Command::new("umount").arg(&base.0).status();
    assert!(matches!(refused, Err(SocketDirError::NoSpace { .. })), "{refused:?}");
    assert!(matches!(refused_directory, Err(SocketDirError::NoSpace { .. })), "{refused_directory:?}");
}

#[test]
fn names_and_long_paths_are_refused() {
    let base = Base::new("names");
    for name in ["", ".", "..", ".hidden", "a/b", "a b", "ä"] {
        assert!(matches!(SocketDir::open_in(&base.0, name), Err(SocketDirError::Name { .. })), "{name}");
    }
    let long = "x".repeat(100);
    assert!(matches!(SocketDir::open_in(&base.0, &long), Err(SocketDirError::TooLong { .. })));
    let missing = SocketDir::open_in(&base.0.join("missing"), "shop").unwrap_err();
    assert!(missing.to_string().contains("missing"), "{missing}");
}

#[test]
fn errors_of_the_system_are_told_apart() {
    let of = |errno: Errno| SocketDirError::io("make", Path::new("/x"), errno.into());
    assert!(matches!(of(Errno::ROFS), SocketDirError::NoPermission { .. }));
    assert!(matches!(of(Errno::ACCESS), SocketDirError::NoPermission { .. }));
    assert!(matches!(of(Errno::DQUOT), SocketDirError::NoSpace { .. }));
    assert!(of(Errno::IO).to_string().starts_with("could not make `/x`"));
}

#[test]
fn an_alias_leads_to_a_living_system_and_is_taken_from_a_dead_one() {
    let base = Base::new("alias");
    let resolve = || SocketDir::resolve_in(&base.0, "tcp-1900").unwrap();
    assert_eq!(resolve(), None);
    let (first, listening) = SocketDir::begin_in(&base.0, 1).unwrap();
    first.announce("tcp-1900").unwrap();
    first.announce("tcp-1900").unwrap();
    assert_eq!(resolve().as_ref(), Some(&first));
    let (second, _listening) = SocketDir::begin_in(&base.0, 2).unwrap();
    assert!(matches!(second.announce("tcp-1900"), Err(SocketDirError::InUse { .. })));
    second.withdraw("tcp-1900").unwrap();
    assert_eq!(resolve().as_ref(), Some(&first), "it is not the second's to withdraw");
    drop(listening);
    assert_eq!(resolve(), None, "nobody listens");
    second.announce("tcp-1900").unwrap();
    assert_eq!(resolve().as_ref(), Some(&second));
    second.withdraw("tcp-1900").unwrap();
    assert_eq!(resolve(), None);
}

#[test]
fn an_alias_replaces_nothing_that_is_no_alias_and_leads_nowhere_else() {
    let base = Base::new("odd");
    let (system, _listening) = SocketDir::begin_in(&base.0, 1).unwrap();
    fs::write(base.ours().join("file"), "mine").unwrap();
    assert!(matches!(system.announce("file"), Err(SocketDirError::InUse { .. })));
    symlink("../elsewhere/s00000001", base.ours().join("far")).unwrap();
    assert_eq!(SocketDir::resolve_in(&base.0, "far").unwrap(), None);
    assert!(matches!(system.announce("a/b"), Err(SocketDirError::Name { .. })));
    assert_eq!(fs::read_to_string(base.ours().join("file")).unwrap(), "mine");
}

#[test]
fn a_system_that_begins_sweeps_the_dead_and_nothing_that_lives() {
    let base = Base::new("begin");
    let (dead, listening) = SocketDir::begin_in(&base.0, 1).unwrap();
    dead.announce("queue-a").unwrap();
    let (alive, _alive) = SocketDir::begin_in(&base.0, 2).unwrap();
    // Its Admin is gone, and one of its processes listens still.
    let (orphaned, admin) = SocketDir::begin_in(&base.0, 3).unwrap();
    let process = orphaned.listen(NodeId::of_process(3, 20)).unwrap();
    drop((listening, admin));
    let (_new, _listening) = SocketDir::begin_in(&base.0, 4).unwrap();
    assert_eq!([&dead, &alive, &orphaned].map(|it| it.path().exists()), [false, true, true]);
    assert!(!base.ours().join("queue-a").is_symlink());
    assert_eq!(alive.path_of(NodeId::of_process(3, 20)), process.path());
    orphaned.raze().unwrap();
    assert!(!orphaned.path().exists());
    orphaned.raze().unwrap();
}

#[test]
fn where_many_systems_live_the_dead_are_swept_in_the_end() {
    let base = Base::new("many");
    let living: Vec<_> = (1..=40).map(|system| SocketDir::begin_in(&base.0, system).unwrap()).collect();
    let (dead, listening) = SocketDir::begin_in(&base.0, 1000).unwrap();
    drop(listening);
    let mut begun = Vec::new();
    for system in 41..=150 {
        if !dead.path().exists() {
            break;
        }
        begun.push(SocketDir::begin_in(&base.0, system).unwrap());
    }
    assert!(!dead.path().exists());
    assert!(living.iter().chain(&begun).all(|(directory, _)| directory.path().exists()));
}

#[test]
fn sources_go_with_the_directory_of_their_system_and_nothing_else_does() {
    let base = Base::new("sources");
    let directory = SocketDir::open_in(&base.0, "shop").unwrap();
    let (kept, other) = (directory.path().join(format!("{SOURCE}-0a1b")), directory.path().join("resource"));
    for file in [&kept, &other] {
        fs::write(file, "mine").unwrap();
    }
    assert_eq!(directory.sweep().unwrap(), 0);
    assert!(kept.exists());
    assert!(!directory.remove().unwrap());
    assert!(!kept.exists() && other.exists());
    fs::remove_file(other).unwrap();
    assert!(directory.remove().unwrap());
}
