//! Paying with Alipay and WeChat as those see it, by `openssl` and on real sockets: what we make is what they ask for,
//! and of what calls back only what is genuine is believed. The SDKs have their say in `payments_sdks`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "payments/double.rs"]
mod double;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "payments/kit.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod kit;

use double::{Double, Reply, answer};
use gateway::{Folder, Gateway, request};
use hyper::HeaderMap;
use kit::*;
use sdp_gateway::clock::Timestamp;
use sdp_gateway::money::{Currency, Money, Stated};
use sdp_gateway::payments::{Outcome, Paid, PayType, Payments, Refused, Told, Unproven};
use sdp_gateway::signature;
use serde_json::{Value, json};

const NOWHERE: &str = "http://127.0.0.1:1";

async fn prepare(
    payments: &Payments,
    pay_type: PayType,
    subject: &str,
    money: Money,
) -> Result<Value, Refused> {
    let charge = charge(subject, money);
    payments.of(pay_type).unwrap().prepare(&charge).await
}

fn paid(fen: u64, transaction: &str) -> Told {
    let paid_at = Timestamp::from_rfc3339("2026-11-28T19:59:58+08:00").unwrap();
    let (transaction, order_id) = (transaction.to_owned(), ORDER.to_owned());
    // Alipay names no currency.
    let is_alipay = transaction == ALIPAY_NO;
    let money = if is_alipay { Stated::Hundredths(fen) } else { Stated::Money(Some(kit::fen(fen))) };
    Told::Paid(Paid { transaction, order_id, money, paid_at })
}

fn alipay(body: &str) -> Result<Told, Unproven> {
    called(&payments(NOWHERE), PayType::Alipay, &HeaderMap::new(), body.as_bytes())
}

const ALIPAY_NO: &str = "2026112822001400000000000001";
const WECHAT_NO: &str = "4200002600202611280000000001";

#[tokio::test]
async fn an_order_string_is_what_alipay_asks_for() {
    let payments = payments(NOWHERE);
    for subject in SUBJECTS {
        let info = prepare(&payments, PayType::Alipay, subject, fen(10)).await.unwrap();
        assert_eq!(info["payType"], "1");
        let text = info["orderString"].as_str().unwrap();
        assert!(!text.contains('+') && text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        let sorted = "app_id biz_content charset format method notify_url sign_type timestamp version sign";
        assert_eq!(names.join(" "), sorted);
        let (sign, signed) = pairs.split_last().unwrap();
        assert!(MERCHANT.verifies(plain(signed).as_bytes(), &sign.1), "{text}");
        let of = |name: &str| pairs.iter().find(|(own, _)| own == name).unwrap().1.as_str();
        assert_eq!(of("timestamp"), "2026-11-28 20:00:00", "by Beijing's clock");
        assert_eq!(of("notify_url"), "https://sdp.example.org/gw/vas/v1/pay/alipay");
        assert_eq!((of("app_id"), of("method"), of("sign_type")), (APP_ID, "alipay.trade.app.pay", "RSA2"));
        let content: Value = serde_json::from_str(of("biz_content")).unwrap();
        assert_eq!(
            content,
            json!({
                "out_trade_no": ORDER, "product_code": "QUICK_MSECURITY_PAY", "subject": subject,
                "time_expire": "2026-11-28 20:30:00", "total_amount": "0.10",
            })
        );
    }
}

#[tokio::test]
async fn a_subject_is_fitted_to_each_vendor() {
    let double = Double::start(|_| answer("500 Internal Server Error", &HeaderMap::new(), "{}"));
    let payments = payments(&double.base());
    let long = format!("a/b=c&d{}", "云".repeat(300));
    let info = prepare(&payments, PayType::Alipay, &long, fen(10)).await.unwrap();
    let text = info["orderString"].as_str().unwrap();
    let content = form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == "biz_content").unwrap().1;
    let content: Value = serde_json::from_str(&content).unwrap();
    assert_eq!(content["subject"], format!("a b c d{}", "云".repeat(249)));
    prepare(&payments, PayType::WeChat, &long, fen(10)).await.unwrap_err();
    let body: Value = serde_json::from_str(&double.asked()[0].body).unwrap();
    assert_eq!(body["description"], format!("a/b=c&d{}", "云".repeat(40)));
}

