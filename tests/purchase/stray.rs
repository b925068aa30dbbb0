//! Callbacks that are late, false, about something else, or of another amount: none changes an order, each that a vendor
//! vouches for is kept once, and what nobody vouches for never is.

use serde_json::{Value, json};

use crate::gateway::{Folder, Gateway, Ledger};
use crate::kit;
use crate::shop::{in_force, result};
use crate::signed::now_ms;
use crate::steps::{
    Callback, Charged, choose, from_alipay, from_wechat, is_success, open, served, to_alipay, to_wechat,
    wechat_double,
};

/// A payment as the ledger and operators have it: type and transaction, what became of it, how often it was told.
type Known = (String, String, String);

/// All payments: those of the ledger, and what operators are shown of those that settled no order.
#[track_caller]
fn kept(gateway: &Gateway, expected: &[(&str, &str, i64)]) {
    let known = |key: &str, became: &str, count: String| (key.to_owned(), became.to_owned(), count);
    let expected: Vec<Known> =
        expected.iter().map(|(key, became, count)| known(key, became, count.to_string())).collect();
    let rows = Ledger::of(&gateway.folder).rows("SELECT key, became, count FROM payment ORDER BY key");
    let rows: Vec<Known> = rows
        .into_iter()
        .map(|row| <[String; 3]>::try_from(row.into_iter().flatten().collect::<Vec<_>>()).unwrap().into())
        .collect();
    assert_eq!(rows, expected);
    let listed = gateway.admin("/api/v1/payments?limit=100").json();
    let row = |row: &Value| {
        let key = format!("{}/{}", row["pay_type"].as_str().unwrap(), row["transaction"].as_str().unwrap());
        known(&key, row["became"].as_str().unwrap(), row["count"].to_string())
    };
    let mut listed: Vec<Known> = listed["payments"].as_array().unwrap().iter().map(row).collect();
    listed.sort();
    assert_eq!(listed, expected.into_iter().filter(|known| known.1 != "settled").collect::<Vec<_>>());
}

/// One order in fen, and what each vendor says of it.
struct World {
    gateway: Gateway,
    order: Value,
    alipay: Charged,
    wechat: Charged,
    _folder: Folder,
}

fn world() -> World {
    let (folder, double) = (Folder::new(), wechat_double());
    let gateway = open(&folder, &double.base(), "");
    let order = choose(&gateway, "fen", "1", None);
    let (alipay, wechat) = (to_alipay(&gateway, &order), to_wechat(&gateway, &double, &order));
    World { gateway, order, alipay, wechat, _folder: folder }
}

impl World {
    /// A callback that its vendor is to hear of no more, and that changes nothing.
    #[track_caller]
    fn takes(&self, callback: &Callback) {
        let before = result(&self.gateway, &self.order);
        let answer = callback.send(&self.gateway);
        assert!(is_success(&answer), "{} {}", answer.status, answer.text());
        assert_eq!(result(&self.gateway, &self.order), before);
    }

    /// A callback that is not believed.
    #[track_caller]
    fn denies(&self, callback: &Callback, status: u16) {
        let before = result(&self.gateway, &self.order);
        let answer = callback.send(&self.gateway);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(!is_success(&answer));
        assert_eq!(result(&self.gateway, &self.order), before);
    }

    /// Its time is over.
    fn closes(&self) {
        let (id, then) = (self.order["orderId"].as_str().unwrap(), now_ms() - 1);
        Ledger::of(&self.gateway.folder)
            .execute(&format!("UPDATE vas_order SET expires_at = {then}, due_at = {then} WHERE id = '{id}'"));
    }
}

impl Charged {
    /// The same of another amount.
    fn of(&self, amount: Value) -> Self {
        Self { order: self.order.clone(), path: self.path.clone(), amount }
    }
}

#[test]
fn another_amount_or_currency_pays_nothing() {
    let world = world();
    for (transaction, amount) in [("a-1", "0.09"), ("a-2", "0.11"), ("a-3", "10.00"), ("a-4", "0.00")] {
        world.takes(&from_alipay(&world.alipay.of(json!(amount)), transaction));
    }
    for (transaction, amount) in [
        ("w-1", json!({"total": 11, "currency": "CNY"})),
        ("w-2", json!({"total": 10, "currency": "VND"})),
        ("w-3", json!({"total": 10, "currency": "USD"})),
    ] {
        world.takes(&from_wechat(&world.wechat.of(amount), transaction));
    }
    let dong = choose(&world.gateway, "ye1m7d", "sdp", None);
    let charged = Charged {
        order: dong["orderId"].as_str().unwrap().to_owned(),
        amount: json!("590.00"),
        path: world.alipay.path.clone(),
    };
    world.takes(&from_alipay(&charged, "a-5"));
    assert_eq!(result(&world.gateway, &dong)["status"], 1, "as many minor units, of another currency");
    kept(
        &world.gateway,
        &[
            ("0/w-1", "other_amount", 1),
            ("0/w-2", "other_amount", 1),
            ("0/w-3", "other_amount", 1),
            ("1/a-1", "other_amount", 1),
            ("1/a-2", "other_amount", 1),
            ("1/a-3", "other_amount", 1),
            ("1/a-4", "other_amount", 1),
            ("1/a-5", "other_amount", 1),
        ],
    );
    assert!(is_success(&from_alipay(&world.alipay, "a-9").send(&world.gateway)));
    served(&world.gateway, &world.order, Some("1"));
}

