//! The steps of a purchase, and what a vendor sends: made of what the vendor was given, not of what apps were told.

use chrono::DateTime;
use hyper::HeaderMap;
use serde_json::{Value, json};

use crate::apps::call;
use crate::double::{Double, answer};
use crate::gateway::{Answer, Folder, Gateway, request};
use crate::kit;
use crate::shop::{bind, in_force, order, own, payment, result};
use crate::signed::now_ms;

/// Where partners bind `cam-1`, to the number of `ann`.
pub(crate) const CAMERA: &str = "/v1/subscribers/84945989325/devices/cam-1";

/// WeChat as long as it answers: every order gets a prepay id.
pub(crate) fn wechat_double() -> Double {
    Double::start(|_| {
        let body = "{\"prepay_id\":\"wx28195959\"}";
        let signed = kit::signed(&kit::VENDOR, kit::PUBLIC_KEY_ID, now_ms() / 1000, body.as_bytes());
        answer("200 OK", &signed, body)
    })
}

/// A shop that takes all ways to pay; `ann` has `cam-1` and `cam-2`, beside whatever `more` says.
pub(crate) fn open(folder: &Folder, wechat: &str, more: &str) -> Gateway {
    let gateway = crate::shop::shop(folder, &format!("{}{more}", kit::settings(wechat)));
    bind(&gateway, CAMERA, "ann");
    own(&gateway, "ann", "cam-2");
    gateway
}

/// Finds a package in the list, where it can be paid so, and orders it for `cam-1`; with a coupon where one is named:
/// received, and offered for it.
#[track_caller]
pub(crate) fn choose(gateway: &Gateway, number: &str, pay_type: &str, coupon: Option<&str>) -> Value {
    let listed = [1, 2].map(|kind| json!({"countryCode": "CN", "serviceType": kind})).map(|asked| {
        let listed = call("queryPackgeList", "ann", asked).data(gateway);
        listed.as_array().unwrap().clone()
    });
    let package = listed.into_iter().flatten().find(|package| package["packageNo"] == number).unwrap();
    assert!(package["payTypes"].as_array().unwrap().contains(&json!(pay_type)), "{package}");
    let code = coupon.map(|id| receive(gateway, id, number));
    let made = order("cam-1", number).with("couponCode", code.clone()).data(gateway);
    assert_eq!((&made["amount"], &made["currency"]), (&package["price"], &package["currency"]));
    assert_eq!(code.is_some(), made["discount"].as_u64() > Some(0), "{made}");
    let paid = made["payable"] == 0;
    assert_eq!(listed_status(gateway, &made), if paid { 0 } else { 1 });
    made
}

/// Receives a coupon, and finds it among those that a package can be bought with.
#[track_caller]
fn receive(gateway: &Gateway, id: &str, number: &str) -> String {
    let received = call("receiveCoupons", "ann", json!({"couponIds": [id]})).data(gateway);
    let usable = call("queryAvaliableCouponList", "ann", json!({"packageNo": number})).data(gateway);
    let code = received[0]["couponCode"].as_str().unwrap();
    assert!(usable.as_array().unwrap().iter().any(|coupon| coupon["couponCode"] == code), "{usable}");
    code.to_owned()
}

/// How an order of `cam-1` stands in the list of orders.
#[track_caller]
pub(crate) fn listed_status(gateway: &Gateway, order: &Value) -> i64 {
    let page = call("queryOrderList", "ann", json!({"deviceId": "cam-1"})).data(gateway);
    let rows = page["list"].as_array().unwrap();
    let row = rows.iter().find(|row| row["orderId"] == order["orderId"]).unwrap();
    row["status"].as_i64().unwrap()
}

/// What a vendor knows of an order: its name, the amount as the vendor writes it, and where to call back.
pub(crate) struct Charged {
    pub(crate) order: String,
    pub(crate) amount: Value,
    pub(crate) path: String,
}

/// An app asks how to pay, and hands that to Alipay: which reads the order string, signed by the merchant.
#[track_caller]
pub(crate) fn to_alipay(gateway: &Gateway, order: &Value) -> Charged {
    let info = payment(order, "1").data(gateway);
    let text = info["orderString"].as_str().unwrap();
    let sent: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let (sign, signed): (Vec<_>, Vec<_>) = sent.into_iter().partition(|(name, _)| name == "sign");
    assert!(kit::MERCHANT.verifies(kit::plain(&signed).as_bytes(), &sign[0].1), "{info}");
    let field = |name: &str| &signed.iter().find(|(own, _)| own == name).unwrap().1;
    let content: Value = serde_json::from_str(field("biz_content")).unwrap();
    let order = content["out_trade_no"].as_str().unwrap().to_owned();
    Charged { order, amount: content["total_amount"].clone(), path: path(field("notify_url")) }
}

