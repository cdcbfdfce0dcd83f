//! How the system is.

use super::Admin;
use super::messages::{Status, ToAdmin};
use crate::convention;
use crate::time::Time;

impl Admin {
    /// How the system is.
    pub fn status(&self, now: Time) -> Status {
        Status {
            admin: Some(self.address()),
            capabilities: self.capability_entries(),
            children: self.children.keys().copied().collect(),
            names: self.all_names(),
            dead_letter_handler: self.letters.handler(),
            registration_watchers: self.registration_watchers.iter().copied().collect(),
            leader: self.convention.leader().map(convention::admin_of),
            members: self.convention.members().map(|member| member.admin).collect(),
            in_shutdown: self.shutdown.is_some(),
            makers: self.makers().map(str::to_owned).collect(),
            counters: self.counters.iter().map(|(name, count)| (name.clone(), *count)).collect(),
            processes: self.nodes(|process| process.has_actors() && process.attached),
            dead_letters: self.letters.count,
            latest_dead_letters: self.letters.latest.iter().map(|record| self.kept_letters.revise(record)).collect(),
            source_authority: self.sources.registry.authority(),
            sources: self.sources.registry.list().collect(),
            detail: self.detail(now),
        }
    }
}

/// The name of a message in the counters.
pub(super) const fn name_of(message: &ToAdmin) -> &'static str {
    match message {
        ToAdmin::Attach { .. } => "Attach",
        ToAdmin::Detach => "Detach",
        ToAdmin::Create(_) => "Create",
        ToAdmin::Offer { .. } => "Offer",
        ToAdmin::Forked { .. } => "Forked",
        ToAdmin::Failed { .. } => "Failed",
        ToAdmin::Ready { .. } => "Ready",
        ToAdmin::Exited { .. } => "Exited",
        ToAdmin::Adopt { .. } => "Adopt",
        ToAdmin::HandleDeadLetters { .. } => "HandleDeadLetters",
        ToAdmin::WatchRegistrations { .. } => "WatchRegistrations",
        ToAdmin::SetCapability { .. } => "SetCapability",
        ToAdmin::ChangeSetting { .. } => "ChangeSetting",
        ToAdmin::Status => "Status",
        ToAdmin::Shutdown => "Shutdown",
        ToAdmin::BeSourceAuthority => "BeSourceAuthority",
        ToAdmin::LoadSource { .. } => "LoadSource",
        ToAdmin::SourceVerdict { .. } => "SourceVerdict",
        ToAdmin::UnloadSource { .. } => "UnloadSource",
        ToAdmin::WatchSources { .. } => "WatchSources",
        ToAdmin::Resend { .. } => "Resend",
        ToAdmin::Durable { .. } => "Durable",
        ToAdmin::CreateFor { .. } => "CreateFor",
        ToAdmin::WantSource { .. } => "WantSource",
        ToAdmin::Invite { .. } => "Invite",
        ToAdmin::Dismiss { .. } => "Dismiss",
        ToAdmin::SetLeaders { .. } => "SetLeaders",
    }
}