#[tokio::test]
async fn amounts_that_are_not_of_yuan_name_their_currency() {
    let payments = payments(NOWHERE);
    let dong = Money::of_minor(59_000, Currency::Vnd).unwrap();
    let content = async |money| {
        let info = prepare(&payments, PayType::Alipay, "a", money).await.unwrap();
        let text = info["orderString"].as_str().unwrap().to_owned();
        let content =
            form_urlencoded::parse(text.as_bytes()).find(|(name, _)| name == "biz_content").unwrap().1;
        serde_json::from_str::<Value>(&content).unwrap()
    };
    let (dong, yuan) = (content(dong).await, content(fen(10)).await);
    assert_eq!((&dong["total_amount"], &dong["trans_currency"]), (&json!("59000"), &json!("VND")));
    assert_eq!((&yuan["total_amount"], yuan.get("trans_currency")), (&json!("0.10"), None));
}

#[tokio::test]
async fn registering_at_the_carrier_is_told_and_signed_as_partners_sign() {
    let payments = payments(NOWHERE);
    let dong = Money::of_minor(59_000, Currency::Vnd).unwrap();
    let way = payments.of(PayType::Sdp).unwrap();
    let mut info = prepare(&payments, PayType::Sdp, "a", dong).await.unwrap();
    let text = "expireTime=1795869000&packageId=1003013&payType=sdp&serviceId=1000625&smsShortCode=9656&smsText=DK L1";
    let signature = signature::sign(&"not-a-real-secret".into(), text);
    let expected = json!({
        "payType": "sdp", "smsShortCode": "9656", "smsText": "DK L1", "serviceId": "1000625", "packageId": "1003013",
        "expireTime": 1_795_869_000, "signature": signature,
    });
    assert_eq!(info, expected);
    assert!(way.calls_back().is_none());

    let mut charge = charge("a", dong);
    charge.registration.as_mut().unwrap().sms_text = None;
    info = way.prepare(&charge).await.unwrap();
    assert_eq!(info["smsText"], "");
    let text = text.replace("DK L1", "");
    assert_eq!(info["signature"], signature::sign(&"not-a-real-secret".into(), &text));
    charge.registration = None;
    assert_eq!(way.prepare(&charge).await.unwrap_err().word(), "not_sold");
}

#[test]
fn a_way_without_settings_is_closed() {
    let clock = sdp_gateway::clock::Clock::from_fn(|| NOW);
    let settings = config("").payments;
    let payments = Payments::build(&settings, &clock).unwrap();
    assert!(PayType::ALL.iter().all(|pay_type| payments.of(*pay_type).is_none()));
    payments.renew(&config(&kit::settings(NOWHERE)).payments).unwrap();
    assert!(PayType::ALL.iter().all(|pay_type| payments.of(*pay_type).is_some()));
    for pay_type in PayType::ALL {
        assert_eq!(PayType::from_word(pay_type.word()), Some(pay_type));
    }
}

#[test]
fn alipays_callbacks_are_believed_as_they_come() {
    let odd = [
        ("subject", "100% of it"),
        ("passback_params", "merchant%3Dx%26y"),
        ("body", ""),
        ("subject", "云存储 7 天"),
        ("body", "1+1 = 2 & more"),
        ("point_amount", "0.00"),
        ("trade_status", "TRADE_FINISHED"),
        ("out_biz_no", ""),
        ("gmt_refund", ""),
    ];
    assert_eq!(alipay(&alipay_form(&[])), Ok(paid(10, ALIPAY_NO)));
    for with in odd {
        assert_eq!(alipay(&alipay_form(&[with])), Ok(paid(10, ALIPAY_NO)), "{with:?}");
    }
    for (amount, fen) in [("0.10", 10), ("0.1", 10), ("88.88", 8888), ("100", 10_000), ("0.00", 0)] {
        assert_eq!(alipay(&alipay_form(&[("total_amount", amount)])), Ok(paid(fen, ALIPAY_NO)), "{amount}");
    }
    // Signed with its kind, as callbacks of other products are.
    let mut fields = alipay_fields(&[("sign_type", "RSA2")]);
    let sign = VENDOR.sign(plain(&fields).as_bytes());
    fields.retain(|(name, _)| name != "sign_type");
    assert_eq!(alipay(&form(&fields, &sign)), Ok(paid(10, ALIPAY_NO)));
    // Blanks as %20, and a + that was not escaped.
    assert_eq!(alipay(&alipay_form(&[]).replace('+', "%20")), Ok(paid(10, ALIPAY_NO)));
    assert_eq!(alipay(&alipay_form(&[]).replace("%2B", "+")), Ok(paid(10, ALIPAY_NO)));
    // Without a time of payment it is the callback's, and else ours.
    let at = |with: &[(&str, &str)]| match alipay(&alipay_form(with)) {
        Ok(Told::Paid(paid)) => paid.paid_at.rfc3339(),
        other => panic!("{other:?}"),
    };
    assert_eq!(at(&[("gmt_payment", "")]), "2026-11-28T12:00:00Z");
    assert_eq!(
        at(&[("gmt_payment", "soon"), ("notify_time", "2026-11-28 20:00:07")]),
        "2026-11-28T12:00:07Z"
    );
    assert_eq!(at(&[("gmt_payment", "x"), ("notify_time", "")]), NOW.rfc3339());
}