/// An app asks how to pay, and WeChat is told of the order by us.
#[track_caller]
pub(crate) fn to_wechat(gateway: &Gateway, double: &Double, order: &Value) -> Charged {
    let info = payment(order, "0").data(gateway);
    assert_eq!(info["prepayid"], "wx28195959", "{info}");
    let asked: Value = serde_json::from_str(&double.asked().last().unwrap().body).unwrap();
    let order = asked["out_trade_no"].as_str().unwrap().to_owned();
    Charged { order, amount: asked["amount"].clone(), path: path(asked["notify_url"].as_str().unwrap()) }
}

/// Of a URL that begins with a host.
fn path(url: &str) -> String {
    let (_, rest) = url.strip_prefix("https://").and_then(|rest| rest.split_once('/')).unwrap();
    format!("/{rest}")
}

/// A callback on its way.
#[derive(Clone)]
pub(crate) struct Callback {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Callback {
    pub(crate) fn send(&self, gateway: &Gateway) -> Answer {
        request(gateway.main, "POST", &self.path, &self.headers(), self.body.as_bytes())
    }

    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// Whether a vendor reads its answer as done.
pub(crate) fn is_success(answer: &Answer) -> bool {
    answer.status == 200 && (answer.text() == "success" || answer.text().contains("\"SUCCESS\""))
}

/// Alipay says that this was paid.
pub(crate) fn from_alipay(charged: &Charged, transaction: &str) -> Callback {
    let amount = charged.amount.as_str().unwrap();
    let with =
        [("out_trade_no", charged.order.as_str()), ("trade_no", transaction), ("total_amount", amount)];
    let content_type =
        ("Content-Type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned());
    Callback { path: charged.path.clone(), headers: vec![content_type], body: kit::alipay_form(&with) }
}

/// WeChat says that this was paid, signed with the key of a certificate.
pub(crate) fn from_wechat(charged: &Charged, transaction: &str) -> Callback {
    let paid = json!({
        "out_trade_no": charged.order, "transaction_id": transaction, "amount": charged.amount,
    });
    let body = kit::notice(&kit::transaction(&paid), Some(json!("transaction"))).to_string();
    let signed = kit::signed(&kit::CERTIFIED, kit::CERTIFICATE_SERIAL, now_ms() / 1000, body.as_bytes());
    Callback { path: charged.path.clone(), headers: pairs(&signed), body }
}

pub(crate) fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let pair = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    headers.iter().map(pair).collect()
}

/// A service in force on `cam-1`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Served {
    pub(crate) id: String,
    /// In seconds.
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Where the partner sees it come from.
    pub(crate) source: String,
}

/// The one service on `cam-1`, which the paid order names: what became of the payment, the list of orders, the partner's
/// view of the device, and what is in force there are at one about it.
#[track_caller]
pub(crate) fn served(gateway: &Gateway, order: &Value, pay_type: Option<&str>) -> Served {
    let told = result(gateway, order);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &json!(pay_type)), "{told}");
    assert_eq!(listed_status(gateway, order), 0);
    let id = told["serviceId"].as_str().unwrap().to_owned();
    let device = device(gateway);
    let services = device["services"].as_array().unwrap();
    assert_eq!(services.len(), 1, "{device}");
    let service = &services[0];
    assert_eq!((&service["id"], &service["state"]), (&json!(id), &json!("active")), "{device}");
    let second =
        |field: &str| DateTime::parse_from_rfc3339(service[field].as_str().unwrap()).unwrap().timestamp();
    let (start, end) = (second("starts_at"), second("ends_at"));
    assert_eq!(in_force(gateway, "cam-1"), [(id.clone(), start, end)]);
    Served { id, start, end, source: service["source"].as_str().unwrap().to_owned() }
}

/// The device as partners see it: binding it once more changes nothing, and shows it.
#[track_caller]
fn device(gateway: &Gateway) -> Value {
    let headers = [("Authorization", "Bearer app-token")];
    let answer = request(gateway.main, "PUT", CAMERA, &headers, b"{\"user_account\":\"ann\"}");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// What may be moved to `cam-2`, by id.
#[track_caller]
pub(crate) fn movable(gateway: &Gateway) -> Vec<String> {
    let listed = call("queryCanTransferPackge", "ann", json!({"deviceId": "cam-2"})).data(gateway);
    let rows = listed.as_array().unwrap().iter();
    rows.map(|row| row["serviceId"].as_str().unwrap().to_owned()).collect()
}
