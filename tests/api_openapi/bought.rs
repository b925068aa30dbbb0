//! What operators are told and may do about what camera apps bought: by the document, and the same by commands.

use sdp_gateway::clock::Clock;
use sdp_gateway::ledger::Ledger;
use sdp_gateway::ledger::shop::{SettlePayment, Taken};
use sdp_gateway::money::{Currency, Money, Stated};
use sdp_gateway::order::payment::Key;
use serde_json::{Value, json};

use crate::apps::{call, code};
use crate::gateway::{Folder, Gateway, request};
use crate::signed::PARTNER;
use crate::{Schemas, outbox};

const NUMBER: &str = "84945000077";

/// A gateway that sells what the example does; its ledger can be opened from elsewhere too.
fn start(folder: &Folder) -> Gateway {
    let settings =
        crate::apps::settings(folder.path(), include_str!("../../config/example-shop.toml"), PARTNER);
    let catalog = format!("'{}'", folder.path().join("shop.toml").display());
    Gateway::start_in(folder.path(), &settings.replace("'shop.toml'", &catalog))
}

/// An order that is made through the surface; its id.
fn ordered(gateway: &Gateway, more: Value) -> String {
    let mut asked = json!({"deviceId": "cam-7", "packageNo": "ye1m7d", "timezone": "+07:00"});
    for (name, value) in more.as_object().expect("an object") {
        asked[name] = value.clone();
    }
    call("createOrder", "ann", asked).data(gateway)["orderId"].as_str().expect("an id").to_owned()
}

fn paid(ledger: &Ledger, transaction: &str, order: &str, minor: u64) -> Taken {
    let now = Clock::system().now();
    let payment = SettlePayment {
        key: Key::of("1", transaction),
        order: order.to_owned(),
        money: Stated::Money(Some(Money { minor, currency: Currency::Vnd })),
        paid_at: now,
        now,
        pausing: std::sync::Arc::default(),
    };
    outbox::wait(ledger.write(payment)).expect("written")
}

fn ids(answer: &Value, list: &str) -> Vec<String> {
    let id = |item: &Value| item["id"].as_str().or(item["transaction"].as_str()).expect("an id").to_owned();
    answer[list].as_array().expect("a list").iter().map(id).collect()
}

