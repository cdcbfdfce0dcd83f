//! The rows of the supervision tree that a browser shows: those that somebody has opened, and the rest as sums.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::forest::{Forest, Sums, is_troubled};
use super::history::{brief, number};
use crate::snapshot::ActorInfo;

/// Children of one class are shown as a group from this number on.
const GROUP: usize = 8;
/// How many of a group are shown at first.
const FIRST: usize = 50;
/// How many rows are shown at most.
const ROWS: usize = 600;

/// What comes first in a group. Who is in trouble always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    /// The oldest.
    #[default]
    Age,
    /// The fullest mailbox.
    Waiting,
    /// Who handles most.
    Rate,
    /// Who was restarted most often.
    Restarts,
}

/// Which rows are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Rows whose children are shown, with how many of them.
    pub open: HashMap<String, usize>,
    /// Rows whose children are not shown where they would be.
    pub shut: HashSet<String>,
    /// Only actors with this in their class, name or address, whoever created them. In small letters.
    pub find: String,
    pub order: Order,
}

/// Makes the rows, by id.
pub(super) fn rows(actors: &[ActorInfo], forest: &Forest, wanted: &Wanted) -> Map<String, Value> {
    let mut table = Table { actors, forest, wanted, rows: Map::new() };
    if wanted.find.is_empty() {
        table.place("", 0, &forest.roots);
    } else {
        table.place_found();
    }
    table.rows
}

struct Table<'a> {
    actors: &'a [ActorInfo],
    forest: &'a Forest,
    wanted: &'a Wanted,
    rows: Map<String, Value>,
}

impl Table<'_> {
    /// Places the children of a row: those of one class together where they are many.
    fn place(&mut self, parent: &str, depth: usize, children: &[u32]) {
        let mut classes: Vec<(&str, Vec<u32>)> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        let actors = self.actors;
        for child in children {
            let class = actors[*child as usize].class.as_str();
            let place = *known.entry(class).or_insert_with(|| {
                classes.push((class, Vec::new()));
                classes.len() - 1
            });
            classes[place].1.push(*child);
        }
        for (class, members) in classes {
            if members.len() > GROUP {
                self.place_group(parent, depth, class, &members);
            } else {
                for member in members {
                    self.place_actor(parent, depth, member);
                }
            }
        }
    }

    fn place_group(&mut self, parent: &str, depth: usize, class: &str, members: &[u32]) {
        let id = format!("{parent}|{class}");
        let shown = self.wanted.open.get(&id).map(|shown| (*shown).max(FIRST));
        let row = self.summary("group", members, json!({ "c": class, "o": shown.is_some() }));
        self.add(parent, depth, &id, row);
        if let Some(shown) = shown {
            self.place_some(&id, depth + 1, members, shown);
        }
    }

    /// Places the first of many, and the sums of the rest.
    fn place_some(&mut self, parent: &str, depth: usize, members: &[u32], shown: usize) {
        let mut members = members.to_vec();
        members.sort_by_key(|place| self.rank(*place));
        let (first, rest) = members.split_at(shown.min(members.len()));
        for member in first {
            self.place_actor(parent, depth, *member);
        }
        if !rest.is_empty() {
            let row = self.summary("rest", rest, json!({ "next": shown + FIRST * 4 }));
            self.add(parent, depth, &format!("{parent}|…"), row);
        }
    }

    fn place_actor(&mut self, parent: &str, depth: usize, place: u32) {
        let actor = &self.actors[place as usize];
        let children = self.forest.children(place);
        let id = actor.address.clone();
        let is_open = !children.is_empty()
            && (self.wanted.open.contains_key(&id) || depth == 0 && !self.wanted.shut.contains(&id));
        let mut row = json!({
            "k": "actor",
            "c": actor.class,
            "a": actor.address,
            "s": actor.state,
            "w": actor.waiting,
            "h": actor.handled,
            "r": number(brief(actor.rate.unwrap_or(0.0))),
            "x": actor.restarts,
            "t": usize::from(is_troubled(actor)),
            "d": self.forest.sums(place).actors - 1,
            "o": is_open,
        });
        if let Some(name) = &actor.name {
            row["n"] = json!(name);
        }
        if let Some(capacity) = actor.capacity {
            row["m"] = json!(capacity);
        }
        if let Some(pid) = actor.pid {
            row["pid"] = json!(pid);
        }
        self.add(parent, depth, &id, row);
        if is_open {
            self.place(&id, depth + 1, children);
        }
    }

    /// Places those that are looked for, side by side.
    fn place_found(&mut self) {
        let find = self.wanted.find.as_str();
        let holds = |text: &str| text.to_lowercase().contains(find);
        let is_found = |actor: &ActorInfo| {
            holds(&actor.class) || holds(&actor.address) || actor.name.as_deref().is_some_and(holds)
        };
        let found: Vec<u32> =
            (0..).zip(self.actors).filter(|(_, actor)| is_found(actor)).map(|(place, _)| place).collect();
        let shown = self.wanted.open.get("").map_or(FIRST, |shown| (*shown).max(FIRST));
        self.place_some("", 0, &found, shown);
    }

    fn rank(&self, place: u32) -> (Reverse<usize>, Reverse<u64>, u32) {
        let sums = self.forest.sums(place);
        let measure = match self.wanted.order {
            Order::Age => 0,
            Order::Waiting => sums.waiting,
            Order::Rate => sums.rate as u64,
            Order::Restarts => sums.restarts,
        };
        (Reverse(usize::from(sums.troubled > 0)), Reverse(measure), place)
    }

    /// The sums over these and all below them, with what else the row says.
    fn summary(&self, kind: &str, members: &[u32], mut row: Value) -> Value {
        let mut sums = Sums::default();
        members.iter().for_each(|member| sums.add(&self.forest.sums(*member)));
        let Sums { actors, waiting, handled, rate, restarts, troubled } = sums;
        row["k"] = json!(kind);
        row["count"] = json!(members.len());
        row["d"] = json!(actors - members.len());
        row["w"] = json!(waiting);
        row["h"] = json!(handled);
        row["r"] = number(brief(rate));
        row["x"] = json!(restarts);
        row["t"] = json!(troubled);
        row
    }

    /// Adds a row at the end, unless there are too many.
    fn add(&mut self, parent: &str, depth: usize, id: &str, mut row: Value) {
        if self.rows.len() < ROWS {
            row["p"] = json!(parent);
            row["l"] = json!(depth);
            row["i"] = json!(self.rows.len());
            self.rows.insert(id.to_owned(), row);
        }
    }
}
