//! Whether what happens is what ought to happen.

use roscius_protocol::address::Address;
use roscius_protocol::lifecycle::{Effect, Event, ExitReason, Phase, Signal, Verdict};
use roscius_protocol::supervision::{FailureKind, Restart, Strategy};

use super::actor::{ROOT, Telling, address, number};
use super::totals::Count;
use super::world::World;

impl World {
    /// Checks what the life cycle of `me` makes of an event, before it is carried out.
    pub fn check(&mut self, me: usize, before: Phase, event: &Event, effects: &[Effect]) {
        if before == Phase::Ended {
            self.check_nothing_but_answers(me, event, effects);
            return;
        }
        self.check_permanence(me, before, event);
        self.check_tellings(me, before, event, effects);
        self.check_verdicts(me, event, effects);
        for effect in effects {
            match effect {
                Effect::Create => self.check_creation(me),
                Effect::Discard => self.forget_instance(me),
                Effect::RestartAfter(delay) => self.actors[me].model.not_before = self.now.plus(*delay),
                Effect::Orphan(children) => {
                    for &(child, _) in children {
                        let model = &mut self.actors[number(child)].model;
                        (model.parent, model.known_to_parent, model.orphaned) = (ROOT, false, true);
                    }
                }
                Effect::End(reason) => self.check_ending(me, reason, effects),
                _ => {}
            }
        }
        if let Event::Signal { signal, .. } = event {
            let watchers = &mut self.actors[me].model.watchers;
            match signal {
                Signal::Watch { by } => _ = watchers.insert(number(*by)),
                Signal::Unwatch { by } => _ = watchers.remove(&number(*by)),
                _ => {}
            }
        }
        if before == Phase::Suspended && effects.contains(&Effect::Resume) {
            self.totals.add(Count::Resumed);
        }
    }

    fn check_nothing_but_answers(&self, me: usize, event: &Event, effects: &[Effect]) {
        let answer = match event {
            Event::Signal { signal, .. } => signal.clone().bounce(address(me)),
            _ => None,
        };
        let answer: Vec<_> = answer.into_iter().map(|(to, signal)| Effect::Signal { to, signal }).collect();
        assert_eq!(effects, answer, "{me} has ended");
    }

    /// Only its parent or a shutdown ends a permanent actor.
    fn check_permanence(&self, me: usize, before: Phase, event: &Event) {
        let life = &self.actors[me].life;
        let by_a_stranger = match event {
            Event::StopSelf => true,
            Event::Signal { signal: Signal::Exit { by, reason, .. }, .. } => {
                *by != life.parent() && *reason == ExitReason::Requested
            }
            _ => false,
        };
        if by_a_stranger && life.policy() == Restart::Permanent && before != Phase::Stopping {
            assert!(!matches!(life.phase(), Phase::Stopping | Phase::Ended), "{me} is permanent");
        }
    }

    /// Each parent and each watcher is told, once, and when it can listen.
    fn check_tellings(&mut self, me: usize, before: Phase, event: &Event, effects: &[Effect]) {
        let news = match event {
            Event::Signal { signal: Signal::ChildEnded { child, .. }, .. } => self.news_of_child(me, *child),
            Event::Signal { signal: Signal::Terminated { address, .. }, .. } => Some(Telling::Terminated(*address)),
            _ => None,
        };
        let model = &mut self.actors[me].model;
        let mut expected = Vec::new();
        match (news, before) {
            (Some(Telling::ChildExited(_)), Phase::Restarting) => {}
            (Some(telling), Phase::Starting | Phase::Suspended | Phase::Restarting) => model.untold.push(telling),
            (Some(telling), _) if !model.is_deaf && me != ROOT => expected.push(telling),
            _ => {}
        }
        if effects.contains(&Effect::Resume) {
            let later = expected.len();
            expected.append(&mut model.untold);
            (later..expected.len()).for_each(|_| self.totals.add(Count::ToldLater));
        }
        let told: Vec<_> = effects.iter().filter_map(telling).collect();
        assert_eq!(told, expected, "{me} is not told what it ought to be told");
        for effect in effects {
            match effect {
                Effect::ChildExited { child, reason } => self.check_child_told(me, *child, reason),
                Effect::Terminated { address, reason } => {
                    self.totals.add(Count::WatchersTold);
                    self.check_reason(*address, reason);
                }
                _ => {}
            }
        }
        let actor = &mut self.actors[me];
        if matches!(before, Phase::Starting | Phase::Suspended | Phase::Restarting)
            && matches!(actor.life.phase(), Phase::Stopping | Phase::Ended)
        {
            actor.model.is_deaf = true;
        }
    }

