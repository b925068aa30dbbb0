//! What a notice changes beyond its subscription: the number's devices get their new rights, entitlements that are
//! delivered as a code get or lose it, and an order that was waiting for the carrier is paid, in the notice's own
//! transaction.
//!
//! A number without devices and codes costs a look-up, which a server is asked in the same trip as the
//! rest.

use std::collections::BTreeMap;

use super::delivery::{deliver, is_by_code};
use super::holding::{Holding, Holds, states};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::records::Writes;
use crate::ledger::shop::sdp;
use crate::order::Order;
use crate::order::payment::Payment;
use crate::subscription::ServiceState;
use crate::subscription::decide::{Change, Scope};

/// The numbers whose fold one write changes, each with what it held before, where that matters.
#[derive(Default)]
pub(in crate::ledger) struct Watch {
    before: BTreeMap<Msisdn, Vec<ServiceState>>,
    /// Offers that one of them was charged for.
    sold: Vec<(Msisdn, String)>,
}

impl Watch {
    /// A number's fold of a service, as it is in `state`, is about to change.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) fn before(
        &mut self,
        store: &mut impl Holds,
        number: &Msisdn,
        change: &Change,
        state: &ServiceState,
    ) -> Result<(), StoreError> {
        let is_watched = self.before.contains_key(number);
        if !is_watched && (touches_codes(change, state) || store.has_devices(number)?) {
            self.before.insert(number.clone(), states(store, number)?);
        }
        Ok(())
    }

    /// All of a number's folds, as they are in `states`, are about to change.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) fn whole(
        &mut self,
        store: &mut impl Holds,
        number: &Msisdn,
        states: &[ServiceState],
    ) -> Result<(), StoreError> {
        let mut held = states.iter().flat_map(|state| &state.subscriptions);
        let by_code = held.any(|held| held.run.as_ref().is_some_and(|run| is_by_code(&run.terms)));
        if by_code || store.has_devices(number)? {
            self.before.insert(number.clone(), states.to_vec());
        }
        Ok(())
    }

    /// A notice that took effect registers a number for an offer. Costs nothing where that has no devices; with them,
    /// the orders say whether one waits for it: the catalog may sell the offer no more since it was made.
    pub(in crate::ledger) fn registered(&mut self, number: &Msisdn, change: &Change) {
        let Change::Register { terms, .. } = change else { return };
        if self.before.contains_key(number) {
            self.sold.push((number.clone(), terms.offer.clone()));
        }
    }

    /// All folds are what they will be, for a notice's sake. Tells whether anything may be owed for it.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) fn after(
        self,
        store: &mut (impl Holds + Writes<Order> + Writes<Payment>),
        because: NoticeId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let may_owe = !self.before.is_empty();
        for (number, before) in self.before {
            let after = states(store, &number)?;
            if store.has_devices(&number)? {
                let mut holding = Holding::of_number(store, &number, &before, now)?;
                holding.because = Some(because);
                holding.entitle(store, &after, now)?;
                holding.save(store)?;
            }
            deliver(store, &number, [&before, &after], because, now)?;
        }
        for (number, offer) in self.sold {
            sdp::settle(store, &number, &offer, because, now)?;
        }
        Ok(may_owe)
    }
}

/// Whether an entitlement that is delivered as a code may begin or end with a change.
fn touches_codes(change: &Change, state: &ServiceState) -> bool {
    let is_named = match change {
        Change::Register { terms, .. } => is_by_code(terms),
        Change::Cancel(Scope::Packages(packages)) => packages.iter().any(|terms| is_by_code(terms)),
        Change::Cancel(Scope::Services(_)) => false,
    };
    let mut runs = state.subscriptions.iter().filter_map(|held| held.run.as_ref());
    is_named || runs.any(|run| is_by_code(&run.terms))
}