#[test]
fn what_comes_after_the_orders_time_is_kept() {
    let world = world();
    world.closes();
    assert_eq!(result(&world.gateway, &world.order)["status"], 2);
    for _ in 0..3 {
        world.takes(&from_alipay(&world.alipay, "a-1"));
        world.takes(&from_wechat(&world.wechat, "w-1"));
    }
    kept(&world.gateway, &[("0/w-1", "order_closed", 3), ("1/a-1", "order_closed", 3)]);
    assert!(in_force(&world.gateway, "cam-1").is_empty());
}

#[test]
fn a_second_payment_of_an_order_is_kept_beside_the_first() {
    let world = world();
    assert!(is_success(&from_wechat(&world.wechat, "w-1").send(&world.gateway)));
    let given = served(&world.gateway, &world.order, Some("0"));
    world.takes(&from_alipay(&world.alipay, "a-1"));
    world.takes(&from_wechat(&world.wechat, "w-2"));
    world.takes(&from_wechat(&world.wechat, "w-1"));
    assert_eq!(served(&world.gateway, &world.order, Some("0")), given);
    kept(&world.gateway, &[("0/w-1", "settled", 2), ("0/w-2", "order_paid", 1), ("1/a-1", "order_paid", 1)]);
    let shown = world.gateway.admin(&format!("/api/v1/orders/{}", world.order["orderId"].as_str().unwrap()));
    let shown = shown.json();
    assert_eq!((&shown["order"]["transaction"], &shown["order"]["state"]), (&json!("w-1"), &json!("paid")));
    assert_eq!(shown["payments"].as_array().unwrap().len(), 3, "{shown}");
}

#[test]
fn an_order_that_is_none_of_ours_is_kept() {
    let world = world();
    let other = |charged: &Charged, order: &str| Charged {
        order: order.to_owned(),
        ..charged.of(charged.amount.clone())
    };
    world.takes(&from_alipay(&other(&world.alipay, &"A".repeat(28)), "a-1"));
    world.takes(&from_alipay(&other(&world.alipay, "another system's/7"), "a-2"));
    world.takes(&from_wechat(&other(&world.wechat, "x"), "w-1"));
    let unknown = "unknown_order";
    kept(&world.gateway, &[("0/w-1", unknown, 1), ("1/a-1", unknown, 1), ("1/a-2", unknown, 1)]);
}

#[test]
fn what_nobody_vouches_for_is_never_kept() {
    let world = world();
    let (alipay, wechat) = (from_alipay(&world.alipay, "a-1"), from_wechat(&world.wechat, "w-1"));
    let body = |from: &Callback, text: &str, other: &str| {
        assert!(from.body.contains(text), "{}", from.body);
        Callback { body: from.body.replacen(text, other, 1), ..from.clone() }
    };
    world.denies(&body(&alipay, "a-1", "a-2"), 401);
    world.denies(&body(&alipay, "total_amount=0.10", "total_amount=0.01"), 401);
    world.denies(&body(&alipay, "&sign=", "&sing="), 401);
    world.denies(&body(&wechat, "TRANSACTION.SUCCESS", "TRANSACTION.SUCCESs"), 401);
    let without = |name: &str| {
        let headers = wechat.headers.iter().filter(|(own, _)| !own.eq_ignore_ascii_case(name)).cloned();
        Callback { headers: headers.collect(), ..wechat.clone() }
    };
    for name in ["wechatpay-signature", "wechatpay-serial", "wechatpay-timestamp", "wechatpay-nonce"] {
        world.denies(&without(name), 401);
    }
    let signed = |pair: &kit::Pair, serial: &str, at_s: i64| {
        let headers = kit::signed(pair, serial, at_s, wechat.body.as_bytes());
        Callback { headers: crate::steps::pairs(&headers), ..wechat.clone() }
    };
    let now = now_ms() / 1000;
    world.denies(&signed(&kit::STRANGER, kit::CERTIFICATE_SERIAL, now), 401);
    world.denies(&signed(&kit::CERTIFIED, kit::PUBLIC_KEY_ID, now), 401);
    world.denies(&signed(&kit::CERTIFIED, "7777", now), 401);
    world.denies(&signed(&kit::CERTIFIED, kit::CERTIFICATE_SERIAL, now - 310), 401);
    world.denies(&signed(&kit::CERTIFIED, kit::CERTIFICATE_SERIAL, now + 310), 401);
    kept(&world.gateway, &[]);
    assert!(is_success(&signed(&kit::VENDOR, kit::PUBLIC_KEY_ID, now).send(&world.gateway)), "either key");
    served(&world.gateway, &world.order, Some("0"));
}
