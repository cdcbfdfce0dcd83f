//! `top` in a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::scene::{PATIENCE, Scene, until};

/// A command in a terminal of its own.
struct Terminal {
    keys: File,
    /// What a program in it would look at.
    inside: File,
    shown: Receiver<Vec<u8>>,
    text: String,
    child: Child,
}

impl Terminal {
    fn open(scene: &Scene, arguments: &[&str], (columns, rows): (u16, u16)) -> Self {
        let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&outside).unwrap();
        unlockpt(&outside).unwrap();
        let size = Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&outside, size).unwrap();
        let name = ptsname(&outside, Vec::new()).unwrap();
        let inside: OwnedFd = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let inside = File::from(inside);
        let mut command = scene.place.command(arguments);
        command.env("TERM", "xterm-256color");
        command.stdin(Stdio::from(inside.try_clone().unwrap()));
        command.stdout(Stdio::from(inside.try_clone().unwrap())).stderr(Stdio::from(inside.try_clone().unwrap()));
        let child = command.spawn().unwrap();
        let keys = File::from(outside);
        let mut reader = keys.try_clone().unwrap();
        let (tell, shown) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if tell.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { keys, inside, shown, text: String::new(), child }
    }

    /// Waits until this is shown, in one piece.
    fn until_shown(&mut self, wanted: &str) {
        let since = Instant::now();
        while !self.text.contains(wanted) {
            let left =
                PATIENCE.checked_sub(since.elapsed()).unwrap_or_else(|| panic!("no {wanted:?}: {:?}", self.text));
            if let Ok(bytes) = self.shown.recv_timeout(left) {
                self.text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.text.clear();
        self.keys.write_all(keys.as_bytes()).unwrap();
    }
}

#[test]
fn a_live_view_in_a_terminal_of_either_size() {
    let scene = Scene::new("top");
    for size in [(80, 24), (40, 12)] {
        let mut terminal = Terminal::open(&scene, &["top", "--every", "0.1"], size);
        let line_by_line =
            |terminal: &Terminal| tcgetattr(&terminal.inside).unwrap().local_modes.contains(LocalModes::ICANON);
        terminal.until_shown("queue-shop");
        terminal.until_shown("healthy");
        terminal.until_shown("clerk: Clerk");
        assert!(!line_by_line(&terminal), "each key is read by itself");
        terminal.press("\t");
        terminal.until_shown("starter");
        terminal.press("?");
        terminal.until_shown("keys");
        terminal.press("qq");
        until("it ends", || terminal.child.try_wait().unwrap().is_some());
        assert!(terminal.child.wait().unwrap().success());
        assert!(line_by_line(&terminal), "the terminal is as it was");
    }
}

#[test]
fn a_live_view_stays_when_its_system_ends() {
    let scene = Scene::new("top-end");
    let mut terminal = Terminal::open(&scene, &["top", "--every", "0.1"], (80, 24));
    terminal.until_shown("healthy");
    scene.run(&["shutdown"]).well();
    terminal.until_shown("has ended");
    terminal.press("q");
    until("it ends", || terminal.child.try_wait().unwrap().is_some());
}

#[test]
fn a_live_view_needs_a_terminal() {
    let scene = Scene::new("top-none");
    assert!(scene.run(&["top"]).failed(1).contains("`top` needs a terminal"));
}
