//! What is sold: the catalog's packages, as apps show them.

use serde_json::{Value, json};

use super::Vas;
use super::ask::{Ask, fault};
use super::refusal::Refusal;
use crate::catalog::{Catalog, Offer, Package, Storage};
use crate::payments::PayType;

impl Vas {
    /// How a package can be paid for: the ways that the settings open; at the carrier where it sells the same.
    fn pay_types(&self, package: &Package, catalog: &Catalog) -> Vec<&'static str> {
        let has_offer = offer(package.offer.as_deref(), catalog).is_some();
        let fits = |way: &PayType| self.payments.of(*way).is_some() && (*way != PayType::Sdp || has_offer);
        PayType::ALL.into_iter().filter(fits).map(PayType::word).collect()
    }

    /// The packages of a kind that are sold in a country, in the catalog's order.
    pub(super) fn packages(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let (country, storage) = (country(ask)?, storage(ask)?);
        let catalog = self.ledger.catalog();
        let sold = |package: &&Package| package.storage == storage && package.countries.contains(&country);
        let sold = catalog.packages().iter().filter(sold);
        Ok(sold.map(|package| shown(package, &self.pay_types(package, &catalog))).collect())
    }
}

/// `countryCode`: two letters.
pub(super) fn country(ask: &Ask<'_>) -> Result<String, Refusal> {
    let code = ask.text("countryCode")?;
    let fits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    fits.then(|| code.to_ascii_uppercase()).ok_or_else(|| fault("countryCode", "is not two letters"))
}

/// `serviceType`: 1 or 2.
fn storage(ask: &Ask<'_>) -> Result<Storage, Refusal> {
    let storage = Storage::from_service_type(ask.integer("serviceType")?);
    storage.ok_or_else(|| fault("serviceType", "is neither 1 (continuous) nor 2 (event)"))
}

fn shown(package: &Package, pay_types: &[&str]) -> Value {
    json!({
        "packageNo": package.number,
        "name": package.name,
        "serviceType": package.storage.service_type(),
        "storageDays": package.storage_days,
        "period": package.period.word(),
        "periodCount": package.period_count,
        "price": package.price.minor,
        "currency": package.price.currency.code(),
        "payTypes": pay_types,
    })
}

/// The carrier's offer of that id, which sells what a package does.
pub(super) fn offer<'c>(id: Option<&str>, catalog: &'c Catalog) -> Option<&'c Offer> {
    id.and_then(|id| catalog.offers().iter().find(|offer| offer.id == id))
}
