//! The offers a number can be subscribed to, and which of them a message of the carrier means; the packages, coupons
//! and promotions of camera apps. Read and checked whole at start; leaves what a subscription to an offer does to
//! `subscription`.

mod check;
mod check_shop;
mod coupon;
mod grant;
mod offer;
mod package;
mod read;
mod report;
mod resolve;
mod shop;
mod source;

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;

pub use coupon::{Coupon, CouponKind, Promotion};
pub use grant::{Delivery, Grant, GrantKind, Storage};
pub use offer::{Offer, Period};
pub use package::{Package, TermUnit};
pub use resolve::{Cancelled, Resolved, Sent};

use crate::config::{CatalogFile, Faults, Provider};
use shop::{WrittenCoupon, WrittenPackage, WrittenPromotion};

/// The catalog as shipped.
pub const SHIPPED_TOML: &str = include_str!("../config/catalog.toml");

/// All of it, in the order of the file. No two offers share an id, or a service and package id.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    offers: Vec<Offer>,
    packages: Vec<Package>,
    coupons: Vec<Coupon>,
    promotions: Vec<Promotion>,
    /// service_id → package_id → place in `offers`.
    by_ids: HashMap<String, HashMap<String, usize>>,
}

impl Catalog {
    /// Reads the file that `settings` name, or the shipped catalog where they name none and there is
    /// none. Grants may name the `providers` and `local`; `carrier_grace_days` is the grace of offers
    /// without their own.
    ///
    /// # Errors
    /// All faults at once, each with file, offer and key.
    pub fn load(
        settings: &CatalogFile,
        providers: &BTreeMap<String, Provider>,
        carrier_grace_days: u32,
    ) -> Result<Self, Faults> {
        let file = settings.path.display().to_string();
        match std::fs::read_to_string(&settings.path) {
            Ok(text) => Self::parse(&text, &file, providers, carrier_grace_days),
            Err(error) if error.kind() == ErrorKind::NotFound && settings.is_default() => {
                let file = format!("{file} (built in)");
                Self::parse(SHIPPED_TOML, &file, providers, carrier_grace_days)
            }
            Err(error) => {
                let mut faults = Faults::default();
                faults.push(file, "", format!("cannot be read: {error}"));
                Err(faults)
            }
        }
    }

    /// Reads a catalog's text; faults name it `file`.
    ///
    /// # Errors
    /// As [`Catalog::load`].
    pub fn parse(
        text: &str,
        file: &str,
        providers: &BTreeMap<String, Provider>,
        carrier_grace_days: u32,
    ) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let written = read::read(text, file, &mut faults);
        check::check(&written.offers, providers, &mut faults);
        check_shop::check(&written, providers, &mut faults);
        faults.into_result()?;
        let offers = written.offers.into_iter().filter_map(|offer| offer.finished(carrier_grace_days));
        Ok(Self {
            packages: written.packages.into_iter().filter_map(WrittenPackage::finished).collect(),
            coupons: written.coupons.into_iter().filter_map(WrittenCoupon::finished).collect(),
            promotions: written.promotions.into_iter().filter_map(WrittenPromotion::finished).collect(),
            ..Self::of(offers.collect())
        })
    }

    fn of(offers: Vec<Offer>) -> Self {
        let mut by_ids: HashMap<String, HashMap<String, usize>> = HashMap::new();
        for (at, offer) in offers.iter().enumerate() {
            by_ids.entry(offer.service_id.clone()).or_default().insert(offer.package_id.clone(), at);
        }
        Self { offers, by_ids, ..Self::default() }
    }

    /// All offers, in the order of the file.
    #[must_use]
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// What camera apps sell, in the order of the file. No two share a number.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The package of a number.
    #[must_use]
    pub fn package(&self, number: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.number == number)
    }

    /// Coupons, in the order of the file. No two share an id.
    #[must_use]
    pub fn coupons(&self) -> &[Coupon] {
        &self.coupons
    }

    /// Promotions, in the order of the file. No two share an id.
    #[must_use]
    pub fn promotions(&self) -> &[Promotion] {
        &self.promotions
    }

    /// The offer of these ids.
    #[must_use]
    pub fn offer(&self, service_id: &str, package_id: &str) -> Option<&Offer> {
        let at = self.by_ids.get(service_id)?.get(package_id)?;
        self.offers.get(*at)
    }
}
