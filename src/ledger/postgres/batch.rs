//! The rows of one transaction in memory: what was fetched, and what the writes made of it. Every
//! rule of a write runs against this; nothing here waits.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::overlay::{Column, Overlay};
use super::sets::{Changed, Fetched, Service, Wanted};
use super::terms::Known;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::due::Claim;
use crate::ledger::journal::Row;
use crate::ledger::need::Need;
use crate::ledger::raw::Raw;
use crate::ledger::records::Reads as _;
use crate::ledger::store::{Journal, Lock, Locks, ReadsFolds, Store, Tables, WritesFolds};
use crate::ledger::tables::refold::{KEY, Refold};
use crate::ledger::tables::{Cell as Value, Old, Record as _, Table};
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::Terms;
use crate::subscription::{Run, ServiceState, Subscription};

/// One transaction's rows.
pub(in crate::ledger) struct Batch<'a> {
    known: &'a Known,
    /// The numbers that this transaction has for itself; none where it only reads.
    locks: Option<&'a BTreeSet<i64>>,
    pub(super) fetched: Fetched,
    pub(super) changed: Changed,
    pub(super) wanted: Wanted,
    /// The tables of fulfilment.
    pub(super) overlay: Overlay,
    /// Whether its rows are to be written and undone again.
    pub(super) rehearses: bool,
}

impl<'a> Batch<'a> {
    pub(super) fn new(known: &'a Known, locks: Option<&'a BTreeSet<i64>>) -> Self {
        let (fetched, changed, wanted) = (Fetched::default(), Changed::default(), Wanted::default());
        Self { known, locks, fetched, changed, wanted, overlay: Overlay::default(), rehearses: false }
    }

    /// Forgets what the writes made, to run them again.
    pub(super) fn begin_again(&mut self) {
        self.changed = Changed::default();
        self.wanted = Wanted::default();
        self.overlay.begin_again();
    }

    /// Whether its rows are going to be written, and not only read.
    pub(super) fn is_to_write(&self) -> bool {
        self.locks.is_some()
    }

    /// Whether a write asked for something that was not fetched.
    pub(super) fn wants(&self) -> bool {
        !(self.wanted.is_empty() && self.overlay.wanted.is_empty())
    }

    /// Fetches the folds' setting with the rest: whoever folds asks for it.
    pub(super) fn wants_folded(&mut self) {
        let column = Column { table: Refold::TABLE, place: 0 };
        self.overlay.wanted.rows.entry(column).or_default().insert(KEY.into());
    }

    fn must_hold(&mut self, number: &Msisdn) -> Result<(), StoreError> {
        self.lock(Lock::number(number))
    }

    fn journal_row(&self, id: NoticeId) -> Option<Option<&Row>> {
        let inserted = self.changed.inserted.get(&id).map(|(row, _)| row);
        match inserted.or_else(|| self.changed.updated.get(&id)) {
            Some(row) => Some(Some(row)),
            None => self.fetched.notices.get(&id).map(Option::as_ref),
        }
    }

    fn state_of(&mut self, service: &Service) -> Result<ServiceState, StoreError> {
        let state = self.changed.states.get(service).or_else(|| self.fetched.states.get(service));
        if let Some(state) = state {
            return Ok(state.clone());
        }
        self.wanted.states.insert(service.clone());
        Err(StoreError::Unfetched)
    }
}

impl Store for Batch<'_> {
    fn probe(&mut self, _: Timestamp) -> Result<(), StoreError> {
        // Every transaction writes its writer's row.
        Ok(())
    }

    fn rehearse<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.rehearses = true;
        act(self)
    }
}

impl Locks for Batch<'_> {
    fn lock(&mut self, lock: Lock) -> Result<(), StoreError> {
        match self.locks {
            Some(locks) if !locks.contains(&lock.key()) => {
                self.wanted.locks.insert(lock.key());
                Err(StoreError::Unfetched)
            }
            _ => Ok(()),
        }
    }
}

