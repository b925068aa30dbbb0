//! Orders as apps see them: whose, for which device, until when, and page by page.

use std::time::Instant;

use serde_json::{Value, json};

use crate::apps::call;
use crate::gateway::{Folder, Gateway, PATIENCE};
use crate::signed::now_ms;
use crate::{alipay, kit, order, own, paid_form, payment, result, shop};

fn list(device: &str, more: Value) -> crate::Call {
    let mut asked = json!({ "deviceId": device });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    call("queryOrderList", "ann", asked)
}

fn ids(page: &Value) -> Vec<Value> {
    page["list"].as_array().unwrap().iter().map(|order| order["orderId"].clone()).collect()
}

#[test]
fn an_order_is_made_for_an_own_device() {
    let folder = Folder::new();
    let gateway = shop(&folder, "");
    own(&gateway, "ann", "cam-1");
    own(&gateway, "bob", "cam-2");
    let before = now_ms() / 1000;
    let made = order("cam-1", "ye1m7d").data(&gateway);
    let created = made["createTime"].as_i64().unwrap();
    assert!((before..=now_ms() / 1000).contains(&created));
    let expected = json!({
        "orderId": made["orderId"], "packageNo": "ye1m7d", "deviceId": "cam-1", "amount": 59_000, "discount": 0,
        "payable": 59_000, "currency": "VND", "status": 1, "createTime": created, "expireTime": created + 1800,
    });
    assert_eq!(made, expected);
    for (asked, code) in [
        (order("cam-2", "ye1m7d"), 11002),
        (order("cam-3", "ye1m7d"), 11001),
        (order("cam-2", "none"), 11002),
        (order("cam-1", "none"), 14010),
        (order("cam-1", "yc1y30d").with("countryCode", "vn"), 14011),
        (order("cam-1", "yc1y30d").with("countryCode", "VNM"), 10001),
        (order("cam 1", "none"), 10001),
        (order("cam-1", "ye1m7d").with("userAccount", Value::Null), 10001),
        (order("cam-1", "ye1m7d").with("packageNo", Value::Null), 10001),
        (order("cam-1", "ye1m7d").with("timezone", "+0700"), 10001),
        (order("cam-2", "ye1m7d").with("couponCode", "none"), 11002),
        (order("cam-1", "ye1m7d").with("couponCode", "none"), 14030),
    ] {
        assert_eq!(asked.code(&gateway), code, "{}", asked.body());
    }
    let zones = [json!(null), json!("GMT+7"), json!("Asia/Ho_Chi_Minh"), json!("25200")];
    zones.into_iter().for_each(|zone| drop(order("cam-1", "ye1m7d").with("timezone", zone).data(&gateway)));
}

#[test]
fn orders_are_listed_newest_first_twenty_a_page() {
    let folder = Folder::new();
    let gateway = shop(&folder, &kit::settings("http://127.0.0.1:9"));
    own(&gateway, "ann", "cam-1");
    own(&gateway, "bob", "cam-2");
    let empty = json!({"list": [], "pageEnd": true});
    assert_eq!(list("cam-1", json!({})).data(&gateway), empty);
    let mut made: Vec<Value> = (0..21).map(|_| order("cam-1", "fen").data(&gateway)).collect();
    made.push(order("cam-1", "ye1m7d").data(&gateway));
    assert_eq!(alipay(&gateway, &paid_form(&made[0], "t-1", "0.10")).text(), "success");
    let newest_first: Vec<Value> = made.iter().rev().map(|order| order["orderId"].clone()).collect();
    let first = list("cam-1", json!({})).data(&gateway);
    assert_eq!((ids(&first), &first["pageEnd"]), (newest_first[..20].to_vec(), &json!(false)));
    let second = list("cam-1", json!({ "lastId": newest_first[19] })).data(&gateway);
    assert_eq!((ids(&second), &second["pageEnd"]), (newest_first[20..].to_vec(), &json!(true)));
    assert_eq!(list("cam-1", json!({ "lastId": newest_first[21] })).data(&gateway), empty);
    let unknown = "A".repeat(28);
    assert_eq!(list("cam-1", json!({ "lastId": unknown })).data(&gateway), empty);
    let paid = list("cam-1", json!({"orderStatus": 0})).data(&gateway);
    assert_eq!(ids(&paid), [made[0]["orderId"].clone()]);
    let of_one = list("cam-1", json!({"orderStatus": "1", "packageNo": "ye1m7d"})).data(&gateway);
    assert_eq!(ids(&of_one), [made[21]["orderId"].clone()]);
    assert_eq!(list("cam-1", json!({"orderStatus": 2})).data(&gateway), empty);
    for (asked, code) in [
        (list("cam-1", json!({"orderStatus": 3})), 10001),
        (list("cam-1", json!({"lastId": "1"})), 10001),
        (list("cam-2", json!({})), 11002),
        (list("cam-3", json!({})), 11001),
    ] {
        assert_eq!(asked.code(&gateway), code, "{}", asked.body());
    }
}

