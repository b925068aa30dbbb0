//! What an account, or a number's devices, bought and were given: for the whole story of either.

use sqlx::Row;

use super::{Device, Moved};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::{Ledger, StoreError};
use crate::order::Order;
use crate::order::coupon::Coupon;
use crate::order::payment::Payment;
use crate::service::holdings::Holdings;
use crate::stock::Code;

/// The newest that are told of; older ones are in their lists.
const ROWS_MAX: u32 = 500;

/// Those that are bound to an account, and those on which something lives that it paid for.
const DEVICES: &str = "/* account devices */ SELECT id FROM device WHERE account = $1 \
    UNION SELECT open_on FROM service WHERE account = $1 AND place IS NOT NULL AND open_on IS NOT NULL \
    ORDER BY 1 LIMIT $2";

const ON_NUMBER: &str = "WHERE device_id IN (SELECT id FROM device WHERE msisdn = $1)";
const NEWEST: &str = "ORDER BY created_at DESC, id DESC LIMIT $2";
const LAST: &str = "ORDER BY received_at DESC, key DESC LIMIT $2";

impl Ledger {
    /// The orders that were made for a number's devices, the newest first.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub async fn orders_on(&self, number: &Msisdn) -> Result<Vec<Order>, StoreError> {
        self.select(&format!("{ON_NUMBER} {NEWEST}"), vec![number.in_full().into(), ROWS_MAX.into()]).await
    }

    /// The payments for those, the last heard of first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn payments_on(&self, number: &Msisdn) -> Result<Vec<Payment>, StoreError> {
        let tail = format!("WHERE order_id IN (SELECT id FROM vas_order {ON_NUMBER}) {LAST}");
        self.select(&tail, vec![number.in_full().into(), ROWS_MAX.into()]).await
    }

    /// The coupons of the accounts that have a number's devices, the last received first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn coupons_on(&self, number: &Msisdn) -> Result<Vec<Coupon>, StoreError> {
        let tail = "WHERE account IN (SELECT account FROM device WHERE msisdn = $1) \
                    ORDER BY received_at DESC, code LIMIT $2";
        self.select(tail, vec![number.in_full().into(), ROWS_MAX.into()]).await
    }

    /// The vouchers that were used on a number's devices, the newest first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn vouchers_on(&self, number: &Msisdn) -> Result<Vec<Code>, StoreError> {
        let tail = format!("{ON_NUMBER} AND voucher IS NOT NULL ORDER BY used_at DESC, key LIMIT $2");
        self.select(&tail, vec![number.in_full().into(), ROWS_MAX.into()]).await
    }

    /// What was moved to a number's devices or away from them, the newest first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn transfers_on(&self, number: &Msisdn) -> Result<Vec<Moved>, StoreError> {
        let tail = "WHERE from_device IN (SELECT id FROM device WHERE msisdn = $1) \
                    OR to_device IN (SELECT id FROM device WHERE msisdn = $1) ORDER BY id DESC LIMIT $2";
        self.select(tail, vec![number.in_full().into(), ROWS_MAX.into()]).await
    }

    /// The payments for an account's orders, the last heard of first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn payments_of(&self, account: &UserAccount) -> Result<Vec<Payment>, StoreError> {
        let tail = format!("WHERE order_id IN (SELECT id FROM vas_order WHERE account = $1) {LAST}");
        self.select(&tail, vec![account.in_full().into(), ROWS_MAX.into()]).await
    }

    /// The vouchers that an account has used, the newest first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn vouchers_of(&self, account: &UserAccount) -> Result<Vec<Code>, StoreError> {
        let tail = "WHERE account = $1 AND voucher IS NOT NULL ORDER BY used_at DESC, key LIMIT $2";
        self.select(tail, vec![account.in_full().into(), ROWS_MAX.into()]).await
    }

    /// What an account has moved, the newest first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn transfers_of(&self, account: &UserAccount) -> Result<Vec<Moved>, StoreError> {
        let tail = "WHERE account = $1 ORDER BY id DESC LIMIT $2";
        self.select(tail, vec![account.in_full().into(), ROWS_MAX.into()]).await
    }

    /// An account's devices as they stand at `now`, and those on which something that it paid for is frozen, by name.
    ///
    /// # Errors
    /// The engine's.
    pub async fn devices_of(&self, account: &UserAccount, now: Timestamp) -> Result<Vec<Device>, StoreError> {
        let query = sqlx::query(DEVICES).bind(account.in_full()).bind(i64::from(ROWS_MAX));
        let mut devices = Vec::new();
        for row in query.fetch_all(&self.0.pool).await? {
            let Ok(id) = DeviceId::parse(row.try_get("id")?) else { continue };
            let around = self.around(&id, now, Holdings::forecast).await?;
            devices.extend(around.into_iter().find(|device| device.id == id));
        }
        Ok(devices)
    }
}
