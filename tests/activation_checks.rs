//! What the activation surface makes of a request before it asks a ledger: its parameters from wherever
//! they come, the order of its checks, and the frame of its answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use http_body_util::BodyExt as _;
use sdp_gateway::activation::check::{Ask, ask};
use sdp_gateway::activation::redeem::may_look;
use sdp_gateway::activation::{Call, ResultCode, answer};
use sdp_gateway::catalog::GrantKind;
use sdp_gateway::clock::Timestamp;
use sdp_gateway::config::{Activation, Partner};
use sdp_gateway::signature;
use sdp_gateway::signed::check::verify;
use sdp_gateway::signed::params::{Params, Unreadable};
use sdp_gateway::stock::redeem::{CodeStanding, DeviceStanding, may_redeem};
use sdp_gateway::wire::content::Content;

const NOW: Timestamp = Timestamp(1_712_115_627_000);
const RULES: Activation = Activation { clock_skew_s: 300, require_nonce: false };

/// The seed's parameters of a redemption, and nothing more.
const SEED: [(&str, &str); 9] = [
    ("userAccount", "84945989325@sdp.example"),
    ("deviceID", "10001"),
    ("actCode", "ABCD-1234"),
    ("type", "0"),
    ("phoneType", "a"),
    ("sourceApp", "72"),
    ("lngType", "en"),
    ("partnerKey", "pk-test"),
    ("signatureVersion", "1.0"),
];

fn partners() -> [Partner; 2] {
    let partner = |name: &str, key: Option<&str>, secrets: &[&str]| Partner {
        name: name.to_owned(),
        token: None,
        key: key.map(str::to_owned),
        secrets: secrets.iter().map(|secret| (*secret).into()).collect(),
        tenant: None,
        services: None,
    };
    [partner("other", None, &[]), partner("app", Some("pk-test"), &["new", "unit-test-partner-secret"])]
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The pairs with their signature.
fn signed(pairs: &[(&str, &str)]) -> String {
    let signature = signature::sign(&"new".into(), &signature::canonical(pairs.iter().copied()));
    form(&[pairs, &[("signature", &signature)]].concat())
}

/// The seed's parameters with others in place of some, and some more.
fn with<'a>(others: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut pairs: Vec<(&str, &str)> = SEED.to_vec();
    pairs.retain(|(name, _)| !others.iter().any(|(other, _)| other == name));
    pairs.extend(others);
    pairs
}

fn read(query: Option<&str>, body: &[u8]) -> Result<Params, Unreadable> {
    Params::read(query, &Content::Whole(None, body.into()))
}

fn outcome(body: &str, rules: &Activation) -> Result<Ask, ResultCode> {
    let params = read(None, body.as_bytes()).map_err(|_| ResultCode::Parameter)?;
    let partners = partners();
    verify(&params, &partners, rules, NOW)?;
    ask(Call::Redeem, &params)
}

#[track_caller]
fn refused(body: &str, code: ResultCode) {
    assert_eq!(outcome(body, &RULES).unwrap_err(), code, "{body}");
}

#[test]
fn parameters_are_signed_as_they_came_wherever_they_came() {
    let signature = ("signature", "W2kyfZ7nWPWfUm2CwiaD5fPfJnA=");
    let all = [&SEED[..], &[signature]].concat();
    let text = form(&all);
    let (head, tail) = (form(&all[..4]), form(&all[3..]));
    let json = r#" {"userAccount":"84945989325@sdp.example","deviceID":10001,"actCode":"ABCD-1234","type":"0","none":null,
        "phoneType":"a","sourceApp":72,"lngType":"en","partnerKey":"pk-test","signatureVersion":"1.0",
        "signature":"W2kyfZ7nWPWfUm2CwiaD5fPfJnA="}"#;
    for (query, body) in
        [(None, text.as_str()), (Some(text.as_str()), ""), (Some(&head), &tail), (None, json)]
    {
        let params = read(query, body.as_bytes()).unwrap();
        let partners = partners();
        let verified = verify(&params, &partners, &RULES, NOW).expect(body);
        assert_eq!((verified.partner.name.as_str(), verified.nonce), ("app", None));
        assert!(!params.are_ambiguous());
    }
}

