//! Counts open connections, overall and per address, and knows which has been idle longest. Every
//! entry disappears with its connection, so memory is bounded by the caps.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::origin::Networks;
use crate::limits::Block;
use crate::telemetry::ServerMeters;

/// Why a connection is closed at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// Every place is taken by a request in progress.
    Total,
    /// This address has its share, and all of it is taken by requests in progress.
    Address,
}

/// All places of one listener.
pub(super) struct Slots {
    connections_max: usize,
    per_address_max: usize,
    /// Addresses without a share of their own.
    shared: Networks,
    pub(super) meters: ServerMeters,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    open: HashMap<u64, Entry>,
    per_address: HashMap<Block, Share>,
    /// Idle connections in the order in which they became idle.
    idle: BTreeMap<u64, u64>,
    /// The last number given out, for connections and for turns of being idle.
    last: u64,
}

struct Entry {
    address: Block,
    idle_turn: Option<u64>,
    evict: Arc<Notify>,
}

/// What one address has open, and the turns of those that are idle.
#[derive(Default)]
struct Share {
    open: usize,
    idle: BTreeSet<u64>,
}

impl Slots {
    /// `shared` are the addresses that only `connections_max` bounds.
    pub(super) fn new(
        connections_max: usize,
        per_address_max: usize,
        shared: Networks,
        meters: ServerMeters,
    ) -> Self {
        Self { connections_max, per_address_max, shared, meters, table: Mutex::default() }
    }

