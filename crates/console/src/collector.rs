//! Makes a snapshot of a system again and again.

mod by_type;
mod totals;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use roscius::status::{ActorStatus, Status};
use roscius::{Address, NodeId};
use roscius_host::process::Looks;
use roscius_protocol::address::NodeId as Node;
use roscius_protocol::admin::messages::{self, Entry, LetterRecord};
use roscius_protocol::admin::{self, Awaits, Member};
use roscius_protocol::frame::Role;
use roscius_protocol::pickle;
use roscius_protocol::sources::Listed;
use serde_json::Value;

use crate::attached::{AttachError, Attached};
use crate::data::plain_pickle;
use crate::log_records::LogReader;
use crate::processes::{Eyes, Seen};
use crate::snapshot::{
    ActorInfo, ActorState, ConventionInfo, DeadLetter, DeadLetterKind, DeadLetters, PendingCreation, ProcessInfo,
    ProcessRole, Snapshot, SourceInfo, SystemInfo,
};
use crate::systems::System;
use crate::warnings;

/// How long it takes at most until all processes have said how they are, if nothing else is said.
pub const WITHIN: Duration = Duration::from_secs(2);

/// How long an answer of the logger is waited for at the end.
const FINISH_WITHIN: Duration = Duration::from_millis(200);

/// Makes a snapshot of a system again and again. It can be moved to a thread of its own.
pub struct Collector {
    attached: Attached,
    looks: Looks,
    eyes: Eyes,
    before: Option<Before>,
    /// The classes of the actors that were seen.
    classes: HashMap<Address, String>,
    /// Reads the log, for who wants to see it.
    log: Option<LogReader>,
}

/// What is compared with.
struct Before {
    at: Instant,
    handled: HashMap<Address, u64>,
    computed: HashMap<u32, f64>,
    dead_letters: u64,
    messages: by_type::Counts,
}

impl Collector {
    /// Attaches to a system whose Admin answers within this time. So long the processes have to answer, each time.
    ///
    /// # Errors
    ///
    /// [`AttachError`] if it can not be reached.
    pub fn attach(system: &System, within: Duration) -> Result<Self, AttachError> {
        let attached = Attached::to(system, within)?;
        Ok(Self {
            attached,
            looks: Looks::default(),
            eyes: Eyes::default(),
            before: None,
            classes: HashMap::new(),
            log: None,
        })
    }

    /// The same, which reads the latest records of the log too.
    #[must_use]
    pub fn with_log(self) -> Self {
        let mut collector = self;
        collector.log.get_or_insert_default();
        collector
    }

    /// The program that this process is in the system.
    pub const fn attached(&self) -> &Attached {
        &self.attached
    }

    /// Looks at the system. Rates are those since the look before.
    ///
    /// # Errors
    ///
    /// [`AttachError`] if its Admin does not answer, or the system has ended.
    pub fn collect(&mut self) -> Result<Snapshot, AttachError> {
        let (at, seen_at) = (Instant::now(), SystemTime::now());
        let system = self.attached.system().clone();
        let status = self.attached.status()?;
        // The answer comes while the processes are asked.
        if let Some(log) = &mut self.log {
            log.ask(&self.attached, &status);
        }
        let process = self.attached.process();
        let looked = self.looks.look(process, &status.processes, self.attached.within());
        let answers: BTreeMap<Node, Option<Status>> =
            looked.map_err(|_| AttachError::Ended { system: system.name.clone() })?.into_iter().collect();
        let mut snapshot = Snapshot {
            system: SystemInfo {
                port: system.port(),
                directory: system.directory.display().to_string(),
                admin: status.admin.map(|admin| admin.to_string()).unwrap_or_default(),
                uptime: status.detail.uptime.as_secs_f64(),
                in_shutdown: status.in_shutdown,
                seen_at: seen_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
                capabilities: capabilities(&status.capabilities),
                makers: status.makers.clone(),
                dead_letter_handler: status.dead_letter_handler.map(|handler| handler.to_string()),
                name: system.name,
                seen_within: 0.0,
            },
            processes: self.processes(&status, &answers),
            dead_letters: dead_letters(&status),
            pending: pending(&status),
            convention: ConventionInfo::of(&status.detail.share),
            sources: sources(&status),
            source_authority: status.source_authority.map(|authority| authority.to_string()),
            counters: status.counters.iter().cloned().collect(),
            ..Snapshot::default()
        };
        let handled = self.actors(&status, &answers, &mut snapshot);
        if let Some(log) = &mut self.log {
            log.look(&self.classes);
            snapshot.log = log.records();
        }
        let computed = snapshot.processes.iter().filter_map(|it| Some((it.pid?, it.cpu_time?))).collect();
        let counted = by_type::counts(answers.iter().filter_map(|(node, status)| Some((*node, status.as_ref()?))));
        let now = Before { at, handled, computed, dead_letters: status.dead_letters, messages: counted };
        totals::sum_up(&mut snapshot, answers.values().flatten());
        let before = self.before.as_ref();
        let before = before.map(|before| (&before.messages, (now.at - before.at).as_secs_f64()));
        by_type::list(&mut snapshot, before, &now.messages);
        if let Some(before) = &self.before {
            totals::compare(&mut snapshot, before, &now);
        }
        self.before = Some(now);
        snapshot.warnings = warnings::all(&snapshot);
        snapshot.healthy = warnings::is_healthy(&snapshot.warnings);
        snapshot.system.seen_within = at.elapsed().as_secs_f64();
        Ok(snapshot)
    }

