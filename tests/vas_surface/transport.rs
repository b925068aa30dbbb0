//! What HTTP itself refuses, and bodies that cannot be read: in the envelope all the same.

use std::io::Write as _;

use serde_json::json;

use crate::apps::{call, code, post};
use crate::gateway::{Folder, Gateway, request};
use crate::signed::PARTNER;
use crate::start;

const PATH: &str = "/vas/v1/queryPackgeList";

#[test]
fn what_cannot_be_read() {
    let folder = Folder::new();
    let gateway = start(&folder, &format!("{PARTNER}[limits]\nbad_signature_per_second = 0\n"));
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(9), "]".repeat(9));
    let deepest = format!("{{\"a\":{}{}}}", "[".repeat(9_000), "]".repeat(9_000));
    let many: Vec<String> = (0..300).map(|at| format!("\"k{at}\":1")).collect();
    let many = format!("{{{}}}", many.join(","));
    for body in
        ["", "{\"a\":1", "{}x", "{\"a\":\"\u{1}\"}", "[]", "\"a\"", "a=1", "<a/>", &deep, &deepest, &many]
    {
        let answer = post(&gateway, PATH, body);
        assert_eq!((answer.status, code(&answer)), (200, 10001), "{body}");
        assert!(answer.text().contains("not one JSON object"), "{}", answer.text());
    }
    assert_eq!(code(&request(gateway.main, "POST", PATH, &[], b"{\"a\":\"\xFF\"}")), 10001);
    let answer = post(&gateway, PATH, "{}");
    assert_eq!((answer.status, code(&answer)), (200, 10002));
    let answer = post(&gateway, PATH, &format!("{{\"a\":\"{}\"}}", "a".repeat(70_000)));
    assert_eq!((answer.status, code(&answer)), (413, 10001));
}

#[test]
fn any_content_type_and_the_known_codings() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let asked = || call("queryPackgeList", "ann", json!({"countryCode": "VN", "serviceType": 2})).sign();
    for kind in ["application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded"] {
        let body = format!("\u{FEFF} {}\n", asked().body());
        let answer = request(gateway.main, "POST", PATH, &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(code(&answer), 0, "{kind}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(asked().body().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let coded =
        |coding, body: &[u8]| request(gateway.main, "POST", PATH, &[("Content-Encoding", coding)], body);
    assert_eq!(code(&coded("gzip", &packed)), 0);
    let answer = coded("zstd", &packed);
    assert_eq!((answer.status, code(&answer)), (415, 10001));
    assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate, br"));
    let query = format!("{PATH}?countryCode=CN");
    assert_eq!(code(&post(&gateway, &query, &asked().body())), 0, "a query is not read");
}

#[test]
fn other_methods_paths_and_listeners() {
    let folder = Folder::new();
    let gateway = start(&folder, &format!("{PARTNER}[carrier]\nlisten = '127.0.0.1:0'\n"));
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = request(gateway.main, method, PATH, &[], b"");
        assert_eq!((answer.status, code(&answer)), (405, 10001), "{method}");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    for path in ["/vas/v1/", "/vas/v1/queryPackgeList/", "/vas/v1/a/b"] {
        let answer = post(&gateway, path, "{}");
        assert_eq!((answer.status, code(&answer)), (404, 10003), "{path}");
    }
    for listener in [gateway.admin, gateway.carrier.expect("its own")] {
        assert_eq!(request(listener, "POST", PATH, &[], b"{}").status, 404);
    }
}

#[test]
fn a_ledger_that_cannot_be_written_is_a_system_fault() {
    let folder = Folder::new();
    let gateway: Gateway = start(&folder, &format!("{PARTNER}[server]\nrequest_timeout_ms = 400\n"));
    let asked = || call("queryOwnedCouponList", "ann", json!({}));
    let held = crate::gateway::Ledger::of(&gateway.folder).hold();
    assert_eq!(asked().code(&gateway), 10005);
    drop(held);
    let until = std::time::Instant::now() + crate::gateway::PATIENCE;
    while asked().code(&gateway) != 0 {
        assert!(std::time::Instant::now() < until, "{}", gateway.log());
    }
}
