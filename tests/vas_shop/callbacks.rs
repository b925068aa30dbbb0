//! Callbacks that repeat, race, lie, come late, or are about something else.

use serde_json::json;

use crate::gateway::{Answer, Folder, Gateway, request, try_request};
use crate::{alipay, in_force, kit, order, own, paid_form, result, shop};

fn start(folder: &Folder) -> Gateway {
    let gateway = shop(folder, &kit::settings("http://127.0.0.1:9"));
    own(&gateway, "ann", "cam-1");
    gateway
}

fn became(gateway: &Gateway, way: &str, word: &str) -> u64 {
    let line = format!("sdp_gateway_payment_callbacks_total{{way=\"{way}\",became=\"{word}\"}} ");
    let metrics = gateway.admin("/metrics").text();
    let found = metrics.lines().find_map(|text| text.strip_prefix(&line));
    found.unwrap_or_else(|| panic!("no {line}")).parse().expect("a number")
}

#[track_caller]
fn success(answer: &Answer) {
    assert_eq!((answer.status, answer.text().as_str()), (200, "success"));
}

#[test]
fn two_hundred_at_once_pay_an_order_once() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let made = order("cam-1", "fen").data(&gateway);
    let form = paid_form(&made, "t-1", "0.10");
    std::thread::scope(|scope| {
        let sending: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| (0..10).for_each(|_| success(&alipay(&gateway, &form)))))
            .collect();
        sending.into_iter().for_each(|sent| sent.join().expect("answered"));
    });
    assert_eq!(in_force(&gateway, "cam-1").len(), 1);
    assert_eq!((became(&gateway, "alipay", "settled"), became(&gateway, "alipay", "repeated")), (1, 199));
    assert_eq!(result(&gateway, &made)["status"], 0);
}

#[test]
fn what_pays_no_order_is_kept_and_changes_nothing() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let made = order("cam-1", "fen").data(&gateway);
    let other = json!({ "orderId": "A".repeat(28) });
    success(&alipay(&gateway, &paid_form(&made, "t-1", "0.11")));
    success(&alipay(&gateway, &paid_form(&other, "t-2", "0.10")));
    assert_eq!(result(&gateway, &made)["status"], 1);
    success(&alipay(&gateway, &paid_form(&made, "t-3", "0.10")));
    success(&alipay(&gateway, &paid_form(&made, "t-4", "0.10")));
    success(&alipay(&gateway, &paid_form(&made, "t-4", "0.10")));
    assert_eq!(in_force(&gateway, "cam-1").len(), 1);
    for (word, count) in
        [("other_amount", 1), ("unknown_order", 1), ("settled", 1), ("order_paid", 1), ("repeated", 1)]
    {
        assert_eq!(became(&gateway, "alipay", word), count, "{word}");
    }
    let rows = crate::gateway::Ledger::of(&gateway.folder).rows("SELECT key FROM payment ORDER BY key");
    assert_eq!(rows.len(), 4, "{rows:?}");
    gateway.logs("settles no order");
}

#[test]
fn what_is_not_proven_is_counted_and_never_kept() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let made = order("cam-1", "fen").data(&gateway);
    let form = paid_form(&made, "t-1", "0.10");
    for (body, status) in [(form.replace("0.10", "0.01"), 401), (String::new(), 401), ("x=1".to_owned(), 401)]
    {
        let answer = alipay(&gateway, &body);
        assert_eq!((answer.status, answer.text().as_str()), (status, "fail"), "{body}");
    }
    let answer = alipay(&gateway, &"x".repeat(70_000));
    assert_eq!((answer.status, answer.text().as_str()), (400, "fail"));
    let answer = request(gateway.main, "POST", "/vas/v1/pay/wechat", &[], b"{}");
    assert_eq!((answer.status, answer.json()["code"].clone()), (401, json!("FAIL")));
    assert_eq!(became(&gateway, "wechat", "unsigned"), 1);
    assert_eq!(became(&gateway, "alipay", "signature") + became(&gateway, "alipay", "unsigned"), 3);
    assert_eq!(result(&gateway, &made)["status"], 1);
    let rows = crate::gateway::Ledger::of(&gateway.folder).rows("SELECT key FROM payment");
    assert!(rows.is_empty(), "{rows:?}");
    let waiting = alipay(&gateway, &kit::alipay_form(&[("trade_status", "WAIT_BUYER_PAY")]));
    success(&waiting);
    assert_eq!(became(&gateway, "alipay", "other"), 1);
    gateway.logs("a callback is not believed");
}

#[test]
fn a_way_that_is_not_open_is_no_path() {
    let folder = Folder::new();
    let gateway = shop(&folder, "");
    for path in ["/vas/v1/pay/alipay", "/vas/v1/pay/wechat"] {
        assert_eq!(request(gateway.main, "POST", path, &[], b"").status, 404);
    }
    let gateway = start(&Folder::new());
    let answer = request(gateway.main, "GET", "/vas/v1/pay/alipay", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

/// A vendor repeats until it is told that all is well; the gateway dies while it does.
#[test]
fn killed_in_the_midst_of_callbacks_an_order_is_paid_once() {
    let folder = Folder::new();
    let mut gateway = start(&folder);
    let made = order("cam-1", "fen").data(&gateway);
    let form = paid_form(&made, "t-1", "0.10");
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    for _ in 0..4 {
        let main = gateway.main;
        std::thread::scope(|scope| {
            let send = || try_request(main, "POST", "/vas/v1/pay/alipay", &headers, form.as_bytes());
            let sending: Vec<_> =
                (0..10).map(|_| scope.spawn(move || (0..5).filter(|_| send().is_ok()).count())).collect();
            gateway.signal("KILL");
            gateway.wait();
            sending.into_iter().for_each(|sent| assert!(sent.join().expect("no panic") <= 5));
        });
        gateway = shop(&folder, &kit::settings("http://127.0.0.1:9"));
    }
    success(&alipay(&gateway, &form));
    assert_eq!(in_force(&gateway, "cam-1").len(), 1);
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["payType"]), (&json!(0), &json!("1")), "{told}");
    let rows = crate::gateway::Ledger::of(&gateway.folder).rows("SELECT key FROM payment");
    assert_eq!(rows.len(), 1, "{rows:?}");
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    let verified =
        Gateway::cli(&gateway.folder, &settings).args(["ledger", "verify"]).output().expect("it runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
