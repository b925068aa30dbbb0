//! Coupons received: how many there are of one, and how many an account may have, hold whoever asks at once.

use super::lock;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::ids::UserAccount;
use crate::ledger::commit::Deed;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Locks, Store};
use crate::ledger::tables::coupon::claim;
use crate::ledger::tables::coupon_count::CouponCount;
use crate::ledger::tables::each;
use crate::ledger::{Rules, StoreError};
use crate::order::coupon::{Coupon, CouponState, Terms};
use crate::order::id::CouponCode;

/// Coupons that an account wants to receive, each for itself: a part may fail.
#[derive(Debug, Clone)]
pub struct ReceiveCoupons {
    /// Who.
    pub account: UserAccount,
    /// Which; one that is named twice is wanted twice.
    pub wanted: Vec<Wanted>,
    /// The time.
    pub now: Timestamp,
}

/// A coupon to receive.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The catalog's id of it.
    pub coupon: String,
    /// What it is to be called at its owner: random, of this call alone ([`CouponCode::draw`]).
    pub code: CouponCode,
}

/// What came of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// The account has it.
    Done(CouponCode),
    /// The catalog has no such coupon.
    NoSuch,
    /// It is not in its time.
    NotNow,
    /// None are left.
    Gone,
    /// The account has had as many as it may.
    Had,
}

impl Deed for ReceiveCoupons {
    /// In the order of what is wanted.
    type Answer = Vec<Received>;

    fn locks(&self) -> Vec<Lock> {
        self.wanted.iter().map(|wanted| lock::stock(&wanted.coupon)).collect()
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Vec<Received>, StoreError> {
        for lock in self.locks() {
            store.lock(lock)?;
        }
        let known =
            |wanted: &&Wanted| rules.catalog.coupons().iter().any(|coupon| coupon.id == wanted.coupon);
        // All that any of them reads is asked for before the first of them is written.
        each(self.wanted.iter().filter(known), |wanted| counted(store, wanted, &self.account))?;
        self.wanted.iter().map(|wanted| receive(store, &rules.catalog, self, wanted)).collect()
    }
}

/// How many of a coupon were received, and how many by an account.
fn counted(
    store: &mut (impl Writes<CouponCount> + Writes<Coupon>),
    wanted: &Wanted,
    account: &UserAccount,
) -> Result<(i64, usize), StoreError> {
    let count = store.get::<CouponCount>(&wanted.coupon);
    let own = store.list::<Coupon>("claim", claim(&wanted.coupon, account));
    Ok((count?.map_or(0, |count| count.received), own?.len()))
}

fn receive(
    store: &mut (impl Locks + Writes<CouponCount> + Writes<Coupon>),
    catalog: &Catalog,
    asked: &ReceiveCoupons,
    wanted: &Wanted,
) -> Result<Received, StoreError> {
    let Some(coupon) = catalog.coupons().iter().find(|coupon| coupon.id == wanted.coupon) else {
        return Ok(Received::NoSuch);
    };
    if !(coupon.starts_at..coupon.ends_at).contains(&asked.now) {
        return Ok(Received::NotNow);
    }
    let (received, own) = counted(store, wanted, &asked.account)?;
    if own >= usize::try_from(coupon.per_account).unwrap_or(usize::MAX) {
        return Ok(Received::Had);
    }
    if coupon.stock.is_some_and(|stock| received >= i64::from(stock)) {
        return Ok(Received::Gone);
    }
    store.save(&Coupon {
        code: wanted.code.clone(),
        account: asked.account.clone(),
        terms: Terms::of(coupon, catalog.packages()),
        received_at: asked.now,
        state: CouponState::Unused,
    })?;
    store.save(&CouponCount { coupon: coupon.id.clone(), received: received + 1 })?;
    Ok(Received::Done(wanted.code.clone()))
}
