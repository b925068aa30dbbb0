//! A gateway that is started on an older ledger keeps no notice until it is brought over, and says so.

use std::time::{Duration, Instant};

use super::Old;
use super::gateway::{PATIENCE, notice};

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
