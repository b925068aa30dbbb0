//! What is sold: the catalog's packages, as apps show them.

use serde_json::{Value, json};

use super::Vas;
use super::ask::{Ask, fault};
use super::refusal::Refusal;
use crate::catalog::{Catalog, Package, Storage};

impl Vas {
    /// The packages of a kind that are sold in a country, in the catalog's order.
    pub(super) fn packages(&self, ask: &Ask<'_>) -> Result<Value, Refusal> {
        let (country, storage) = (country(ask)?, storage(ask)?);
        let catalog = self.ledger.catalog();
        let sold = |package: &&Package| {
            package.storage == storage && package.countries.iter().any(|own| *own == country)
        };
        Ok(catalog.packages().iter().filter(sold).map(|package| shown(package, &catalog)).collect())
    }
}

/// `countryCode`: two letters.
fn country(ask: &Ask<'_>) -> Result<String, Refusal> {
    let code = ask.text("countryCode")?;
    let fits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    fits.then(|| code.to_ascii_uppercase()).ok_or_else(|| fault("countryCode", "is not two letters"))
}

/// `serviceType`: 1 or 2.
fn storage(ask: &Ask<'_>) -> Result<Storage, Refusal> {
    let storage = Storage::from_service_type(ask.integer("serviceType")?);
    storage.ok_or_else(|| fault("serviceType", "is neither 1 (continuous) nor 2 (event)"))
}

fn shown(package: &Package, catalog: &Catalog) -> Value {
    json!({
        "packageNo": package.number,
        "name": package.name,
        "serviceType": package.storage.service_type(),
        "storageDays": package.storage_days,
        "period": package.period.word(),
        "periodCount": package.period_count,
        "price": package.price.minor,
        "currency": package.price.currency.code(),
        "payTypes": pay_types(package, catalog),
    })
}

/// How it can be paid for: `sdp` where its carrier's offer says what an SMS that registers is to say.
fn pay_types(package: &Package, catalog: &Catalog) -> Vec<&'static str> {
    let offer = package.offer.as_ref().and_then(|id| catalog.offers().iter().find(|offer| offer.id == *id));
    let by_sms = offer.is_some_and(|offer| offer.sms_short_code.is_some() && offer.sms_text.is_some());
    by_sms.then_some("sdp").into_iter().collect()
}
