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

/// What a terminal shows: letters, and where they are put. Colours and modes are passed over.
struct Screen {
    cells: Vec<Vec<char>>,
    at: (usize, usize),
    /// What has come and is not whole.
    rest: Vec<u8>,
}

impl Screen {
    fn new(columns: u16, rows: u16) -> Self {
        Self { cells: vec![vec![' '; columns.into()]; rows.into()], at: (0, 0), rest: Vec::new() }
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.cells.iter().map(|row| row.iter().collect())
    }

    fn take(&mut self, bytes: &[u8]) {
        self.rest.extend(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let mut text = String::from_utf8(self.rest.drain(..whole).collect()).unwrap();
        // What begins a sequence waits for its end.
        if let Some(start) = text.rfind('\x1b')
            && !text[start..].chars().skip(2).any(|letter| ('@'..='~').contains(&letter))
        {
            self.rest.splice(0..0, text.split_off(start).into_bytes());
        }
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\x1b' => {
                    let is_bracket = letters.next() == Some('[');
                    let mut parameters = String::new();
                    let end = letters.by_ref().find(|letter| {
                        let ends = ('@'..='~').contains(letter);
                        parameters.extend((!ends).then_some(*letter));
                        ends
                    });
                    self.obey(end.filter(|_| is_bracket), &parameters);
                }
                letter if letter.is_control() => {}
                letter => {
                    let (row, column) = self.at;
                    if let Some(cell) = self.cells.get_mut(row).and_then(|row| row.get_mut(column)) {
                        *cell = letter;
                    }
                    self.at.1 += 1;
                }
            }
        }
    }

    fn obey(&mut self, end: Option<char>, parameters: &str) {
        match end {
            Some('H') => {
                let mut numbers =
                    parameters.split(';').map(|number| number.parse::<usize>().map_or(0, |number| number - 1));
                self.at = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            }
            Some('J') => self.cells.iter_mut().for_each(|row| row.fill(' ')),
            _ => {}
        }
    }
}

/// A command in a terminal of its own.
struct Terminal {
    keys: File,
    /// What a program in it would look at.
    inside: File,
    shown: Receiver<Vec<u8>>,
    screen: Screen,
    child: Child,
}

impl Terminal {
    fn open(scene: &Scene, arguments: &[&str], (columns, rows): (u16, u16)) -> Self {
        let outside = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
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
        Self { keys, inside, shown, screen: Screen::new(columns, rows), child }
    }

    /// Waits until this is shown, on one line.
    fn until_shown(&mut self, wanted: &str) {
        let since = Instant::now();
        while !self.screen.lines().any(|line| line.contains(wanted)) {
            let shown = || self.screen.lines().collect::<Vec<_>>();
            let left = PATIENCE.checked_sub(since.elapsed()).unwrap_or_else(|| panic!("no {wanted:?}: {:#?}", shown()));
            if let Ok(bytes) = self.shown.recv_timeout(left) {
                self.screen.take(&bytes);
            }
        }
    }

    fn press(&mut self, keys: &str) {
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
