//! Partners that read of some services only.

use serde_json::{Value, json};

use crate::NUMBER;
use crate::gateway::{Gateway, request};
use crate::said::{self, register};

const OTHER: &str = "1000161";

/// The second reads of one service, the third of another, the last of none.
const READERS: &str = "[[partner]]\nname = 'app'\ntoken = 'app-token'\n\
    [[partner]]\nname = 'one'\ntoken = 'one-token'\nservices = ['1000625']\n\
    [[partner]]\nname = 'other'\ntoken = 'other-token'\nservices = ['1000161', '7']\n\
    [[partner]]\nname = 'none'\ntoken = 'none-token'\nservices = []\n";

fn ask(gateway: &Gateway, partner: &str, method: &str, what: &str, body: &str) -> Value {
    let (path, token) = (format!("/v1/subscribers/{NUMBER}/{what}"), format!("Bearer {partner}-token"));
    let answer = request(gateway.main, method, &path, &[("Authorization", &token)], body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_partner_reads_of_its_services_alone() {
    let gateway = Gateway::start(READERS);
    register("1", NUMBER).tell(&gateway);
    register("2", NUMBER).with("service_id", OTHER).tell(&gateway);
    let services = |partner: &str| -> Vec<Value> {
        let answer = ask(&gateway, partner, "GET", "subscriptions", "");
        let all = answer["subscriptions"].as_array().expect("a list").iter();
        all.map(|held| held["service_id"].clone()).collect()
    };
    assert_eq!(services("app").len(), 2);
    assert_eq!((services("one"), services("none")), (vec![json!(said::SERVICE)], vec![]));
    let rights = |partner: &str| ask(&gateway, partner, "GET", "entitlements", "")["entitlements"].clone();
    let (all, one) = (rights("app"), rights("one"));
    assert_eq!((all.as_array().map(Vec::len), one.as_array().map(Vec::len)), (Some(2), Some(1)));
    assert_eq!((&one[0]["offer"], rights("none")), (&json!("lovetv-day"), json!([])));
    let body = json!({"user_account": "ann"}).to_string();
    let on_device = |partner: &str| ask(&gateway, partner, "PUT", "devices/cam-1", &body)["services"].clone();
    let seen = on_device("app");
    assert_eq!((seen.as_array().map(Vec::len), &seen[0]["entitlement"]), (Some(1), &one[0]["id"]));
    assert_eq!(
        (on_device("one"), on_device("other"), on_device("none")),
        (seen.clone(), json!([]), json!([]))
    );
    assert_eq!(rights("one")[0]["devices"][0]["services"], seen, "the same wherever a device is told");
    let other = rights("other");
    assert_eq!((other.as_array().map(Vec::len), &other[0]["devices"]), (Some(1), &json!([])));
}
