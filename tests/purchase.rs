//! Purchases as buyers live them, of the real binary: from the list of packages by each way to pay, with a coupon and
//! without, to one service that every surface calls by one id; what does not pay; and what holds whatever comes at once
//! or dies in between. Whatever the ledger's engine.

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
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/said.rs"]
mod said;
#[path = "support/shop.rs"]
mod shop;
#[path = "support/signed.rs"]
mod signed;

#[path = "purchase/carrier.rs"]
mod carrier;
#[path = "purchase/journey.rs"]
mod journey;
#[path = "purchase/kills.rs"]
mod kills;
#[path = "purchase/receives.rs"]
mod receives;
#[path = "purchase/steps.rs"]
mod steps;
#[path = "purchase/stray.rs"]
mod stray;
