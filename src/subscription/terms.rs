//! Copies of offers, as they stood when a notice was applied: the fold works from these and never
//! from today's catalog, so that it gives the same result after the catalog has changed.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::{Grant, Offer, Period};

/// What the fold needs of an offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The ledger's number for this copy; equal content has one number.
    #[serde(skip)]
    pub id: i64,
    /// The offer's id.
    pub offer: String,
    /// The carrier's service id.
    pub service_id: String,
    /// The carrier's package id.
    pub package_id: String,
    /// One active package per service.
    pub exclusive: bool,
    /// The cycle used where a register has no `expiredTime`.
    pub period: Period,
    /// The zone in which cycles end at midnight, seconds east of UTC.
    pub utc_offset_s: i32,
    /// A start at most this far ahead of the clock has begun, seconds.
    #[serde(default = "Terms::clock_skew_s_once")]
    pub clock_skew_s: u32,
    /// How long an auto-renewing subscription stays in grace after `expires_at`, days.
    pub grace_days: u32,
    /// What a run of this offer entitles to.
    pub grants: Vec<Grant>,
}

impl Terms {
    /// The terms of an offer as the catalog has it now, not yet numbered.
    #[must_use]
    pub fn of(offer: &Offer, utc_offset_s: i32, clock_skew_s: u32) -> Self {
        Self {
            id: 0,
            offer: offer.id.clone(),
            service_id: offer.service_id.clone(),
            package_id: offer.package_id.clone(),
            exclusive: offer.exclusive,
            period: offer.period,
            utc_offset_s,
            clock_skew_s,
            grace_days: offer.renewal_grace_days,
            grants: offer.grants.clone(),
        }
    }

    /// Of copies that were made before it was among them.
    fn clock_skew_s_once() -> u32 {
        300
    }
}

/// All numbered terms: those of today's offers, and every older copy a run or a notice still names.
#[derive(Debug, Clone, Default)]
pub struct TermsBook {
    by_id: HashMap<i64, Arc<Terms>>,
    today: HashMap<String, Arc<Terms>>,
}

impl TermsBook {
    /// Adds a numbered copy.
    pub fn add(&mut self, terms: Terms) -> Arc<Terms> {
        let terms = Arc::new(terms);
        self.by_id.insert(terms.id, Arc::clone(&terms));
        terms
    }

    /// Adds a numbered copy that is what the catalog says today.
    pub fn add_current(&mut self, terms: Terms) {
        let terms = self.add(terms);
        self.today.insert(terms.offer.clone(), terms);
    }

    /// The copy with this number.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Arc<Terms>> {
        self.by_id.get(&id)
    }

    /// Today's terms of an offer of the catalog.
    #[must_use]
    pub fn current(&self, offer: &Offer) -> Option<&Arc<Terms>> {
        self.today.get(&offer.id)
    }
}
