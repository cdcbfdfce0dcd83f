//! Whole families, in which signals arrive at once and constructors succeed.

use std::collections::{BTreeMap, VecDeque};

use super::*;

/// Everybody by number; 0 is the root.
struct Families {
    lives: BTreeMap<u32, Lifecycle>,
    signals: VecDeque<(Address, Signal)>,
    created: Vec<u32>,
    ended: Vec<(u32, ExitReason)>,
}

impl Families {
    fn new() -> Self {
        let root = Lifecycle::root(Address::nobody(ME.node()), Supervision::default());
        Self { lives: BTreeMap::from([(0, root)]), signals: VecDeque::new(), created: Vec::new(), ended: Vec::new() }
    }

    /// Adds a child that runs and supervises its own children like this.
    fn spawn(&mut self, parent: u32, child: u32, policy: Restart, supervision: Supervision) {
        let birth = self.life(parent).add_child(address(child), policy);
        let mut life = Lifecycle::new(address(parent), birth, policy);
        life.supervise(supervision);
        self.lives.insert(child, life);
        self.happens(child, Event::Started);
    }

    fn life(&mut self, number: u32) -> &mut Lifecycle {
        self.lives.get_mut(&number).expect("it was spawned")
    }

    fn phases(&self) -> Vec<Phase> {
        self.lives.values().map(Lifecycle::phase).collect()
    }

    fn happens(&mut self, number: u32, event: Event) {
        self.happens_once(number, event);
        while let Some((to, signal)) = self.signals.pop_front() {
            self.happens_once(to.index(), Event::Signal { signal, decision: None });
        }
    }

    fn happens_once(&mut self, number: u32, event: Event) {
        let mut effects = Vec::new();
        self.life(number).on(address(number), Time::ZERO, event, &mut effects);
        for effect in effects {
            match effect {
                Effect::Signal { to, signal } => self.signals.push_back((to, signal)),
                Effect::Create => {
                    self.created.push(number);
                    self.happens_once(number, Event::Started);
                }
                Effect::SayLastWords { recursive } => self.happens_once(number, Event::LastWordsSaid { recursive }),
                Effect::Orphan(orphans) => {
                    for (child, policy) in orphans {
                        let birth = self.life(0).add_child(child, policy);
                        self.signals.push_back((child, Signal::Adopted { parent: address(0), birth }));
                    }
                }
                Effect::End(reason) => self.ended.push((number, reason)),
                _ => {}
            }
        }
    }
}

/// Bears no restart.
fn strict() -> Supervision {
    Supervision::one_for_one().intensity(0, milliseconds(1))
}

#[test]
fn a_failure_escalates_twice_up_to_the_root_which_restarts_the_branch() {
    let mut families = Families::new();
    families.spawn(0, 1, Restart::Permanent, strict());
    families.spawn(1, 2, Restart::Permanent, strict());
    families.spawn(2, 3, Restart::Permanent, strict());
    families.happens(3, Event::Failed(error()));
    assert_eq!(families.created, [1]);
    let ended: Vec<_> = families.ended.iter().map(|(number, _)| *number).collect();
    assert_eq!(ended, [3, 2]);
    assert_eq!(families.phases(), [Phase::Running, Phase::Running, Phase::Ended, Phase::Ended]);
}

#[test]
fn a_failure_that_nobody_bears_ends_the_branch_and_says_why() {
    let mut families = Families::new();
    families.life(0).supervise(strict());
    families.spawn(0, 1, Restart::Permanent, strict());
    families.spawn(1, 2, Restart::Permanent, strict());
    families.spawn(2, 3, Restart::Permanent, strict());
    families.happens(3, Event::Failed(error()));
    assert_eq!(families.phases(), [Phase::Running, Phase::Ended, Phase::Ended, Phase::Ended]);
    let (last, reason) = families.ended.last().expect("three have ended");
    assert_eq!(*last, 1);
    assert_eq!(
        reason.to_string(),
        "it gave up restarting its children: 7/0.2.0 gave up restarting its children: 7/0.3.0 failed: out of ink"
    );
}

#[test]
fn siblings_that_failed_together_are_restarted_once() {
    let mut families = Families::new();
    families.spawn(0, 1, Restart::Permanent, Supervision::all_for_one().intensity(1, milliseconds(100)));
    for child in 2..=5 {
        families.spawn(1, child, Restart::Permanent, Supervision::default());
    }
    for child in 2..=5 {
        families.happens_once(child, Event::Failed(error()));
    }
    families.happens(2, Event::RestartDue);
    assert_eq!(families.created, [2, 3, 4, 5]);
    assert_eq!(families.phases(), [Phase::Running; 6]);
}

#[test]
fn a_failed_child_is_not_forgotten_when_its_parent_leaves_it_to_the_root() {
    let mut families = Families::new();
    families.spawn(0, 1, Restart::Temporary, strict());
    families.spawn(1, 2, Restart::Transient, strict());
    // The parent waits for a verdict, and its child with it, when it is asked to leave.
    families.happens_once(2, Event::Failed(error()));
    let (_, failed) = families.signals.pop_front().expect("the parent is asked");
    families.happens_once(1, Event::Signal { signal: failed, decision: None });
    families.signals.clear();
    let leave = Signal::Exit { by: STRANGER, reason: ExitReason::Requested, recursive: false };
    families.happens(1, Event::Signal { signal: leave, decision: None });
    assert_eq!(families.phases(), [Phase::Running, Phase::Ended, Phase::Running]);
    assert_eq!(families.life(2).parent(), address(0));
    assert_eq!(families.created, [2]);
}

#[test]
fn a_shutdown_of_the_root_ends_everybody_children_first() {
    let mut families = Families::new();
    families.spawn(0, 1, Restart::Permanent, Supervision::default());
    families.spawn(1, 2, Restart::Permanent, Supervision::default());
    families.spawn(1, 3, Restart::Temporary, Supervision::default());
    families.spawn(0, 4, Restart::Transient, Supervision::default());
    let exit = Signal::Exit { by: address(0), reason: ExitReason::Shutdown, recursive: true };
    families.happens(0, Event::Signal { signal: exit, decision: None });
    let ended: Vec<_> = families.ended.iter().map(|(number, _)| *number).collect();
    assert_eq!(ended, [4, 3, 2, 1, 0]);
    assert!(families.ended.iter().all(|(_, reason)| *reason == ExitReason::Shutdown));
}
