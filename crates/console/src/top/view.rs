//! What a live view shows, without a terminal.

use std::collections::HashSet;

use crate::attached::AttachError;
use crate::snapshot::{ActorInfo, Snapshot};

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Actors,
    Processes,
    Warnings,
}

/// In which order actors are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Children under their parents.
    Tree,
    Waiting,
    Rate,
    Restarts,
}

impl Order {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Waiting => "waiting",
            Self::Rate => "rate",
            Self::Restarts => "restarts",
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Quit,
    /// So many lines down.
    Move(isize),
    NextPart,
    NextOrder,
    /// Hide or show the children of the actor in the line.
    Fold,
    Pause,
    Help,
}

/// A line with an actor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    /// Which of the actors of the snapshot.
    pub actor: usize,
    /// How many parents it has.
    pub depth: usize,
    /// How many actors are hidden under it.
    pub hidden: usize,
}

/// See the [module](self).
pub(super) struct View {
    pub name: String,
    pub snapshot: Option<Snapshot>,
    /// Why there is no newer one.
    pub problem: Option<String>,
    pub part: Part,
    pub order: Order,
    pub is_paused: bool,
    pub shows_help: bool,
    pub selected: usize,
    /// The first line that is shown, and how many are.
    pub top: usize,
    pub height: usize,
    pub lines: Vec<Line>,
    folded: HashSet<String>,
}

impl View {
    pub fn new(name: String) -> Self {
        Self {
            name,
            snapshot: None,
            problem: None,
            part: Part::Actors,
            order: Order::Tree,
            is_paused: false,
            shows_help: false,
            selected: 0,
            top: 0,
            height: 1,
            lines: Vec::new(),
            folded: HashSet::new(),
        }
    }

    /// Takes in what was seen.
    pub fn see(&mut self, seen: Result<Snapshot, AttachError>) {
        match seen {
            Ok(snapshot) => {
                self.problem = None;
                if !self.is_paused {
                    self.renew(snapshot);
                }
            }
            Err(error) => self.problem = Some(error.to_string()),
        }
    }

    /// The line stays on its actor, wherever that is now.
    fn renew(&mut self, snapshot: Snapshot) {
        let followed = (self.part == Part::Actors && self.order == Order::Tree)
            .then(|| self.actor().map(|actor| actor.address.clone()))
            .flatten();
        self.snapshot = Some(snapshot);
        self.arrange();
        if let (Some(address), Some(snapshot)) = (followed, &self.snapshot) {
            let is_it = |line: &Line| snapshot.actors.get(line.actor).is_some_and(|actor| actor.address == address);
            if let Some(index) = self.lines.iter().position(is_it) {
                self.selected = index;
            }
        }
        self.keep_in_sight();
    }

    /// The actor of the line that is selected.
    pub fn actor(&self) -> Option<&ActorInfo> {
        let line = self.lines.get(self.selected)?;
        self.snapshot.as_ref()?.actors.get(line.actor)
    }

    /// Does what a key stands for. False: it is to end.
    pub fn on(&mut self, step: Step) -> bool {
        match step {
            Step::Nothing => {}
            Step::Quit if self.shows_help => self.shows_help = false,
            Step::Quit => return false,
            Step::Move(lines) => self.selected = self.selected.saturating_add_signed(lines),
            Step::NextPart => {
                self.part = match self.part {
                    Part::Actors => Part::Processes,
                    Part::Processes => Part::Warnings,
                    Part::Warnings => Part::Actors,
                };
                (self.selected, self.top) = (0, 0);
            }
            Step::NextOrder => {
                self.order = match self.order {
                    Order::Tree => Order::Waiting,
                    Order::Waiting => Order::Rate,
                    Order::Rate => Order::Restarts,
                    Order::Restarts => Order::Tree,
                };
                (self.selected, self.top) = (0, 0);
                self.arrange();
            }
            Step::Fold => {
                if let Some(address) = self.actor().map(|actor| actor.address.clone())
                    && self.part == Part::Actors
                    && !self.folded.remove(&address)
                {
                    self.folded.insert(address);
                }
                self.arrange();
            }
            Step::Pause => self.is_paused = !self.is_paused,
            Step::Help => self.shows_help = !self.shows_help,
        }
        self.keep_in_sight();
        true
    }

    /// How many lines a page has.
    pub fn page(&self) -> isize {
        isize::try_from(self.height).unwrap_or(isize::MAX).max(1)
    }

    /// How many lines there are.
    pub fn count(&self) -> usize {
        let snapshot = self.snapshot.as_ref();
        match self.part {
            Part::Actors => self.lines.len(),
            Part::Processes => snapshot.map_or(0, |snapshot| snapshot.processes.len()),
            Part::Warnings => snapshot.map_or(0, |snapshot| snapshot.warnings.len()),
        }
    }

    /// Shows so many lines from here on.
    pub fn set_height(&mut self, height: usize) {
        self.height = height.max(1);
        self.keep_in_sight();
    }

    fn keep_in_sight(&mut self) {
        self.selected = self.selected.min(self.count().saturating_sub(1));
        let lowest = self.selected.saturating_sub(self.height - 1);
        // No line stays empty while there is one above.
        let highest = self.selected.min(self.count().saturating_sub(self.height));
        self.top = self.top.min(highest).max(lowest);
    }