    /// A place for a new connection, if need be that of the connection idle longest: of its own address,
    /// where that has its share, else of all.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Slot, Full> {
        let (has_share, address) = (!self.shared.contains(address), Block::of(address));
        let mut table = self.table();
        let share = table.per_address.get(&address).filter(|share| share.open >= self.per_address_max);
        if let Some(first) = share.map(|share| share.idle.first().copied()) {
            let turn = first.ok_or(Full::Address)?;
            self.evict_turn(&mut table, turn);
        }
        if table.open.len() >= self.connections_max && !self.evict_from(&mut table) {
            return Err(Full::Total);
        }
        let evict = Arc::new(Notify::new());
        let id = table.add(address, has_share, Arc::clone(&evict));
        self.meters.connections_open.increment(1.0);
        let (phase, draining) = (AtomicU8::new(IDLE), Arc::default());
        Ok(Slot { slots: Arc::clone(self), id, phase, draining, evict })
    }

    /// Closes the connection idle longest, if any is idle.
    pub(super) fn evict(&self) -> bool {
        self.evict_from(&mut self.table())
    }

    fn evict_from(&self, table: &mut Table) -> bool {
        let Some(turn) = table.idle.keys().next().copied() else { return false };
        self.evict_turn(table, turn);
        true
    }

    fn evict_turn(&self, table: &mut Table, turn: u64) {
        let id = table.idle.get(&turn).copied();
        if let Some(entry) = id.and_then(|id| table.remove(id)) {
            entry.evict.notify_one();
            self.meters.connections_open.decrement(1.0);
            self.meters.evicted.increment(1);
        }
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

    fn add(&mut self, address: Block, has_share: bool, evict: Arc<Notify>) -> u64 {
        let id = self.next();
        self.open.insert(id, Entry { address, idle_turn: None, evict });
        if has_share {
            self.per_address.entry(address).or_default().open += 1;
        }
        self.rest(id);
        id
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        self.wake(id);
        let entry = self.open.remove(&id)?;
        if let Some(share) = self.per_address.get_mut(&entry.address) {
            share.open -= 1;
            if share.open == 0 {
                self.per_address.remove(&entry.address);
            }
        }
        Some(entry)
    }

    fn rest(&mut self, id: u64) {
        let turn = self.next();
        let Some(entry) = self.open.get_mut(&id) else { return };
        entry.idle_turn = Some(turn);
        self.idle.insert(turn, id);
        if let Some(share) = self.per_address.get_mut(&entry.address) {
            share.idle.insert(turn);
        }
    }

    fn wake(&mut self, id: u64) {
        let Some(entry) = self.open.get_mut(&id) else { return };
        let Some(turn) = entry.idle_turn.take() else { return };
        self.idle.remove(&turn);
        if let Some(share) = self.per_address.get_mut(&entry.address) {
            share.idle.remove(&turn);
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
    /// Whether what comes is still the rest of a body that was answered before its end.
    draining: Arc<AtomicBool>,
    evict: Arc<Notify>,
}

/// For as long as the rest of a body is read and thrown away.
pub(super) struct Draining(Arc<AtomicBool>);

impl Drop for Draining {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Slot {
    /// From now on what comes is the rest of a body, and no head.
    pub(super) fn drain(&self) -> Draining {
        self.draining.store(true, Ordering::Relaxed);
        Draining(Arc::clone(&self.draining))
    }

    /// Whether a head may be arriving: no request is in hand, and no rest of a body is to come.
    pub(super) fn awaits_head(&self) -> bool {
        self.is_idle() && !self.draining.load(Ordering::Relaxed)
    }

    /// A request's head has arrived.
    pub(super) fn begin(&self) {
        self.phase.store(HANDLING, Ordering::Relaxed);
        self.slots.table().wake(self.id);
    }

    /// The answer has been handed over for writing.
    pub(super) fn answered(&self) {
        self.phase.store(ANSWERED, Ordering::Relaxed);
    }

    /// Nothing is left to write. Says whether the connection is idle from now on, and was not before.
    pub(super) fn flushed(&self) -> bool {
        let answered = self.phase.load(Ordering::Relaxed) == ANSWERED;
        if answered {
            self.phase.store(IDLE, Ordering::Relaxed);
            self.slots.table().rest(self.id);
        }
        answered
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
    const SHARED: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 3));

    /// One request on it, from head to answer.
    fn serve(place: &Slot) {
        place.begin();
        place.answered();
        assert!(place.flushed());
    }

    fn slots(connections_max: usize, per_address_max: usize) -> Arc<Slots> {
        let shared = Networks::new(vec![SHARED.into()]);
        Arc::new(Slots::new(connections_max, per_address_max, shared, ServerMeters::new()))
    }

    /// Open ones, those of them that count to an address, and idle ones, twice.
    fn counts(slots: &Slots) -> (usize, usize, usize) {
        let table = slots.table();
        let (open, idle) = table
            .per_address
            .values()
            .fold((0, 0), |(open, idle), share| (open + share.open, idle + share.idle.len()));
        assert!(idle <= table.idle.len());
        (table.open.len(), open, table.idle.len())
    }

    #[test]
    fn the_one_idle_longest_makes_room() {
        let slots = slots(3, 9);
        let places: Vec<_> = (0..3).map(|_| slots.take(A).expect("a place")).collect();
        serve(&places[0]);
        let _new = slots.take(B).expect("a place");
        assert_eq!(counts(&slots), (3, 3, 3));
        assert!(!slots.table().open.contains_key(&places[1].id), "the second had been idle longest");
        serve(&places[1]);
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
    fn an_ipv6_network_has_one_share() {
        let slots = slots(9, 1);
        let six = |text: &str| text.parse::<IpAddr>().expect("an address");
        let first = slots.take(six("2001:db8:1:2::1")).expect("a place");
        first.begin();
        assert_eq!(slots.take(six("2001:db8:1:2::2")).err(), Some(Full::Address));
        assert!(slots.take(six("2001:db8:1:3::1")).is_ok());
    }

    #[test]
    fn addresses_are_counted_apart_and_forgotten() {
        let slots = slots(9, 2);
        let first = slots.take(A).expect("a place");
        let second = slots.take(A).expect("a place");
        first.begin();
        second.begin();
        assert_eq!(slots.take(A).err(), Some(Full::Address), "both are busy");
        assert!(slots.take(B).is_ok());
        assert_eq!(slots.table().per_address.len(), 1, "the other address is gone with its connection");
        drop(first);
        assert!(slots.take(A).is_ok());
    }

    #[test]
    fn of_an_address_above_its_share_the_one_idle_longest_makes_room() {
        let slots = slots(9, 2);
        let other = slots.take(B).expect("a place");
        let places: Vec<_> = (0..2).map(|_| slots.take(A).expect("a place")).collect();
        serve(&places[0]);
        let _new = slots.take(A).expect("a place");
        let left = |place: &Slot| slots.table().open.contains_key(&place.id);
        assert!(left(&other), "idle longer, but of another address");
        assert!(left(&places[0]) && !left(&places[1]), "the second had been idle longer");
        assert_eq!(counts(&slots), (3, 3, 3));
    }

    #[test]
    fn an_address_that_many_share_has_the_first_bound_alone() {
        let slots = slots(3, 1);
        let places: Vec<_> = (0..3).map(|_| slots.take(SHARED).expect("a place")).collect();
        places.iter().for_each(Slot::begin);
        assert_eq!(slots.take(SHARED).err(), Some(Full::Total));
        assert_eq!(counts(&slots), (3, 0, 0));
        drop(places);
        assert_eq!(counts(&slots), (0, 0, 0));
    }
}