#[test]
fn what_pays_nothing_is_told_apart() {
    for (with, event) in [
        (&[("trade_status", "WAIT_BUYER_PAY")][..], "WAIT_BUYER_PAY"),
        (&[("trade_status", "TRADE_CLOSED")], "TRADE_CLOSED"),
        (&[("refund_fee", "0.10"), ("gmt_refund", "2026-11-28 20:00:00")], "TRADE_SUCCESS"),
        (&[("refund_fee", "0.01")], "TRADE_SUCCESS"),
        (&[("out_biz_no", "HZRF001")], "TRADE_SUCCESS"),
    ] {
        assert_eq!(alipay(&alipay_form(with)), Ok(Told::Other { event: event.to_owned() }), "{with:?}");
    }
}

#[test]
fn alipays_callbacks_that_are_not_genuine_are_refused() {
    let good = alipay_form(&[]);
    let fields = alipay_fields(&[]);
    let strange = form(&fields, &STRANGER.sign(plain(&fields).as_bytes()));
    let ours = form(&fields, &MERCHANT.sign(plain(&fields).as_bytes()));
    for (what, body, why) in [
        ("a stranger's", strange, Unproven::Signature),
        ("our own", ours, Unproven::Signature),
        ("another amount", good.replace("total_amount=0.10", "total_amount=0.01"), Unproven::Signature),
        ("one field more", format!("{good}&extra=1"), Unproven::Signature),
        ("one field less", good.replace("&version=1.0", ""), Unproven::Signature),
        ("SHA-1", good.replace("sign_type=RSA2", "sign_type=RSA"), Unproven::Signature),
        ("no Base64", form(&fields, "*"), Unproven::Signature),
        ("cut off", good[..good.len() - 9].to_owned(), Unproven::Signature),
        ("no signature", plain(&fields), Unproven::Unsigned),
        ("an empty one", form(&fields, ""), Unproven::Unsigned),
        ("nothing", String::new(), Unproven::Unsigned),
        ("a field twice", format!("{good}&total_amount=0.10"), Unproven::Unreadable),
        ("too many", (0..300).map(|at| format!("a{at}=&")).collect(), Unproven::Unreadable),
        ("another application", alipay_form(&[("app_id", "2021000000000002")]), Unproven::Merchant),
        ("another seller", alipay_form(&[("seller_id", "2088000000000002")]), Unproven::Merchant),
        ("no status", alipay_form(&[("trade_status", "")]).replace("trade_status", "x"), Unproven::Signature),
        ("a thousandth", alipay_form(&[("total_amount", "0.100")]), Unproven::Unreadable),
        ("less than none", alipay_form(&[("total_amount", "-0.10")]), Unproven::Unreadable),
        ("no amount", alipay_form(&[("total_amount", "")]), Unproven::Unreadable),
        ("no number", alipay_form(&[("trade_no", "")]), Unproven::Unreadable),
        ("no order", alipay_form(&[("out_trade_no", "")]), Unproven::Unreadable),
    ] {
        assert_eq!(alipay(&body), Err(why), "{what}: {body}");
    }
}

/// A callback of WeChat's, signed with either of its keys.
fn wechat(body: &Value) -> [Result<Told, Unproven>; 2] {
    let body = body.to_string();
    [(&*VENDOR, PUBLIC_KEY_ID), (&*CERTIFIED, CERTIFICATE_SERIAL)].map(|(pair, serial)| {
        let headers = signed(pair, serial, NOW_S, body.as_bytes());
        called(&payments(NOWHERE), PayType::WeChat, &headers, body.as_bytes())
    })
}

