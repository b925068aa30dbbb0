//! Tariff plans of billing. Leaves making them to billing's own pages.

use serde::Deserialize;
use tokio::time::Instant;

use super::Client;
use crate::ids::vsaas::{PresetId, TariffId};
use crate::providers::Fault;
use crate::providers::loose;
use crate::providers::rest::Call;

/// A tariff plan.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tariff {
    /// What billing calls it.
    pub id: TariffId,
    /// What Watcher calls it: the preset it became there.
    #[serde(rename = "external_id", default, deserialize_with = "loose::maybe")]
    pub preset_id: Option<PresetId>,
    /// Its name.
    #[serde(default, deserialize_with = "loose::text")]
    pub name: Option<String>,
    /// Since when it applies, `dd/mm/yyyy`.
    #[serde(default, deserialize_with = "loose::text")]
    pub date_from: Option<String>,
    /// Amount and currency in one text, as in `100.0 USD`.
    #[serde(default, deserialize_with = "loose::text")]
    pub full_price: Option<String>,
    /// `Active`, and other words that are not known.
    #[serde(default, deserialize_with = "loose::text")]
    pub status: Option<String>,
}

impl Client {
    /// All tariff plans of the domain.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn tariffs(&self, deadline: Instant) -> Result<Vec<Tariff>, Fault> {
        self.list(Call::get("/tariff_plans"), deadline).await
    }
}
