//! Keys of a merchant, of the vendors and of a stranger, made, signed with and verified by `openssl`; settings with them;
//! callbacks as the vendors make them. What is sealed here is opened by the SDKs too, in `payments_sdks`.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;
use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use sdp_gateway::clock::{Clock, Timestamp};
use sdp_gateway::config::Config;
use sdp_gateway::money::{Currency, Money};
use sdp_gateway::payments::{CallsBack, Charge, PayType, Payment, Payments, Registration, Told, Unproven};
use serde_json::{Value, json};

/// 2026-11-28T12:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp(1_795_867_200_000);
pub(crate) const NOW_S: i64 = NOW.0 / 1000;

pub(crate) const APP_ID: &str = "2021000000000001";
pub(crate) const SELLER_ID: &str = "2088000000000001";
pub(crate) const WX_APP_ID: &str = "wx0123456789abcdef";
pub(crate) const MCH_ID: &str = "1900000001";
pub(crate) const SERIAL_NO: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
pub(crate) const API_V3_KEY: &str = "not-a-real-key-0123456789abcdef!";
pub(crate) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012026112800000000000001";
pub(crate) const CERTIFICATE_SERIAL: &str = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567";
pub(crate) const ORDER: &str = "7QpK3fWm9xZc2VtB8nLs4RdH6yGj";

/// One pair, in the forms that it is given in.
pub(crate) struct Pair {
    pub(crate) pkcs1: String,
    pub(crate) pkcs8: String,
    pub(crate) public: String,
    pub(crate) public_pkcs1: String,
}

pub(crate) static MERCHANT: LazyLock<Pair> = LazyLock::new(|| Pair::make(2048));
/// Alipay's, and WeChat's as a public key.
pub(crate) static VENDOR: LazyLock<Pair> = LazyLock::new(|| Pair::make(2048));
/// WeChat's in a certificate.
pub(crate) static CERTIFIED: LazyLock<Pair> = LazyLock::new(|| Pair::make(3072));
pub(crate) static CERTIFICATE: LazyLock<String> = LazyLock::new(|| CERTIFIED.certificate(CERTIFICATE_SERIAL));
pub(crate) static STRANGER: LazyLock<Pair> = LazyLock::new(|| Pair::make(2048));

impl Pair {
    pub(crate) fn make(bits: u32) -> Self {
        let bits = format!("rsa_keygen_bits:{bits}");
        let pkcs8 = openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits], &[], b"");
        let of = |args: &[&str]| text(openssl(args, &[], &pkcs8));
        Self {
            pkcs1: of(&["rsa", "-traditional"]),
            public: of(&["pkey", "-pubout"]),
            public_pkcs1: of(&["rsa", "-RSAPublicKey_out"]),
            pkcs8: text(pkcs8.clone()),
        }
    }

    /// Of this key, signed by itself, for ten years.
    pub(crate) fn certificate(&self, serial: &str) -> String {
        let serial = format!("0x{serial}");
        let args = [
            "req",
            "-x509",
            "-key",
            "key",
            "-subj",
            "/CN=Tenpay test",
            "-days",
            "3650",
            "-set_serial",
            &serial,
        ];
        text(openssl(&args, &[("key", &self.pkcs8)], b""))
    }

    /// One that ended yesterday.
    pub(crate) fn certificate_over(&self, serial: &str) -> String {
        let args = ["x509", "-in", "certificate", "-signkey", "key", "-days", "-1"];
        text(openssl(&args, &[("key", &self.pkcs8), ("certificate", &self.certificate(serial))], b""))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(openssl(&["dgst", "-sha256", "-sign", "key"], &[("key", &self.pkcs8)], message))
    }

    /// Whether `openssl` takes it.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("sign"), STANDARD.decode(signature).expect("base64"))
            .expect("written");
        std::fs::write(folder.path().join("key"), &self.public).expect("written");
        run(&["dgst", "-sha256", "-verify", "key", "-signature", "sign"], folder.path(), message).is_ok()
    }
}