    fn processes(&mut self, status: &messages::Status, answers: &BTreeMap<Node, Option<Status>>) -> Vec<ProcessInfo> {
        let me = self.attached.process();
        let admin = status.admin.map_or(NodeId::new(0), Address::node);
        let admin_pid = me.pid_of(admin);
        let admin = Member { process: admin, role: Role::Admin, pid: admin_pid, attached: true, offers: false };
        let mut members = vec![(ProcessRole::Admin, &admin)];
        // This process is none that anybody wants to know of.
        let others = status.detail.members.iter().filter(|member| member.process != me.node());
        members.extend(others.map(|member| (role_of(member), member)));
        members.sort_by_key(|(role, member)| (*role, member.process));
        let pids: Vec<_> = members.iter().map(|(_, member)| member.pid).collect();
        let seen = self.eyes.look(&pids);
        let info = |((role, member), seen): ((ProcessRole, &Member), Option<Seen>)| {
            let answer = answers.get(&member.process);
            let status = answer.and_then(Option::as_ref);
            let seen = seen.as_ref();
            ProcessInfo {
                node: member.process.to_string(),
                role,
                pid: member.pid,
                title: seen.map(|seen| seen.title.clone()).unwrap_or_default(),
                state: seen.map(|seen| seen.state).unwrap_or_default(),
                answered: answer.map(Option::is_some),
                actors: status.map_or(0, |status| status.actors.len()),
                waiting: status.map_or(0, |status| status.waiting() as u64),
                memory: seen.map(|seen| seen.proportional.unwrap_or(seen.resident)),
                resident: seen.map(|seen| seen.resident),
                cpu_time: seen.map(|seen| seen.cpu_time),
                cpu: None,
                threads: seen.map(|seen| seen.threads),
            }
        };
        members.into_iter().zip(seen).map(info).collect()
    }

    /// Adds the actors. How many messages each has handled is returned.
    fn actors(
        &mut self,
        status: &messages::Status,
        answers: &BTreeMap<Node, Option<Status>>,
        snapshot: &mut Snapshot,
    ) -> HashMap<Address, u64> {
        let names: HashMap<Address, &String> = status.names.iter().map(|(name, holder)| (*holder, name)).collect();
        let pids: HashMap<Node, u32> =
            status.detail.members.iter().filter_map(|member| Some((member.process, member.pid?))).collect();
        let made_of: HashMap<Address, &String> =
            status.detail.classes.iter().map(|(actor, class)| (*actor, class)).collect();
        let mut handled = HashMap::new();
        let mut classes = HashMap::new();
        let mut actors: Vec<(Address, Option<Address>, ActorInfo)> = Vec::new();
        for (node, answer) in answers {
            let about = |address: Address| ActorInfo {
                address: address.to_string(),
                name: names.get(&address).map(|name| (*name).clone()),
                node: node.to_string(),
                pid: pids.get(node).copied(),
                ..ActorInfo::default()
            };
            let Some(status) = answer else {
                let unseen = unseen_in(*node, status, &self.classes);
                for address in unseen {
                    let known = self.classes.get(&address).or_else(|| made_of.get(&address).copied());
                    let class = known.cloned().unwrap_or_default();
                    classes.insert(address, class.clone());
                    actors.push((address, None, ActorInfo { class, ..about(address) }));
                }
                continue;
            };
            for actor in &status.actors {
                handled.insert(actor.address, actor.handled);
                classes.insert(actor.address, actor.class.to_string());
                // The roots of processes are no actors.
                let parent = actor.parent.filter(|parent| parent.index() != 0 && !parent.is_external());
                actors.push((actor.address, parent, described(actor, parent, about(actor.address))));
            }
        }
        self.classes = classes;
        snapshot.actors = in_families(actors);
        handled
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Some(log) = &mut self.log {
            log.finish(&self.attached, FINISH_WITHIN);
        }
    }
}

/// The actors of a process that does not answer: those that were seen there before, and else the one that it began with.
fn unseen_in(node: Node, status: &messages::Status, classes: &HashMap<Address, String>) -> BTreeSet<Address> {
    let before: BTreeSet<Address> = classes.keys().filter(|address| address.node() == node).copied().collect();
    if !before.is_empty() {
        return before;
    }
    let known = status.children.iter().find(|child| child.node() == node).copied();
    BTreeSet::from([known.unwrap_or_else(|| Address::new(node, 0, 1, 0))])
}

