//! What one batch asks for of the journal and its fold, what it was given, and what its writes make.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::Row;
use crate::ledger::raw::Raw;
use crate::subscription::order::Newest;
use crate::subscription::{Run, ServiceState, Subscription};

/// A number and a service.
pub(super) type Service = (Msisdn, String);

/// What is to be fetched.
#[derive(Debug, Default, Clone)]
pub(super) struct Wanted {
    /// With the numbers that their notices speak of, where those are known.
    pub(super) identities: HashMap<String, Option<Msisdn>>,
    /// With their numbers, where those are known: else every partition must be asked.
    pub(super) notices: HashMap<NoticeId, Option<Msisdn>>,
    pub(super) raws: HashSet<NoticeId>,
    pub(super) states: HashSet<Service>,
    pub(super) histories: HashSet<Msisdn>,
    pub(super) journals: HashSet<Msisdn>,
    pub(super) states_with: With,
    pub(super) pasts: HashSet<Service>,
    pub(super) services: HashSet<Msisdn>,
    pub(super) terms: HashSet<i64>,
    /// How many more numbers for new rows of the journal.
    pub(super) ids: usize,
    /// Numbers that must be locked before anything of theirs is read: the transaction begins again.
    pub(super) locks: BTreeSet<i64>,
}

/// What else is to be told by whoever tells the states.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    #[default]
    Nothing,
    /// Whether it is a standby, which may not know yet what was acknowledged.
    Role,
    /// The histories of numbers whose states are not found.
    HistoriesOfNew,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            identities,
            notices,
            raws,
            states,
            histories,
            journals,
            pasts,
            services,
            terms,
            ids,
            locks,
            ..
        } = self;
        identities.is_empty()
            && notices.is_empty()
            && raws.is_empty()
            && states.is_empty()
            && histories.is_empty()
            && journals.is_empty()
            && pasts.is_empty()
            && services.is_empty()
            && terms.is_empty()
            && *ids == 0
            && locks.is_empty()
    }
}

/// What was fetched. A key that is absent was not asked for; `None` was not found.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) identities: HashMap<String, Option<NoticeId>>,
    pub(super) notices: HashMap<NoticeId, Option<Row>>,
    /// Of holders of identities, the numbers that they should be found under.
    pub(super) numbers: HashMap<NoticeId, Msisdn>,
    pub(super) raws: HashMap<NoticeId, Option<Raw>>,
    pub(super) states: HashMap<Service, ServiceState>,
    /// The notices of a number that stand in the fold; their rows are in `notices`.
    pub(super) histories: HashMap<Msisdn, Vec<NoticeId>>,
    /// All of a number's messages; their rows are in `notices`.
    pub(super) journals: HashMap<Msisdn, Vec<NoticeId>>,
    pub(super) pasts: HashMap<Service, Vec<Run>>,
    pub(super) services: HashMap<Msisdn, Vec<String>>,
    /// Numbers for new rows of the journal.
    pub(super) ids: Vec<NoticeId>,
}

/// What the writes changed.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) identities: BTreeMap<String, NoticeId>,
    pub(super) inserted: BTreeMap<NoticeId, (Row, Option<Raw>)>,
    pub(super) updated: BTreeMap<NoticeId, Row>,
    pub(super) counted: BTreeMap<NoticeId, i64>,
    /// Services to be written anew: what is stored of them goes first.
    pub(super) cleared: BTreeSet<Service>,
    /// By number, service and package: in this order the rows are written, so that no two gateways
    /// wait for one another.
    pub(super) puts: BTreeMap<(Msisdn, String, String), (Subscription, Newest)>,
    pub(super) past: Vec<(Msisdn, Run)>,
    pub(super) states: HashMap<Service, ServiceState>,
}
