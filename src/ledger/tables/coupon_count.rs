//! The table of how many of each coupon were received: its row is what those who take the last ones wait for.

use super::{Cell, Cells, Record, Table, Type};
use crate::ledger::StoreError;

/// How many accounts' coupons there are of one.
pub(in crate::ledger) struct CouponCount {
    /// The catalog's id of it.
    pub(in crate::ledger) coupon: String,
    pub(in crate::ledger) received: i64,
}

impl Record for CouponCount {
    const TABLE: &'static Table =
        &Table { name: "coupon_count", columns: &[("coupon_id", Type::Text), ("received", Type::Int)] };

    fn write(&self) -> Vec<Cell> {
        vec![(&self.coupon).into(), self.received.into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self { coupon: row.text()?, received: row.int()? })
    }
}