    /// Puts the actors in their order.
    fn arrange(&mut self) {
        let actors = self.snapshot.as_ref().map_or(&[][..], |snapshot| &snapshot.actors);
        self.lines = match self.order {
            Order::Tree => in_tree(actors, &self.folded),
            order => {
                let mut lines: Vec<Line> = (0..actors.len()).map(|actor| Line { actor, depth: 0, hidden: 0 }).collect();
                let key = |line: &Line| actors.get(line.actor).map_or(0.0, |actor| weight(actor, order));
                lines.sort_by(|one, other| key(other).total_cmp(&key(one)));
                lines
            }
        };
    }
}

fn weight(actor: &ActorInfo, order: Order) -> f64 {
    match order {
        Order::Tree => 0.0,
        Order::Waiting => actor.waiting as f64,
        Order::Rate => actor.rate.unwrap_or_default(),
        Order::Restarts => f64::from(actor.restarts),
    }
}

/// The actors as they come, children behind their parents, without what is under those that are folded.
fn in_tree(actors: &[ActorInfo], folded: &HashSet<String>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::with_capacity(actors.len());
    // The parents of the actor before, and which line hides what is under them.
    let mut above: Vec<(&str, Option<usize>)> = Vec::new();
    for (index, actor) in actors.iter().enumerate() {
        let parent = actor.parent.as_deref().unwrap_or_default();
        while above.last().is_some_and(|(address, _)| *address != parent) {
            above.pop();
        }
        let hides = above.last().and_then(|(_, hides)| *hides);
        let hides_more = match hides {
            Some(line) => {
                if let Some(line) = lines.get_mut(line) {
                    line.hidden += 1;
                }
                Some(line)
            }
            None => {
                lines.push(Line { actor: index, depth: above.len(), hidden: 0 });
                folded.contains(&actor.address).then(|| lines.len() - 1)
            }
        };
        above.push((&actor.address, hides_more));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(address: &str, parent: Option<&str>, waiting: u64) -> ActorInfo {
        let parent = parent.map(str::to_owned);
        ActorInfo { address: address.to_owned(), parent, waiting, ..ActorInfo::default() }
    }

    fn snapshot() -> Snapshot {
        let actors = vec![
            actor("a", None, 0),
            actor("a1", Some("a"), 5),
            actor("a11", Some("a1"), 9),
            actor("a2", Some("a"), 1),
            actor("b", None, 7),
        ];
        Snapshot { actors, ..Snapshot::default() }
    }

    fn view() -> View {
        let mut view = View::new("tcp-1900".to_owned());
        view.set_height(3);
        view.see(Ok(snapshot()));
        view
    }

    fn shown(view: &View) -> Vec<(String, usize, usize)> {
        let actors = &view.snapshot.as_ref().unwrap().actors;
        view.lines.iter().map(|line| (actors[line.actor].address.clone(), line.depth, line.hidden)).collect()
    }

    #[test]
    fn children_stand_under_their_parents_and_can_be_folded() {
        let mut view = view();
        let line = |address: &str, depth, hidden| (address.to_owned(), depth, hidden);
        assert_eq!(
            shown(&view),
            [line("a", 0, 0), line("a1", 1, 0), line("a11", 2, 0), line("a2", 1, 0), line("b", 0, 0)]
        );
        view.on(Step::Fold);
        assert_eq!(shown(&view), [line("a", 0, 3), line("b", 0, 0)]);
        view.on(Step::Fold);
        view.on(Step::Move(1));
        view.on(Step::Fold);
        assert_eq!(shown(&view), [line("a", 0, 0), line("a1", 1, 1), line("a2", 1, 0), line("b", 0, 0)]);
    }

    #[test]
    fn the_fullest_mailboxes_come_first_if_asked_for() {
        let mut view = view();
        view.on(Step::NextOrder);
        let order: Vec<_> = shown(&view).into_iter().map(|(address, ..)| address).collect();
        assert_eq!(order, ["a11", "b", "a1", "a2", "a"]);
    }

    #[test]
    fn the_selected_line_stays_in_sight_and_on_its_actor() {
        let mut view = view();
        view.on(Step::Move(isize::MAX));
        assert_eq!((view.selected, view.top), (4, 2));
        let mut fewer = snapshot();
        fewer.actors.remove(3);
        view.see(Ok(fewer));
        assert_eq!(view.actor().unwrap().address, "b");
        view.see(Ok(Snapshot::default()));
        assert_eq!((view.selected, view.top), (0, 0));
        view.on(Step::Move(1));
        assert_eq!(view.selected, 0);
    }

    #[test]
    fn a_pause_keeps_what_is_shown_and_an_end_is_told() {
        let mut view = view();
        view.on(Step::Pause);
        view.see(Ok(Snapshot::default()));
        assert_eq!(view.lines.len(), 5);
        view.see(Err(AttachError::Ended { system: "tcp-1900".to_owned() }));
        assert!(view.problem.as_ref().is_some_and(|problem| problem.contains("has ended")));
        assert_eq!(view.lines.len(), 5, "what was seen last stays");
        view.on(Step::Help);
        assert!(view.on(Step::Quit), "the help is closed first");
        assert!(!view.on(Step::Quit));
    }
}
