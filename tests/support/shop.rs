//! A gateway that sells packages to camera apps, and what apps ask of it for `ann`. The including test also includes
//! `apps`, `gateway`, `kit` and `signed`.
#![allow(dead_code, reason = "no test uses all of it")]

use serde_json::{Value, json};

use crate::apps::{Call, call};
use crate::gateway::{Answer, Folder, Gateway, request};
use crate::signed::{EFFECT, PARTNER, ask};

const CATALOG: &str = include_str!("../../config/example-shop.toml");
pub(crate) const NUMBER: &str = "84945989325";
pub(crate) const DAY_S: i64 = 86_400;

/// A gateway that sells what the example does, in fen beside it, with these settings more.
pub(crate) fn shop(folder: &Folder, more: &str) -> Gateway {
    let fen = "[[package]]\nnumber = 'fen'\nname = '100% of + 1'\ncountries = ['CN']\nservice_type = 1\n\
               storage_days = 3\nperiod = 'week'\nprice = 10\ncurrency = 'CNY'\n";
    let few = "[[coupon]]\nid = 'few'\nkind = 'amount'\nvalue = 7\npackages = ['fen']\nstock = 3\n\
               per_account = 2\nstarts_at = 2026-01-01T00:00:00Z\nends_at = 2100-01-01T00:00:00Z\n\
               [[coupon]]\nid = 'over'\nkind = 'percent'\nvalue = 1\nstarts_at = 2025-01-01T00:00:00Z\n\
               ends_at = 2026-01-01T00:00:00Z\n";
    let catalog = format!("{CATALOG}{fen}{few}");
    Gateway::start_in(
        folder.path(),
        &crate::apps::settings(folder.path(), &catalog, &format!("{PARTNER}{more}")),
    )
}

/// Binds a device over the partner surface.
#[track_caller]
pub(crate) fn bind(gateway: &Gateway, path: &str, account: &str) {
    let headers = [("Authorization", "Bearer app-token")];
    let body = json!({ "user_account": account }).to_string();
    let answer = request(gateway.main, "PUT", path, &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Binds a device to an account alone.
#[track_caller]
pub(crate) fn own(gateway: &Gateway, account: &str, device: &str) {
    bind(gateway, &format!("/v1/accounts/{account}/devices/{device}"), account);
}

/// An order of a package for a device of `ann`.
pub(crate) fn order(device: &str, package: &str) -> Call {
    call("createOrder", "ann", json!({"deviceId": device, "packageNo": package, "timezone": 25200}))
}

/// What became of an order of `ann`.
#[track_caller]
pub(crate) fn result(gateway: &Gateway, order: &Value) -> Value {
    call("queryPaymentResult", "ann", json!({ "orderId": order["orderId"] })).data(gateway)
}

/// What an app is given to pay an order of `ann` with.
pub(crate) fn payment(order: &Value, pay_type: &str) -> Call {
    let asked = json!({"orderId": order["orderId"], "payType": pay_type, "terminalOS": "android"});
    call("createPayment", "ann", asked)
}

/// What is in force on a device of `ann`: id, start and end in seconds.
#[track_caller]
pub(crate) fn in_force(gateway: &Gateway, device: &str) -> Vec<(String, i64, i64)> {
    let told = ask(EFFECT, "ann", device).result(gateway);
    let row = |row: &Value| {
        let second = |field: &str| row[field].as_i64().unwrap().div_euclid(1000);
        (row["orderNum"].as_str().unwrap().to_owned(), second("serverStartTime"), second("serverEndTime"))
    };
    told["data"].as_array().unwrap().iter().map(row).collect()
}

/// Posts a callback of Alipay's.
pub(crate) fn alipay(gateway: &Gateway, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    request(gateway.main, "POST", "/vas/v1/pay/alipay", &headers, form.as_bytes())
}

/// Alipay's word that an order was paid, as that transaction.
pub(crate) fn paid_form(order: &Value, transaction: &str, amount: &str) -> String {
    let id = order["orderId"].as_str().unwrap();
    crate::kit::alipay_form(&[("out_trade_no", id), ("trade_no", transaction), ("total_amount", amount)])
}
