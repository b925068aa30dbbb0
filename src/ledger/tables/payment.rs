//! The table of payments that were proven.

use super::order::minor;
use super::{Cell, Cells, Record, Table, Type};
use crate::ledger::StoreError;
use crate::money::{Currency, Money};
use crate::order::payment::{Became, Key, Payment};

impl Record for Payment {
    const TABLE: &'static Table = &Table {
        name: "payment",
        columns: &[
            ("key", Type::Text),
            ("pay_type", Type::Text),
            ("transaction_id", Type::Text),
            ("order_id", Type::Text),
            ("amount", Type::Int),
            ("currency", Type::Text),
            ("paid_at", Type::Int),
            ("received_at", Type::Int),
            ("count", Type::Int),
            ("became", Type::Text),
            ("refunded_at", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            self.key.to_string().into(),
            self.key.pay_type().into(),
            self.key.transaction().into(),
            (&self.order).into(),
            self.money.map_or(Cell::Null, |money| minor(money.minor)),
            self.money.map(|money| money.currency.code()).into(),
            self.paid_at.into(),
            self.received_at.into(),
            self.count.into(),
            self.became.word().into(),
            self.refunded_at.into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        row.text()?;
        let key = Key::of(&row.text()?, &row.text()?);
        let order = row.text()?;
        let (amount, currency) = (row.minor_or_none()?, row.word_or_none(Currency::from_code)?);
        Ok(Self {
            key,
            order,
            money: amount.zip(currency).map(|(minor, currency)| Money { minor, currency }),
            paid_at: row.time()?,
            received_at: row.time()?,
            count: row.int()?,
            became: row.word(Became::from_word)?,
            refunded_at: row.time_or_none()?,
        })
    }
}
