//! Packages, coupons and promotions as written. Leaves whether they make sense to `check_shop`.

use std::rc::Rc;

use serde::Deserialize;
use toml::Table;
use toml::value::Datetime;

use super::coupon::{Coupon, CouponKind, Promotion};
use super::grant::Storage;
use super::package::{Package, TermUnit};
use super::source::{Source, fields};
use crate::clock::Timestamp;
use crate::config::{Faults, Lines};
use crate::money::{Currency, Money};

/// A package as written; what is absent or was refused is `None`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenPackage {
    pub(super) number: Option<String>,
    pub(super) name: Option<String>,
    pub(super) countries: Option<Vec<String>>,
    pub(super) service_type: Option<u32>,
    pub(super) storage_days: Option<u32>,
    pub(super) period: Option<TermUnit>,
    pub(super) period_count: Option<u32>,
    pub(super) price: Option<u64>,
    pub(super) currency: Option<String>,
    pub(super) offer: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) settings: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// A coupon as written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenCoupon {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) kind: Option<CouponKind>,
    pub(super) value: Option<u64>,
    pub(super) amount_min: Option<u64>,
    pub(super) packages: Option<Vec<String>>,
    pub(super) starts_at: Option<Datetime>,
    pub(super) ends_at: Option<Datetime>,
    pub(super) stock: Option<u32>,
    pub(super) per_account: Option<u32>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// A promotion as written.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WrittenPromotion {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) starts_at: Option<Datetime>,
    pub(super) ends_at: Option<Datetime>,
    pub(super) coupons: Option<Vec<String>>,
    #[serde(skip)]
    pub(super) source: Source,
}

/// The moment that was written; none where it has no date, no time of day or no zone.
pub(super) fn moment(written: &Datetime) -> Option<Timestamp> {
    Timestamp::from_rfc3339(&written.to_string())
}

impl WrittenPackage {
    /// Those under all `[[package]]`.
    pub(super) fn all(tables: Vec<Table>, lines: &Rc<Lines>, faults: &mut Faults) -> Vec<Self> {
        let read = |(number, table)| {
            let source = Source::of("package", number, "number", &table, lines);
            let package = fields(table, &source, faults);
            Self { source, ..package }
        };
        (1..).zip(tables).map(read).collect()
    }

    /// The price; none where a part of it is missing or wrong.
    pub(super) fn price(&self) -> Option<Money> {
        Money::of_minor(self.price?, Currency::from_code(self.currency.as_deref()?)?)
    }

    /// The package, with the defaults of what may be left out. `None` where something required is
    /// absent, which `check_shop` has reported by then.
    pub(super) fn finished(self) -> Option<Package> {
        let price = self.price()?;
        let number = self.number?;
        Some(Package {
            name: self.name.unwrap_or_else(|| number.clone()),
            number,
            countries: self.countries?,
            storage: Storage::from_service_type(self.service_type?)?,
            storage_days: self.storage_days?,
            period: self.period?,
            period_count: self.period_count.unwrap_or(1),
            price,
            offer: self.offer,
            provider: self.provider.unwrap_or_else(|| "local".to_owned()),
            settings: self.settings.unwrap_or_default(),
        })
    }
}

impl WrittenCoupon {
    /// Those under all `[[coupon]]`.
    pub(super) fn all(tables: Vec<Table>, lines: &Rc<Lines>, faults: &mut Faults) -> Vec<Self> {
        let read = |(number, table)| {
            let source = Source::of("coupon", number, "id", &table, lines);
            let coupon = fields(table, &source, faults);
            Self { source, ..coupon }
        };
        (1..).zip(tables).map(read).collect()
    }

    /// As [`WrittenPackage::finished`].
    pub(super) fn finished(self) -> Option<Coupon> {
        let id = self.id?;
        Some(Coupon {
            name: self.name.unwrap_or_else(|| id.clone()),
            id,
            kind: self.kind?,
            value: self.value?,
            amount_min: self.amount_min,
            packages: self.packages,
            starts_at: moment(&self.starts_at?)?,
            ends_at: moment(&self.ends_at?)?,
            stock: self.stock,
            per_account: self.per_account.unwrap_or(1),
        })
    }
}

impl WrittenPromotion {
    /// Those under all `[[promotion]]`.
    pub(super) fn all(tables: Vec<Table>, lines: &Rc<Lines>, faults: &mut Faults) -> Vec<Self> {
        let read = |(number, table)| {
            let source = Source::of("promotion", number, "id", &table, lines);
            let promotion = fields(table, &source, faults);
            Self { source, ..promotion }
        };
        (1..).zip(tables).map(read).collect()
    }

    /// As [`WrittenPackage::finished`].
    pub(super) fn finished(self) -> Option<Promotion> {
        let id = self.id?;
        Some(Promotion {
            title: self.title.unwrap_or_else(|| id.clone()),
            id,
            description: self.description.unwrap_or_default(),
            starts_at: moment(&self.starts_at?)?,
            ends_at: moment(&self.ends_at?)?,
            coupons: self.coupons.unwrap_or_default(),
        })
    }
}
