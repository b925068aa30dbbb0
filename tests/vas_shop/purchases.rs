//! A purchase by each way to pay, and by none where nothing is left to pay.

use serde_json::{Value, json};

use crate::apps::call;
use crate::double::{Double, answer};
use crate::gateway::{Folder, request};
use crate::said::register;
use crate::signed::{SECRET, now_ms, signature};
use crate::{DAY_S, NUMBER, alipay, bind, in_force, kit, order, own, paid_form, payment, result, shop};

/// The ways to pay for each package that is sold there.
fn pay_types(gateway: &crate::Gateway, country: &str, kind: u8) -> Vec<(Value, Value)> {
    let asked = call("queryPackgeList", "ann", json!({"countryCode": country, "serviceType": kind}));
    let listed = asked.data(gateway);
    let rows = listed.as_array().unwrap().iter();
    rows.map(|row| (row["packageNo"].clone(), row["payTypes"].clone())).collect()
}

#[test]
fn at_the_carrier() {
    let folder = Folder::new();
    let gateway = shop(&folder, "[payments.sdp]\n");
    assert_eq!(pay_types(&gateway, "VN", 2), [(json!("ye1m7d"), json!(["sdp"]))]);
    bind(&gateway, &format!("/v1/subscribers/{NUMBER}/devices/cam-1"), "ann");
    let made = order("cam-1", "ye1m7d").data(&gateway);
    assert_eq!((&made["payable"], &made["currency"]), (&json!(59_000), &json!("VND")));
    let info = payment(&made, "sdp").data(&gateway);
    let mut unsigned = info.clone();
    let sign = unsigned.as_object_mut().unwrap().remove("signature").unwrap();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs: Vec<_> =
        unsigned.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect();
    assert_eq!(sign, json!(signature(SECRET, &pairs)), "by the secret that asked");
    let expected = json!({
        "payType": "sdp", "smsShortCode": "9656", "smsText": "DK C30", "serviceId": "1000625",
        "packageId": "1003016", "expireTime": made["expireTime"],
    });
    assert_eq!(unsigned, expected);
    let older = payment(&made, "sdp").sign_by("unit-test-older-secret").send(&gateway).json();
    let older_sign = signature("unit-test-older-secret", &pairs);
    assert_eq!(older["data"]["signature"], json!(older_sign));
    let open = json!({
        "orderId": made["orderId"], "status": 1, "payType": null, "payTime": null, "serviceId": null,
    });
    assert_eq!(result(&gateway, &made), open);
    register("1", NUMBER).with("package_id", "1003016").tell(&gateway);
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &json!("sdp")), "{told}");
    let services = in_force(&gateway, "cam-1");
    assert_eq!(services.len(), 1, "the order adds none: {services:?}");
    assert_eq!(told["serviceId"], json!(services[0].0));
    assert_eq!(payment(&made, "sdp").code(&gateway), 14022);
}

#[test]
fn with_alipay() {
    let folder = Folder::new();
    let settings = kit::settings("http://127.0.0.1:9");
    let gateway = shop(&folder, &format!("[server]\npublic_url = 'https://sdp.example.org/gw'\n{settings}"));
    assert_eq!(pay_types(&gateway, "CN", 1)[1], (json!("fen"), json!(["1", "0"])));
    assert_eq!(pay_types(&gateway, "VN", 2), [(json!("ye1m7d"), json!(["sdp", "1", "0"]))], "dong too");
    own(&gateway, "ann", "cam-1");
    let made = order("cam-1", "fen").data(&gateway);
    let info = payment(&made, "1").data(&gateway);
    assert_eq!(info["payType"], "1");
    let sent: Vec<(String, String)> =
        form_urlencoded::parse(info["orderString"].as_str().unwrap().as_bytes()).into_owned().collect();
    let (sign, signed): (Vec<_>, Vec<_>) = sent.into_iter().partition(|(name, _)| name == "sign");
    assert!(kit::MERCHANT.verifies(kit::plain(&signed).as_bytes(), &sign[0].1), "{info}");
    let field = |name: &str| &signed.iter().find(|(own, _)| own == name).unwrap().1;
    assert_eq!(field("notify_url"), "https://sdp.example.org/gw/vas/v1/pay/alipay");
    let content: Value = serde_json::from_str(field("biz_content")).unwrap();
    assert_eq!(content["out_trade_no"], made["orderId"]);
    assert_eq!((&content["total_amount"], &content["subject"]), (&json!("0.10"), &json!("100% of + 1")));
    let before = now_ms() / 1000;
    let called = alipay(&gateway, &paid_form(&made, "t-1", "0.10"));
    assert_eq!((called.status, called.text().as_str()), (200, "success"));
    assert_eq!(called.header("content-type"), Some("text/plain; charset=utf-8"));
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &json!("1")), "{told}");
    let services = in_force(&gateway, "cam-1");
    let (id, start, end) = &services[0];
    assert_eq!((json!(id), services.len(), end - start), (told["serviceId"].clone(), 1, 7 * DAY_S));
    assert!((before..=now_ms() / 1000).contains(start));
}

