//! An account's story: its devices, what it bought for them and was given, and what it moved.

use serde::Serialize;

use super::device::{DeviceJson, device};
use super::paid::{TransferJson, VoucherJson, transfer, voucher};
use super::shop::{CouponJson, OrderJson, PaymentJson, coupon, order, payment};
use crate::clock::Timestamp;
use crate::ids::UserAccount;
use crate::ledger::read::Orders;
use crate::ledger::{Ledger, StoreError};

/// The newest orders that are told; older ones are in their list.
const ORDERS_MAX: u32 = 500;

/// Everything about one account, each list newest first.
#[derive(Debug, Serialize)]
pub struct AccountStory {
    user_account: String,
    devices: Vec<DeviceJson>,
    orders: Vec<OrderJson>,
    payments: Vec<PaymentJson>,
    coupons: Vec<CouponJson>,
    vouchers: Vec<VoucherJson>,
    transfers: Vec<TransferJson>,
}

/// Tells an account's story as known at `now`.
///
/// # Errors
/// The ledger's.
pub async fn account(
    ledger: &Ledger,
    account: &UserAccount,
    now: Timestamp,
) -> Result<AccountStory, StoreError> {
    let of = Orders { account: Some(account.clone()), ..Orders::default() };
    let orders = ledger.orders(&of, now, ORDERS_MAX).await?;
    Ok(AccountStory {
        user_account: account.in_full().to_owned(),
        devices: ledger.devices_of(account, now).await?.iter().map(device).collect(),
        orders: orders.into_iter().map(|one| order(one, now)).collect(),
        payments: ledger.payments_of(account).await?.into_iter().map(payment).collect(),
        coupons: ledger.coupons(account).await?.into_iter().map(|one| coupon(one, now)).collect(),
        vouchers: ledger.vouchers_of(account).await?.into_iter().map(voucher).collect(),
        transfers: ledger.transfers_of(account).await?.into_iter().map(transfer).collect(),
    })
}