fn both(told: Result<Told, Unproven>) -> [Result<Told, Unproven>; 2] {
    [told.clone(), told]
}

#[test]
fn wechats_callbacks_are_believed_whichever_key_they_are_signed_with() {
    let good = transaction(&json!({}));
    for associated in [None, Some(json!(null)), Some(json!("")), Some(json!("transaction"))] {
        assert_eq!(
            wechat(&notice(&good, associated.clone())),
            both(Ok(paid(10, WECHAT_NO))),
            "{associated:?}"
        );
    }
    let plain = |with| wechat(&notice(&transaction(&with), None));
    assert_eq!(plain(json!({"amount": {"total": 10}})), both(Ok(paid(10, WECHAT_NO))));
    assert_eq!(plain(json!({"trade_state": "NOTPAY"})), both(Ok(Told::Other { event: "NOTPAY".to_owned() })));
    let mut refund = notice(&good, None);
    refund["event_type"] = json!("REFUND.SUCCESS");
    assert_eq!(wechat(&refund), both(Ok(Told::Other { event: "REFUND.SUCCESS".to_owned() })));
    for unknown in [json!({"success_time": null}), json!({"success_time": "now"})] {
        let [Ok(Told::Paid(paid)), _] = plain(unknown) else { panic!("not paid") };
        assert_eq!(paid.paid_at, NOW);
    }
    // The raw body is what is signed, however it is set; header names come in any case, and serials too.
    let pretty = serde_json::to_string_pretty(&notice(&good, None)).unwrap();
    for serial in
        [CERTIFICATE_SERIAL, &CERTIFICATE_SERIAL.to_lowercase(), CERTIFICATE_SERIAL.trim_start_matches('0')]
    {
        for late in [-300, 300] {
            let headers = signed(&CERTIFIED, serial, NOW_S + late, pretty.as_bytes());
            let told = called(&payments(NOWHERE), PayType::WeChat, &headers, pretty.as_bytes());
            assert_eq!(told, Ok(paid(10, WECHAT_NO)), "{serial} {late}");
        }
    }
}

#[test]
fn wechats_callbacks_that_are_not_genuine_are_refused() {
    let payments = payments(NOWHERE);
    let body = notice(&transaction(&json!({})), None).to_string();
    let tell = |headers: &HeaderMap, body: &str| called(&payments, PayType::WeChat, headers, body.as_bytes());
    let good = signed(&VENDOR, PUBLIC_KEY_ID, NOW_S, body.as_bytes());
    assert_eq!(tell(&good, &body), Ok(paid(10, WECHAT_NO)));
    let with = |name: &'static str, value: &str| {
        let mut headers = good.clone();
        headers.insert(name, value.parse().unwrap());
        headers
    };
    for (what, headers, why) in [
        ("a stranger's", signed(&STRANGER, PUBLIC_KEY_ID, NOW_S, body.as_bytes()), Unproven::Signature),
        ("the other key's", signed(&CERTIFIED, PUBLIC_KEY_ID, NOW_S, body.as_bytes()), Unproven::Signature),
        ("too old", signed(&VENDOR, PUBLIC_KEY_ID, NOW_S - 301, body.as_bytes()), Unproven::Stale),
        ("too new", signed(&VENDOR, PUBLIC_KEY_ID, NOW_S + 301, body.as_bytes()), Unproven::Stale),
        ("unknown key", signed(&VENDOR, "PUB_KEY_ID_2", NOW_S, body.as_bytes()), Unproven::UnknownSerial),
        ("unknown certificate", signed(&VENDOR, "0BADC0DE", NOW_S, body.as_bytes()), Unproven::UnknownSerial),
        ("another time", with("wechatpay-timestamp", &(NOW_S + 1).to_string()), Unproven::Signature),
        ("no time", with("wechatpay-timestamp", "now"), Unproven::Unsigned),
        ("a huge time", with("wechatpay-timestamp", "-9223372036854775808"), Unproven::Stale),
        ("another nonce", with("wechatpay-nonce", "x"), Unproven::Signature),
        ("a probe", with("wechatpay-signature", "WECHATPAY/SIGNTEST/abc"), Unproven::Signature),
        ("another kind", with("wechatpay-signature-type", "WECHATPAY2-SM3-SM2"), Unproven::Signature),
        ("no signature", with("wechatpay-signature", ""), Unproven::Unsigned),
        ("nothing", HeaderMap::new(), Unproven::Unsigned),
    ] {
        assert_eq!(tell(&headers, &body), Err(why), "{what}");
    }
    assert_eq!(tell(&good, &body.replace("支付成功", "支付失败")), Err(Unproven::Signature));
    let indented: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(tell(&good, &serde_json::to_string_pretty(&indented).unwrap()), Err(Unproven::Signature));
}

