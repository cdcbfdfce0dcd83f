//! What the operating system knows of a process, from `/proc`.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use crate::snapshot::ProcessState;

/// What the operating system knows of a process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// What it is doing.
    pub state: ProcessState,
    /// What it is called in a list of processes.
    pub title: String,
    /// Time that it has computed, in seconds.
    pub cpu_time: f64,
    /// How many threads it has.
    pub threads: u32,
    /// Bytes of memory in use, shared or not.
    pub resident: u64,
    /// Bytes of memory in use, with its part of what it shares.
    pub proportional: Option<u64>,
}

/// How long the part of a process in shared memory is taken to be as it was. To find it out takes the kernel a walk through
/// all its pages.
const KEPT: Duration = Duration::from_secs(5);
/// How long one look at all processes may take up with that.
const BUDGET: Duration = Duration::from_millis(50);

/// Looks at processes again and again.
#[derive(Debug, Default)]
pub struct Eyes {
    proportional: HashMap<u32, (Instant, u64)>,
}

impl Eyes {
    /// What is known of these processes, in their order. None: there is no such process, or it is another user's.
    pub fn look(&mut self, pids: &[Option<u32>]) -> Vec<Option<Seen>> {
        let begun = Instant::now();
        let mut before = std::mem::take(&mut self.proportional);
        pids.iter()
            .map(|pid| {
                let pid = (*pid)?;
                let mut seen = look(pid)?;
                let known = before.remove(&pid);
                let is_due = known.is_none_or(|(at, _)| at.elapsed() > KEPT) && begun.elapsed() < BUDGET;
                let now = is_due.then(|| proportional(pid)).flatten().map(|bytes| (Instant::now(), bytes)).or(known);
                seen.proportional = now.map(|(_, bytes)| bytes);
                self.proportional.extend(now.map(|now| (pid, now)));
                Some(seen)
            })
            .collect()
    }
}

fn look(pid: u32) -> Option<Seen> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in brackets, and may have some itself.
    let (head, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    Some(Seen {
        state: state(fields.first().copied().unwrap_or_default()),
        title: title(pid).unwrap_or_else(|| head.split_once('(').map_or("", |(_, name)| name).to_owned()),
        cpu_time: (number(11) + number(12)) as f64 / ticks,
        threads: u32::try_from(number(17)).unwrap_or(u32::MAX),
        resident: number(21) * rustix::param::page_size() as u64,
        proportional: None,
    })
}

fn state(letter: &str) -> ProcessState {
    match letter {
        "R" => ProcessState::Running,
        "S" | "I" => ProcessState::Sleeping,
        "D" => ProcessState::Blocked,
        "T" | "t" => ProcessState::Stopped,
        "Z" | "X" => ProcessState::Ended,
        _ => ProcessState::Unknown,
    }
}

/// Its command line, which it may have put a title in the place of.
fn title(pid: u32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let words: Vec<_> = line.split(|byte| *byte == 0).filter(|word| !word.is_empty()).collect();
    let title = words.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ");
    (!title.is_empty()).then_some(title)
}

fn proportional(pid: u32) -> Option<u64> {
    let all = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = all.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen() {
        let mut eyes = Eyes::default();
        let seen = eyes.look(&[Some(std::process::id()), None, Some(0)]);
        let [Some(seen), None, None] = seen.as_slice() else { panic!("{seen:?}") };
        assert!(seen.title.contains("roscius_console"), "{}", seen.title);
        assert!(seen.resident > 100_000 && seen.threads >= 1);
        assert!(seen.proportional.is_some_and(|bytes| bytes > 0 && bytes <= seen.resident * 2));
        assert!(matches!(seen.state, ProcessState::Running | ProcessState::Sleeping));
    }
}
