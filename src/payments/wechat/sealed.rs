//! What a callback holds, once it is verified: an event, and its resource, sealed with the merchant's key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::super::called::{Paid, Told, Unproven};
use super::WeChat;
use crate::clock::Timestamp;
use crate::money::{Currency, Money, Stated};

/// The only event that pays, and the only state.
const PAID_EVENT: &str = "TRANSACTION.SUCCESS";
const PAID_STATE: &str = "SUCCESS";

const ALGORITHM: &str = "AEAD_AES_256_GCM";

#[derive(Deserialize)]
struct Notice {
    event_type: String,
    resource: Option<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    algorithm: String,
    ciphertext: String,
    nonce: String,
    /// Absent, null and empty are one.
    associated_data: Option<String>,
}

#[derive(Deserialize)]
struct Transaction {
    appid: String,
    mchid: String,
    out_trade_no: String,
    transaction_id: Option<String>,
    trade_state: String,
    success_time: Option<String>,
    amount: Option<Amount>,
}

/// In the currency's minor unit.
#[derive(Deserialize)]
struct Amount {
    total: u64,
    currency: Option<String>,
}

impl WeChat {
    /// What a verified body says.
    pub(super) fn open(&self, body: &[u8], now: Timestamp) -> Result<Told, Unproven> {
        let notice: Notice = serde_json::from_slice(body).map_err(|_| Unproven::Unreadable)?;
        if notice.event_type != PAID_EVENT {
            return Ok(Told::Other { event: notice.event_type });
        }
        let opened = self.unseal(&notice.resource.ok_or(Unproven::Unreadable)?)?;
        let transaction: Transaction = serde_json::from_slice(&opened).map_err(|_| Unproven::Unreadable)?;
        if transaction.mchid != self.mch_id || transaction.appid != self.app_id {
            return Err(Unproven::Merchant);
        }
        if transaction.trade_state != PAID_STATE {
            return Ok(Told::Other { event: transaction.trade_state });
        }
        transaction.paid(now).map(Told::Paid).ok_or(Unproven::Unreadable)
    }

    /// The tag is the last 16 bytes of what is sealed, and has to be right.
    fn unseal(&self, resource: &Resource) -> Result<Vec<u8>, Unproven> {
        if resource.algorithm != ALGORITHM {
            return Err(Unproven::Unreadable);
        }
        let nonce: [u8; NONCE_LEN] =
            resource.nonce.as_bytes().try_into().map_err(|_| Unproven::Unreadable)?;
        let mut sealed = STANDARD.decode(&resource.ciphertext).map_err(|_| Unproven::Unreadable)?;
        let key = UnboundKey::new(&AES_256_GCM, self.api_v3_key.expose_secret().as_bytes());
        let key = LessSafeKey::new(key.map_err(|_| Unproven::Sealed)?);
        let with = Aad::from(resource.associated_data.as_deref().unwrap_or_default());
        let opened = key.open_in_place(Nonce::assume_unique_for_key(nonce), with, &mut sealed);
        opened.map(|opened| opened.to_vec()).map_err(|_| Unproven::Sealed)
    }
}

impl Transaction {
    fn paid(self, now: Timestamp) -> Option<Paid> {
        let amount = self.amount?;
        let currency = amount.currency.as_deref().map_or(Some(Currency::Cny), Currency::from_code);
        let money = Stated::Money(currency.and_then(|currency| Money::of_minor(amount.total, currency)));
        let transaction = self.transaction_id.filter(|id| !id.is_empty())?;
        let order_id = Some(self.out_trade_no).filter(|id| !id.is_empty())?;
        let paid_at = self.success_time.as_deref().and_then(Timestamp::from_rfc3339).unwrap_or(now);
        Some(Paid { transaction, order_id, money, paid_at })
    }
}
