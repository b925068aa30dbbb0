//! What partners see of a number: who may ask, and what subscriptions and entitlements tell through
//! a subscriber's life.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

#[path = "api_partner/access.rs"]
mod access;
#[path = "api_partner/clocks.rs"]
mod clocks;
#[path = "api_partner/life.rs"]
mod life;
#[path = "api_partner/tenants.rs"]
mod tenants;

use gateway::{Answer, Gateway, request};
use serde_json::Value;

const APP: &str = "[[partner]]\nname = 'app'\ntoken = 'app-token'\n";
const NUMBER: &str = "84945989325";

/// Asks as the partner of [`APP`].
fn get(gateway: &Gateway, path: &str) -> Answer {
    request(gateway.main, "GET", path, &[("Authorization", "Bearer app-token")], b"")
}

/// A list of [`NUMBER`], `subscriptions` or `entitlements` with an optional query.
#[track_caller]
fn list(gateway: &Gateway, what: &str) -> Vec<Value> {
    let answer = get(gateway, &format!("/v1/subscribers/{NUMBER}/{what}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let name = what.split('?').next().expect("a name");
    answer.json()[name].as_array().expect("a list").clone()
}

/// The only item of a list.
#[track_caller]
fn only(gateway: &Gateway, what: &str) -> Value {
    match list(gateway, what).as_slice() {
        [one] => one.clone(),
        other => panic!("{what}: {other:#?}"),
    }
}

/// One field of every item, in order.
#[track_caller]
fn each(gateway: &Gateway, what: &str, field: &str) -> Vec<Value> {
    list(gateway, what).iter().map(|item| item[field].clone()).collect()
}
