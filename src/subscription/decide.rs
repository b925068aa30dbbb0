//! One step of the fold, and the fold: what a number holds of one service after each notice.
//!
//! [`step`] is the fast path, for a notice that [is the newest](is_newest); [`fold`] makes the same
//! state from all of a number's notices, in whatever order they came. The two agree on every
//! history (`tests/convergence.rs`).
//!
//! What is *told again* says nothing new ([`super::told`]). Only a whole fold remembers enough to know such a notice.
//! An operator's grant has a rule of its own ([`super::grant`]).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::notice::Own;
use super::order::{self, Place};
use super::terms::Terms;
use super::told::Told;
use super::{Run, ServiceState, Standing, Subscription, cycle, later};
use crate::clock::{DAY_MS, Timestamp};

/// A notice as the fold sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where it stands among the others.
    pub place: Place,
    /// The operation's regID, as sent.
    pub reg_id: Option<String>,
    /// `subcribeTime`, where it is believed: by it a register that is told again is known.
    pub subscribe_at: Option<Timestamp>,
    /// The channel, as sent.
    pub channel: Option<String>,
    /// What an operator knew whose own word it is; none of a carrier's notice.
    pub own: Option<Own>,
    /// What it says.
    pub change: Change,
}

/// What a notice says.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Registers, renews, extends or registers again.
    Register {
        /// The offer's terms.
        terms: Arc<Terms>,
        /// `expiredTime`; the offer's cycle where absent.
        expires_at: Option<Timestamp>,
        /// Whether the carrier renews by itself.
        auto_renew: bool,
    },
    /// Ends service at once.
    Cancel(Scope),
}

/// What a cancel ends.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// These packages, held or not.
    Packages(Vec<Arc<Terms>>),
    /// Every package of these services.
    Services(Vec<String>),
}

/// What one step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A subscription is other than before.
    Changed,
    /// It said nothing new.
    Unchanged,
    /// It was told again.
    ToldAgain,
}

impl Change {
    /// The services whose fold the notice stands in, each once.
    #[must_use]
    pub fn services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = match self {
            Self::Register { terms, .. } => vec![&terms.service_id],
            Self::Cancel(Scope::Packages(packages)) => {
                packages.iter().map(|t| t.service_id.as_str()).collect()
            }
            Self::Cancel(Scope::Services(services)) => services.iter().map(String::as_str).collect(),
        };
        services.sort_unstable();
        services.dedup();
        services
    }

    /// The packages of a service that the notice speaks of; `None` means all of them.
    pub(super) fn packages(&self, service_id: &str) -> Option<Vec<&str>> {
        match self {
            Self::Register { terms, .. } => (!terms.exclusive).then(|| vec![terms.package_id.as_str()]),
            Self::Cancel(Scope::Services(_)) => None,
            Self::Cancel(Scope::Packages(packages)) => {
                let of_service = packages.iter().filter(|t| t.service_id == service_id);
                Some(of_service.map(|t| t.package_id.as_str()).collect())
            }
        }
    }

    /// The package of a register.
    pub(super) fn registered(&self) -> Option<&str> {
        match self {
            Self::Register { terms, .. } => Some(&terms.package_id),
            Self::Cancel(_) => None,
        }
    }

    /// Feeds what tells two contents apart into a hash, in terms that no later catalog changes.
    fn hash_into(&self, expire_at: Option<Timestamp>, hash: &mut Sha256) {
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        match self {
            Self::Register { terms, auto_renew, .. } => {
                let expires = expire_at.map_or(String::new(), |at| at.0.to_string());
                let renews = if *auto_renew { "auto" } else { "once" };
                for text in ["register", &terms.service_id, &terms.package_id, &expires, renews] {
                    part(text);
                }
            }
            Self::Cancel(Scope::Packages(packages)) => {
                part("cancel packages");
                packages.iter().for_each(|terms| {
                    part(&terms.service_id);
                    part(&terms.package_id);
                });
            }
            Self::Cancel(Scope::Services(services)) => {
                part("cancel services");
                services.iter().for_each(|service| part(service));
            }
        }
    }
}