#[test]
fn operators_are_told_of_what_apps_bought_as_the_document_says() {
    let (schemas, folder) = (Schemas::strict(), Folder::new());
    let gateway = start(&folder);
    let ledger = outbox::beside(&gateway.folder);
    outbox::bind(&ledger, NUMBER, "cam-7", "ann");
    let coupons = call("receiveCoupons", "ann", json!({"couponIds": ["tet-20"]})).data(&gateway);
    let coupon = coupons[0]["couponCode"].clone();
    let first = ordered(&gateway, json!({}));
    let second = ordered(&gateway, json!({ "couponCode": coupon }));
    assert!(matches!(paid(&ledger, "t1", &first, 59_000), Taken::Settled(_)));
    for transaction in ["t2", "t3", "t3"] {
        assert!(!matches!(paid(&ledger, transaction, &first, 59_000), Taken::Settled(_)));
    }
    let get = |path: &str, real: &str, status: u16| {
        let answer = gateway.admin(real);
        assert_eq!(answer.status, status, "{real}: {}", answer.text());
        schemas.check(path, "get", &answer);
        answer.json()
    };
    let orders = "/api/v1/orders";
    assert_eq!(ids(&get(orders, orders, 200), "orders"), [second.clone(), first.clone()]);
    let page = get(orders, "/api/v1/orders?limit=1&account=ann&device=cam-7", 200);
    let next = page["next"].as_str().expect("another page");
    let rest = get(orders, &format!("/api/v1/orders?cursor={next}"), 200);
    assert_eq!((ids(&rest, "orders"), &rest["next"]), (vec![first.clone()], &Value::Null));
    assert_eq!(ids(&get(orders, "/api/v1/orders?state=paid", 200), "orders"), std::slice::from_ref(&first));
    for bad in ["state=lost", "account=a%20b", "device=", "cursor=1", "limit=0", "x=1"] {
        get(orders, &format!("/api/v1/orders?{bad}"), 400);
    }
    let one = "/api/v1/orders/{id}";
    let whole = get(one, &format!("/api/v1/orders/{first}"), 200);
    assert_eq!((ids(&whole, "payments").len(), &whole["order"]["transaction"]), (3, &json!("t1")));
    get(one, "/api/v1/orders/nobody", 404);
    get(one, &format!("/api/v1/orders/{}", "A".repeat(28)), 404);
    let payments = "/api/v1/payments";
    let page = get(payments, "/api/v1/payments?limit=1", 200);
    let next = page["next"].as_str().expect("another page").replace('/', "%2F");
    let rest = get(payments, &format!("/api/v1/payments?cursor={next}"), 200);
    let mut kept = [ids(&page, "payments"), ids(&rest, "payments")].concat();
    kept.sort_unstable();
    assert_eq!(kept, ["t2", "t3"], "each once");
    assert_eq!(ids(&get(payments, "/api/v1/payments?became=settled", 200), "payments"), ["t1"]);
    for bad in ["became=lost", "cursor=1"] {
        get(payments, &format!("/api/v1/payments?{bad}"), 400);
    }
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("sdp_gateway_payments_kept{why=\"order_paid\"} 2"), "{metrics}");
    let story = get("/api/v1/subscribers/{msisdn}", &format!("/api/v1/subscribers/{NUMBER}"), 200);
    assert_eq!((ids(&story, "orders").len(), ids(&story, "payments").len()), (2, 3));
    assert_eq!(
        (&story["coupons"][0]["state"], &story["coupons"][0]["order_id"]),
        (&json!("held"), &json!(second))
    );
    outbox::wait(ledger.close());
}

