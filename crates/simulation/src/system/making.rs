//! How processes begin and end.

use std::collections::BTreeMap;
use std::rc::Rc;

use roscius::registry::{Cradle, Made};
use roscius::{Address, NodeId, StartError};
use roscius_protocol::admin::Event;
use roscius_protocol::admin::messages::{Entry, FromAdmin, Refusal, RefusalKind, ToAdmin, Topic};
use roscius_protocol::frame::{Frame, Header, Role};

use super::{Mail, Output, STARTER, System};
use crate::invariants::Observation;
use crate::process::Process;
use crate::wire::{self, root_of};

/// Capabilities as texts.
pub(crate) fn texts(entries: &[Entry]) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    entries.iter().map(|(name, value)| (text(name), text(value))).collect()
}

impl System {
    /// A process begins. Where what concerns all of it goes.
    pub(super) fn new_process(&mut self, node: NodeId, role: Role) -> Result<Address, StartError> {
        let process = Process::start(node, role, &self.types, self.random.next(), self.now)?;
        self.processes.insert(node, process);
        self.roles.insert(node, role);
        Ok(root_of(node))
    }

    /// The Admin wants a process made, or ended.
    pub(super) fn take_as_starter(&mut self, frame: &Frame) {
        match wire::read_system(frame) {
            Ok(FromAdmin::Make { process, birth, maker, name, spec, elsewhere, .. }) => {
                let capabilities = texts(&self.admin.capability_entries());
                let requirements = Rc::clone(&self.requirements);
                if let Some(requirement) = requirements.borrow().get(&maker)
                    && !requirement(&capabilities)
                {
                    let others = elsewhere.iter().filter(|(_, entries)| requirement(&texts(entries)));
                    let fits = others.map(|(system, _)| *system).collect();
                    let text = format!("this system has not what `{maker}` needs");
                    let refusal = Refusal { kind: RefusalKind::NoCompatibleSystem, text };
                    return self.say_as_starter(&ToAdmin::Failed { process, refusal, fits });
                }
                self.see(Observation::Made { maker: maker.clone(), capabilities });
                let cradle = Cradle { parent: self.admin.address(), birth, name, arguments: spec };
                self.make(process, &maker, cradle);
            }
            Ok(FromAdmin::Kill { process }) => self.kill_process(process),
            Ok(FromAdmin::Finish) => {
                let (via, to) = (self.node(STARTER), self.admin_node());
                self.out.push(Output::Mail { via, to, mail: Mail::Gone });
            }
            _ => {}
        }
    }

    fn make(&mut self, node: NodeId, maker: &str, cradle: Cradle) {
        let refused = |kind, text: String| {
            let refusal = Refusal { kind, text };
            ToAdmin::Failed { process: node, refusal, fits: Vec::new() }
        };
        if let Err(error) = self.new_process(node, Role::Actor) {
            return self.say_as_starter(&refused(RefusalKind::NoProcess, error.to_string()));
        }
        let pid = node.process();
        self.say_as_starter(&ToAdmin::Forked { process: node, pid });
        self.say_as(node, &ToAdmin::Attach { pid });
        let Some(process) = self.processes.get_mut(&node) else { return };
        match self.registry.make(&process.system, maker, cradle) {
            Ok(Made { policy, bounded }) => {
                process.is_made = true;
                self.say_as(node, &ToAdmin::Ready { process: node, policy, bounded });
            }
            Err(text) => {
                self.say_as(node, &refused(RefusalKind::InvalidActorClass, text));
                self.end_process(node);
            }
        }
    }

    fn say_as_starter(&mut self, message: &ToAdmin) {
        let starter = self.node(STARTER);
        let header = Header::new(root_of(starter), self.admin.address());
        if let Ok(frame) = wire::system_frame(header, Topic::ToAdmin, message) {
            self.send(starter, self.admin_node(), frame);
        }
    }

    fn say_as(&mut self, node: NodeId, message: &ToAdmin) {
        let Some(process) = self.processes.get(&node) else { return };
        let frame = process.say_to_admin(process.root(), 0, message);
        self.send(node, self.admin_node(), frame);
    }

    /// A process has no actor any more. It has said all.
    pub fn end_process(&mut self, node: NodeId) {
        if self.processes.remove(&node).is_some() {
            let to = self.admin_node();
            self.out.push(Output::Mail { via: node, to, mail: Mail::Gone });
        }
    }

    /// Ends a process where it is: nothing of it runs any more, not even what it would do at its end.
    pub(super) fn kill_process(&mut self, node: NodeId) {
        if let Some(process) = self.processes.remove(&node) {
            self.out.push(Output::Log(format!("{node} is killed")));
            std::mem::forget(process);
            let to = self.admin_node();
            self.out.push(Output::Mail { via: node, to, mail: Mail::Gone });
        }
    }

    /// The Admin, and who started it, see that a process has ended, after all that it said.
    pub(super) fn process_ended(&mut self, process: NodeId) {
        let starter = root_of(self.node(STARTER));
        self.tell_said(starter, 0, ToAdmin::Exited { process, how: String::new() });
        self.tell(Event::Ended { process });
    }
}