#[test]
fn json_values_count_as_they_are_spelled() {
    let body = "\u{FEFF}{\"b\":9223372036854775807,\"a\":\"\",\"c\":1.50,\"d\":true,\"e\":null,\"f\":\"\\u00e9\",\"g\":{\"k\": [1, \"é\"]}}";
    let params = read(None, body.as_bytes()).unwrap();
    assert_eq!(params.signed_strings(), ["a=&b=9223372036854775807&c=1.50&d=true&f=é&g={\"k\":[1,\"é\"]}"]);
    assert_eq!((params.get("a"), params.get("e"), params.get("d")), (None, None, Some("true")));
    for broken in ["{\"a\":1", "{\"a\":1}x", "{a:1}", "{\"a\":\"\u{1}\"}"] {
        assert!(read(None, broken.as_bytes()).is_err(), "{broken}");
    }
    assert!(read(Some(&"a&b=".repeat(300)), b"").is_err());
    let many: Vec<String> = (0..300).map(|at| format!("\"k{at}\":1")).collect();
    assert!(read(None, format!("{{{}}}", many.join(",")).as_bytes()).is_err());
}

#[test]
fn the_first_check_that_fails_decides() {
    let ask = outcome(&signed(&with(&[("userAccount", "Ann@X")])), &RULES).unwrap();
    assert_eq!((ask.user_account.in_full(), ask.device_id.as_str()), ("ann@x", "10001"));
    let redeem = ask.redeem.unwrap();
    assert_eq!((redeem.code.unwrap().in_full(), redeem.kind), ("ABCD-1234", GrantKind::Cloud));

    // Key and signature come before everything.
    refused("", ResultCode::Signature);
    refused(&signed(&with(&[("partnerKey", "other"), ("type", "9")])), ResultCode::Signature);
    refused(&form(&SEED), ResultCode::Signature);
    refused(&format!("{}&type=1", form(&SEED)), ResultCode::Signature);
    refused(&signed(&SEED).replace("ABCD", "ABCE"), ResultCode::Signature);
    // Then whether it can be read in two ways, before its time is looked at.
    refused(&format!("{}&type=1", signed(&with(&[("timestamp", "1")]))), ResultCode::Parameter);
    refused(&format!("type=1&{}", signed(&SEED)), ResultCode::Parameter);
    refused(&signed(&with(&[("lngType", "en&x=1")])), ResultCode::Parameter);
    refused(&signed(&with(&[("a=b", "c"), ("timestamp", "1")])), ResultCode::Parameter);
    assert!(outcome(&format!("{}&type=0", signed(&SEED)), &RULES).is_ok(), "sent twice alike");
    // Then time and nonce, before the other parameters.
    refused(&signed(&with(&[("timestamp", "1"), ("type", "9")])), ResultCode::Signature);
    refused(&signed(&with(&[("signatureNonce", "704"), ("type", "9")])), ResultCode::Parameter);
}

#[test]
fn missing_and_wrong_parameters() {
    for missing in ["userAccount", "deviceID", "actCode", "type"] {
        refused(&signed(&with(&[(missing, "")])), ResultCode::Parameter);
        let without: Vec<_> = SEED.into_iter().filter(|(name, _)| *name != missing).collect();
        refused(&signed(&without), ResultCode::Parameter);
    }
    for (name, wrong) in [
        ("userAccount", "a b"),
        ("userAccount", ".."),
        ("deviceID", "1/2"),
        ("deviceID", "."),
        ("type", "3"),
        ("type", "cloud"),
        ("phoneType", "x"),
        ("sourceApp", "7x"),
    ] {
        refused(&signed(&with(&[(name, wrong)])), ResultCode::Parameter);
    }
    for absent in ["phoneType", "sourceApp", "lngType"] {
        assert!(outcome(&signed(&with(&[(absent, "")])), &RULES).is_ok(), "{absent}");
    }
    // What no code looks like is told as any unknown code, and not here.
    let ask = outcome(&signed(&with(&[("actCode", "mã")])), &RULES).unwrap();
    assert_eq!(ask.redeem.unwrap().code, None);
}