impl Journal for Batch<'_> {
    fn holder(&mut self, identity: &str) -> Result<Option<NoticeId>, StoreError> {
        if let Some(id) = self.changed.identities.get(identity) {
            return Ok(Some(*id));
        }
        match self.fetched.identities.get(identity) {
            Some(holder) => Ok(*holder),
            None => {
                self.wanted.identities.insert(identity.to_owned(), None);
                Err(StoreError::Unfetched)
            }
        }
    }

    fn assign(&mut self, identity: &str, id: NoticeId) -> Result<(), StoreError> {
        // Read first, so that the flush knows whether the row is there.
        self.holder(identity)?;
        self.changed.identities.insert(identity.to_owned(), id);
        Ok(())
    }

    fn notice(&mut self, id: NoticeId) -> Result<Option<Row>, StoreError> {
        match self.journal_row(id) {
            Some(row) => Ok(row.cloned()),
            None => {
                self.wanted.notices.insert(id, self.fetched.numbers.get(&id).cloned());
                Err(StoreError::Unfetched)
            }
        }
    }

    fn insert(&mut self, row: &Row, raw: Option<&Raw>) -> Result<NoticeId, StoreError> {
        let used = self.changed.inserted.len();
        let Some(id) = self.fetched.ids.get(used).copied() else {
            self.wanted.ids += 1;
            return Err(StoreError::Unfetched);
        };
        self.changed.inserted.insert(id, (Row { id, ..row.clone() }, raw.cloned()));
        Ok(id)
    }

    fn count_again(&mut self, id: NoticeId) -> Result<(), StoreError> {
        match self.changed.inserted.get_mut(&id) {
            Some((row, _)) => row.count += 1,
            None => *self.changed.counted.entry(id).or_default() += 1,
        }
        Ok(())
    }

    fn update(&mut self, row: &Row) -> Result<(), StoreError> {
        if let Some(number) = &row.msisdn {
            self.must_hold(number)?;
        }
        match self.changed.inserted.get_mut(&row.id) {
            Some((kept, _)) => *kept = Row { count: kept.count, ..row.clone() },
            None => drop(self.changed.updated.insert(row.id, row.clone())),
        }
        Ok(())
    }

    fn raw(&mut self, id: NoticeId) -> Result<Option<Raw>, StoreError> {
        if let Some((_, raw)) = self.changed.inserted.get(&id) {
            return Ok(raw.clone());
        }
        match self.fetched.raws.get(&id) {
            Some(raw) => Ok(raw.clone()),
            None => {
                self.wanted.raws.insert(id);
                Err(StoreError::Unfetched)
            }
        }
    }

    fn history(&mut self, number: &Msisdn) -> Result<Vec<Row>, StoreError> {
        self.must_hold(number)?;
        let Some(ids) = self.fetched.journals.get(number) else {
            self.wanted.journals.insert(number.clone());
            return Err(StoreError::Unfetched);
        };
        let touched = self.changed.updated.values().filter(|row| row.msisdn.as_ref() == Some(number));
        let ids: BTreeSet<NoticeId> = ids.iter().copied().chain(touched.map(|row| row.id)).collect();
        let rows = ids.into_iter().filter_map(|id| self.journal_row(id).flatten().cloned());
        Ok(rows.filter(|row| row.msisdn.as_ref() == Some(number)).collect())
    }
}

