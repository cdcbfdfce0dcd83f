//! What is known of the system at one moment, as far as all who look on need it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::counted::Counted;
use super::forest::Forest;
use super::history::Point;
use super::news::{Line, Lines, tell};
use crate::snapshot::Snapshot;

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Picture {
    /// The system, as it was seen last. None: it was never seen.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Why the system is not seen now.
    pub lost: Option<String>,
    /// How long it takes until the next picture.
    pub every: Duration,
    pub counted: Arc<Counted>,
    /// What has happened, oldest first.
    pub news: Vec<Line>,
    /// The last lines of a log. None: no log is shown.
    pub log: Option<Vec<Line>>,
    forest: OnceLock<Forest>,
}

impl Picture {
    /// Before anything was seen.
    pub fn none() -> Self {
        Self {
            snapshot: None,
            lost: Some("looking for the system".to_owned()),
            every: Duration::ZERO,
            counted: Arc::default(),
            news: Vec::new(),
            log: None,
            forest: OnceLock::new(),
        }
    }

    /// Who created whom. It is made when it is first asked for: nobody may look on.
    pub fn forest(&self) -> &Forest {
        self.forest.get_or_init(|| self.snapshot.as_ref().map_or_else(Forest::default, |it| Forest::of(&it.actors)))
    }

    /// What is added to the history. Nothing while the system is not seen.
    pub fn point(&self) -> Option<Point> {
        let snapshot = self.snapshot.as_ref().filter(|_| self.lost.is_none())?;
        let totals = &snapshot.totals;
        Some(Point {
            at: snapshot.system.seen_at,
            handled: totals.rate.unwrap_or(0.0),
            waiting: totals.waiting as f64,
            dead_letters: snapshot.dead_letters.rate.unwrap_or(0.0),
            restarts: self.counted.restart_rate,
            cpu: totals.cpu.unwrap_or(0.0),
            memory: totals.memory as f64,
            actors: totals.actors as f64,
        })
    }
}

/// Makes pictures of what is seen, one after another.
#[derive(Debug, Default)]
pub(super) struct Painter {
    last: Option<Arc<Snapshot>>,
    lost: Option<String>,
    counted: Arc<Counted>,
    news: Lines,
}

impl Painter {
    /// A picture of what was seen, or of why nothing was.
    pub fn paint(&mut self, seen: Result<Arc<Snapshot>, String>, log: Option<Vec<Line>>) -> Picture {
        match seen {
            Ok(snapshot) => {
                let last = self.last.take();
                // Another system may have taken the place of the one before.
                let before = last.as_deref().filter(|last| last.system.directory == snapshot.system.directory);
                tell(before, &snapshot, self.lost.as_deref(), &mut self.news);
                self.counted = Arc::new(self.counted.after(before, &snapshot));
                self.lost = None;
                self.last = Some(snapshot);
            }
            Err(reason) => {
                if self.last.is_some() && self.lost.as_ref() != Some(&reason) {
                    self.news.add(None, format!("the system is not seen: {reason}"));
                }
                self.lost = Some(reason);
            }
        }
        Picture {
            snapshot: self.last.clone(),
            lost: self.lost.clone(),
            every: Duration::ZERO,
            counted: Arc::clone(&self.counted),
            news: self.news.all(),
            log,
            forest: OnceLock::new(),
        }
    }
}
