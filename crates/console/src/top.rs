//! A live view in a terminal.

mod screen;
mod view;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

use crate::attached::AttachError;
use crate::collector::Collector;
use crate::commands::{CommandError, Outcome};
use crate::snapshot::Snapshot;
use crate::systems::System;
use view::{Step, View};

/// How long a key may wait until it is looked at.
const KEYS: Duration = Duration::from_millis(50);

/// Shows a system until a key ends that.
pub(crate) fn run(system: &System, within: Duration, every: Duration) -> Result<Outcome, CommandError> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        let text = "`top` needs a terminal; `roscius status --json` says the same to a program";
        return Err(CommandError::Failed(text.to_owned()));
    }
    let collector = Collector::attach(system, within)?;
    let watching = Watching::begin(collector, every);
    let mut view = View::new(system.name.clone());
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &mut view, &watching);
    // What went wrong before is to be told, not what goes wrong with the last words.
    let restored = ratatui::try_restore();
    watching.end();
    if restored.is_err() {
        // It would complain to a terminal that is there no more, and fail at that.
        std::mem::forget(terminal);
    }
    shown?;
    restored?;
    Ok(Outcome::Well)
}

fn show(terminal: &mut ratatui::DefaultTerminal, view: &mut View, watching: &Watching) -> io::Result<()> {
    let mut is_new = true;
    loop {
        for seen in watching.seen.try_iter() {
            view.see(seen);
            is_new = true;
        }
        if is_new {
            terminal.draw(|frame| screen::draw(frame, view))?;
            is_new = false;
        }
        if has_gone(&io::stdin())? {
            return Ok(());
        }
        while event::poll(Duration::ZERO)? {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => match view.on(step(key, view)) {
                    true => is_new = true,
                    false => return Ok(()),
                },
                Event::Resize(..) => is_new = true,
                _ => {}
            }
        }
    }
}

/// Waits for a key, and says whether the terminal is there no more: who reads from it then never comes back.
fn has_gone(terminal: &io::Stdin) -> io::Result<bool> {
    let mut watched = [PollFd::new(terminal, PollFlags::IN)];
    let limit = Timespec { tv_sec: 0, tv_nsec: KEYS.subsec_nanos().into() };
    match rustix::event::poll(&mut watched, Some(&limit)) {
        Ok(_) => Ok(watched.iter().any(|it| it.revents().intersects(PollFlags::HUP | PollFlags::ERR))),
        // Its size has changed.
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What a key stands for.
fn step(key: KeyEvent, view: &View) -> Step {
    let page = view.page();
    match key.code {
        KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => Step::Quit,
        KeyCode::Char('q') | KeyCode::Esc => Step::Quit,
        KeyCode::Up | KeyCode::Char('k') => Step::Move(-1),
        KeyCode::Down | KeyCode::Char('j') => Step::Move(1),
        KeyCode::PageUp => Step::Move(-page),
        KeyCode::PageDown => Step::Move(page),
        KeyCode::Home | KeyCode::Char('g') => Step::Move(isize::MIN),
        KeyCode::End | KeyCode::Char('G') => Step::Move(isize::MAX),
        KeyCode::Tab => Step::NextPart,
        KeyCode::Char('s') => Step::NextOrder,
        KeyCode::Char(' ') | KeyCode::Enter => Step::Fold,
        KeyCode::Char('p') => Step::Pause,
        KeyCode::Char('?' | 'h') => Step::Help,
        _ => Step::Nothing,
    }
}

/// A thread that looks at a system again and again.
struct Watching {
    seen: Receiver<Result<Snapshot, AttachError>>,
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Watching {
    fn begin(mut collector: Collector, every: Duration) -> Self {
        let (tell, seen) = channel();
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            loop {
                let looked = collector.collect();
                let is_over = matches!(looked, Err(AttachError::Ended { .. }));
                let is_read = tell.send(looked).is_ok();
                if !is_read || is_over || stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        });
        Self { seen, stop, thread }
    }

    /// Leaves the system.
    fn end(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}
