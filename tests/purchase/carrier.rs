//! Paid at the carrier: what the app is told to send registers the number, and the carrier's notice settles the order.

use serde_json::{Value, json};

use crate::gateway::{Folder, Gateway, Ledger};
use crate::said::{Said, cancel, register};
use crate::shop::{NUMBER, in_force, payment, result};
use crate::steps::{choose, movable, open, served};

fn start(folder: &Folder) -> Gateway {
    open(folder, "http://127.0.0.1:9", "")
}

/// The carrier registers the number for what the app was told.
fn registered(gateway: &Gateway, order: &Value, queue_id: &str) -> Said {
    let info = payment(order, "sdp").data(gateway);
    let text = |name: &str| info[name].as_str().unwrap().to_owned();
    assert_eq!((text("smsShortCode"), text("smsText")), ("9656".to_owned(), "DK C30".to_owned()));
    let said = register(queue_id, NUMBER);
    said.with("service_id", &text("serviceId")).with("package_id", &text("packageId"))
}

#[test]
fn the_notice_pays_the_order_and_the_right_is_its_service() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let made = choose(&gateway, "ye1m7d", "sdp", None);
    let said = registered(&gateway, &made, "11");
    assert_eq!(result(&gateway, &made)["status"], 1);
    said.tell(&gateway);
    let given = served(&gateway, &made, Some("sdp"));
    assert_eq!(given.source, "entitlement", "the order adds none");
    assert!(movable(&gateway).is_empty(), "a right does not move");
    said.tell(&gateway);
    assert_eq!(served(&gateway, &made, Some("sdp")), given);
    assert_eq!(payment(&made, "sdp").code(&gateway), 14022);
    cancel("12", NUMBER).with("package_id", "1003016").tell(&gateway);
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["serviceId"]), (&json!(0), &json!(given.id)), "it was paid");
    assert!(in_force(&gateway, "cam-1").is_empty());
}

#[test]
fn each_notice_pays_one_order_the_oldest_first() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let orders = [(); 2].map(|()| choose(&gateway, "ye1m7d", "sdp", None));
    let with_coupon = choose(&gateway, "ye1m7d", "sdp", Some("tet-20"));
    let status = || {
        let all = [&orders[0], &orders[1], &with_coupon];
        all.map(|made| result(&gateway, made)["status"].as_i64().unwrap())
    };
    let said = registered(&gateway, &orders[1], "11");
    said.clone().with("package_id", "1003013").with("regID", "1").with("queueID", "10").tell(&gateway);
    assert_eq!(status(), [1, 1, 1], "another offer");
    for _ in 0..3 {
        said.tell(&gateway);
        assert_eq!(status(), [0, 1, 1], "the oldest, once");
    }
    let renewed = said.with("queueID", "12").with("expiredTime", &crate::said::at(100));
    renewed.tell(&gateway);
    assert_eq!(status(), [0, 0, 1], "a renewal is paid for, too");
    renewed.with("queueID", "13").with("expiredTime", &crate::said::at(200)).tell(&gateway);
    assert_eq!(status(), [0, 0, 1], "the carrier takes no coupon");
    assert_eq!(in_force(&gateway, "cam-1").len(), 1);
}

#[test]
fn a_notice_pays_no_order_whose_time_is_over() {
    let folder = Folder::new();
    let gateway = start(&folder);
    let made = choose(&gateway, "ye1m7d", "sdp", None);
    let said = registered(&gateway, &made, "11");
    let (id, then) = (made["orderId"].as_str().unwrap(), crate::signed::now_ms() - 1);
    Ledger::of(&gateway.folder)
        .execute(&format!("UPDATE vas_order SET expires_at = {then}, due_at = {then} WHERE id = '{id}'"));
    said.tell(&gateway);
    let told = result(&gateway, &made);
    assert_eq!((&told["status"], &told["serviceId"]), (&json!(2), &Value::Null));
    assert_eq!(in_force(&gateway, "cam-1").len(), 1, "the right is there all the same");
}
