//! How processes get their turns, and how time passes.

use std::rc::Rc;
use std::time::Duration;

use roscius::NodeId;
use roscius_protocol::frame::{Frame, Role};
use roscius_protocol::time::Time;

use super::{Happening, SharedWorld, World};
use crate::stage;

impl World {
    /// A process says something.
    pub fn say_as(&mut self, node: NodeId, frame: Frame) {
        self.act_at(node.system(), |system| system.send_all(node, vec![frame]));
    }

    /// Has a process play its actors soon.
    pub fn schedule_play(&mut self, node: NodeId) {
        let delay = Duration::from_micros(1 + self.random.below(20) as u64);
        if let Some(process) = self.process(node)
            && !process.is_scheduled
            && !process.is_on_stage
        {
            process.is_scheduled = true;
            self.schedule(delay, Happening::Play { node });
        }
    }

    /// Something was said in a process, or has come to it: sends what it says and has it played. `more`: it may have something to
    /// do.
    pub fn after(&mut self, node: NodeId, more: bool) {
        let mut numbers = self.numbers;
        let Some(process) = self.process(node) else { return };
        let frames = process.drain(&mut numbers);
        let ended = !process.is_on_stage && (process.has_ended() || process.is_over && process.role == Role::Actor);
        self.numbers = numbers;
        self.act_at(node.system(), |system| {
            system.send_all(node, frames);
            if ended {
                system.end_process(node);
            }
        });
        if more {
            self.schedule_play(node);
        } else {
            self.set_alarm(node);
        }
    }

    /// Has a process played when an alarm of its actors is due.
    fn set_alarm(&mut self, node: NodeId) {
        let now = self.now;
        let Some(clock) = self.system(node.system()).map(|system| system.clock) else { return };
        let Some(process) = self.process(node) else { return };
        let Some(alarm) = process.next_alarm().map(|alarm| clock.when(alarm).max(now)) else { return };
        if process.alarm.is_none_or(|set| set <= now || alarm < set) {
            process.alarm = Some(alarm);
            self.schedule_at(alarm, Happening::Play { node });
        }
    }
}

/// Lets the next thing happen, if it does by then.
fn turn(world: &SharedWorld, until: Time) -> bool {
    let Some(happening) = world.borrow_mut().next(until) else { return false };
    match happening {
        Happening::Play { node } => play(world, node),
        happening => world.borrow_mut().happen(happening),
    }
    true
}

/// Looks whether what the program wants to hold does.
fn check(world: &SharedWorld) {
    let checks = Rc::clone(&world.borrow().checks);
    // A check that lets time pass is not asked meanwhile.
    let Ok(mut checks) = checks.try_borrow_mut() else { return };
    for (name, check) in checks.iter_mut() {
        if let Err(problem) = check() {
            world.borrow_mut().violation.get_or_insert_with(|| format!("{name}: {problem}"));
        }
    }
}

/// Has a process play one message. The world is not borrowed meanwhile: a handler may wait for it.
fn play(world: &SharedWorld, node: NodeId) {
    let actors = {
        let mut world = world.borrow_mut();
        world.totals.happenings += 1;
        let now = world.now;
        let Some(local) = world.system(node.system()).map(|system| system.clock.shows(now)) else { return };
        let Some(process) = world.process(node) else { return };
        if process.is_on_stage {
            return;
        }
        process.is_scheduled = false;
        process.is_on_stage = true;
        process.set_clock(local);
        process.system.clone()
    };
    let played = {
        let _on_stage = stage::enter(world, node);
        actors.step()
    };
    let mut world = world.borrow_mut();
    if let Some(process) = world.process(node) {
        process.is_on_stage = false;
    }
    world.after(node, played);
}

/// Lets time pass until then, or until something holds that is looked at after each happening. Whether it does.
///
/// When something is wrong, panics with the seed and what happened last. Within a handler that would be a failure of the handler: then
/// nothing goes on any more until all handlers have returned.
#[track_caller]
pub(crate) fn run(world: &SharedWorld, until: Time, mut holds: impl FnMut() -> bool) -> bool {
    loop {
        let in_handler = stage::is_entered();
        if !in_handler {
            check(world);
        }
        let report = world.borrow().report();
        match report {
            Some(_) if in_handler => return false,
            Some(report) => panic!("{report}"),
            None => {}
        }
        if holds() {
            return true;
        }
        if !turn(world, until) {
            let mut world = world.borrow_mut();
            world.now = world.now.max(until);
            return false;
        }
    }
}
