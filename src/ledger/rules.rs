//! What notices are judged by: the catalog with its numbered terms, and the operator's settings. They are exchanged
//! as a whole while the ledger is open; a write is judged by those that were in force when its transaction began.
//! Their fingerprint tells whether two processes judge alike.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::raw::Raw;
use super::{Ledger, OpenError, postgres, sqlite};
use crate::catalog::{Catalog, Offer};
use crate::clock::Timestamp;
use crate::config::LedgerUrl;
use crate::subscription::judge::Policy;
use crate::subscription::notice::{Reading, Reads};
use crate::subscription::terms::{Terms, TermsBook};

/// Hexadecimal digits of a fingerprint: enough that no two catalogs of one house share one.
const FINGERPRINT_DIGITS: usize = 16;

/// What a notice is judged by.
#[derive(Debug)]
pub struct Rules {
    /// Today's offers.
    pub catalog: Arc<Catalog>,
    /// Numbered terms; filled when the rules come into force.
    pub book: TermsBook,
    /// The operator's settings.
    pub policy: Policy,
    /// How messages are read.
    pub reads: Reads,
    read_again: ReadAgain,
    fingerprint: String,
}

/// Reads a kept message anew, first received at that time; none where no message is in its bytes. Whoever knows the
/// grammar of what is kept brings it.
pub type ReadAgain = fn(&Raw, &Reads, Timestamp) -> Option<Reading>;

/// The rules in force, for all who judge.
pub(super) type InForce = ArcSwap<Rules>;

impl Rules {
    /// Rules whose terms are not numbered yet.
    #[must_use]
    pub fn new(catalog: Catalog, policy: Policy, reads: Reads, read_again: ReadAgain) -> Self {
        let fingerprint = fingerprint(&catalog, policy, &reads);
        Self {
            catalog: Arc::new(catalog),
            book: TermsBook::default(),
            policy,
            reads,
            read_again,
            fingerprint,
        }
    }

    /// What a kept message says by today's reading.
    pub(super) fn read_again(&self, raw: &Raw, received_at: Timestamp) -> Option<Reading> {
        (self.read_again)(raw, &self.reads, received_at)
    }

    /// Today's terms, not yet numbered.
    pub(super) fn terms(&self) -> Vec<Terms> {
        let (offset_s, skew_s) = (self.reads.utc_offset.local_minus_utc(), self.policy.clock_skew_s);
        self.catalog.offers().iter().map(|offer| Terms::of(offer, offset_s, skew_s)).collect()
    }

    /// The same for two processes that would judge every notice alike. What offers are called and cost is not in it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

impl Ledger {
    /// The offers in force.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.rules.load().catalog)
    }

    /// Numbers the terms of new rules and judges by these from then on: a transaction that has begun is finished by
    /// the old ones. Where it fails the old ones stay.
    ///
    /// # Errors
    /// The engine's.
    pub async fn put_in_force(&self, mut rules: Rules) -> Result<(), OpenError> {
        rules.book = match &self.0.url {
            LedgerUrl::Sqlite(path) => sqlite::number_terms(path, rules.terms()).await?,
            LedgerUrl::Postgres(url) => postgres::number_terms(url, rules.terms()).await?,
        };
        self.0.rules.store(Arc::new(rules));
        Ok(())
    }
}

fn fingerprint(catalog: &Catalog, policy: Policy, reads: &Reads) -> String {
    let offset_s = reads.utc_offset.local_minus_utc();
    let judged_by = |offer: &Offer| {
        let terms = Terms::of(offer, offset_s, policy.clock_skew_s);
        json!([terms, offer.service_code, offer.package_code])
    };
    let offers: Vec<Value> = catalog.offers().iter().map(judged_by).collect();
    let (policy, reg_types) = (format!("{policy:?}"), format!("{:?}", reads.reg_types));
    let whole = json!([offers, policy, reg_types, offset_s]).to_string();
    let digits = Sha256::digest(whole.as_bytes());
    digits.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..FINGERPRINT_DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const OFFER: &str = "[[offer]]\nid = 'a'\nservice_id = '1'\npackage_id = '2'\nperiod = 'day'\n";

    fn rules(catalog: &str) -> Rules {
        let catalog = Catalog::parse(catalog, "catalog.toml", &BTreeMap::new(), 35).expect("a catalog");
        Rules::new(catalog, Policy::default(), reads(), |_, _, _| None)
    }

    fn reads() -> Reads {
        Reads::in_zone(chrono::FixedOffset::east_opt(7 * 3600).expect("an offset"))
    }

    #[test]
    fn a_fingerprint_changes_with_what_is_judged_by_and_with_nothing_else() {
        let first = rules(OFFER);
        let first = first.fingerprint();
        assert_eq!(first.len(), FINGERPRINT_DIGITS);
        assert_eq!(rules(&format!("# a word\n{OFFER}name = 'Another'\nprice = 5\n")).fingerprint(), first);
        for other in ["service_code = 'X'\n", "renewal_grace_days = 3\n", "exclusive = true\n"] {
            assert_ne!(rules(&format!("{OFFER}{other}")).fingerprint(), first, "{other}");
        }
        let (policy, catalog) = (Policy { record_only: true, ..Policy::default() }, rules(OFFER).catalog);
        assert_ne!(Rules::new((*catalog).clone(), policy, reads(), |_, _, _| None).fingerprint(), first);
    }
}
