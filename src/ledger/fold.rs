//! Notices put into the folds of the services that they speak of, and taken out of them.

use super::folded::disorder_ms;
use super::fulfil::watch::Watch;
use super::journal::Outcome;
use super::store::{Store, WritesFolds};
use super::{Rules, StoreError};
use crate::ids::Msisdn;
use crate::subscription::ServiceState;
use crate::subscription::decide::{self, Change, Effect, Event};

/// Puts an event into the fold of every service it speaks of. One effect is enough to call it
/// applied; older than what is known only where that holds for all. Tells also whether its queueID went back.
///
/// # Errors
/// The engine's.
pub(super) fn stand(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    number: &Msisdn,
    event: &Event,
) -> Result<(Outcome, bool), StoreError> {
    let disorder_ms = disorder_ms(store, rules)?;
    let (mut outcome, mut went_back) = (Outcome::Superseded, false);
    for service_id in event.change.services() {
        let state = store.state(number, service_id)?;
        watch.before(store, number, &event.change, &state)?;
        went_back |= state.newest.went_back(&event.place, disorder_ms);
        let fast = !state.subscriptions.is_empty() && decide::is_newest(&state, event, disorder_ms);
        let here = if fast {
            step(store, number, service_id, state, event)?
        } else {
            insert_into_fold(store, number, service_id, &state, event, disorder_ms)?
        };
        outcome = outcome.min(here);
    }
    Ok((outcome, went_back))
}

/// The fast path: the newest notice, arriving last.
fn step(
    store: &mut impl WritesFolds,
    number: &Msisdn,
    service_id: &str,
    before: ServiceState,
    event: &Event,
) -> Result<Outcome, StoreError> {
    let mut after = before.clone();
    let effect = decide::step(&mut after, service_id, event);
    let changed = after.subscriptions.iter().filter(|held| !before.subscriptions.contains(held));
    // A notice that says nothing new still moves the fold on: some row must say so.
    let witness = after.subscriptions.iter().take(usize::from(effect == Effect::Unchanged));
    for subscription in changed.chain(witness) {
        store.put(number, subscription, &after.newest)?;
    }
    for run in &after.past {
        store.add_past(number, run)?;
    }
    Ok(if effect == Effect::Changed { Outcome::Applied } else { Outcome::NoChange })
}

/// Any other arrival folds the whole history again.
fn insert_into_fold(
    store: &mut impl Store,
    number: &Msisdn,
    service_id: &str,
    before: &ServiceState,
    event: &Event,
    disorder_ms: i64,
) -> Result<Outcome, StoreError> {
    let mut events = store.events(number)?;
    events.push(event.clone());
    let (after, mut each) = decide::fold_each(service_id, &events, disorder_ms);
    let did = each.pop().flatten();
    if !before.subscriptions.is_empty() {
        store.clear(number, service_id)?;
    }
    write(store, number, &after)?;
    Ok(match did {
        Some((Effect::ToldAgain, _)) => Outcome::NoChange,
        Some((_, true)) => Outcome::Superseded,
        _ if after.subscriptions == before.subscriptions => Outcome::NoChange,
        _ => Outcome::Applied,
    })
}

/// Makes a service's state from the journal as it stands.
pub(super) fn refold(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    number: &Msisdn,
    change: &Change,
) -> Result<(), StoreError> {
    let (events, disorder_ms) = (store.events(number)?, disorder_ms(store, rules)?);
    for service_id in change.services() {
        let state = store.state(number, service_id)?;
        watch.before(store, number, change, &state)?;
        store.clear(number, service_id)?;
        write(store, number, &decide::fold(service_id, &events, disorder_ms))?;
    }
    Ok(())
}

/// Writes what a service's notices made of it, where nothing of it is stored.
///
/// # Errors
/// The engine's.
pub(super) fn write(
    store: &mut impl WritesFolds,
    number: &Msisdn,
    state: &ServiceState,
) -> Result<(), StoreError> {
    for subscription in &state.subscriptions {
        store.put(number, subscription, &state.newest)?;
    }
    state.past.iter().try_for_each(|run| store.add_past(number, run))
}
