//! Paying with Alipay and WeChat, held against their best-known SDKs in both ways: what those make we take, and what we
//! make they take, byte for byte where the grammar leaves no choice. `tests/run` installs them. Refusals are not theirs to
//! teach: some take what nobody signed, and are held against `openssl` in `payments`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "payments/double.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod double;
#[path = "payments/kit.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod kit;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use double::{Double, answer};
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use kit::*;
use sdp_gateway::money::Stated;
use sdp_gateway::payments::{PayType, Told};
use serde_json::{Value, json};

const NOWHERE: &str = "http://127.0.0.1:1";
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/payments");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/payments");

/// What the SDKs of PyPI make of these jobs.
fn python(jobs: &[(&str, Value)]) -> Vec<Value> {
    let program = format!("{TOOLS}/python/bin/python");
    does(Command::new(program).arg(format!("{SCRIPTS}/sdk.py")), jobs)
}

/// What those of npm do.
fn node(jobs: &[(&str, Value)]) -> Vec<Value> {
    let command = &mut Command::new("node");
    does(command.arg(format!("{SCRIPTS}/sdk.cjs")).env("SDKS", TOOLS).env("TZ", "Asia/Shanghai"), jobs)
}

fn does(command: &mut Command, jobs: &[(&str, Value)]) -> Vec<Value> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}: tests/run installs it"));
    child.stdin.take().unwrap().write_all(json!(jobs).to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}");
    let done: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(done.len(), jobs.len());
    done
}