#[test]
fn operators_mark_what_was_paid_back_as_the_document_says() {
    let (schemas, folder) = (Schemas::strict(), Folder::new());
    let gateway = start(&folder);
    let ledger = outbox::beside(&gateway.folder);
    outbox::bind(&ledger, NUMBER, "cam-7", "ann");
    let (first, second) = (ordered(&gateway, json!({})), ordered(&gateway, json!({})));
    assert!(matches!(paid(&ledger, "t1", &first, 59_000), Taken::Settled(_)));
    assert!(!matches!(paid(&ledger, "t2", &first, 59_000), Taken::Settled(_)));
    let of_order = |id: &str| format!("/api/v1/orders/{id}/refund");
    let of_payment =
        |transaction: &str| json!({"pay_type": "1", "transaction": transaction, "why": "twice"}).to_string();
    let (order, payment) = ("/api/v1/orders/{id}/refund", "/api/v1/payments/refund");
    let large = " ".repeat(70_000);
    for (path, real, body, status) in [
        (order, of_order(&first), r#"{"who": "bob", "why": "it never worked"}"#.to_owned(), 200),
        (order, of_order(&first), String::new(), 409),
        (order, of_order(&second), String::new(), 409),
        (order, of_order(&"A".repeat(28)), String::new(), 404),
        (order, of_order("nobody"), String::new(), 404),
        (order, of_order(&second), r#"{"why": ""}"#.to_owned(), 400),
        (order, of_order(&second), large, 413),
        (payment, payment.to_owned(), of_payment("t1"), 409),
        (payment, payment.to_owned(), of_payment("t2"), 200),
        (payment, payment.to_owned(), of_payment("t2"), 409),
        (payment, payment.to_owned(), of_payment("t3"), 404),
        (payment, payment.to_owned(), String::new(), 400),
    ] {
        let answer = request(gateway.admin, "POST", &real, &[], body.as_bytes());
        assert_eq!(answer.status, status, "{real} {body:.50}: {}", answer.text());
        schemas.check(path, "post", &answer);
    }
    let audit = gateway.admin("/api/v1/audit");
    schemas.check("/api/v1/audit", "get", &audit);
    let audit = audit.json();
    let row = |place: usize| {
        let row = &audit["audit"][place];
        ["who", "action", "about", "why", "msisdn"].map(|key| row[key].as_str().unwrap_or("-").to_owned())
    };
    assert_eq!(row(1), ["admin:bob", "refund", &format!("order {first}"), "it never worked", NUMBER]);
    assert_eq!(row(0)[1..], ["refund", "payment 1/t2", "twice", "-"].map(str::to_owned));
    assert_eq!(gateway.story(NUMBER)["devices"][0]["services"], json!([]));
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("sdp_gateway_payments_kept{why=\"order_paid\"} 0"), "{metrics}");
    outbox::wait(ledger.close());
}

#[test]
fn commands_tell_and_do_the_same() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let ledger = outbox::beside(&gateway.folder);
    outbox::bind(&ledger, NUMBER, "cam-7", "ann");
    let (first, second) = (ordered(&gateway, json!({})), ordered(&gateway, json!({})));
    assert!(matches!(paid(&ledger, "t1", &first, 59_000), Taken::Settled(_)));
    assert!(!matches!(paid(&ledger, "t2", &first, 59_000), Taken::Settled(_)));
    let printed = |arguments: &[&str]| outbox::printed(&gateway, arguments);
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&printed(&[arguments, &["--json"]].concat())).expect("JSON")
    };
    assert_eq!(ids(&json(&["orders", "list"]), "orders"), [second.clone(), first.clone()]);
    assert_eq!(ids(&json(&["orders", "list", "--state", "unpaid"]), "orders"), std::slice::from_ref(&second));
    assert_eq!(ids(&json(&["orders", "list", "--account", "bob"]), "orders"), Vec::<String>::new());
    assert_eq!(ids(&json(&["orders", "list", "--payments"]), "payments"), ["t2"]);
    let text = printed(&["orders", "show", &first]);
    assert!(text.contains("paid") && text.contains("order_paid") && text.contains("59000"), "{text}");
    let refunded = json(&["orders", "refund", &first, "--why", "it never worked"]);
    assert_eq!(refunded["orders"][0]["state"], "refunded");
    let refunded = json(&["orders", "refund", "--payment", "1/t2", "--why", "twice"]);
    assert!(refunded["payments"][0]["refunded_at"].is_string(), "{refunded}");
    let story = json(&["account", "show", "ann"]);
    let counts = ["devices", "orders", "payments", "coupons", "vouchers", "transfers"]
        .map(|list| story[list].as_array().unwrap_or_else(|| panic!("no {list}: {story}")).len());
    assert_eq!(counts, [1, 2, 2, 0, 0, 0]);
    let text = printed(&["account", "show", "ann"]);
    assert!(text.contains("orders: 2") && text.contains("refunded") && !text.contains("notices"), "{text}");
    let text = printed(&["subscriber", "show", NUMBER]);
    assert!(text.contains("payments: 2") && text.contains(&format!("order {first}")), "{text}");
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    for (arguments, ends, why) in [
        (vec!["refund", &first], 1, "paid back already"),
        (vec!["refund", &second], 1, "never paid"),
        (vec!["refund", "--payment", "1/t1"], 1, "refund that"),
        (vec!["refund", "--payment", "1/t9"], 1, "no such"),
        (vec!["show", &"A".repeat(28)], 1, "there is no order"),
        (vec!["show", "x"], 2, "no order's id"),
        (vec!["refund"], 2, "required"),
        (vec!["list", "--payments", "--account", "ann"], 2, "cannot be used with"),
    ] {
        let mut command = Gateway::cli(&gateway.folder, &settings);
        let output = command.arg("orders").args(&arguments).output().expect("the command runs");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(ends) && told.contains(why), "{arguments:?}: {told}");
    }
    assert_eq!(code(&call("queryPaymentResult", "ann", json!({"orderId": first})).sign().send(&gateway)), 0);
    outbox::wait(ledger.close());
}
