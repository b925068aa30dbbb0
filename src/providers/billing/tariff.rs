//! Tariff plans of billing. Leaves making them to billing's own pages.

use serde::Deserialize;
use tokio::time::Instant;

use super::{Client, LIST_BYTES_MAX};
use crate::ids::vsaas::{PresetId, TariffId};
use crate::providers::Fault;
use crate::providers::rest::Call;

/// A tariff plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tariff {
    /// What billing calls it.
    pub id: TariffId,
    /// What Watcher calls it: the preset it became there.
    #[serde(rename = "external_id", default)]
    pub preset_id: Option<PresetId>,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Since when it applies, `dd/mm/yyyy`.
    #[serde(default)]
    pub date_from: Option<String>,
    /// Amount and currency in one text, as in `100.0 USD`.
    #[serde(default)]
    pub full_price: Option<String>,
    /// `Active`, and other words that are not known.
    #[serde(default)]
    pub status: Option<String>,
}

#[derive(Deserialize)]
struct Tariffs {
    tariff_plans: Vec<Tariff>,
}

impl Client {
    /// All tariff plans of the domain.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn tariffs(&self, deadline: Instant) -> Result<Vec<Tariff>, Fault> {
        let call = Call::get("/tariff_plans").long(LIST_BYTES_MAX);
        self.0.read(call, deadline).await.map(|list: Tariffs| list.tariff_plans)
    }
}