#[test]
fn what_wechat_seals_is_held_to_its_form() {
    let good = transaction(&json!({}));
    let changed = |pointer: &str, value: Value| {
        let mut all = notice(&good, Some(json!("transaction")));
        *all.pointer_mut(pointer).unwrap() = value;
        all
    };
    let sealed_with = |key: &str| seal(key, "0123456789ab", "transaction", &good.to_string());
    let mut damaged = notice(&good, None)["resource"]["ciphertext"].as_str().unwrap().to_owned();
    damaged.replace_range(3..4, if &damaged[3..4] == "A" { "B" } else { "A" });
    let mut nothing = notice(&good, None);
    nothing.as_object_mut().unwrap().remove("resource");
    for (what, body, why) in [
        (
            "another key",
            changed("/resource/ciphertext", json!(sealed_with("another-key-0123456789abcdef-abc"))),
            Unproven::Sealed,
        ),
        ("damaged", changed("/resource/ciphertext", json!(damaged)), Unproven::Sealed),
        ("its tag alone", changed("/resource/ciphertext", json!("AAAA")), Unproven::Sealed),
        ("no Base64", changed("/resource/ciphertext", json!("*")), Unproven::Unreadable),
        ("a nonce too short", changed("/resource/nonce", json!("0123")), Unproven::Unreadable),
        ("another nonce", changed("/resource/nonce", json!("0123456789ac")), Unproven::Sealed),
        ("other data with it", changed("/resource/associated_data", json!("refund")), Unproven::Sealed),
        ("no data with it", changed("/resource/associated_data", json!(null)), Unproven::Sealed),
        ("another algorithm", changed("/resource/algorithm", json!("AEAD_SM4_GCM")), Unproven::Unreadable),
        ("no resource", nothing, Unproven::Unreadable),
        ("no object", json!([]), Unproven::Unreadable),
    ] {
        assert_eq!(wechat(&body), both(Err(why)), "{what}");
    }
    for (with, why) in [
        (json!({"mchid": "1900000002"}), Unproven::Merchant),
        (json!({"appid": "wx0"}), Unproven::Merchant),
        (json!({"amount": {"total": 0.1}}), Unproven::Unreadable),
        (json!({"amount": {"total": -10}}), Unproven::Unreadable),
        (json!({"amount": {"total": "10"}}), Unproven::Unreadable),
        (json!({"amount": null}), Unproven::Unreadable),
        (json!({"transaction_id": ""}), Unproven::Unreadable),
        (json!({"transaction_id": null}), Unproven::Unreadable),
        (json!({"out_trade_no": ""}), Unproven::Unreadable),
    ] {
        assert_eq!(wechat(&notice(&transaction(&with), None)), both(Err(why)), "{with}");
    }
    // Genuine, and no amount that anything is sold for: for an operator to look at.
    for amount in [json!({"total": 10, "currency": "USD"}), json!({"total": u64::MAX})] {
        let told = wechat(&notice(&transaction(&json!({ "amount": amount })), None));
        assert!(matches!(&told[0], Ok(Told::Paid(Paid { money: Stated::Money(None), .. }))), "{told:?}");
    }
}

