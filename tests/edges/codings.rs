//! Bodies in a content coding: kept as they came, read again, exported, replayed and copied so.

use sdp_gateway::wire::coding;

use crate::gateway::{Answer, Folder, Gateway, notice, request};

const REG: &str = "/vascloud/v1/notify_reg";
const CHECK: &str = "/vascloud/v1/notify_check";

fn register(queue_id: &str, package_id: &str) -> String {
    notice(&[
        ("queueID", queue_id),
        ("startTime", "1773111602340"),
        ("regID", "1"),
        ("msisdn", "84945989325"),
        ("regType", "1"),
        ("service_id", "1000625"),
        ("package_id", package_id),
    ])
}

fn post(gateway: &Gateway, path: &str, codings: &str, body: &[u8]) -> Answer {
    let headers = [("Content-Type", "text/xml"), ("Content-Encoding", codings)];
    request(gateway.main, "POST", path, &headers, body)
}

fn encoded(codings: &str, body: &str) -> Vec<u8> {
    coding::encode(Some(codings), body.as_bytes()).expect("known codings")
}

fn outcome(gateway: &Gateway, id: i64) -> String {
    let notice = gateway.admin(&format!("/api/v1/notices/{id}")).json();
    format!("{} {}", notice["outcome"], notice["reason"]).replace('"', "")
}

#[test]
fn a_kept_message_is_read_again_through_its_coding() {
    let gateway = Gateway::start("");
    for (id, codings) in [(1, "gzip"), (2, "deflate"), (3, "br"), (4, "gzip, br")] {
        let body = encoded(codings, &register(&id.to_string(), "9"));
        let answer = post(&gateway, REG, codings, &body);
        assert_eq!((answer.status, answer.element("error_id").as_str()), (200, "0"), "{codings}");
        assert_eq!(outcome(&gateway, id), "parked unmapped", "{codings}");
        let cli = |what: &str| {
            let done = Gateway::cli(&gateway.folder, "").args(["notices", what, &id.to_string()]).output();
            assert!(done.expect("it runs").status.success(), "{what}");
        };
        cli("discard");
        assert_eq!(outcome(&gateway, id), "discarded null");
        cli("retry");
        assert_eq!(outcome(&gateway, id), "parked unmapped", "{codings}: read again from its bytes");
    }
}

#[test]
fn an_export_has_the_bytes_and_their_coding_and_replays_alike() {
    let gateway = Gateway::start("");
    let body = encoded("gzip, br", &register("1", "1003013"));
    post(&gateway, REG, "gzip, br", &body);
    post(&gateway, REG, "gzip", &body);
    let two = [("Content-Type", "text/xml"), ("Content-Encoding", "gzip"), ("Content-Encoding", "br")];
    let answer = request(gateway.main, "POST", REG, &two, &encoded("gzip, br", &register("2", "1003013")));
    assert_eq!(answer.element("error_id"), "0", "two lines are one list");

    let exported = Gateway::cli(&gateway.folder, "").args(["notices", "export"]).output().expect("it runs");
    let lines = String::from_utf8(exported.stdout.clone()).expect("text");
    let line = |at: usize| -> serde_json::Value {
        serde_json::from_str(lines.lines().nth(at).expect("a line")).expect("JSON")
    };
    assert_eq!(
        (line(0)["content_encoding"].as_str(), line(0)["encoding"].as_str()),
        (Some("gzip, br"), Some("base64"))
    );
    assert_eq!(line(1)["status"].as_i64(), Some(200), "unreadable in gzip: kept all the same");
    assert_eq!(line(0)["raw"], line(1)["raw"], "the bytes as they came");

    let second = Gateway::start("");
    let journal = second.folder.join("journal.jsonl");
    std::fs::write(&journal, exported.stdout).expect("written");
    let replay = |options: &[&str]| {
        let mut command = Gateway::cli(&second.folder, "");
        command
            .arg("replay")
            .arg(&journal)
            .arg("--target")
            .arg(format!("http://{}", second.main))
            .args(options);
        let done = command.output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    };
    replay(&[]);
    let outcomes = |gateway: &Gateway| (1..=3).map(|id| outcome(gateway, id)).collect::<Vec<_>>();
    assert_eq!(outcomes(&second), outcomes(&gateway));
    assert_eq!(outcome(&second, 2), "parked unreadable");
    replay(&["--fresh"]);
    assert_eq!(outcome(&second, 4), "applied null", "edited inside its coding, another number");
}

#[test]
fn a_copy_of_the_ledger_has_it_too() {
    let folder = Folder::new();
    let file = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let settings = format!("[ledger]\nurl = '{}'\n", file("from.db"));
    let gateway = Gateway::start_in(folder.path(), &settings);
    post(&gateway, REG, "br", &encoded("br", &register("1", "9")));
    assert!(gateway.stop().success());
    let mut copy = Gateway::cli(folder.path(), &settings);
    let done = copy.args(["ledger", "copy", "--from", &file("from.db"), "--to", &file("to.db")]).output();
    assert!(done.expect("it runs").status.success());
    let settings = format!("[ledger]\nurl = '{}'\n", file("to.db"));
    for what in ["discard", "retry"] {
        let done =
            Gateway::cli(folder.path(), &settings).args(["notices", what, "1"]).output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let gateway = Gateway::start_in(folder.path(), &settings);
    assert_eq!(outcome(&gateway, 1), "parked unmapped");
}

#[test]
fn bombs_and_unknown_codings_are_refused_and_not_kept() {
    let gateway = Gateway::start("");
    let bomb = coding::encode(Some("gzip, gzip, br"), &vec![b' '; 60 << 20]).expect("known codings");
    assert!(bomb.len() < 60_000, "{}", bomb.len());
    for path in [REG, CHECK] {
        let answer = post(&gateway, path, "gzip, gzip, br", &bomb);
        assert_eq!((answer.status, answer.element("error_id").as_str()), (413, "1"));
        let answer = post(&gateway, path, "zstd", b"x");
        assert_eq!((answer.status, answer.element("error_id").as_str()), (415, "1"));
        assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate, br"));
    }
    assert_eq!(gateway.admin("/api/v1/notices").json()["notices"].as_array().map(Vec::len), Some(0));
}

#[test]
fn partners_may_send_codings_too() {
    let gateway = Gateway::start(crate::signed::PARTNER);
    let put = |codings: &str, body: &[u8]| {
        let headers = [("Authorization", "Bearer app-token"), ("Content-Encoding", codings)];
        request(gateway.main, "PUT", "/v1/accounts/ann/devices/cam-1", &headers, body).status
    };
    assert_eq!(put("gzip", &encoded("gzip", "{\"camera\":\"c1\"}")), 200);
    assert_eq!(put("gzip", b"{}"), 400);
    assert_eq!(put("gzip", &encoded("gzip", &" ".repeat(70_000))), 413);
    assert_eq!(put("zstd", b"{}"), 415);
}
