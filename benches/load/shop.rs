//! What camera apps ask and buy: packages listed, orders made, and Alipay's callbacks that pay them.

use std::net::SocketAddr;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sdp_gateway::signature::{self, rsa::PrivateKey};

use crate::process::{self, Server};
use crate::redeem::ask_all;
use crate::{Result, preload, table};

const SETTINGS: &str = "[catalog]\npath = 'CATALOG'\n[payments.sdp]\n\
    [[partner]]\nname = 'load'\ntoken = 'fake-token'\nkey = 'fake-key'\nsecrets = ['fake-secret']\n";

/// A gateway that sells, in a folder of its own, with these settings more.
pub(crate) fn gateway(parent: &Path, name: &'static str, more: &str) -> Result<Server> {
    let folder = preload::folder(parent, name, 0)?;
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/config/example-shop.toml");
    let settings = SETTINGS.replace("CATALOG", catalog) + more;
    std::fs::write(folder.join(process::SETTINGS), settings)?;
    Server::gateway(&folder, None, None)
}

/// Makes so many orders, each for a device of its own, over so many connections, and has Alipay pay them. What each
/// comes to a second is compared with codes redeemed.
pub(crate) fn run(parent: &Path, orders: u32, connections: usize, redeemed_per_s: f64) -> Result<()> {
    let key = KeyPair::generate(KeySize::Rsa2048)?;
    let private = STANDARD.encode(AsDer::<Pkcs8V1Der<'_>>::as_der(&key)?.as_ref());
    let theirs = KeyPair::generate(KeySize::Rsa2048)?;
    let public = STANDARD.encode(AsDer::<PublicKeyX509Der<'_>>::as_der(theirs.public_key())?.as_ref());
    let alipay = format!(
        "[payments.alipay]\napp_id = '2021000000000001'\nprivate_key = '{private}'\nalipay_public_key = '{public}'\n"
    );
    let gateway = gateway(parent, "orders", &alipay)?;
    let to = gateway.address;
    let binds: Vec<String> = (0..orders).map(|nth| bind(to, nth)).collect();
    ask_all(to, "devices bound", &binds, connections, b"\"device_id\"")?;
    let asks: Vec<String> = (0..orders).map(|nth| order(to, nth)).collect();
    let made = ask_all(to, "orders made", &asks, connections, b"\"code\":0,")?;
    let theirs = STANDARD.encode(AsDer::<Pkcs8V1Der<'_>>::as_der(&theirs)?.as_ref());
    let theirs = PrivateKey::parse(&theirs)?;
    let paid: Vec<String> = made
        .answers
        .iter()
        .enumerate()
        .map(|(nth, answer)| callback(to, nth, &order_id(answer)?, &theirs))
        .collect::<Result<_>>()?;
    let paid = ask_all(to, "orders paid by callbacks", &paid, connections, b"success")?;
    table::ratios(
        &[connections],
        &[
            ("orders made / codes redeemed", connections, made.per_s / redeemed_per_s),
            ("callbacks / codes redeemed", connections, paid.per_s / redeemed_per_s),
        ],
    );
    gateway.stop()
}

fn post(to: SocketAddr, verb: &str, path: &str, headers: &str, body: &str) -> String {
    format!("{verb} {path} HTTP/1.1\r\nHost: {to}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn bind(to: SocketAddr, nth: u32) -> String {
    let path = format!("/v1/accounts/acc-{nth}/devices/cam-{nth}");
    post(to, "PUT", &path, "Authorization: Bearer fake-token\r\n", "{}")
}

fn order(to: SocketAddr, nth: u32) -> String {
    let (account, device) = (format!("acc-{nth}"), format!("cam-{nth}"));
    let (nonce, now) = (format!("n-{nth}"), chrono::Utc::now().timestamp_millis().to_string());
    let pairs = [
        ("userAccount", account.as_str()),
        ("deviceId", &device),
        ("packageNo", "yc1y30d"),
        ("timezone", "25200"),
        ("partnerKey", "fake-key"),
        ("signatureNonce", &nonce),
        ("timestamp", &now),
    ];
    let signature = signature::sign(&"fake-secret".into(), &signature::canonical(pairs));
    let all = pairs.into_iter().chain([(signature::PARAMETER, signature.as_str())]);
    let members: Vec<String> = all.map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    post(to, "POST", "/vas/v1/createOrder", "", &format!("{{{}}}", members.join(",")))
}

fn order_id(answer: &[u8]) -> Result<String> {
    let text = String::from_utf8_lossy(answer);
    let id = text.split_once("\"orderId\":\"").and_then(|(_, rest)| rest.split('"').next());
    Ok(id.ok_or("no order in an answer")?.to_owned())
}

fn callback(to: SocketAddr, nth: usize, order: &str, key: &PrivateKey) -> Result<String> {
    let signed = format!(
        "app_id=2021000000000001&out_trade_no={order}&total_amount=299.00&trade_no=t-{nth}&trade_status=TRADE_SUCCESS"
    );
    let sign = key.sign(&signed)?;
    let sign: String = form_urlencoded::byte_serialize(sign.as_bytes()).collect();
    let body = format!("{signed}&sign_type=RSA2&sign={sign}");
    Ok(post(to, "POST", "/vas/v1/pay/alipay", "Content-Type: application/x-www-form-urlencoded\r\n", &body))
}
