//! Proof that the ledger is what it promises: every number's subscriptions equal the fold of its
//! notices, every notice has its identity and every identity its notice.

use super::store::Store;
use super::{Ledger, StoreError, sqlite};
use crate::ids::Msisdn;
use crate::subscription::{Run, ServiceState, decide};

/// The most faults told one by one.
const FAULTS_TOLD_MAX: usize = 100;

/// What a check of the whole ledger found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Numbers whose fold was made again.
    pub numbers: u64,
    /// Faults found.
    pub faults: u64,
    /// The first of them, in words.
    pub told: Vec<String>,
}

impl Verified {
    fn fault(&mut self, what: String) {
        self.faults += 1;
        if self.told.len() < FAULTS_TOLD_MAX {
            self.told.push(what);
        }
    }
}

impl Ledger {
    /// Checks everything, beside a gateway that may be writing: each number is seen at one moment.
    /// `progress` is told how many numbers are done. Blocks; for the command line.
    ///
    /// # Errors
    /// The engine's; what was found until then is lost.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<Verified, StoreError> {
        let connection = self.reader();
        let mut store = sqlite::Tx { connection: &connection, book: &self.0.rules.book };
        let mut verified = Verified::default();
        let mut after = String::new();
        loop {
            let numbers = store.numbers_after(&after)?;
            let Some(last) = numbers.last() else { break };
            last.in_full().clone_into(&mut after);
            for number in &numbers {
                let snapshot = connection.unchecked_transaction()?;
                check(&mut store, number, &mut verified)?;
                drop(snapshot);
                verified.numbers += 1;
            }
            progress(verified.numbers);
        }
        for fault in store.broken_links()? {
            verified.fault(fault);
        }
        Ok(verified)
    }
}

fn check(store: &mut impl Store, number: &Msisdn, verified: &mut Verified) -> Result<(), StoreError> {
    let events = store.events(number)?;
    let mut services: Vec<String> =
        events.iter().flat_map(|event| event.change.services()).map(str::to_owned).collect();
    services.extend(store.services(number)?);
    services.sort_unstable();
    services.dedup();
    for service_id in services {
        let folded = decide::fold(&service_id, &events);
        let mut stored = store.state(number, &service_id)?;
        stored.past = store.past(number, &service_id)?;
        if let Some(what) = difference(&stored, folded) {
            verified.fault(format!("{} service {service_id}: {what}", number.in_full()));
        }
    }
    Ok(())
}

/// What is stored beside what the journal implies.
fn difference(stored: &ServiceState, folded: ServiceState) -> Option<String> {
    let by_founder = |mut past: Vec<Run>| {
        past.sort_by(|a, b| (&a.terms.package_id, a.founder).cmp(&(&b.terms.package_id, b.founder)));
        past
    };
    if stored.subscriptions != folded.subscriptions {
        return Some(format!(
            "stored {:?}, the journal implies {:?}",
            stored.subscriptions, folded.subscriptions
        ));
    }
    if stored.newest != folded.newest && !folded.subscriptions.is_empty() {
        return Some(format!("the fold has come to {:?}, stored is {:?}", folded.newest, stored.newest));
    }
    let (stored, folded) = (by_founder(stored.past.clone()), by_founder(folded.past));
    (stored != folded).then(|| format!("stored past runs {stored:?}, the journal implies {folded:?}"))
}