impl ReadsFolds for Batch<'_> {
    fn folded(&mut self) -> Result<Option<Refold>, StoreError> {
        self.one(&KEY.into())
    }

    fn terms(&mut self, id: i64) -> Result<Arc<Terms>, StoreError> {
        self.known.get(id).ok_or_else(|| {
            self.wanted.terms.insert(id);
            StoreError::Unfetched
        })
    }

    fn state(&mut self, number: &Msisdn, service_id: &str) -> Result<ServiceState, StoreError> {
        self.must_hold(number)?;
        self.state_of(&(number.clone(), service_id.to_owned()))
    }

    fn past(&mut self, number: &Msisdn, service_id: &str) -> Result<Vec<Run>, StoreError> {
        let service = (number.clone(), service_id.to_owned());
        let added =
            self.changed.past.iter().filter(|(of, run)| of == number && run.terms.service_id == service_id);
        let added = added.map(|(_, run)| run.clone());
        if self.changed.cleared.contains(&service) {
            return Ok(added.collect());
        }
        match self.fetched.pasts.get(&service) {
            Some(past) => Ok(past.iter().cloned().chain(added).collect()),
            None => {
                self.wanted.pasts.insert(service);
                Err(StoreError::Unfetched)
            }
        }
    }

    fn services(&mut self, number: &Msisdn) -> Result<Vec<String>, StoreError> {
        let Some(found) = self.fetched.services.get(number) else {
            self.wanted.services.insert(number.clone());
            return Err(StoreError::Unfetched);
        };
        let written = self.changed.states.keys().filter(|(of, _)| of == number).map(|(_, id)| id);
        let all: BTreeSet<&String> = found.iter().chain(written).collect();
        Ok(all.into_iter().cloned().collect())
    }

    fn events(&mut self, number: &Msisdn) -> Result<Vec<Event>, StoreError> {
        self.must_hold(number)?;
        let Some(history) = self.fetched.histories.get(number) else {
            self.wanted.histories.insert(number.clone());
            return Err(StoreError::Unfetched);
        };
        let touched = self.changed.updated.values().chain(self.changed.inserted.values().map(|(row, _)| row));
        let touched = touched.filter(|row| row.msisdn.as_ref() == Some(number)).map(|row| row.id);
        let ids: BTreeSet<NoticeId> = history.iter().copied().chain(touched).collect();
        let rows: Vec<Row> =
            ids.into_iter().filter_map(|id| self.journal_row(id).flatten().cloned()).collect();
        let mut events = Vec::with_capacity(rows.len());
        for row in rows.into_iter().filter(|row| row.msisdn.as_ref() == Some(number)) {
            let unknown = Cell::new(None);
            let find = |id| {
                self.known.get(id).ok_or_else(|| {
                    unknown.set(Some(id));
                    StoreError::Unfetched
                })
            };
            let event = row.event(&find);
            self.wanted.terms.extend(unknown.take());
            events.extend(event?);
        }
        Ok(events)
    }

    fn has_devices(&mut self, number: &Msisdn) -> Result<bool, StoreError> {
        self.must_hold(number)?;
        self.overlay.has_devices(number)
    }
}

impl WritesFolds for Batch<'_> {
    fn put(
        &mut self,
        number: &Msisdn,
        subscription: &Subscription,
        newest: &Newest,
    ) -> Result<(), StoreError> {
        let terms = &subscription.terms;
        let service = (number.clone(), terms.service_id.clone());
        let mut state = self.state_of(&service)?;
        state.newest = state.newest.and(*newest);
        let of = |held: &Subscription| held.terms.package_id.cmp(&terms.package_id);
        match state.subscriptions.binary_search_by(of) {
            Ok(at) => state.subscriptions[at] = subscription.clone(),
            Err(at) => state.subscriptions.insert(at, subscription.clone()),
        }
        self.changed.states.insert(service, state);
        let key = (number.clone(), terms.service_id.clone(), terms.package_id.clone());
        self.changed.puts.insert(key, (subscription.clone(), *newest));
        Ok(())
    }

    fn add_past(&mut self, number: &Msisdn, run: &Run) -> Result<(), StoreError> {
        self.changed.past.push((number.clone(), run.clone()));
        Ok(())
    }

    fn clear(&mut self, number: &Msisdn, service_id: &str) -> Result<(), StoreError> {
        self.must_hold(number)?;
        let service = (number.clone(), service_id.to_owned());
        self.changed.puts.retain(|(of, service, _), _| of != number || service != service_id);
        self.changed.past.retain(|(of, run)| of != number || run.terms.service_id != service_id);
        self.changed.states.insert(service.clone(), ServiceState::default());
        self.changed.cleared.insert(service);
        Ok(())
    }
}

impl Tables for Batch<'_> {
    fn row(&mut self, table: &'static Table, key: &Value) -> Result<Option<Vec<Value>>, StoreError> {
        self.overlay.row(table, key)
    }

    fn rows(
        &mut self,
        table: &'static Table,
        place: usize,
        value: &Value,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        self.overlay.rows(Column { table, place }, value)
    }

    fn write(&mut self, table: &'static Table, row: Vec<Value>) -> Result<(), StoreError> {
        self.overlay.write(table, row)
    }

    fn next_number(&mut self, table: &'static Table) -> Result<i64, StoreError> {
        self.overlay.next_number(table)
    }

    fn stock(&mut self, need: &Need) -> Result<Option<Vec<Value>>, StoreError> {
        self.overlay.stock(need)
    }

    fn claim(&mut self, claim: &Claim) -> Result<Vec<Vec<Value>>, StoreError> {
        self.overlay.claim(claim)
    }

    fn purge(&mut self, old: &'static Old, at: Timestamp) -> Result<(), StoreError> {
        self.overlay.changed.purge.push((old, at));
        Ok(())
    }
}