fn role_of(member: &Member) -> ProcessRole {
    match member.role {
        Role::Admin => ProcessRole::Admin,
        Role::External => ProcessRole::Program,
        Role::Zygote => ProcessRole::Starter,
        Role::Logger => ProcessRole::Logger,
        Role::Actor | Role::ProcessHost if member.offers => ProcessRole::Starter,
        Role::Actor | Role::ProcessHost => ProcessRole::Actors,
    }
}

fn described(actor: &ActorStatus, parent: Option<Address>, about: ActorInfo) -> ActorInfo {
    ActorInfo {
        class: actor.class.to_string(),
        parent: parent.map(|parent| parent.to_string()),
        state: ActorState::Seen(actor.state),
        waiting: actor.waiting as u64,
        capacity: actor.capacity.map(|capacity| capacity as u64),
        handled: actor.handled,
        restarts: actor.restarts.unwrap_or_default(),
        restarted: actor.restarted.map(|ago| ago.as_secs_f64()),
        ..about
    }
}

/// Parents before their children, and these right behind them.
fn in_families(actors: Vec<(Address, Option<Address>, ActorInfo)>) -> Vec<ActorInfo> {
    let there: BTreeSet<Address> = actors.iter().map(|(address, ..)| *address).collect();
    let mut children: HashMap<Option<Address>, Vec<(Address, ActorInfo)>> = HashMap::new();
    for (address, parent, info) in actors {
        // A parent that is seen no more has left its children to the Admin.
        let parent = parent.filter(|parent| there.contains(parent) && *parent != address);
        children.entry(parent).or_default().push((address, info));
    }
    for family in children.values_mut() {
        // The last is taken first.
        family.sort_by_key(|(address, _)| std::cmp::Reverse(*address));
    }
    let mut open = children.remove(&None).unwrap_or_default();
    let mut ordered = Vec::with_capacity(there.len());
    while let Some((address, info)) = open.pop() {
        ordered.push(info);
        open.extend(children.remove(&Some(address)).unwrap_or_default());
    }
    // Who is said to be a parent of its own parent, as two processes that answer one after the other may say.
    ordered.extend(children.into_values().flatten().map(|(_, info)| info));
    ordered
}

pub(crate) fn capabilities(entries: &[Entry]) -> BTreeMap<String, Value> {
    let shown = |bytes: &[u8]| match plain_pickle::read(bytes) {
        Some(value) => value,
        None => Value::String(pickle::type_name(bytes).unwrap_or_else(|| bytes.escape_ascii().to_string())),
    };
    let named = |bytes: &[u8]| match shown(bytes) {
        Value::String(text) => text,
        other => other.to_string(),
    };
    entries.iter().map(|(name, value)| (named(name), shown(value))).collect()
}

fn letter(record: &LetterRecord) -> DeadLetter {
    DeadLetter {
        number: record.number,
        message: record.message.clone(),
        sender: record.sender.to_string(),
        target: record.target.to_string(),
        reason: roscius::Undelivered::from(record.reason).to_string(),
    }
}

fn dead_letters(status: &messages::Status) -> DeadLetters {
    let kind = |kind: &admin::DeadLetters| DeadLetterKind {
        message: kind.message.clone(),
        reason: roscius::Undelivered::from(kind.reason).to_string(),
        count: kind.count,
        first_ago: kind.first_ago.as_secs_f64(),
        last_ago: kind.last_ago.as_secs_f64(),
        first: letter(&kind.first),
    };
    let mut kinds: Vec<DeadLetterKind> = status.detail.dead_letters.iter().map(kind).collect();
    kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
    let latest = status.latest_dead_letters.iter().map(letter).collect();
    DeadLetters { total: status.dead_letters, rate: None, kinds, latest }
}

/// The sources, with those that are not decided yet.
pub(crate) fn sources(status: &messages::Status) -> Vec<SourceInfo> {
    let source = |source: &Listed| SourceInfo {
        hash: source.id.clone(),
        info: source.info.clone().unwrap_or_default(),
        validated: source.digest.is_some(),
    };
    status.sources.iter().map(source).collect()
}

fn pending(status: &messages::Status) -> Vec<PendingCreation> {
    let mut pending: Vec<PendingCreation> = status.detail.pending.iter().map(pending_creation).collect();
    pending.sort_by(|one, other| other.age.total_cmp(&one.age));
    pending
}

fn pending_creation(pending: &admin::PendingCreation) -> PendingCreation {
    let awaits = match pending.awaits {
        Awaits::Source => "its source, to be found valid".to_owned(),
        Awaits::Starter => format!("a process that makes `{}`", pending.maker),
        Awaits::Process => "a starter, to start its process".to_owned(),
        Awaits::Word => "its new process, to say that it is there".to_owned(),
        Awaits::Actor => "its process, to import its class and make it".to_owned(),
    };
    PendingCreation {
        address: pending.actor.map(|actor| actor.to_string()).unwrap_or_default(),
        class: pending.class.clone(),
        name: pending.name.clone(),
        awaits,
        age: pending.age.as_secs_f64(),
    }
}
