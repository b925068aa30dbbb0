//! Coupons as apps see them: received each for itself, owned, held, free again, and the best first.

use serde_json::{Value, json};

use crate::apps::call;
use crate::gateway::{Folder, Gateway};
use crate::{order, own, shop};

#[track_caller]
fn receive(gateway: &Gateway, account: &str, ids: &[&str]) -> Vec<(i64, Value)> {
    let told = call("receiveCoupons", account, json!({ "couponIds": ids })).data(gateway);
    let rows = told.as_array().unwrap().iter().zip(ids);
    rows.map(|(row, id)| {
        assert_eq!(row["couponId"], json!(id));
        assert_eq!(row["couponCode"].is_string(), row["code"] == 0, "{row}");
        (row["code"].as_i64().unwrap(), row["couponCode"].clone())
    })
    .collect()
}

fn codes(received: &[(i64, Value)]) -> Vec<i64> {
    received.iter().map(|(code, _)| *code).collect()
}

/// Ids and states of what an account has.
fn owned(gateway: &Gateway, account: &str) -> Vec<(Value, Value)> {
    let told = call("queryOwnedCouponList", account, json!({})).data(gateway);
    let rows = told.as_array().unwrap().iter();
    let mut rows: Vec<_> = rows.map(|row| (row["couponId"].clone(), row["status"].clone())).collect();
    rows.sort_by_key(|(id, _)| id.to_string());
    rows
}

#[test]
fn each_is_received_for_itself() {
    let folder = Folder::new();
    let gateway = shop(&folder, "");
    assert_eq!(codes(&receive(&gateway, "ann", &["few", "none", "tet-20", "over"])), [0, 14030, 0, 14032]);
    assert_eq!(codes(&receive(&gateway, "ann", &["few", "few", "tet-20"])), [0, 14032, 14032], "two at most");
    assert_eq!(codes(&receive(&gateway, "bob", &["few", "few"])), [0, 14032], "three there were");
    assert_eq!(codes(&receive(&gateway, "bob", &["few"])), [14032]);
    let of = |id: &str, state: i64| (json!(id), json!(state));
    assert_eq!(owned(&gateway, "ann"), [of("few", 0), of("few", 0), of("tet-20", 0)]);
    assert_eq!(owned(&gateway, "bob"), [of("few", 0)]);
    let promotions = call("queryPromotionList", "ann", json!({})).data(&gateway);
    assert_eq!(promotions[0]["coupons"][0]["left"], 999, "{promotions}");
    let all = call("queryOwnedCouponList", "ann", json!({})).data(&gateway);
    let tet = all.as_array().unwrap().iter().find(|row| row["couponId"] == "tet-20").unwrap();
    assert_eq!(
        *tet,
        json!({
            "couponId": "tet-20", "couponCode": tet["couponCode"], "name": "20 % off", "kind": "percent",
            "value": 20, "amountMin": null, "packages": ["ye1m7d"], "startTime": 1_767_200_400,
            "endTime": 4_102_419_600_i64, "status": 0,
        })
    );
}

#[test]
fn what_can_be_used_is_told_the_best_first() {
    let folder = Folder::new();
    let gateway = shop(&folder, "");
    own(&gateway, "ann", "cam-1");
    let received = receive(&gateway, "ann", &["tet-20", "first-month", "few"]);
    let usable = |asked: Value| {
        let told = call("queryAvaliableCouponList", "ann", asked).data(&gateway);
        told.as_array().unwrap().iter().map(|row| row["couponId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(usable(json!({"packageNo": "ye1m7d"})), ["first-month", "tet-20"]);
    assert_eq!(usable(json!({"packageNo": "fen"})), ["few"]);
    assert_eq!(usable(json!({"packageNo": "ye1m7d", "couponIds": ["tet-20", "few"]})), ["tet-20"]);
    assert_eq!(usable(json!({"couponIds": ["few", "none"]})), ["few"]);
    let call = |asked| call("queryAvailableCouponList", "ann", asked).code(&gateway);
    assert_eq!([call(json!({})), call(json!({"packageNo": "none"}))], [10001, 14010]);
    // One that an open order holds is not there.
    let made = order("cam-1", "ye1m7d").with("couponCode", received[1].1.clone()).data(&gateway);
    assert_eq!(made["status"], 0, "nothing was left to pay");
    assert_eq!(usable(json!({"packageNo": "ye1m7d"})), ["tet-20"]);
    order("cam-1", "ye1m7d").with("couponCode", received[0].1.clone()).data(&gateway);
    assert_eq!(usable(json!({"packageNo": "ye1m7d"})), [Value::Null; 0]);
    let states: Vec<_> = owned(&gateway, "ann").into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [0, 1, 3], "unused, used, held");
}

#[test]
fn a_coupon_is_for_its_account_and_its_packages_once() {
    let folder = Folder::new();
    let gateway = shop(&folder, "[payments.sdp]\n");
    own(&gateway, "ann", "cam-1");
    let code = receive(&gateway, "ann", &["tet-20"])[0].1.clone();
    let theirs = receive(&gateway, "bob", &["tet-20"])[0].1.clone();
    let with = |package: &str, code: &Value| order("cam-1", package).with("couponCode", code.clone());
    assert_eq!(with("ye1m7d", &theirs).code(&gateway), 14030);
    assert_eq!(with("ye1m7d", &json!("no such")).code(&gateway), 14030);
    assert_eq!(with("fen", &code).code(&gateway), 14031, "not for that package");
    let lower = json!(code.as_str().unwrap().to_lowercase());
    let made = with("ye1m7d", &lower).data(&gateway);
    assert_eq!((&made["discount"], &made["payable"]), (&json!(11_800), &json!(47_200)));
    assert_eq!(with("ye1m7d", &code).code(&gateway), 14031, "an open order holds it");
    assert_eq!(crate::payment(&made, "sdp").code(&gateway), 14031, "the carrier takes none");
}
