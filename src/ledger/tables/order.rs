//! The table of orders: how the ledger keeps what [`crate::order`] says.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::StoreError;
use crate::money::Currency;
use crate::order::id::{CouponCode, OrderId};
use crate::order::payment::Key;
use crate::order::price::Price;
use crate::order::{Order, OrderState, Settled};
use crate::service::source::ServiceId;

/// What orders are found by that the carrier's notice of an offer can settle on a device.
pub(in crate::ledger) fn sdp_for(device: &DeviceId, offer: &str) -> String {
    // Neither has a blank in it.
    format!("{device} {offer}")
}

impl Record for Order {
    const TABLE: &'static Table = &Table {
        name: "vas_order",
        columns: &[
            ("id", Type::Text),
            ("account", Type::Text),
            ("device_id", Type::Text),
            ("package", Type::Text),
            ("sold", Type::Text),
            ("amount", Type::Int),
            ("discount", Type::Int),
            ("currency", Type::Text),
            ("coupon", Type::Text),
            ("created_at", Type::Int),
            ("expires_at", Type::Int),
            ("state", Type::Text),
            ("ended_at", Type::Int),
            ("paid_at", Type::Int),
            ("pay_type", Type::Text),
            ("transaction_id", Type::Text),
            ("service_id", Type::Text),
            ("due_at", Type::Int),
            ("sdp_for", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        let is_unpaid = self.state == OrderState::Unpaid;
        let settled = self.state.settled();
        let payment = settled.and_then(|settled| settled.payment.as_ref());
        let ended_at = match self.state {
            OrderState::Closed(at) | OrderState::Refunded(_, at) => Some(at),
            OrderState::Unpaid | OrderState::Paid(_) => None,
        };
        // With a coupon the carrier's price is not the order's.
        let offer = self.sold.offer.as_deref().filter(|_| is_unpaid && self.coupon.is_none());
        vec![
            self.id.as_str().into(),
            self.account.in_full().into(),
            self.device.as_str().into(),
            (&self.sold.package).into(),
            serde_json::json!(self.sold).to_string().into(),
            minor(self.price.amount),
            minor(self.price.discount),
            self.price.currency.code().into(),
            self.coupon.as_ref().map(CouponCode::as_str).into(),
            self.created_at.into(),
            self.expires_at.into(),
            self.state.word().into(),
            ended_at.into(),
            settled.map(|settled| settled.at).into(),
            payment.map(Key::pay_type).into(),
            payment.map(Key::transaction).into(),
            settled.and_then(|settled| settled.service.as_ref()).map(ServiceId::as_str).into(),
            is_unpaid.then_some(self.expires_at).into(),
            offer.map(|offer| sdp_for(&self.device, offer)).into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        let id = row.word(OrderId::parse)?;
        let account = row.word(|text| UserAccount::from_full(text).ok())?;
        let device = row.word(|text| DeviceId::parse(text).ok())?;
        row.text()?;
        let sold = row.json()?;
        let (amount, discount) = (row.minor()?, row.minor()?);
        let price = Price { amount, discount, currency: row.word(Currency::from_code)? };
        let coupon = row.word_or_none(CouponCode::parse)?;
        let (created_at, expires_at) = (row.time()?, row.time()?);
        let (state, ended_at) = (row.text()?, row.time_or_none()?);
        let settled = settled(row)?;
        let state = match (state.as_str(), ended_at, settled) {
            ("unpaid", None, None) => OrderState::Unpaid,
            ("closed", Some(at), None) => OrderState::Closed(at),
            ("paid", None, Some(settled)) => OrderState::Paid(settled),
            ("refunded", Some(at), Some(settled)) => OrderState::Refunded(settled, at),
            _ => return Err(StoreError::broken(format!("order {id} is {state:?}, and its times are not"))),
        };
        Ok(Self { id, account, device, sold, price, coupon, created_at, expires_at, state })
    }
}

fn settled(row: &mut Cells) -> Result<Option<Settled>, StoreError> {
    let at: Option<Timestamp> = row.time_or_none()?;
    let (pay_type, transaction) = (row.text_or_none()?, row.text_or_none()?);
    let payment = pay_type.zip(transaction).map(|(pay_type, transaction)| Key::of(&pay_type, &transaction));
    let service = row.text_or_none()?.map(ServiceId::from_stored);
    Ok(at.map(|at| Settled { at, payment, service }))
}

/// Amounts are far below what a column holds.
pub(super) fn minor(amount: u64) -> Cell {
    Cell::Int(i64::try_from(amount).unwrap_or(i64::MAX))
}