#[test]
fn callbacks_are_answered_in_the_vendors_grammar() {
    let payments = payments(NOWHERE);
    let answers = |pay_type, outcome| {
        let answer = calls_back(&*payments.of(pay_type).unwrap()).answer(outcome);
        (answer.status, answer.content_type, answer.body)
    };
    let text = "text/plain; charset=utf-8";
    assert_eq!(answers(PayType::Alipay, Outcome::Done), (200, text, "success".to_owned()));
    let (json, done) = ("application/json", r#"{"code":"SUCCESS","message":"OK"}"#);
    assert_eq!(answers(PayType::WeChat, Outcome::Done), (200, json, done.to_owned()));
    let refused = Unproven::ALL.map(Outcome::Unproven);
    for outcome in refused.into_iter().chain([Outcome::Later]) {
        let (status, _, body) = answers(PayType::Alipay, outcome);
        assert!((400..600).contains(&status) && body == "fail", "{outcome:?}");
        let (status, _, body) = answers(PayType::WeChat, outcome);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert!(
            (400..600).contains(&status) && body["code"] == "FAIL" && body["message"].is_string(),
            "{outcome:?}"
        );
    }
}

/// Answers with a prepay id, signed so.
fn prepared(body: &'static str, headers: impl Fn() -> HeaderMap + Send + 'static) -> Double {
    Double::start(move |_| answer("200 OK", &headers(), body))
}

const PREPARED: &str = r#"{"prepay_id":"wx28200000000000abcdef0000000001"}"#;

#[tokio::test]
async fn a_prepay_id_is_asked_for_as_wechat_has_it_and_signed_for_the_app() {
    let double = prepared(PREPARED, || signed(&VENDOR, PUBLIC_KEY_ID, NOW_S, PREPARED.as_bytes()));
    let payments = payments(&format!("{}/behind", double.base()));
    let info = prepare(&payments, PayType::WeChat, "云存储 7 天", fen(5900)).await.unwrap();
    let again = prepare(&payments, PayType::WeChat, "云存储 7 天", fen(5900)).await.unwrap();
    let asked = double.asked();
    assert_eq!(asked[0].body, asked[1].body, "the same order is the same request");
    let asked = &asked[0];
    assert_eq!(asked.line, "POST /behind/v3/pay/transactions/app HTTP/1.1");
    assert_eq!(asked.header("content-type"), "application/json");
    assert_eq!(asked.header("accept"), "application/json");
    assert_eq!(asked.header("wechatpay-serial"), PUBLIC_KEY_ID, "so that the answer is signed with that key");
    assert_eq!(
        serde_json::from_str::<Value>(&asked.body).unwrap(),
        json!({
            "appid": WX_APP_ID, "mchid": MCH_ID, "description": "云存储 7 天", "out_trade_no": ORDER,
            "time_expire": "2026-11-28T20:30:00+08:00",
            "notify_url": "https://sdp.example.org/gw/vas/v1/pay/wechat",
            "amount": {"total": 5900, "currency": "CNY"},
        })
    );
    let [mch_id, nonce, time, serial, signature] =
        ["mchid", "nonce_str", "timestamp", "serial_no", "signature"].map(|part| asked.authorized(part));
    assert_eq!((mch_id.as_str(), serial.as_str(), time), (MCH_ID, SERIAL_NO, NOW_S.to_string()));
    let message = format!("POST\n/behind/v3/pay/transactions/app\n{NOW_S}\n{nonce}\n{}\n", asked.body);
    assert!(MERCHANT.verifies(message.as_bytes(), &signature));

    let text = |name: &str| info[name].as_str().unwrap().to_owned();
    assert_eq!(text("prepayid"), "wx28200000000000abcdef0000000001");
    assert_eq!(
        (text("appid"), text("partnerid"), text("payType")),
        (WX_APP_ID.into(), MCH_ID.into(), "0".into())
    );
    assert_eq!((text("package"), text("timestamp")), ("Sign=WXPay".to_owned(), NOW_S.to_string()));
    let message = format!("{WX_APP_ID}\n{NOW_S}\n{}\n{}\n", text("noncestr"), text("prepayid"));
    assert!(MERCHANT.verifies(message.as_bytes(), &text("sign")));
    assert_ne!(info["noncestr"], again["noncestr"]);
    assert_eq!(info.as_object().unwrap().len(), 8);
}

#[tokio::test]
async fn no_answer_is_believed_that_wechat_did_not_sign() {
    let of = |pair: &'static std::sync::LazyLock<Pair>, serial, at, body: &'static str| {
        move || signed(pair, serial, at, body.as_bytes())
    };
    let html = "<html>a proxy's page</html>";
    let none = r#"{"prepay_id":""}"#;
    for (double, why) in [
        (prepared(PREPARED, HeaderMap::new), "the answer is not to be believed: a signature"),
        (
            prepared(PREPARED, of(&STRANGER, PUBLIC_KEY_ID, NOW_S, PREPARED)),
            "the answer is not to be believed: its sig",
        ),
        (
            prepared(PREPARED, of(&VENDOR, PUBLIC_KEY_ID, NOW_S, none)),
            "the answer is not to be believed: its sig",
        ),
        (
            prepared(PREPARED, of(&VENDOR, "0BAD", NOW_S, PREPARED)),
            "the answer is not to be believed: it is signed with",
        ),
        (
            prepared(PREPARED, of(&VENDOR, PUBLIC_KEY_ID, 0, PREPARED)),
            "the answer is not to be believed: its time",
        ),
        (
            prepared(html, of(&VENDOR, PUBLIC_KEY_ID, NOW_S, html)),
            "the answer cannot be read: it has no prepay_id",
        ),
        (
            prepared(none, of(&VENDOR, PUBLIC_KEY_ID, NOW_S, none)),
            "the answer cannot be read: it has no prepay_id",
        ),
    ] {
        let refused = prepare(&payments(&double.base()), PayType::WeChat, "a", fen(10)).await.unwrap_err();
        assert!(refused.to_string().starts_with(why), "{refused}, not {why}");
    }
}

#[tokio::test]
async fn whatever_fails_at_wechat_is_named() {
    let denied = r#"{"code":"PARAM_ERROR","message":"参数错误\n\u0007second line","detail":{"field":"x"}}"#;
    let huge = "x".repeat(20_000);
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", PREPARED.len(), &PREPARED[..9]);
    type Answers = Box<dyn Fn() -> Reply + Send>;
    let cases: [(&str, Answers); 8] = [
        (
            "denied: refused with status 400: PARAM_ERROR",
            Box::new(|| answer("400 Bad Request", &HeaderMap::new(), denied)),
        ),
        (
            "unreadable: the answer cannot be read: status 502",
            Box::new(|| answer("502 Bad Gateway", &HeaderMap::new(), "<html/>")),
        ),
        (
            "unreadable: the answer cannot be read: status 302",
            Box::new(|| answer("302 Found", &headers(&[("location", "http://127.0.0.1:1/")]), "")),
        ),
        (
            "unreadable: the answer cannot be read: status 204",
            Box::new(|| answer("204 No Content", &HeaderMap::new(), "")),
        ),
        (
            "unanswered: no answer: the answer is longer than",
            Box::new(move || answer("200 OK", &HeaderMap::new(), &huge)),
        ),
        ("unanswered: no answer: ", Box::new(move || Reply::Bytes(cut.clone().into_bytes()))),
        ("unanswered: no answer: ", Box::new(|| Reply::Bytes(Vec::new()))),
        ("unanswered: no answer: there was no whole answer in time", Box::new(|| Reply::Silence)),
    ];
    for (why, reply) in cases {
        let double = Double::start(move |_| reply());
        let refused = prepare(&payments(&double.base()), PayType::WeChat, "a", fen(10)).await.unwrap_err();
        let told = format!("{}: {refused}", refused.word());
        assert!(
            told.starts_with(why) && told.len() < 700 && !told.contains(['\n', '\u{7}']),
            "{told}, not {why}"
        );
        assert_eq!(double.asked().len(), 1, "asked once");
    }
    let refused = prepare(&payments(NOWHERE), PayType::WeChat, "a", fen(10)).await.unwrap_err();
    assert!(refused.to_string().starts_with("no answer: no connection"), "{refused}");
    assert!(Refused::WORDS.contains(&refused.word()));
}

#[test]
fn a_hangup_has_new_keys_taken_or_says_why_not() {
    let folder = Folder::new();
    let file = folder.path().join("settings.toml");
    let settings = settings(NOWHERE);
    let gateway = Gateway::start_in(folder.path(), &settings);
    let told = |pair: &Pair| {
        let fields = alipay_fields(&[]);
        let body = form(&fields, &pair.sign(plain(&fields).as_bytes()));
        request(gateway.main, "POST", "/vas/v1/pay/alipay", &[], body.as_bytes()).text()
    };
    let reload = |key: &str| {
        std::fs::write(&file, settings.replace(&bare(&VENDOR.public), key)).unwrap();
        gateway.signal("HUP");
    };
    assert_eq!([told(&VENDOR), told(&STRANGER)], ["success", "fail"]);
    reload(&bare(&MERCHANT.public));
    gateway.logs("payments.alipay.alipay_public_key: is the public half of private_key, our own");
    gateway.logs("not reloaded: what was in force stays in force");
    assert_eq!([told(&VENDOR), told(&STRANGER)], ["success", "fail"]);
    reload(&bare(&STRANGER.public));
    gateway.logs("reloaded: catalog");
    assert_eq!([told(&VENDOR), told(&STRANGER)], ["fail", "success"]);
    assert!(gateway.stop().success());
}
