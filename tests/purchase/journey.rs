//! From the list of packages to a service in force, with each vendor, with a coupon and without.

use serde_json::{Value, json};

use crate::apps::call;
use crate::gateway::{Folder, Gateway};
use crate::shop::{DAY_S, in_force, payment, result};
use crate::signed::now_ms;
use crate::steps::{
    Callback, Served, choose, from_alipay, from_wechat, is_success, movable, open, served, to_alipay,
    to_wechat, wechat_double,
};

const NOWHERE: &str = "http://127.0.0.1:9";

/// The callback comes, twice: after it the order is paid, and its service is there for a week from now.
#[track_caller]
fn pays(gateway: &Gateway, order: &Value, callback: &Callback, pay_type: &str) -> Served {
    let before = now_ms() / 1000;
    assert!(is_success(&callback.send(gateway)));
    let first = served(gateway, order, Some(pay_type));
    assert!((before..=now_ms() / 1000).contains(&first.start), "{first:?}");
    assert_eq!((first.end - first.start, first.source.as_str()), (7 * DAY_S, "order"));
    assert!(is_success(&callback.send(gateway)));
    assert_eq!(served(gateway, order, Some(pay_type)), first);
    assert_eq!(movable(gateway), [first.id.as_str()], "what was paid for may be moved");
    first
}

#[test]
fn with_alipay() {
    let folder = Folder::new();
    let gateway = open(&folder, NOWHERE, "[server]\npublic_url = 'https://sdp.example.org/gw'\n");
    let made = choose(&gateway, "fen", "1", None);
    let charged = to_alipay(&gateway, &made);
    assert_eq!((&charged.amount, charged.path.as_str()), (&json!("0.10"), "/gw/vas/v1/pay/alipay"));
    // The proxy takes its own part of the path off.
    let callback = Callback { path: "/vas/v1/pay/alipay".to_owned(), ..from_alipay(&charged, "t-1") };
    pays(&gateway, &made, &callback, "1");
}

#[test]
fn with_alipay_and_a_coupon() {
    let folder = Folder::new();
    let gateway = open(&folder, NOWHERE, "");
    let made = choose(&gateway, "fen", "1", Some("few"));
    let charged = to_alipay(&gateway, &made);
    assert_eq!((&made["payable"], &charged.amount), (&json!(3), &json!("0.03")));
    pays(&gateway, &made, &from_alipay(&charged, "t-1"), "1");
    let owned = call("queryOwnedCouponList", "ann", json!({})).data(&gateway);
    assert_eq!(owned[0]["status"], 1, "used: {owned}");
}

#[test]
fn with_wechat() {
    let (folder, double) = (Folder::new(), wechat_double());
    let gateway = open(&folder, &double.base(), "");
    let made = choose(&gateway, "fen", "0", None);
    let charged = to_wechat(&gateway, &double, &made);
    assert_eq!(charged.amount, json!({"total": 10, "currency": "CNY"}));
    pays(&gateway, &made, &from_wechat(&charged, "w-1"), "0");
}

#[test]
fn with_wechat_and_a_coupon() {
    let (folder, double) = (Folder::new(), wechat_double());
    let gateway = open(&folder, &double.base(), "");
    let made = choose(&gateway, "fen", "0", Some("few"));
    let charged = to_wechat(&gateway, &double, &made);
    assert_eq!(charged.amount["total"], 3);
    pays(&gateway, &made, &from_wechat(&charged, "w-1"), "0");
}

#[test]
fn with_a_coupon_for_all_of_it() {
    let folder = Folder::new();
    let gateway = open(&folder, NOWHERE, "");
    let made = choose(&gateway, "ye1m7d", "sdp", Some("first-month"));
    let given = served(&gateway, &made, None);
    assert!((28 * DAY_S..=31 * DAY_S).contains(&(given.end - given.start)), "{given:?}");
}

#[test]
fn in_dong_with_either_vendor() {
    let (folder, double) = (Folder::new(), wechat_double());
    let gateway = open(&folder, &double.base(), "");
    let made = choose(&gateway, "ye1m7d", "1", None);
    let charged = to_alipay(&gateway, &made);
    assert_eq!(charged.amount, json!("59000"), "dong has no minor unit");
    let info = payment(&made, "1").data(&gateway);
    assert!(info["orderString"].as_str().unwrap().contains("trans_currency"), "dong are no yuan: {info}");
    assert!(is_success(&from_alipay(&charged, "t-1").send(&gateway)));
    let first = served(&gateway, &made, Some("1"));
    assert!((28 * DAY_S..=31 * DAY_S).contains(&(first.end - first.start)), "{first:?}");
    let made = choose(&gateway, "ye1m7d", "0", Some("tet-20"));
    let charged = to_wechat(&gateway, &double, &made);
    assert_eq!(charged.amount, json!({"total": 47_200, "currency": "VND"}));
    assert!(is_success(&from_wechat(&charged, "w-1").send(&gateway)));
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &json!("0")), "{told}");
    assert_eq!(in_force(&gateway, "cam-1").len(), 1, "it waits behind the first");
    assert_eq!(movable(&gateway).len(), 2);
}

#[test]
fn a_second_order_goes_on_where_the_first_ends() {
    let folder = Folder::new();
    let gateway = open(&folder, NOWHERE, "");
    let orders = [choose(&gateway, "fen", "1", None), choose(&gateway, "fen", "1", Some("few"))];
    let charged = orders.each_ref().map(|made| to_alipay(&gateway, made));
    for (charged, transaction) in charged.iter().zip(["t-1", "t-2"]) {
        assert!(is_success(&from_alipay(charged, transaction).send(&gateway)));
    }
    let services = in_force(&gateway, "cam-1");
    let orders = orders.each_ref().map(|made| result(&gateway, made)["serviceId"].clone());
    assert_eq!(json!(services[0].0), orders[0], "the first is in force: {services:?}");
    let mut movable = movable(&gateway);
    movable.sort();
    let mut ids = orders.map(|id| id.as_str().unwrap().to_owned());
    ids.sort();
    assert_eq!(movable, ids);
}

#[test]
fn what_a_vendor_does_not_take_is_not_prepared() {
    let folder = Folder::new();
    let gateway = open(&folder, NOWHERE, "");
    let fen = choose(&gateway, "fen", "1", None);
    let code = |order: &Value, pay_type| payment(order, pay_type).code(&gateway);
    assert_eq!(code(&fen, "sdp"), 17001, "the carrier does not sell it");
    assert_eq!(code(&fen, "0"), 17001, "WeChat is not there");
    assert!(is_success(&from_alipay(&to_alipay(&gateway, &fen), "t-1").send(&gateway)));
    served(&gateway, &fen, Some("1"));
    assert_eq!(code(&fen, "1"), 14022);
}
