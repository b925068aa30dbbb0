//! VSAAS.IO billing, API v1: tariff plans, and the organizations that have them. Billing tells Watcher what is
//! done here, and Watcher tells billing nothing; it computes once a day and is not to be polled. Leaves what is
//! done with either to the commands and to the provider of kind `watcher`.
//!
//! ```text
//! organization   an organization with its tariffs
//! tariff         a tariff plan
//! ```

mod organization;
mod tariff;

use secrecy::ExposeSecret;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::rest::{Call, Rest};
use crate::config::BillingRemote;
use crate::providers::{ClientError, Fault};

pub use organization::{NewOrganization, Organization};
pub use tariff::Tariff;

/// No list read is longer, in bytes: lists here come whole, and an organization with its tariffs has about one
/// thousand.
const LIST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Calls billing as an administrator of the domain.
pub struct Client(Rest);

fn headers(settings: &BillingRemote) -> [(&'static str, &str); 3] {
    [
        ("x-user", settings.user.as_str()),
        ("x-password", settings.password.expose_secret()),
        ("x-domain-id", settings.domain_id.as_str()),
    ]
}

impl Client {
    /// Builds the client; nothing is called yet. `provider` is for the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(provider: &str, settings: &BillingRemote) -> Result<Self, ClientError> {
        let base = format!("{}/api/v1", settings.base_url);
        // Nothing says of a key alone that it is good; all who may call may read the tariffs.
        Rest::new(provider, "billing", base, &headers(settings), &["/tariff_plans"], settings.timeout_ms)
            .map(Self)
    }

    /// A list, which comes whole.
    async fn list<T: DeserializeOwned>(&self, call: Call, deadline: Instant) -> Result<Vec<T>, Fault> {
        self.0.rows(call.long(LIST_BYTES_MAX), deadline).await.map(|list| list.rows)
    }

    /// Takes the password of other settings.
    pub(super) fn renew(&self, settings: &BillingRemote) -> Result<(), ClientError> {
        self.0.renew(&headers(settings))
    }
}
