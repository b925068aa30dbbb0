//! One step of the fold, and the fold: what a number holds of one service after each notice.
//!
//! [`step`] is the fast path, for a notice that stands after all others; [`fold`] makes the same
//! state from all of a number's notices, in whatever order they came. The two agree on every
//! history (`tests/convergence.rs`).

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::order::{self, Place};
use super::terms::Terms;
use super::{Run, ServiceState, Standing, Subscription, cycle};
use crate::clock::{DAY_MS, Timestamp};

/// A notice as the fold sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Where it stands among the others.
    pub place: Place,
    /// The operation's regID, as sent.
    pub reg_id: Option<String>,
    /// The channel, as sent.
    pub channel: Option<String>,
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
    fn packages(&self, service_id: &str) -> Option<Vec<&str>> {
        match self {
            Self::Register { terms, .. } => (!terms.exclusive).then(|| vec![terms.package_id.as_str()]),
            Self::Cancel(Scope::Services(_)) => None,
            Self::Cancel(Scope::Packages(packages)) => {
                let of_service = packages.iter().filter(|t| t.service_id == service_id);
                Some(of_service.map(|t| t.package_id.as_str()).collect())
            }
        }
    }

    /// Feeds what tells two contents apart into a hash, in terms that no later catalog changes.
    fn hash_into(&self, hash: &mut Sha256) {
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        match self {
            Self::Register { terms, expires_at, auto_renew } => {
                let expires = expires_at.map_or(String::new(), |at| at.0.to_string());
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

/// The content hash that breaks ties and names the run a register begins. `fields` are the identity and
/// the content's fields that [`Change`] does not hold.
#[must_use]
pub fn content_hash(change: &Change, fields: [Option<&str>; 3]) -> i64 {
    let mut hash = Sha256::new();
    change.hash_into(&mut hash);
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

/// What a service's notices make of it, whatever their order here.
#[must_use]
pub fn fold(service_id: &str, events: &[Event]) -> ServiceState {
    let of_service = events.iter().filter(|event| event.change.services().contains(&service_id)).collect();
    let mut state = ServiceState::default();
    for event in order::sort(of_service, |event| &event.place) {
        step(&mut state, service_id, event);
    }
    state
}

/// Whether a notice among `events` that stands after this one speaks of the same packages: then this
/// one is older than what is known.
#[must_use]
pub fn is_superseded(service_id: &str, event: &Event, events: &[Event]) -> bool {
    let of_service = events.iter().filter(|e| e.change.services().contains(&service_id)).collect();
    let sorted = order::sort(of_service, |e: &&Event| &e.place);
    let later = sorted.iter().rev().take_while(|e| e.place != event.place);
    let packages = event.change.packages(service_id);
    later.into_iter().any(|e| overlap(packages.as_deref(), e.change.packages(service_id).as_deref()))
}

fn overlap(a: Option<&[&str]>, b: Option<&[&str]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.iter().any(|package| b.contains(package)),
        _ => true,
    }
}

/// Applies a notice that stands after all that `state` has seen.
pub fn step(state: &mut ServiceState, service_id: &str, event: &Event) -> Effect {
    state.newest = state.newest.with(&event.place);
    let changed = match &event.change {
        Change::Register { terms, .. } => {
            let replaced = terms.exclusive && replace_others(state, terms, event.place.time());
            register(state, event, terms) | replaced
        }
        Change::Cancel(Scope::Services(_)) => {
            let at = event.place.time();
            state.subscriptions.iter_mut().fold(false, |changed, held| cancel(held, at) | changed)
        }
        Change::Cancel(Scope::Packages(packages)) => {
            let of_service = packages.iter().filter(|terms| terms.service_id == service_id);
            of_service.fold(false, |changed, terms| cancel_package(state, event, terms) | changed)
        }
    };
    if changed { Effect::Changed } else { Effect::Unchanged }
}

/// Another package of an exclusive service takes over: judged at the other register's event time, so
/// what had lapsed by then stays lapsed.
fn replace_others(state: &mut ServiceState, terms: &Terms, at: Timestamp) -> bool {
    let mut changed = false;
    for other in &mut state.subscriptions {
        if other.terms.package_id != terms.package_id && other.state(at).is_in_force() {
            end(other, Standing::Replaced, at);
            changed = true;
        }
    }
    changed
}

fn register(state: &mut ServiceState, event: &Event, terms: &Arc<Terms>) -> bool {
    let at = event.place.time();
    let place = match find(state, &terms.package_id) {
        Ok(place) => place,
        Err(place) => {
            state.subscriptions.insert(place, begun(event, terms));
            return true;
        }
    };
    let subscription = &mut state.subscriptions[place];
    let before = subscription.clone();
    let goes_on = subscription.state(at).is_in_force();
    *subscription = begun(event, terms);
    if let (true, Some(old), Some(new)) = (goes_on, &before.run, &mut subscription.run) {
        (new.founder, new.starts_at) = (old.founder, old.starts_at);
    } else {
        state.past.extend(before.run.clone());
    }
    let subscription = &mut state.subscriptions[place];
    let changed = Subscription { updated_at: before.updated_at, ..subscription.clone() } != before;
    if !changed {
        *subscription = before;
    }
    changed
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
    let grace_days = if auto_renew { i64::from(terms.grace_days) } else { 0 };
    Run {
        terms: Arc::clone(terms),
        founder: event.place.tie,
        starts_at: at,
        expires_at,
        lapses_at: expires_at.plus_ms(grace_days * DAY_MS),
        auto_renew,
        ended_at: None,
    }
}

fn cancel_package(state: &mut ServiceState, event: &Event, terms: &Arc<Terms>) -> bool {
    let at = event.place.time();
    match find(state, &terms.package_id) {
        Ok(place) => cancel(&mut state.subscriptions[place], at),
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

fn cancel(subscription: &mut Subscription, at: Timestamp) -> bool {
    let changed = subscription.standing != Standing::Cancelled;
    if changed {
        end(subscription, Standing::Cancelled, at);
    }
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
