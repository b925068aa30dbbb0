//! The table of coupons that accounts have received.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ids::UserAccount;
use crate::ledger::StoreError;
use crate::order::coupon::{Coupon, CouponState};
use crate::order::id::{CouponCode, OrderId};

/// What an account's coupons of one kind are found by.
pub(in crate::ledger) fn claim(coupon: &str, account: &UserAccount) -> String {
    // Neither has a blank in it.
    format!("{coupon} {}", account.in_full())
}

impl Record for Coupon {
    const TABLE: &'static Table = &Table {
        name: "coupon",
        columns: &[
            ("code", Type::Text),
            ("coupon_id", Type::Text),
            ("account", Type::Text),
            ("terms", Type::Text),
            ("received_at", Type::Int),
            ("state", Type::Text),
            ("order_id", Type::Text),
            ("held_until", Type::Int),
            ("claim", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        let (state, order, until): (_, Option<&OrderId>, Option<Timestamp>) = match &self.state {
            CouponState::Unused => ("unused", None, None),
            CouponState::Held(order, until) => ("held", Some(order), Some(*until)),
            CouponState::Used(order) => ("used", Some(order), None),
        };
        vec![
            self.code.as_str().into(),
            (&self.terms.id).into(),
            self.account.in_full().into(),
            serde_json::json!(self.terms).to_string().into(),
            self.received_at.into(),
            state.into(),
            order.map(OrderId::as_str).into(),
            until.into(),
            claim(&self.terms.id, &self.account).into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        let code = row.word(CouponCode::parse)?;
        row.text()?;
        let account = row.word(|text| UserAccount::from_full(text).ok())?;
        let (terms, received_at, state) = (row.json()?, row.time()?, row.text()?);
        let (order, until) = (row.word_or_none(OrderId::parse)?, row.time_or_none()?);
        let state = match (state.as_str(), order, until) {
            ("unused", None, None) => CouponState::Unused,
            ("held", Some(order), Some(until)) => CouponState::Held(order, until),
            ("used", Some(order), None) => CouponState::Used(order),
            _ => return Err(StoreError::broken("a coupon is what no gateway wrote")),
        };
        Ok(Self { code, account, terms, received_at, state })
    }
}