    /// The end of a child is news once.
    fn news_of_child(&mut self, me: usize, child: Address) -> Option<Telling> {
        let model = &mut self.actors[number(child)].model;
        let is_news = model.parent == me && model.known_to_parent && !model.end_noted;
        model.end_noted |= is_news;
        is_news.then_some(Telling::ChildExited(child))
    }

    fn check_child_told(&mut self, me: usize, child: Address, reason: &ExitReason) {
        self.totals.add(Count::ParentsTold);
        self.check_reason(child, reason);
        let incarnation = self.actors[me].model.incarnation;
        let model = &mut self.actors[number(child)].model;
        assert_eq!((model.parent, model.born_by), (me, incarnation), "{me} is told of a child of another");
        assert!(!model.end_told, "{me} is told twice that {child} has ended");
        model.end_told = true;
    }

    fn check_reason(&self, ended: Address, reason: &ExitReason) {
        let actual = self.actors[number(ended)].ended.as_ref();
        assert!(actual.is_some(), "{ended} is said to have ended");
        assert!(
            *reason == ExitReason::Unknown || actual == Some(reason),
            "{ended} ended with {actual:?}, not {reason:?}"
        );
    }

    /// Verdicts go to whom the strategy says, and restarts stay within the intensity.
    fn check_verdicts(&mut self, me: usize, event: &Event, effects: &[Effect]) {
        let verdicts: Vec<_> = effects.iter().filter_map(verdict).collect();
        for &(child, verdict) in &verdicts {
            let model = &mut self.actors[number(child)].model;
            assert!(model.parent == me, "{me} decides about {child}, a child of another");
            model.restarts_ordered += u32::from(matches!(verdict, Verdict::Restart(_)));
        }
        match event {
            Event::Signal { signal: Signal::ChildFailed { child, .. }, .. } => {
                self.check_restarts(me, *child, &verdicts);
                if verdicts.is_empty() && me != ROOT && self.actors[me].life.phase() == Phase::Running {
                    self.totals.add(Count::SettledBefore);
                }
            }
            // A parent that goes on lets children go on whose failure it had escalated.
            _ => {
                assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Resume), "nobody failed: {verdicts:?}")
            }
        }
        for effect in effects {
            if let Effect::Signal { signal: Signal::ChildFailed { failure, .. }, .. } = effect {
                match failure.kind {
                    FailureKind::Escalated => self.totals.add(Count::Escalated),
                    FailureKind::Intensity => self.totals.add(Count::TooManyRestarts),
                    _ => {}
                }
            }
        }
    }

    fn check_restarts(&mut self, me: usize, failed: Address, verdicts: &[(Address, Verdict)]) {
        let restarts: Vec<_> = verdicts.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Restart(_))).collect();
        if restarts.is_empty() {
            assert!(verdicts.len() <= 1, "one child failed and none is restarted: {verdicts:?}");
            return;
        }
        self.totals.add(Count::Restarts);
        let children = self.actors[me].life.children();
        let model = &mut self.actors[me].model;
        let position = children.iter().position(|&child| child == failed).expect("a child of another is restarted");
        let group = match model.supervision.strategy {
            Strategy::OneForOne => &children[position..=position],
            Strategy::AllForOne => &children[..],
            Strategy::RestForOne => &children[position..],
        };
        let told: Vec<_> = verdicts.iter().map(|&(child, _)| child).collect();
        assert_eq!(told, group, "{:?} says who is restarted", model.supervision.strategy);

        model.restarts.push(self.now);
        let intensity = model.supervision.intensity;
        let recent = model.restarts.iter().filter(|&&then| self.now.since(then) <= intensity.within).count();
        assert!(recent <= intensity.restarts as usize, "{me} restarts {recent} times: {intensity:?}");
        let maximum = model.supervision.backoff.maximum;
        for &(child, verdict) in verdicts {
            let policy = self.actors[number(child)].life.policy();
            match verdict {
                Verdict::Restart(delay) => {
                    assert!(delay <= maximum);
                    assert!(child == failed || policy != Restart::Temporary, "{child} is temporary");
                }
                _ => assert_eq!((verdict, policy), (Verdict::Stop, Restart::Temporary)),
            }
            if child != failed {
                self.totals.add(Count::RestartsOfSiblings);
            }
        }
    }

    fn check_creation(&mut self, me: usize) {
        let living = self.living_children(me);
        assert_eq!(living, [], "{me} starts anew before its children have ended");
        let actor = &mut self.actors[me];
        assert!(actor.model.not_before <= self.now, "{me} starts anew before its back-off is over");
        actor.model.incarnation += 1;
        assert!(actor.model.incarnation <= 1 + actor.model.restarts_ordered, "nobody ordered a restart of {me}");
    }

    fn forget_instance(&mut self, me: usize) {
        let model = &mut self.actors[me].model;
        model.restarts.clear();
        model.supervision = Default::default();
        model.untold.retain(|telling| matches!(telling, Telling::Terminated(_)));
    }

    fn check_ending(&mut self, me: usize, reason: &ExitReason, effects: &[Effect]) {
        assert_eq!(self.living_children(me), [], "{me} ends before its children");
        let (mut parents, mut watchers) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Signal { to, signal: Signal::ChildEnded { child, reason: why, .. } } => {
                    assert_eq!((*child, why), (address(me), reason));
                    parents.push(*to);
                }
                Effect::Signal { to, signal: Signal::Terminated { address: ended, reason: why } } => {
                    assert_eq!((*ended, why), (address(me), reason));
                    watchers.push(number(*to));
                }
                _ => {}
            }
        }
        let actor = &mut self.actors[me];
        let expected: Vec<_> = (me != ROOT).then(|| actor.life.parent()).into_iter().collect();
        assert_eq!(parents, expected, "{me} tells its parent once that it ended");
        assert!(!std::mem::replace(&mut actor.model.end_announced, true));
        watchers.sort_unstable();
        assert!(actor.model.watchers.iter().eq(&watchers), "{me} tells {watchers:?}, not {:?}", actor.model.watchers);
        assert_eq!(effects.last(), Some(&Effect::End(reason.clone())), "the end comes last");
    }

    /// The children that live and that the parent knows of.
    fn living_children(&self, me: usize) -> Vec<usize> {
        let is_child = |&child: &usize| {
            let actor = &self.actors[child];
            actor.model.parent == me && actor.model.known_to_parent && actor.ended.is_none()
        };
        (1..self.actors.len()).filter(is_child).collect()
    }

    /// Everything was delivered and every delay is over: nobody waits for anything.
    pub fn check_that_all_is_well(&self) {
        assert!(self.nothing_travels_or_waits());
        for (number, actor) in self.actors.iter().enumerate() {
            assert!(actor.mailbox.is_empty() && actor.waiting.is_empty(), "something waits for {number}");
            if actor.ended.is_none() {
                assert_eq!(actor.life.phase(), Phase::Running, "{number} is left behind");
                let children = self.living_children(number);
                let mut known: Vec<_> = actor.life.children().into_iter().map(super::actor::number).collect();
                known.sort_unstable();
                assert_eq!(known, children, "{number} does not know its children");
            }
        }
        self.check_notices();
    }

    /// The root has ended and everything was delivered.
    pub fn check_the_end(&self) {
        assert!(self.nothing_travels_or_waits());
        for (number, actor) in self.actors.iter().enumerate() {
            assert!(actor.ended.is_some(), "{number} lives on in {:?}", actor.life.phase());
            assert!(actor.model.end_announced, "{number} ended in silence");
            assert!(actor.mailbox.is_empty() && actor.waiting.is_empty(), "something waits for {number}");
            assert_eq!(actor.life.child_count(), 0, "{number} still waits for a child");
        }
        self.check_notices();
        let lost = self.fates.iter().position(Option::is_none);
        assert_eq!(lost, None, "a message is unaccounted for");
    }

    /// Who could be told of the end of a child was told.
    fn check_notices(&self) {
        for actor in &self.actors {
            let model = &actor.model;
            assert!(model.untold.is_empty() || actor.ended.is_some(), "something was never told");
            if actor.ended.is_none() || model.parent == super::actor::OUTSIDE {
                continue;
            }
            let parent = &self.actors[model.parent];
            if parent.ended.is_none() && model.known_to_parent {
                assert!(model.end_noted, "a parent does not know that its child has ended");
                let is_its_own = model.parent != ROOT && parent.model.incarnation == model.born_by;
                assert!(model.end_told || !is_its_own, "a parent that lives was not told that its child has ended");
            }
        }
    }
}

fn telling(effect: &Effect) -> Option<Telling> {
    match effect {
        Effect::ChildExited { child, .. } => Some(Telling::ChildExited(*child)),
        Effect::Terminated { address, .. } => Some(Telling::Terminated(*address)),
        _ => None,
    }
}

fn verdict(effect: &Effect) -> Option<(Address, Verdict)> {
    match effect {
        Effect::Signal { to, signal: Signal::Verdict(verdict) } => Some((*to, *verdict)),
        _ => None,
    }
}