fn pairs(form: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

fn object(pairs: &[(String, String)]) -> BTreeMap<&str, &str> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The text that an SDK made; what it raised is shown.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

/// These fields over those.
fn over(under: &Value, fields: &Value) -> Value {
    let mut all = under.clone();
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    all
}

/// Our order string of a subject.
async fn order_string(subject: &str) -> String {
    let payments = payments(NOWHERE);
    let info = payments.of(PayType::Alipay).unwrap().prepare(&charge(subject, fen(10))).await.unwrap();
    info["orderString"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn our_order_strings_are_those_that_alipays_sdks_make_and_take() {
    let (mut of_python, mut of_node, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for subject in SUBJECTS {
        let ours = pairs(&order_string(subject).await);
        let (sign, signed) = ours.split_last().unwrap();
        let (text, fields) = (plain(signed), object(signed));
        let content: Value = serde_json::from_str(fields["biz_content"]).unwrap();
        of_python.extend([
            (
                "alipay.order",
                json!({
                    "app_id": APP_ID, "private": MERCHANT.pkcs1, "public": MERCHANT.public, "fields": fields,
                }),
            ),
            ("aop.sign", json!({"private": bare(&MERCHANT.pkcs1), "text": text})),
            ("aop.verify", json!({"public": bare(&MERCHANT.public), "text": text, "sign": sign.1})),
        ]);
        of_node.extend([
            (
                "alipay.order",
                json!({
                    "app_id": APP_ID, "private": bare(&MERCHANT.pkcs1), "public": bare(&VENDOR.public),
                    "now_ms": NOW.0, "notify_url": fields["notify_url"], "content": content,
                }),
            ),
            (
                "alipay.verify",
                json!({
                    "app_id": APP_ID, "private": bare(&MERCHANT.pkcs1), "public": bare(&MERCHANT.public),
                    "fields": object(&ours),
                }),
            ),
        ]);
        made.push(ours);
    }
    let (python, node) = (python(&of_python), node(&of_node));
    for ((ours, python), node) in made.iter().zip(python.chunks(3)).zip(node.chunks(2)) {
        // Blanks apart, which Python writes as `+`.
        assert_eq!(&pairs(text(&python[0])), ours);
        assert_eq!(python[1..], [json!(ours.last().unwrap().1), json!(true)], "{ours:?}");
        // Of the same fields, in an order of its own.
        assert_eq!(sorted(pairs(text(&node[0]))), sorted(ours.clone()));
        assert_eq!(node[1], true, "{ours:?}");
    }
}

#[test]
fn the_order_strings_of_alipays_own_sdk_are_of_our_form() {
    let content =
        json!({"out_trade_no": ORDER, "product_code": "QUICK_MSECURITY_PAY", "total_amount": "0.10"});
    let made = python(&[(
        "aop.order",
        json!({
            "app_id": APP_ID, "private": bare(&MERCHANT.pkcs1), "content": content,
            "notify_url": "https://sdp.example.org/gw/vas/v1/pay/alipay",
        }),
    )]);
    let made = pairs(made[0].as_str().unwrap_or_else(|| panic!("{}", made[0])));
    let fields = object(&made);
    for (name, value) in [
        ("app_id", APP_ID),
        ("charset", "utf-8"),
        ("format", "json"),
        ("method", "alipay.trade.app.pay"),
        ("sign_type", "RSA2"),
        ("version", "1.0"),
    ] {
        assert_eq!(fields[name].to_lowercase(), value.to_lowercase());
    }
    let mut signed: Vec<_> = made.iter().filter(|(name, _)| name != "sign").cloned().collect();
    signed.sort();
    assert!(MERCHANT.verifies(plain(&signed).as_bytes(), fields["sign"]));
}

#[test]
fn alipays_callbacks_that_the_sdks_sign_are_taken_and_they_take_them_too() {
    let bodies = [
        ("subject", "Event storage 7 days, monthly"),
        ("subject", "100% of it"),
        ("subject", "云存储 7 天"),
        ("passback_params", "merchant%3Dx"),
        ("body", "1+1"),
        ("body", ""),
    ]
    .map(|with| alipay_fields(&[with]));
    let app = json!({"app_id": APP_ID, "private": VENDOR.pkcs1, "public": VENDOR.public});
    let signing: Vec<_> = bodies
        .iter()
        .flat_map(|fields| {
            let text = plain(fields);
            [
                ("alipay.sign", over(&app, &json!({"text": text}))),
                ("aop.sign", json!({"private": bare(&VENDOR.pkcs1), "text": text})),
            ]
        })
        .collect();
    let signs = python(&signing);
    let (payments, mut of_python, mut of_node) = (payments(NOWHERE), Vec::new(), Vec::new());
    for (fields, signs) in bodies.iter().zip(signs.chunks(2)) {
        assert_eq!(signs[0], signs[1], "{fields:?}");
        let body = form(fields, text(&signs[0]));
        let told = called(&payments, PayType::Alipay, &HeaderMap::new(), body.as_bytes());
        assert!(matches!(told, Ok(Told::Paid(_))), "{told:?} of {fields:?}");
        of_python.push(("alipay.verify", over(&app, &json!({"fields": object(fields), "sign": signs[0]}))));
        let keys = json!({"private": bare(&MERCHANT.pkcs1), "public": bare(&VENDOR.public)});
        let fields = json!({"fields": object(&pairs(&body))});
        of_node.push(("alipay.verify", over(&over(&app, &keys), &fields)));
    }
    assert_eq!(python(&of_python), vec![json!(true); bodies.len()]);
    assert_eq!(node(&of_node), vec![json!(true); bodies.len()]);
}

/// What the SDKs of WeChat are set up with; `own` is the merchant's certificate, which npm's wants to see.
fn merchant() -> Value {
    json!({
        "app_id": WX_APP_ID, "mch_id": MCH_ID, "serial_no": SERIAL_NO, "private": MERCHANT.pkcs8,
        "own": MERCHANT.certificate(SERIAL_NO), "api_v3_key": API_V3_KEY, "public": VENDOR.public,
        "serial": PUBLIC_KEY_ID,
    })
}

#[tokio::test]
async fn our_calls_to_wechat_are_signed_as_its_sdks_sign_them_and_their_answers_are_taken() {
    const PREPARED: &str = r#"{"prepay_id":"wx28200000000000abcdef0000000001"}"#;
    let message = format!("{NOW_S}\nnonce\n{PREPARED}\n");
    let signed = python(&[("wechat.sign", json!({"private": VENDOR.pkcs8, "text": message}))]);
    let sign = text(&signed[0]).to_owned();
    let double = Double::start(move |_| {
        let time = NOW_S.to_string();
        let of_wechat = [
            ("Wechatpay-Serial", PUBLIC_KEY_ID),
            ("Wechatpay-Signature", &sign),
            ("Wechatpay-Timestamp", &time),
            ("Wechatpay-Nonce", "nonce"),
        ];
        answer("200 OK", &headers(&of_wechat), PREPARED)
    });
    let (payments, merchant) = (payments(&double.base()), merchant());
    let (mut of_python, mut of_node, mut made) = (Vec::new(), Vec::new(), Vec::new());
    for subject in SUBJECTS {
        let info = payments.of(PayType::WeChat).unwrap().prepare(&charge(subject, fen(10))).await.unwrap();
        let asked = double.asked().last().unwrap().clone();
        let request = json!({
            "path": "/v3/pay/transactions/app", "nonce": asked.authorized("nonce_str"), "timestamp": NOW_S,
            "body": asked.body,
        });
        let parts = [WX_APP_ID, text(&info["timestamp"]), text(&info["noncestr"]), text(&info["prepayid"])];
        of_python.push(("wechat.authorization", over(&merchant, &request)));
        of_python.push(("wechat.app_sign", over(&merchant, &json!({"parts": parts}))));
        of_node.push(("wechat.request_sign", over(&merchant, &request)));
        of_node.push(("wechat.sign", over(&merchant, &json!({"text": format!("{}\n", parts.join("\n"))}))));
        made.push((asked, info["sign"].clone()));
    }
    let (python, node) = (python(&of_python), node(&of_node));
    for (((asked, sign), python), node) in made.iter().zip(python.chunks(2)).zip(node.chunks(2)) {
        assert_eq!(python, [json!(asked.header("authorization")), sign.clone()]);
        assert_eq!(node, [json!(asked.authorized("signature")), sign.clone()]);
    }
}

#[test]
fn wechats_callbacks_are_read_as_its_sdks_read_them() {
    let (payments, merchant, plain) = (payments(NOWHERE), merchant(), transaction(&json!({})));
    let sealing = ["transaction", ""].map(|with| {
        let plain = plain.to_string();
        ("seal", json!({"key": API_V3_KEY, "nonce": "0123456789ab", "with": with, "plain": plain}))
    });
    let mut jobs = Vec::new();
    for (with, sealed) in ["transaction", ""].into_iter().zip(python(&sealing)) {
        let mut notice = notice(&plain, Some(json!(with)));
        assert_eq!(sealed, notice["resource"]["ciphertext"], "sealed alike");
        notice["resource"]["ciphertext"] = sealed;
        for body in [notice.to_string(), serde_json::to_string_pretty(&notice).unwrap()] {
            for (pair, serial, known) in [
                (&*VENDOR, PUBLIC_KEY_ID, json!({})),
                (
                    &*CERTIFIED,
                    CERTIFICATE_SERIAL,
                    json!({"certificate": *CERTIFICATE, "public": CERTIFIED.public}),
                ),
            ] {
                let headers = signed(pair, serial, NOW_S, body.as_bytes());
                let told = called(&payments, PayType::WeChat, &headers, body.as_bytes());
                let Ok(Told::Paid(paid)) = told else { panic!("{told:?}") };
                assert_eq!(
                    (&*paid.transaction, paid.money),
                    (text(&plain["transaction_id"]), Stated::Money(Some(fen(10))))
                );
                let header = |(name, value): (&HeaderName, &HeaderValue)| {
                    (name.to_string(), value.to_str().unwrap().to_owned())
                };
                let headers: BTreeMap<_, _> = headers.iter().map(header).collect();
                let callback = json!({"headers": headers, "body": body});
                jobs.push(("wechat.callback", over(&over(&merchant, &known), &callback)));
            }
        }
    }
    assert_eq!(jobs.len(), 8);
    for (python, node) in python(&jobs).iter().zip(node(&jobs)) {
        assert_eq!(python["resource"], plain, "{python}");
        assert_eq!(node, plain);
    }
}
