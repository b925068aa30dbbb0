//! The camera apps' surface as apps use it: what is sold, what runs, the order of its checks and every refusal, over a
//! real socket.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/apps.rs"]
mod apps;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/signed.rs"]
mod signed;

#[path = "vas_surface/checks.rs"]
mod checks;
#[path = "vas_surface/transport.rs"]
mod transport;
#[path = "vas_surface/vouchers.rs"]
mod vouchers;

use apps::call;
use gateway::{Folder, Gateway};
use serde_json::{Value, json};
use signed::PARTNER;

/// An offer that an SMS registers, two packages of it in one country and one in another, and what runs.
pub(crate) const CATALOG: &str = "
[[offer]]
id = 'month'
service_id = '1000625'
package_id = '1003013'
period = 'month'
price = 59000
currency = 'VND'
sms_short_code = '9656'
sms_text = 'DK TH'

[[package]]
number = 'ye1m7d'
name = 'Sự kiện 7 ngày'
countries = ['VN', 'CN']
service_type = 2
storage_days = 7
period = 'month'
price = 59000
currency = 'VND'
offer = 'month'

[[package]]
number = 'yc1y30d'
countries = ['CN']
service_type = 1
storage_days = 30
period = 'year'
period_count = 2
price = 36500
currency = 'CNY'

[[coupon]]
id = 'fifth'
name = 'A fifth off'
kind = 'percent'
value = 20
starts_at = 2026-01-01T00:00:00+07:00
ends_at = 2126-01-01T00:00:00+07:00
stock = 100

[[coupon]]
id = 'ten'
kind = 'amount'
value = 10000
packages = ['ye1m7d']
starts_at = 2026-01-01T00:00:00+07:00
ends_at = 2126-01-01T00:00:00+07:00

[[promotion]]
id = 'now'
title = 'Now'
description = 'While it runs'
starts_at = 2026-01-01T00:00:00+07:00
ends_at = 2126-01-01T00:00:00+07:00
coupons = ['fifth', 'ten']

[[promotion]]
id = 'over'
starts_at = 2025-01-01T00:00:00+07:00
ends_at = 2026-01-01T00:00:00+07:00

[[promotion]]
id = 'later'
starts_at = 2125-01-01T00:00:00+07:00
ends_at = 2126-01-01T00:00:00+07:00
";

/// A gateway with that catalog and these settings.
pub(crate) fn start(folder: &Folder, more: &str) -> Gateway {
    Gateway::start_in(folder.path(), &apps::settings(folder.path(), CATALOG, more))
}

/// The numbers of the packages in an answer.
fn numbers(data: &Value) -> Vec<&str> {
    data.as_array().unwrap().iter().map(|package| package["packageNo"].as_str().unwrap()).collect()
}

#[test]
fn what_is_sold_in_a_country() {
    let folder = Folder::new();
    let gateway = start(&folder, &format!("{PARTNER}[payments.sdp]\n"));
    let list = |country: &str, kind: Value| {
        call("queryPackgeList", "ann", json!({"countryCode": country, "serviceType": kind}))
    };
    assert_eq!(
        list("VN", json!(2)).data(&gateway),
        json!([{
            "packageNo": "ye1m7d", "name": "Sự kiện 7 ngày", "serviceType": 2, "storageDays": 7,
            "period": "month", "periodCount": 1, "price": 59000, "currency": "VND", "payTypes": ["sdp"],
        }])
    );
    assert_eq!(
        list("cn", json!("1")).data(&gateway),
        json!([{
            "packageNo": "yc1y30d", "name": "yc1y30d", "serviceType": 1, "storageDays": 30,
            "period": "year", "periodCount": 2, "price": 36500, "currency": "CNY", "payTypes": [],
        }])
    );
    assert_eq!(numbers(&list("CN", json!(2)).data(&gateway)), ["ye1m7d"]);
    assert_eq!(list("VN", json!(1)).data(&gateway), json!([]));
    assert_eq!(list("DE", json!(2)).data(&gateway), json!([]), "a country where nothing is sold");
    let right = call("queryPackageList", "ann", json!({"countryCode": "VN", "serviceType": 2}));
    assert_eq!(numbers(&right.data(&gateway)), ["ye1m7d"], "spelled right");
    assert_eq!(
        numbers(&right.with("userAccount", Value::Null).data(&gateway)),
        ["ye1m7d"],
        "nobody's question"
    );
}

#[test]
fn what_runs_now() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let start = 1_767_200_400;
    let coupon = |id: &str, name: &str, kind: &str, value: i64, left: Value| json!({"couponId": id, "name": name, "kind": kind, "value": value, "left": left});
    assert_eq!(
        call("queryPromotionList", "ann", json!({})).data(&gateway),
        json!([{
            "promotionId": "now", "title": "Now", "description": "While it runs",
            "startTime": start, "endTime": start + 3_155_673_600_i64,
            "coupons": [
                coupon("fifth", "A fifth off", "percent", 20, json!(100)),
                coupon("ten", "ten", "amount", 10_000, Value::Null),
            ],
        }])
    );
}

#[test]
fn a_catalog_is_exchanged_while_apps_ask() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let list =
        || call("queryPackgeList", "ann", json!({"countryCode": "VN", "serviceType": 2})).data(&gateway);
    let price = || list()[0]["price"].as_i64().unwrap();
    assert_eq!(price(), 59_000);
    std::fs::write(folder.path().join("shop.toml"), CATALOG.replace("price = 59000", "price = 49000"))
        .unwrap();
    gateway.signal("HUP");
    // Not one of them is refused meanwhile.
    let until = std::time::Instant::now() + gateway::PATIENCE;
    while price() != 49_000 {
        assert!(std::time::Instant::now() < until, "{}", gateway.log());
    }
    std::fs::write(folder.path().join("shop.toml"), "[[package]]\nnumber = 'x'\n").unwrap();
    gateway.signal("HUP");
    gateway.logs("what was in force stays in force");
    assert_eq!(price(), 49_000);
}

#[test]
fn answers_are_counted_and_told() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let metrics = gateway.admin("/metrics").text();
    for line in [
        "sdp_gateway_vas_requests_total{method=\"useVoucher\",code=\"14042\"} 0",
        "sdp_gateway_vas_requests_total{method=\"unknown\",code=\"10003\"} 0",
        "sdp_gateway_vas_request_seconds_count{method=\"createOrder\"} 0",
    ] {
        assert!(metrics.contains(line), "{line}");
    }
    let asked = call("queryPackageList", "84945989325", json!({"countryCode": "VN", "serviceType": 2}));
    let answer = asked.sign().send(&gateway);
    let id = answer.json()["requestId"].as_str().unwrap().to_owned();
    call("queryPackges", "ann", json!({})).code(&gateway);
    let metrics = gateway.admin("/metrics").text();
    for line in [
        "sdp_gateway_vas_requests_total{method=\"queryPackgeList\",code=\"0\"} 1",
        "sdp_gateway_vas_requests_total{method=\"unknown\",code=\"10003\"} 1",
        "sdp_gateway_vas_request_seconds_count{method=\"queryPackgeList\"} 1",
        "sdp_gateway_requests_total{surface=\"vas\",class=\"2xx\"} 2",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    gateway.logs(&id);
    let log = gateway.log();
    assert!(log.contains("method=\"queryPackgeList\" partner=\"app\" account=849***"), "{log}");
    assert!(!log.contains("84945989325") && !log.contains(signed::SECRET), "{log}");
}