/// The content hash that breaks ties and names the run a register begins. `expire_at` is the end as it was read,
/// believed or not; `fields` are the operation's name and the content's fields that [`Change`] does not hold.
#[must_use]
pub fn content_hash(change: &Change, expire_at: Option<Timestamp>, fields: [Option<&str>; 3]) -> i64 {
    let mut hash = Sha256::new();
    change.hash_into(expire_at, &mut hash);
    for field in fields {
        let field = field.unwrap_or_default();
        hash.update((field.len() as u64).to_be_bytes());
        hash.update(field);
    }
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// What a service's notices make of it, whatever their order here. `disorder_ms` as for [`order::sort`].
#[must_use]
pub fn fold(service_id: &str, events: &[Event], disorder_ms: i64) -> ServiceState {
    fold_each(service_id, events, disorder_ms).0
}

/// The same, and what each of the notices did in it, in their order here: its effect, and whether one that stands after
/// it speaks of the same packages. Then it is older than what is known (one without a time of its own is later than
/// none). None of one that does not stand in the fold. One walk each way, whatever the length of the history.
#[must_use]
pub fn fold_each(
    service_id: &str,
    events: &[Event],
    disorder_ms: i64,
) -> (ServiceState, Vec<Option<(Effect, bool)>>) {
    let (mut state, mut told) = (ServiceState::default(), Told::default());
    let stands = |event: &Event| event.change.services().contains(&service_id);
    let of_service = events.iter().enumerate().filter(|(_, event)| stands(event)).collect();
    let sorted: Vec<(usize, &Event)> = order::sort(of_service, disorder_ms, |(_, event)| &event.place);
    let mut each = vec![None; events.len()];
    for (at, event) in &sorted {
        each[*at] = Some((apply(&mut state, &mut told, service_id, event), false));
    }
    let superseded = later::superseded(service_id, &sorted);
    for ((at, _), is_superseded) in sorted.iter().zip(superseded) {
        if let Some((_, told)) = &mut each[*at] {
            *told = is_superseded;
        }
    }
    (state, each)
}

/// Whether [`step`] does for this notice what a whole fold would: it stands after all others, cannot be one that is
/// told again, and is no operator's.
#[must_use]
pub fn is_newest(state: &ServiceState, event: &Event, disorder_ms: i64) -> bool {
    // A register that is told again has an event time that was there before.
    let may_be_told_again = matches!(event.change, Change::Cancel(_)) && {
        let others = |held: &Subscription| held.reg_id.is_some() && held.reg_id != event.reg_id;
        event.reg_id.is_some() && state.subscriptions.iter().any(others)
    };
    event.own.is_none() && !may_be_told_again && state.newest.is_before(&event.place, disorder_ms)
}

/// Applies a notice that [is the newest](is_newest) of all that `state` has seen.
pub fn step(state: &mut ServiceState, service_id: &str, event: &Event) -> Effect {
    apply(state, &mut Told::default(), service_id, event)
}

fn apply<'a>(state: &mut ServiceState, told: &mut Told<'a>, service_id: &str, event: &'a Event) -> Effect {
    state.newest = state.newest.with(&event.place);
    told.again = false;
    let changed = match &event.change {
        Change::Register { terms, .. } => register(state, told, event, terms),
        Change::Cancel(Scope::Services(_)) => {
            state.subscriptions.iter_mut().fold(false, |changed, held| cancel(told, event, held) | changed)
        }
        Change::Cancel(Scope::Packages(packages)) => {
            let of_service = packages.iter().filter(|terms| terms.service_id == service_id);
            of_service.fold(false, |changed, terms| cancel_package(state, told, event, terms) | changed)
        }
    };
    match (changed, told.again) {
        (true, _) => Effect::Changed,
        (false, true) => Effect::ToldAgain,
        (false, false) => Effect::Unchanged,
    }
}

/// Another package of an exclusive service takes over: judged at the other register's event time, so
/// what had lapsed by then stays lapsed.
pub(super) fn replace_others(state: &mut ServiceState, terms: &Terms, at: Timestamp) -> bool {
    let mut changed = false;
    for other in &mut state.subscriptions {
        if other.terms.package_id != terms.package_id && other.state(at).is_in_force() {
            end(other, Standing::Replaced, at);
            changed = true;
        }
    }
    changed
}

fn register<'a>(
    state: &mut ServiceState,
    told: &mut Told<'a>,
    event: &'a Event,
    terms: &'a Arc<Terms>,
) -> bool {
    let mut new = begun(event, terms);
    if new.run.as_ref().is_some_and(|run| told.again(event, terms, run.expires_at)) {
        return false;
    }
    let at = event.place.time();
    let place = match find(state, &terms.package_id) {
        Ok(place) => place,
        Err(place) => {
            if terms.exclusive {
                replace_others(state, terms, at);
            }
            state.subscriptions.insert(place, new);
            return true;
        }
    };
    if let Some(own) = event.own {
        return super::grant::grant(state, told, place, own, new);
    }
    if renews_replaced(state, place, event, terms) {
        return renew_replaced(&mut state.subscriptions[place], new);
    }
    let replaced = terms.exclusive && replace_others(state, terms, at);
    let held = &mut state.subscriptions[place];
    let goes_on = held.state(at).is_in_force();
    if let (true, Some(old), Some(run)) = (goes_on, &held.run, &mut new.run) {
        (run.founder, run.starts_at) = (old.founder, old.starts_at);
    } else {
        state.past.extend(held.run.clone());
    }
    become_other(held, new) | replaced
}

