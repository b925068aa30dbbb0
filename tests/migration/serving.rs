//! A gateway that is started on an older ledger keeps no notice until it is brought over, and says so.

use std::time::{Duration, Instant};

use sdp_gateway::clock::Timestamp;
use sdp_gateway::flussonic::token::{self, Ticket};
use sdp_gateway::ids::{DeviceId, UserAccount};

use super::gateway::{Gateway, PATIENCE, notice, request};
use super::{Old, PLAYS};

#[test]
fn no_notice_is_kept_before_it_is_brought_over() {
    let old = Old::with(2500);
    let gateway = old.serve();
    let fields = [
        ("queueID", "77"),
        ("msisdn", "84900000099"),
        ("regType", "1"),
        ("service_id", "100"),
        ("package_id", "13"),
        ("regID", "R99"),
        ("subcribeTime", "20261101080000"),
    ];
    let post = || gateway.post("/vascloud/v1/notify_reg", &notice(&fields));
    let refused = post();
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.header("Retry-After").is_some(), "{:?}", refused.headers);
    let told = ["MODULE", "error_id", "error_desc", "queueID"].map(|name| refused.element(name));
    assert_eq!(told, ["SDP NOTIFIER", "1", "He thong bi loi", "77"]);
    let ready = gateway.admin("/readyz");
    assert_eq!(ready.status, 503, "{}", ready.text());
    assert!(ready.text().contains("brought over"), "{}", ready.text());
    assert_eq!(gateway.admin("/livez").status, 200);
    // What a number holds can be read all the while.
    assert_eq!(gateway.admin("/api/v1/subscribers/84900000001").status, 200);
    let until = Instant::now() + 6 * PATIENCE;
    while gateway.admin("/readyz").status != 200 {
        assert!(Instant::now() < until, "{}", gateway.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(post().element("error_id"), "0");
    gateway.logs("the ledger is brought over");
    let story = gateway.story("84910001000");
    assert_eq!(story["subscriptions"][0]["state"], "cancelled", "{story}");
    assert!(gateway.stop().success());
    old.verify();
}

/// What a streamer is told of a viewer of a device.
fn play(gateway: &Gateway, device: &str, account: &str) -> u16 {
    let ticket = Ticket {
        device: DeviceId::parse(device).expect("a device"),
        account: UserAccount::parse(account).expect("an account"),
        expires_at: Timestamp((chrono::Utc::now().timestamp() + 3600) * 1000),
    };
    let token = token::sign(&PLAYS.into(), device, &ticket);
    let question = format!("/flussonic/v1/auth?name={device}&token={token}&request_type=update_session");
    request(gateway.main, "GET", &question, &[], b"").status
}

/// A streamer cuts what plays at any other status.
#[test]
fn no_play_is_refused_by_what_an_older_gateway_left() {
    let old = Old::with(2500);
    let nothing = "('cam-9', '84900000098', 'user-9', 1795869031942, 1795869031942)";
    old.ledger()
        .execute(&format!("INSERT INTO device (id, msisdn, account, bound_at, settled_at) VALUES {nothing}"));
    let gateway = old.serve();
    let until = Instant::now() + 6 * PATIENCE;
    let ask = || {
        assert!(Instant::now() < until, "{}", gateway.log());
        let told = [("cam-1", "user-1"), ("cam-2", "user-2"), ("cam-9", "user-9")];
        told.map(|(device, account)| play(&gateway, device, account))
    };
    // What the older gateway left of cam-2 is wrong; of cam-9 there is nothing.
    let early: Vec<_> = std::iter::repeat_with(ask).take_while(|told| told[2] != 403).collect();
    gateway.logs("the ledger is brought over");
    let is_fit = |told: &[u16; 3]| told.iter().all(|status| [200, 500].contains(status)) && told[2] == 500;
    assert!(early.iter().all(is_fit), "{early:?}");
    assert!(early.iter().any(|told| told[0] == 200), "nobody was allowed before: {early:?}");
    assert_eq!(ask(), [200, 200, 403]);
}
