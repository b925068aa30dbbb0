//! What camera apps buy, from the list of packages to a service in force, by each way to pay; coupons and orders; and
//! payments that come twice, late, or for another amount. Whatever the ledger's engine.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/apps.rs"]
mod apps;
#[path = "payments/double.rs"]
#[allow(dead_code, reason = "made for other tests")]
mod double;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "payments/kit.rs"]
#[allow(dead_code, reason = "made for other tests")]
mod kit;
#[path = "support/said.rs"]
mod said;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/signed.rs"]
mod signed;

#[path = "vas_shop/callbacks.rs"]
mod callbacks;
#[path = "vas_shop/coupons.rs"]
mod coupons;
#[path = "vas_shop/orders.rs"]
mod orders;
#[path = "vas_shop/purchases.rs"]
mod purchases;

use apps::Call;
use gateway::Gateway;
use shop::*;