#[test]
fn with_wechat() {
    let double = Double::start(|_| {
        let body = "{\"prepay_id\":\"wx28195959\"}";
        let signed = kit::signed(&kit::VENDOR, kit::PUBLIC_KEY_ID, now_ms() / 1000, body.as_bytes());
        answer("200 OK", &signed, body)
    });
    let folder = Folder::new();
    let gateway = shop(&folder, &kit::settings(&double.base()));
    own(&gateway, "ann", "cam-1");
    let made = order("cam-1", "fen").data(&gateway);
    let info = payment(&made, "0").data(&gateway);
    assert_eq!(
        (&info["prepayid"], &info["partnerid"]),
        (&json!("wx28195959"), &json!(kit::MCH_ID)),
        "{info}"
    );
    let asked: Value = serde_json::from_str(&double.asked()[0].body).unwrap();
    assert_eq!(asked["out_trade_no"], made["orderId"]);
    assert_eq!(asked["amount"]["total"], 10);
    let host = format!("https://{}/vas/v1/pay/wechat", gateway.main);
    assert_eq!(asked["notify_url"], json!(host), "as the app calls us");
    let id = made["orderId"].as_str().unwrap();
    let body = kit::notice(&kit::transaction(&json!({ "out_trade_no": id })), None).to_string();
    let signed = kit::signed(&kit::CERTIFIED, kit::CERTIFICATE_SERIAL, now_ms() / 1000, body.as_bytes());
    let headers: Vec<(&str, &str)> =
        signed.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let call = || request(gateway.main, "POST", "/vas/v1/pay/wechat", &headers, body.as_bytes());
    for _ in 0..2 {
        let called = call();
        assert_eq!((called.status, called.json()["code"].clone()), (200, json!("SUCCESS")));
    }
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &json!("0")), "{told}");
    assert_eq!(told["payTime"], json!(1_795_867_198), "as WeChat says");
    assert_eq!(in_force(&gateway, "cam-1").len(), 1);
}

#[test]
fn with_a_coupon_for_all_of_it() {
    let folder = Folder::new();
    let gateway = shop(&folder, "");
    own(&gateway, "ann", "cam-1");
    let received = call("receiveCoupons", "ann", json!({"couponIds": ["first-month"]})).data(&gateway);
    let ordered = order("cam-1", "ye1m7d").with("couponCode", received[0]["couponCode"].clone());
    let made = ordered.data(&gateway);
    assert_eq!(
        (&made["amount"], &made["discount"], &made["payable"], &made["status"]),
        (&json!(59_000), &json!(59_000), &json!(0), &json!(0))
    );
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &Value::Null), "{told}");
    let (_, start, end) = &in_force(&gateway, "cam-1")[0];
    assert!((28 * DAY_S..=31 * DAY_S).contains(&(end - start)), "a month of the calendar");
    let owned = call("queryOwnedCouponList", "ann", json!({})).data(&gateway);
    assert_eq!(owned[0]["status"], 1, "used");
}