/// What a public console shows: the text within PEM, in one line.
pub(crate) fn bare(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

/// Runs it in a folder with these files.
pub(crate) fn openssl(args: &[&str], files: &[(&str, &str)], input: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).expect("written");
    }
    run(args, folder.path(), input).unwrap_or_else(|why| panic!("openssl {args:?}: {why}"))
}

fn run(args: &[&str], folder: &Path, input: &[u8]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("openssl");
    command
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("openssl");
    child.stdin.take().expect("its input").write_all(input).expect("input");
    let output = child.wait_with_output().expect("openssl ends");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(output.stdout) } else { Err(told) }
}

/// Settings of all three ways; WeChat answers at `base_url`.
pub(crate) fn settings(base_url: &str) -> String {
    format!(
        "[payments.sdp]\n\
         [payments.alipay]\napp_id = '{APP_ID}'\nseller_id = '{SELLER_ID}'\nprivate_key = '''{}'''\n\
         alipay_public_key = '{}'\n\
         [payments.wechat]\napp_id = '{WX_APP_ID}'\nmch_id = '{MCH_ID}'\nserial_no = '{SERIAL_NO}'\n\
         private_key = '''{}'''\napi_v3_key = '{API_V3_KEY}'\nbase_url = '{base_url}'\ntimeout_ms = 2000\n\
         [[payments.wechat.verify]]\nserial = '{PUBLIC_KEY_ID}'\npublic_key = '''{}'''\n\
         [[payments.wechat.verify]]\nserial = '{}'\ncertificate = '''{}'''\n",
        MERCHANT.pkcs1,
        bare(&VENDOR.public),
        MERCHANT.pkcs8,
        VENDOR.public,
        CERTIFICATE_SERIAL.to_lowercase(),
        *CERTIFICATE,
    )
}

pub(crate) fn config(settings: &str) -> Config {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gateway.toml");
    std::fs::write(&file, settings).expect("settings");
    Config::load(Some(&file), std::iter::empty()).unwrap_or_else(|faults| panic!("{faults}"))
}

pub(crate) fn payments(base_url: &str) -> Payments {
    let clock = Clock::from_fn(|| NOW);
    Payments::build(&config(&settings(base_url)).payments, &clock).expect("ways to pay")
}

pub(crate) fn fen(fen: u64) -> Money {
    Money::of_minor(fen, Currency::Cny).expect("an amount")
}

pub(crate) fn charge(subject: &str, money: Money) -> Charge {
    Charge {
        order_id: ORDER.to_owned(),
        subject: subject.to_owned(),
        money,
        expires_at: NOW.plus_ms(1_800_000),
        public_url: "https://sdp.example.org/gw".to_owned(),
        registration: Some(Registration {
            service_id: "1000625".to_owned(),
            package_id: "1003013".to_owned(),
            sms_short_code: Some("9656".to_owned()),
            sms_text: Some("DK L1".to_owned()),
            secret: "not-a-real-secret".into(),
        }),
    }
}

/// Subjects that break one library or another.
pub(crate) const SUBJECTS: [&str; 8] = [
    "Event storage 7 days, monthly",
    "100% of it",
    "a%3Db",
    "1+1",
    "云存储 7 天",
    "it's (a) *test*!~",
    "\"quoted\" \\ back",
    "tab\tand é",
];

/// A callback of Alipay's for a payment; `with` replaces fields and adds them.
pub(crate) fn alipay_fields(with: &[(&str, &str)]) -> Vec<(String, String)> {
    let usual = [
        ("app_id", APP_ID),
        ("auth_app_id", APP_ID),
        ("buyer_id", "2088102114562585"),
        ("buyer_pay_amount", "0.10"),
        ("charset", "utf-8"),
        ("fund_bill_list", "[{\"amount\":\"0.10\",\"fundChannel\":\"ALIPAYACCOUNT\"}]"),
        ("gmt_create", "2026-11-28 19:59:50"),
        ("gmt_payment", "2026-11-28 19:59:58"),
        ("notify_id", "2026112800222195959000000000000001"),
        ("notify_time", "2026-11-28 20:00:00"),
        ("notify_type", "trade_status_sync"),
        ("out_trade_no", ORDER),
        ("refund_fee", "0.00"),
        ("seller_id", SELLER_ID),
        ("subject", "Event storage 7 days, monthly"),
        ("total_amount", "0.10"),
        ("trade_no", "2026112822001400000000000001"),
        ("trade_status", "TRADE_SUCCESS"),
        ("version", "1.0"),
    ];
    let kept = usual.iter().filter(|(name, _)| with.iter().all(|(other, _)| other != name));
    let mut all: Vec<_> =
        kept.chain(with).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.sort();
    all
}

