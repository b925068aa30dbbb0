//! Counts open connections, overall and per address, and knows which has been idle longest. Every
//! entry disappears with its connection, so memory is bounded by the caps.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::telemetry::ServerMeters;

/// Why a connection is closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Every place is taken by a request in progress.
    Total,
    /// This address has its share.
    Address,
}

/// All places of one listener.
pub(super) struct Slots {
    connections_max: usize,
    per_address_max: usize,
    pub(super) meters: ServerMeters,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    open: HashMap<u64, Entry>,
    per_address: HashMap<IpAddr, usize>,
    /// Idle connections in the order in which they became idle.
    idle: BTreeMap<u64, u64>,
    /// The last number given out, for connections and for turns of being idle.
    last: u64,
}

struct Entry {
    address: IpAddr,
    idle_turn: Option<u64>,
    evict: Arc<Notify>,
}

impl Slots {
    pub(super) fn new(connections_max: usize, per_address_max: usize, meters: ServerMeters) -> Self {
        Self { connections_max, per_address_max, meters, table: Mutex::default() }
    }

    /// A place for a new connection, if need be that of the connection idle longest.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Slot, Full> {
        let mut table = self.table();
        if table.per_address.get(&address).is_some_and(|open| *open >= self.per_address_max) {
            return Err(Full::Address);
        }
        if table.open.len() >= self.connections_max && !self.evict_from(&mut table) {
            return Err(Full::Total);
        }
        let evict = Arc::new(Notify::new());
        let id = table.add(address, Arc::clone(&evict));
        self.meters.connections_open.increment(1.0);
        Ok(Slot { slots: Arc::clone(self), id, phase: AtomicU8::new(IDLE), evict })
    }

    /// Closes the connection idle longest, if any is idle.
    pub(super) fn evict(&self) -> bool {
        self.evict_from(&mut self.table())
    }

    fn evict_from(&self, table: &mut Table) -> bool {
        let Some((_, id)) = table.idle.pop_first() else { return false };
        if let Some(entry) = table.remove(id) {
            entry.evict.notify_one();
            self.meters.connections_open.decrement(1.0);
            self.meters.evicted.increment(1);
        }
        true
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn add(&mut self, address: IpAddr, evict: Arc<Notify>) -> u64 {
        let id = self.next();
        self.open.insert(id, Entry { address, idle_turn: None, evict });
        *self.per_address.entry(address).or_default() += 1;
        self.rest(id);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        self.wake(id);
        let entry = self.open.remove(&id)?;
        if let Some(open) = self.per_address.get_mut(&entry.address) {
            *open -= 1;
            if *open == 0 {
                self.per_address.remove(&entry.address);
            }
        }
        Some(entry)
    }

    fn rest(&mut self, id: u64) {
        let turn = self.next();
        if let Some(entry) = self.open.get_mut(&id) {
            entry.idle_turn = Some(turn);
            self.idle.insert(turn, id);
        }
    }

    fn wake(&mut self, id: u64) {
        let turn = self.open.get_mut(&id).and_then(|entry| entry.idle_turn.take());
        if let Some(turn) = turn {
            self.idle.remove(&turn);
        }
    }
}

const IDLE: u8 = 0;
const HANDLING: u8 = 1;
const ANSWERED: u8 = 2;

/// One connection's place, given back when dropped. Its phase is changed by that connection's task
/// alone, in a circle: idle, handling a request, answered but not yet written.
pub(super) struct Slot {
    slots: Arc<Slots>,
    id: u64,
    phase: AtomicU8,
    evict: Arc<Notify>,
}

impl Slot {
    /// A request's head has arrived.
    pub(super) fn begin(&self) {
        self.phase.store(HANDLING, Ordering::Relaxed);
        self.slots.table().wake(self.id);
    }

    /// The answer has been handed over for writing.
    pub(super) fn answered(&self) {
        self.phase.store(ANSWERED, Ordering::Relaxed);
    }

    /// Nothing is left to write. Tells whether that was the end of an answer.
    pub(super) fn flushed(&self) -> bool {
        let is_over = self.phase.load(Ordering::Relaxed) == ANSWERED;
        if is_over {
            self.phase.store(IDLE, Ordering::Relaxed);
            self.slots.table().rest(self.id);
        }
        is_over
    }

    pub(super) fn is_idle(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == IDLE
    }

    /// Returns once this connection has to make room.
    pub(super) async fn evicted(&self) {
        self.evict.notified().await;
    }

    pub(super) fn meters(&self) -> &ServerMeters {
        &self.slots.meters
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // An evicted connection was taken off the count when it was told to go.
        if self.slots.table().remove(self.id).is_some() {
            self.slots.meters.connections_open.decrement(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    fn slots(connections_max: usize, per_address_max: usize) -> Arc<Slots> {
        Arc::new(Slots::new(connections_max, per_address_max, ServerMeters::new()))
    }

    fn counts(slots: &Slots) -> (usize, usize, usize) {
        let table = slots.table();
        (table.open.len(), table.per_address.values().sum(), table.idle.len())
    }

    #[test]
    fn the_one_idle_longest_makes_room() {
        let slots = slots(3, 9);
        let places: Vec<_> = (0..3).map(|_| slots.take(A).expect("a place")).collect();
        places[0].begin();
        places[0].answered();
        places[0].flushed();
        let _new = slots.take(B).expect("a place");
        assert_eq!(counts(&slots), (3, 3, 3));
        assert!(!slots.table().open.contains_key(&places[1].id), "the second had been idle longest");
        places[1].begin();
        places[1].answered();
        places[1].flushed();
        assert_eq!(counts(&slots), (3, 3, 3), "an evicted one never comes back");
        drop(places);
        assert_eq!(counts(&slots), (1, 1, 1));
    }

    #[test]
    fn busy_ones_are_left_alone() {
        let slots = slots(1, 9);
        let place = slots.take(A).expect("a place");
        place.begin();
        assert_eq!(slots.take(B).err(), Some(Full::Total));
        place.answered();
        assert_eq!(slots.take(B).err(), Some(Full::Total), "its answer is still being written");
        place.flushed();
        assert!(slots.take(B).is_ok());
    }

    #[test]
    fn addresses_are_counted_apart_and_forgotten() {
        let slots = slots(9, 2);
        let first = slots.take(A).expect("a place");
        let _second = slots.take(A).expect("a place");
        assert_eq!(slots.take(A).err(), Some(Full::Address));
        assert!(slots.take(B).is_ok());
        assert_eq!(slots.table().per_address.len(), 1, "the other address is gone with its connection");
        drop(first);
        assert!(slots.take(A).is_ok());
    }
}