#[test]
fn an_order_is_its_accounts_alone() {
    let folder = Folder::new();
    let gateway = shop(&folder, "");
    own(&gateway, "ann", "cam-1");
    let made = order("cam-1", "ye1m7d").data(&gateway);
    for method in ["queryPaymentResult", "createPayment"] {
        let asked = |id: Value| json!({"orderId": id, "payType": "sdp", "terminalOS": "ios"});
        assert_eq!(call(method, "bob", asked(made["orderId"].clone())).code(&gateway), 14020, "{method}");
        assert_eq!(call(method, "ann", asked(json!("A".repeat(28)))).code(&gateway), 14020, "{method}");
        assert_eq!(call(method, "ann", asked(json!("1"))).code(&gateway), 14020, "{method}");
        assert_eq!(call(method, "ann", json!({"payType": "sdp"})).code(&gateway), 10001, "{method}");
        let wrong = json!({"orderId": made["orderId"], "payType": "2"});
        assert_eq!(call(method, "ann", wrong).code(&gateway), 10001, "{method}");
    }
    assert_eq!(payment(&made, "sdp").code(&gateway), 17001, "that way is not open");
}

/// Waits until an order of `ann` is told so.
#[track_caller]
fn wait(gateway: &Gateway, order: &Value, status: i64) {
    let until = Instant::now() + PATIENCE;
    while result(gateway, order)["status"] != status {
        assert!(Instant::now() < until, "{}", gateway.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn what_is_not_paid_in_its_time_is_closed_and_gives_its_coupon_back() {
    let folder = Folder::new();
    let settings = format!(
        "[worker]\nenabled = false\n[vas]\norder_ttl_s = 60\n{}",
        kit::settings("http://127.0.0.1:9")
    );
    let gateway = shop(&folder, &settings);
    own(&gateway, "ann", "cam-1");
    let received = call("receiveCoupons", "ann", json!({"couponIds": ["few"]})).data(&gateway);
    let code = received[0]["couponCode"].clone();
    let made = order("cam-1", "fen").with("couponCode", code.clone()).data(&gateway);
    assert_eq!(made["payable"], 3);
    let id = made["orderId"].as_str().unwrap();
    // A minute is the shortest: its time is over in the ledger instead.
    let then = now_ms() - 1;
    crate::gateway::Ledger::of(&gateway.folder)
        .execute(&format!("UPDATE vas_order SET expires_at = {then}, due_at = {then} WHERE id = '{id}'"));
    wait(&gateway, &made, 2);
    assert_eq!(payment(&made, "1").code(&gateway), 14021);
    let late = alipay(&gateway, &paid_form(&made, "t-9", "0.03"));
    assert_eq!(late.text(), "success", "kept, and not to be sent again");
    assert_eq!(result(&gateway, &made)["status"], 2);
    let owned = call("queryOwnedCouponList", "ann", json!({})).data(&gateway);
    assert_eq!(owned[0]["status"], 0, "{owned}");
    let again = order("cam-1", "fen").with("couponCode", code).data(&gateway);
    assert_eq!(again["payable"], 3);
}