/// What is signed of it.
pub(crate) fn plain(fields: &[(String, String)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The form that is sent, with this signature.
pub(crate) fn form(fields: &[(String, String)], sign: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(fields);
    form.append_pair("sign_type", "RSA2").append_pair("sign", sign).finish()
}

/// The same, signed by Alipay.
pub(crate) fn alipay_form(with: &[(&str, &str)]) -> String {
    let fields = alipay_fields(with);
    form(&fields, &VENDOR.sign(plain(&fields).as_bytes()))
}

/// A payment of WeChat's; `with` is laid over it.
pub(crate) fn transaction(with: &Value) -> Value {
    let mut all = json!({
        "appid": WX_APP_ID, "mchid": MCH_ID, "out_trade_no": ORDER, "transaction_id": "4200002600202611280000000001",
        "trade_type": "APP", "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "bank_type": "OTHERS",
        "attach": "", "success_time": "2026-11-28T19:59:58+08:00", "payer": {"openid": "o-1"},
        "amount": {"total": 10, "payer_total": 10, "currency": "CNY", "payer_currency": "CNY"},
    });
    lay(&mut all, with);
    all
}

fn lay(under: &mut Value, over: &Value) {
    for (name, value) in over.as_object().expect("an object") {
        under[name] = value.clone();
    }
}

/// What is sealed, in Base64, its tag at the end.
pub(crate) fn seal(key: &str, nonce: &str, with: &str, plain: &str) -> String {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).expect("a key"));
    let nonce = Nonce::assume_unique_for_key(nonce.as_bytes().try_into().expect("12 bytes"));
    let mut sealed = plain.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(with), &mut sealed).expect("sealed");
    STANDARD.encode(sealed)
}

/// The callback of a payment. `associated` is its `associated_data` as JSON; none: it has none.
pub(crate) fn notice(transaction: &Value, associated: Option<Value>) -> Value {
    let with = associated.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let ciphertext = seal(API_V3_KEY, "0123456789ab", &with, &transaction.to_string());
    let mut resource = json!({
        "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM", "ciphertext": ciphertext,
        "nonce": "0123456789ab",
    });
    if let Some(associated) = associated {
        resource["associated_data"] = associated;
    }
    json!({
        "id": "EV-2026112812000000001", "create_time": "2026-11-28T20:00:00+08:00", "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS", "summary": "支付成功", "resource": resource,
    })
}

/// What goes with a body that WeChat signed with this key.
pub(crate) fn signed(pair: &Pair, serial: &str, at_s: i64, body: &[u8]) -> HeaderMap {
    let nonce = "fdasflkja484w";
    let message = [format!("{at_s}\n{nonce}\n").as_bytes(), body, b"\n"].concat();
    headers(&[
        ("Wechatpay-Serial", serial),
        ("Wechatpay-Signature", &pair.sign(&message)),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"),
        ("Wechatpay-Timestamp", &at_s.to_string()),
        ("Wechatpay-Nonce", nonce),
    ])
}

pub(crate) fn headers(all: &[(&str, &str)]) -> HeaderMap {
    let header = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        (name, HeaderValue::from_str(value).expect("a value"))
    };
    all.iter().map(header).collect()
}

/// What a callback came to.
pub(crate) fn called(
    payments: &Payments,
    pay_type: PayType,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Told, Unproven> {
    let way = payments.of(pay_type).expect("a way");
    way.calls_back().expect("one that calls back").called(headers, body, NOW)
}

pub(crate) fn calls_back(way: &dyn Payment) -> &dyn CallsBack {
    way.calls_back().expect("one that calls back")
}
