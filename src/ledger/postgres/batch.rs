//! The rows of one transaction in memory: what was fetched, and what the writes made of it. Every
//! rule of a write runs against this; nothing here waits.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::terms::Known;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::journal::Row;
use crate::ledger::raw::Raw;
use crate::ledger::store::Store;
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::Terms;
use crate::subscription::{Run, ServiceState, Subscription};

/// A number and a service.
pub(super) type Service = (Msisdn, String);

/// What is to be fetched.
#[derive(Debug, Default, Clone)]
pub(super) struct Wanted {
    pub(super) identities: HashSet<String>,
    pub(super) notices: HashSet<NoticeId>,
    pub(super) raws: HashSet<NoticeId>,
    pub(super) states: HashSet<Service>,
    pub(super) histories: HashSet<Msisdn>,
    /// Also the histories of numbers whose wanted states are not found.
    pub(super) histories_of_new: bool,
    pub(super) pasts: HashSet<Service>,
    pub(super) services: HashSet<Msisdn>,
    pub(super) terms: HashSet<i64>,
    /// Numbers that must be locked before anything of theirs is read: the transaction begins again.
    pub(super) locks: BTreeSet<i64>,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            identities,
            notices,
            raws,
            states,
            histories,
            pasts,
            services,
            terms,
            locks,
            histories_of_new: _,
        } = self;
        identities.is_empty()
            && notices.is_empty()
            && raws.is_empty()
            && states.is_empty()
            && histories.is_empty()
            && pasts.is_empty()
            && services.is_empty()
            && terms.is_empty()
            && locks.is_empty()
    }
}

/// What was fetched. A key that is absent was not asked for; `None` was not found.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) identities: HashMap<String, Option<NoticeId>>,
    pub(super) notices: HashMap<NoticeId, Option<Row>>,
    pub(super) raws: HashMap<NoticeId, Option<Raw>>,
    pub(super) states: HashMap<Service, ServiceState>,
    /// The notices of a number that stand in the fold; their rows are in `notices`.
    pub(super) histories: HashMap<Msisdn, Vec<NoticeId>>,
    pub(super) pasts: HashMap<Service, Vec<Run>>,
    pub(super) services: HashMap<Msisdn, Vec<String>>,
    /// Numbers for new rows of the journal.
    pub(super) ids: Vec<NoticeId>,
}

/// What the writes changed.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) identities: BTreeMap<String, NoticeId>,
    pub(super) inserted: BTreeMap<NoticeId, (Row, Raw)>,
    pub(super) updated: BTreeMap<NoticeId, Row>,
    pub(super) counted: BTreeMap<NoticeId, i64>,
    /// Services to be written anew: what is stored of them goes first.
    pub(super) cleared: BTreeSet<Service>,
    /// By number, service and package: in this order the rows are written, so that no two gateways
    /// wait for one another.
    pub(super) puts: BTreeMap<(Msisdn, String, String), (Subscription, Newest)>,
    pub(super) past: Vec<(Msisdn, Run)>,
    states: HashMap<Service, ServiceState>,
}

/// One transaction's rows.
pub(super) struct Batch<'a> {
    known: &'a Known,
    /// The numbers that this transaction has for itself; none where it only reads.
    locks: Option<&'a BTreeSet<i64>>,
    pub(super) fetched: Fetched,
    pub(super) changed: Changed,
    pub(super) wanted: Wanted,
}

/// The key by which a number is locked.
pub(super) fn lock(number: &Msisdn) -> i64 {
    // 15 digits at most.
    number.in_full().parse().unwrap_or_default()
}

impl<'a> Batch<'a> {
    pub(super) fn new(known: &'a Known, locks: Option<&'a BTreeSet<i64>>) -> Self {
        let (fetched, changed, wanted) = (Fetched::default(), Changed::default(), Wanted::default());
        Self { known, locks, fetched, changed, wanted }
    }

    /// Forgets what the writes made, to run them again.
    pub(super) fn begin_again(&mut self) {
        self.changed = Changed::default();
        self.wanted = Wanted::default();
    }

    fn must_hold(&mut self, number: &Msisdn) -> Result<(), StoreError> {
        match self.locks {
            Some(locks) if !locks.contains(&lock(number)) => {
                self.wanted.locks.insert(lock(number));
                Err(StoreError::Unfetched)
            }
            _ => Ok(()),
        }
    }

    fn row(&self, id: NoticeId) -> Option<Option<&Row>> {
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

    fn holder(&mut self, identity: &str) -> Result<Option<NoticeId>, StoreError> {
        if let Some(id) = self.changed.identities.get(identity) {
            return Ok(Some(*id));
        }
        match self.fetched.identities.get(identity) {
            Some(holder) => Ok(*holder),
            None => {
                self.wanted.identities.insert(identity.to_owned());
                Err(StoreError::Unfetched)
            }
        }
    }

    fn hold(&mut self, identity: &str, id: NoticeId) -> Result<(), StoreError> {
        // Read first, so that the flush knows whether the row is there.
        self.holder(identity)?;
        self.changed.identities.insert(identity.to_owned(), id);
        Ok(())
    }

    fn notice(&mut self, id: NoticeId) -> Result<Option<Row>, StoreError> {
        match self.row(id) {
            Some(row) => Ok(row.cloned()),
            None => {
                self.wanted.notices.insert(id);
                Err(StoreError::Unfetched)
            }
        }
    }

    fn insert(&mut self, row: &Row, raw: &Raw) -> Result<NoticeId, StoreError> {
        let used = self.changed.inserted.len();
        let id = *self.fetched.ids.get(used).ok_or_else(|| StoreError::broken("more rows than writes"))?;
        self.changed.inserted.insert(id, (Row { id, ..row.clone() }, raw.clone()));
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
            return Ok(Some(raw.clone()));
        }
        match self.fetched.raws.get(&id) {
            Some(raw) => Ok(raw.clone()),
            None => {
                self.wanted.raws.insert(id);
                Err(StoreError::Unfetched)
            }
        }
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

    fn events(&mut self, number: &Msisdn) -> Result<Vec<Event>, StoreError> {
        self.must_hold(number)?;
        let Some(history) = self.fetched.histories.get(number) else {
            self.wanted.histories.insert(number.clone());
            return Err(StoreError::Unfetched);
        };
        let touched = self.changed.updated.values().chain(self.changed.inserted.values().map(|(row, _)| row));
        let touched = touched.filter(|row| row.msisdn.as_ref() == Some(number)).map(|row| row.id);
        let ids: BTreeSet<NoticeId> = history.iter().copied().chain(touched).collect();
        let rows: Vec<Row> = ids.into_iter().filter_map(|id| self.row(id).flatten().cloned()).collect();
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

    fn past(&mut self, number: &Msisdn, service_id: &str) -> Result<Vec<Run>, StoreError> {
        let service = (number.clone(), service_id.to_owned());
        match self.fetched.pasts.get(&service) {
            Some(past) => Ok(past.clone()),
            None => {
                self.wanted.pasts.insert(service);
                Err(StoreError::Unfetched)
            }
        }
    }

    fn services(&mut self, number: &Msisdn) -> Result<Vec<String>, StoreError> {
        match self.fetched.services.get(number) {
            Some(services) => Ok(services.clone()),
            None => {
                self.wanted.services.insert(number.clone());
                Err(StoreError::Unfetched)
            }
        }
    }
}
