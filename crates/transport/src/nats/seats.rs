//! Who may lead: seats in the bucket of the convention, each held by a system for as long as it renews it.
//!
//! Whoever finds a seat empty takes it; the server lets only one. The ticket that is drawn with it, one more than the highest that is there, says
//! in which order they lead, whatever the number of the seat. So who comes back comes last, and nobody has to give way.

use std::collections::BTreeMap;

/// How many may lead.
pub const SEATS: usize = 3;
/// How long a value is.
const LENGTH: usize = 12;

/// Who holds a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The lower leads.
    pub ticket: u64,
    /// Who it is.
    pub system: u32,
}

impl Holder {
    /// Ticket (8) and system (4), the lowest byte first.
    pub fn to_bytes(self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(&self.ticket.to_le_bytes());
        bytes[8..].copy_from_slice(&self.system.to_le_bytes());
        bytes
    }

    /// Reads one. None: the bytes are none.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (ticket, system) = bytes.split_first_chunk()?;
        Some(Self { ticket: u64::from_le_bytes(*ticket), system: u32::from_le_bytes(system.try_into().ok()?) })
    }
}

/// What is known of the seats.
#[derive(Debug, Default)]
pub struct Seats {
    held: BTreeMap<usize, (Holder, u64)>,
}

impl Seats {
    /// A seat is held, as of a revision of the bucket. What is there already and newer stays.
    pub fn hold(&mut self, seat: usize, holder: Holder, revision: u64) {
        if seat < SEATS && self.held.get(&seat).is_none_or(|(_, known)| *known <= revision) {
            self.held.insert(seat, (holder, revision));
        }
    }

    /// A seat is empty, as of a revision. Who held it.
    pub fn empty(&mut self, seat: usize, revision: u64) -> Option<Holder> {
        let (holder, known) = *self.held.get(&seat)?;
        if known > revision {
            return None;
        }
        self.held.remove(&seat);
        Some(holder)
    }

    /// Who holds a seat.
    pub fn at(&self, seat: usize) -> Option<Holder> {
        self.held.get(&seat).map(|(holder, _)| *holder)
    }

    /// The seat that a system holds, and the revision of that.
    pub fn of(&self, system: u32) -> Option<(usize, Holder, u64)> {
        self.held
            .iter()
            .find(|(_, (holder, _))| holder.system == system)
            .map(|(seat, (holder, revision))| (*seat, *holder, *revision))
    }

    /// A seat that a system may take, and what it would be then. It keeps the ticket that it had.
    pub fn vacant(&self, system: u32, ticket: Option<u64>) -> Option<(usize, Holder)> {
        if self.of(system).is_some() {
            return None;
        }
        let seat = (0..SEATS).find(|seat| !self.held.contains_key(seat))?;
        let next = || self.held.values().map(|(holder, _)| holder.ticket).max().unwrap_or_default().saturating_add(1);
        Some((seat, Holder { ticket: ticket.unwrap_or_else(next), system }))
    }

    /// Who may lead, the first first.
    pub fn leaders(&self) -> Vec<u32> {
        let mut holders: Vec<(Holder, usize)> = self.held.iter().map(|(seat, (holder, _))| (*holder, *seat)).collect();
        holders.sort_by_key(|(holder, seat)| (holder.ticket, *seat));
        let mut leaders: Vec<u32> = Vec::with_capacity(holders.len());
        for (holder, _) in holders {
            if !leaders.contains(&holder.system) {
                leaders.push(holder.system);
            }
        }
        leaders
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(systems: &[u32]) -> Seats {
        let mut seats = Seats::default();
        for (at, system) in systems.iter().enumerate() {
            let (seat, holder) = seats.vacant(*system, None).unwrap();
            seats.hold(seat, holder, at as u64 + 1);
        }
        seats
    }

    #[test]
    fn a_holder_is_read_as_it_was_written() {
        let holder = Holder { ticket: u64::MAX - 1, system: 7 };
        assert_eq!(Holder::read(&holder.to_bytes()), Some(holder));
        assert_eq!(Holder::read(&holder.to_bytes()[1..]), None);
        assert_eq!(Holder::read(&[0; LENGTH + 1]), None);
        assert_eq!(Holder::read(&[]), None);
    }

    #[test]
    fn who_came_first_leads_and_who_comes_back_comes_last() {
        let mut seats = held(&[10, 11, 12]);
        assert_eq!(seats.leaders(), [10, 11, 12]);
        assert_eq!(seats.vacant(13, None), None, "all are held");
        assert_eq!(seats.empty(0, 4).map(|holder| holder.system), Some(10));
        let (seat, holder) = seats.vacant(10, None).unwrap();
        assert_eq!(seat, 0);
        seats.hold(seat, holder, 5);
        assert_eq!(seats.leaders(), [11, 12, 10]);
    }

    #[test]
    fn after_all_is_lost_those_who_led_lead() {
        let old = held(&[10, 11, 12]);
        let mut seats = Seats::default();
        for system in [12, 10, 11] {
            let ticket = old.of(system).map(|(_, holder, _)| holder.ticket);
            let (seat, holder) = seats.vacant(system, ticket).unwrap();
            seats.hold(seat, holder, 1);
        }
        assert_eq!(seats.leaders(), [10, 11, 12]);
    }

    #[test]
    fn what_is_older_than_what_is_known_is_passed_over() {
        let mut seats = held(&[10, 11]);
        seats.hold(0, Holder { ticket: 9, system: 99 }, 0);
        assert_eq!(seats.empty(1, 1), None, "it was taken later than that");
        assert_eq!(seats.leaders(), [10, 11]);
        seats.hold(SEATS, Holder { ticket: 0, system: 99 }, 9);
        assert_eq!(seats.leaders(), [10, 11], "there is no such seat");
        assert_eq!(seats.vacant(10, None), None, "one each");
    }
}