/// Takes a subscription for another, unless it says the same; tells whether it does not.
pub(super) fn become_other(held: &mut Subscription, new: Subscription) -> bool {
    let changed = Subscription { updated_at: held.updated_at, ..new.clone() } != *held;
    if changed {
        *held = new;
    }
    changed
}

/// Whether a register renews a package that another one has taken over from and still holds the service.
fn renews_replaced(state: &ServiceState, place: usize, event: &Event, terms: &Terms) -> bool {
    let held = &state.subscriptions[place];
    let is_its_own = event.reg_id.is_some() && event.reg_id == held.reg_id;
    let at = event.place.time();
    let other = |other: &Subscription| {
        other.terms.package_id != held.terms.package_id && other.state(at).is_in_force()
    };
    terms.exclusive
        && held.standing == Standing::Replaced
        && held.run.is_some()
        && is_its_own
        && state.subscriptions.iter().any(other)
}

/// Moves a replaced package's dates to what a renewal says: its run has ended all the same.
fn renew_replaced(held: &mut Subscription, new: Subscription) -> bool {
    let mut new = Subscription { standing: Standing::Replaced, ..new };
    if let (Some(old), Some(run)) = (&held.run, &mut new.run) {
        (run.founder, run.starts_at, run.ended_at) = (old.founder, old.starts_at, old.ended_at);
    }
    become_other(held, new)
}

/// The subscription that a register alone would make.
fn begun(event: &Event, terms: &Arc<Terms>) -> Subscription {
    let at = event.place.time();
    Subscription {
        terms: Arc::clone(terms),
        standing: Standing::Held,
        run: Some(run(event, terms)),
        channel: event.channel.clone(),
        reg_id: event.reg_id.clone(),
        updated_at: at,
    }
}

fn run(event: &Event, terms: &Arc<Terms>) -> Run {
    let at = event.place.time();
    let (given, auto_renew) = match &event.change {
        Change::Register { expires_at, auto_renew, .. } => (*expires_at, *auto_renew),
        Change::Cancel(_) => (None, false),
    };
    let expires_at = given.unwrap_or_else(|| cycle::end(terms.period, at, terms.utc_offset_s));
    Run {
        terms: Arc::clone(terms),
        founder: event.place.tie,
        starts_at: at,
        expires_at,
        lapses_at: lapse(terms, expires_at, auto_renew),
        auto_renew,
        ended_at: None,
    }
}

/// When a run lapses without news.
pub(super) fn lapse(terms: &Terms, expires_at: Timestamp, auto_renew: bool) -> Timestamp {
    let grace_days = if auto_renew { i64::from(terms.grace_days) } else { 0 };
    expires_at.plus_ms(grace_days * DAY_MS)
}

fn cancel_package<'a>(
    state: &mut ServiceState,
    told: &mut Told<'a>,
    event: &'a Event,
    terms: &'a Arc<Terms>,
) -> bool {
    let at = event.place.time();
    match find(state, &terms.package_id) {
        Ok(place) => cancel(told, event, &mut state.subscriptions[place]),
        Err(place) => {
            let nothing_held = Subscription {
                terms: Arc::clone(terms),
                standing: Standing::Cancelled,
                run: None,
                channel: event.channel.clone(),
                reg_id: event.reg_id.clone(),
                updated_at: at,
            };
            state.subscriptions.insert(place, nothing_held);
            true
        }
    }
}

fn cancel<'a>(told: &mut Told<'a>, event: &'a Event, subscription: &mut Subscription) -> bool {
    if told.cancelled_again(event, subscription) {
        return false;
    }
    let changed = subscription.standing != Standing::Cancelled;
    if changed {
        end(subscription, Standing::Cancelled, event.place.time());
    }
    told.ended(event, &subscription.terms.package_id, changed);
    changed
}

/// Ends the run at `at`, or where it had ended or lapsed before; never before its start.
fn end(subscription: &mut Subscription, standing: Standing, at: Timestamp) {
    subscription.standing = standing;
    subscription.updated_at = at;
    if let Some(run) = &mut subscription.run {
        run.ended_at = Some(run.end().min(at).max(run.starts_at));
    }
}

fn find(state: &ServiceState, package_id: &str) -> Result<usize, usize> {
    state.subscriptions.binary_search_by(|held| held.terms.package_id.as_str().cmp(package_id))
}