#[test]
fn times_and_nonces() {
    let at = |text: &str| outcome(&signed(&with(&[("timestamp", text)])), &RULES).is_ok();
    for fresh in ["1712115627", "1712115627000", "1712115327000", "1712115927", "2024-04-03T03:40:27Z"] {
        assert!(at(fresh), "{fresh}");
    }
    for stale in
        ["1712115326999", "1712115928", "2024-04-03T10:40:27+07:00", "17121156270", "yesterday", "-712115627"]
    {
        assert!(!at(stale), "{stale}");
    }
    let params = signed(&with(&[("signatureNonce", "704"), ("timestamp", "1712115627")]));
    let (params, partners) = (read(Some(&params), b"").unwrap(), partners());
    let nonce = verify(&params, &partners, &RULES, NOW).unwrap().nonce.unwrap();
    assert_eq!((nonce.nonce.as_str(), nonce.until), ("704", Timestamp(NOW.0 + 600_000)));
    assert_eq!(Some(nonce.signature.as_str()), params.get("signature"));
    refused(&signed(&with(&[("signatureNonce", &"x".repeat(129))])), ResultCode::Signature);
    refused(&signed(&with(&[("signatureNonce", "a\0b")])), ResultCode::Signature);

    let strict = Activation { require_nonce: true, ..RULES };
    let both = [("signatureNonce", "704"), ("timestamp", "1712115627")];
    assert!(outcome(&signed(&with(&both)), &strict).is_ok());
    for one in [&both[..1], &both[1..], &[]] {
        assert_eq!(outcome(&signed(&with(one)), &strict).unwrap_err(), ResultCode::Signature);
    }
}

#[test]
fn the_device_is_judged_before_the_code() {
    use DeviceStanding::{Another, Own, Unbound};
    let unused = |kind, expires_at| CodeStanding::Unused { kind, expires_at };
    let fit = unused(GrantKind::Cloud, Some(Timestamp(NOW.0 + 1)));
    for (device, code, expected) in [
        (Own, fit, Ok(())),
        (Unbound, fit, Ok(())),
        (Own, unused(GrantKind::Cloud, None), Ok(())),
        (Another, CodeStanding::Used, Err(ResultCode::Device)),
        (Own, CodeStanding::Used, Err(ResultCode::CodeUsed)),
        (Own, CodeStanding::Unknown, Err(ResultCode::CodeInvalid)),
        (Own, CodeStanding::Void, Err(ResultCode::CodeInvalid)),
        (Own, unused(GrantKind::Ai, None), Err(ResultCode::CodeInvalid)),
        (Own, unused(GrantKind::Cloud, Some(NOW)), Err(ResultCode::CodeInvalid)),
    ] {
        let told = may_redeem(device, code, GrantKind::Cloud, NOW).map_err(ResultCode::from);
        assert_eq!(told, expected, "{device:?} {code:?}");
    }
    assert_eq!([Own, Unbound, Another].map(|device| may_look(device).is_ok()), [true, false, false]);
}

#[tokio::test]
async fn answers_have_one_frame() {
    let usage = answer::UsageRow {
        order_num: "7".to_owned(),
        act_code: "ABCD-1234".to_owned(),
        use_time: Timestamp(1_653_720_268_000),
        kind: GrantKind::FourG,
    };
    let effect = answer::EffectRow {
        order_num: "7".to_owned(),
        start_time: Timestamp(1),
        end_time: Timestamp(2),
        kind: GrantKind::Ai,
    };
    let frame = |result: &str, code: &str| {
        format!(r#"{{"result":{result},"t":1712115627000,"resultCode":"{code}"}}"#)
    };
    for (response, status, expected) in [
        (answer::redeemed("7", NOW), 200, frame(r#"{"orderNum":"7"}"#, "1001")),
        (
            answer::usage(&[usage], NOW),
            200,
            frame(
                r#"{"data":[{"orderNum":"7","actCode":"ABCD-1234","useTime":1653720268000,"type":"2"}]}"#,
                "1001",
            ),
        ),
        (
            answer::effect(&[effect], NOW),
            200,
            frame(r#"{"data":[{"orderNum":"7","serverStartTime":1,"serverEndTime":2,"type":"1"}]}"#, "1001"),
        ),
        (answer::effect(&[], NOW), 200, frame(r#"{"data":[]}"#, "1001")),
        (answer::refused(ResultCode::CodeUsed, NOW), 200, frame("{}", "1067")),
        (answer::limited(3, NOW), 429, frame("{}", "1005")),
    ] {
        assert_eq!(response.status(), status);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(String::from_utf8_lossy(&body), expected);
    }
    let words = ResultCode::ALL.map(ResultCode::word);
    assert_eq!(words, ["1001", "1003", "1005", "1007", "1023", "1067", "1068"]);
}
