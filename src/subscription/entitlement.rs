//! Entitlements: a subscriber's rights, one for each grant of each run of a subscription, seen at a
//! clock. Devices and codes are attached by fulfilment, not here.

use sha2::{Digest, Sha256};

use super::{Run, ServiceState};
use crate::catalog::{Grant, GrantKind};
use crate::clock::Timestamp;
use crate::ids::Msisdn;

/// A right at a clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Entitlement<'a> {
    /// Stable over an unbroken run of renewals.
    pub id: String,
    /// The offer's id.
    pub offer: &'a str,
    /// What is granted.
    pub grant: &'a Grant,
    /// Whether it is in force.
    pub state: Right,
    /// The run's start.
    pub starts_at: Timestamp,
    /// When it comes into force: a little before its start, which a carrier's clock may have put ahead of ours.
    pub begins_at: Timestamp,
    /// The end as known: `expires_at`, in grace the end of the grace days, once ended the moment it
    /// did.
    pub ends_at: Timestamp,
}

/// An entitlement's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// In force and paid.
    Active,
    /// In force, its renewal not yet heard of.
    Grace,
    /// Over.
    Ended,
}

impl Right {
    /// The word the outside sees.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Ended => "ended",
        }
    }
}

/// The rights under one service at the clock `at`, as known at `now`, newest run first. A run that
/// has not begun at `at` gives none yet: a subscription with a start in the future is active, its
/// entitlements come with their start.
///
/// An end that a notice dates after `now` (a carrier's clock may be ahead by hours) counts as `now`:
/// a cancel ends service at once.
#[must_use]
pub fn entitlements<'a>(
    number: &Msisdn,
    state: &'a ServiceState,
    at: Timestamp,
    now: Timestamp,
) -> Vec<Entitlement<'a>> {
    let current = state.subscriptions.iter().filter_map(|s| s.run.as_ref());
    let mut runs: Vec<&Run> = current.chain(&state.past).filter(|run| run.begins_at() <= at).collect();
    runs.sort_by_key(|run| (std::cmp::Reverse(run.starts_at), run.founder));
    runs.into_iter().flat_map(|run| of_run(number, run, at, now)).collect()
}

fn of_run<'a>(
    number: &Msisdn,
    run: &'a Run,
    at: Timestamp,
    now: Timestamp,
) -> impl Iterator<Item = Entitlement<'a>> {
    let (state, ends_at) = standing(run, at, now);
    let number = number.clone();
    run.terms.grants.iter().enumerate().map(move |(index, grant)| Entitlement {
        id: id(&number, run, grant.kind, nth_of_kind(&run.terms.grants, index)),
        offer: &run.terms.offer,
        grant,
        state,
        starts_at: run.starts_at,
        begins_at: run.begins_at(),
        ends_at,
    })
}

fn standing(run: &Run, at: Timestamp, now: Timestamp) -> (Right, Timestamp) {
    let ended_at = run.ended_at.map(|end| end.min(now));
    // Never before the start, where a notice names an end that is.
    let until = |end: Timestamp| ended_at.map_or(end, |ended| ended.min(end)).max(run.starts_at);
    if at < until(run.expires_at) {
        (Right::Active, until(run.expires_at))
    } else if at < until(run.lapses_at) {
        (Right::Grace, until(run.lapses_at))
    } else {
        (Right::Ended, until(run.lapses_at))
    }
}

fn nth_of_kind(grants: &[Grant], index: usize) -> usize {
    grants[..index].iter().filter(|grant| grant.kind == grants[index].kind).count()
}

/// The id follows from who, what and the run's founder: the same after every new fold, and the same
/// on every gateway.
fn id(number: &Msisdn, run: &Run, kind: GrantKind, nth: usize) -> String {
    let mut hash = Sha256::new();
    for part in [number.in_full(), &run.terms.service_id, &run.terms.package_id, kind.word()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(run.founder.to_be_bytes());
    hash.update([u8::try_from(nth).unwrap_or(u8::MAX)]);
    let digest = hash.finalize();
    digest[..12].iter().fold(String::from("ent-"), |id, byte| id + &format!("{byte:02x}"))
}
