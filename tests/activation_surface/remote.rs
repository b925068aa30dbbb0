//! Codes of a remote provider: redeemed there first, and told by what it said.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::activation_double::{ACCOUNT, DEVICE, Double, How};
use crate::gateway::{Gateway, Ledger};
use crate::signed::{EFFECT, PARTNER, USAGE, ask, generate, redeem};

/// Without a worker: what is left in doubt stays so.
fn scripted(script: &str) -> String {
    format!("{PARTNER}[worker]\nenabled = false\n[providers.test]\nkind = 'scripted'\nscript = {script}\n")
}

/// A gateway whose provider answers so, and codes of that provider.
fn start(script: &str) -> (Gateway, Vec<String>) {
    let settings = scripted(script);
    let gateway = Gateway::start(&settings);
    let codes = generate(&gateway, &settings, "--kind ai --count 2 --days 7 --provider test");
    (gateway, codes)
}

/// What each of several tries with the same code is answered.
fn tries<const N: usize>(script: &str) -> [String; N] {
    let (gateway, codes) = start(script);
    std::array::from_fn(|_| redeem("ann", "cam-1", &codes[0], "1").code(&gateway))
}

#[test]
fn what_the_provider_says_decides() {
    assert_eq!(tries("['done']"), ["1001", "1067"]);
    assert_eq!(
        tries("['used']"),
        ["1067", "1067", "1067"],
        "its provider does not take it: it is out of stock"
    );
    assert_eq!(tries("['invalid']"), ["1068", "1068", "1068"]);
    assert_eq!(tries("['again', 'done']"), ["1005", "1001", "1067"], "the code had gone back");
    assert_eq!(tries("['never', 'done']"), ["1005", "1001", "1067"]);
    assert_eq!(tries("['waits', 'done']"), ["1005", "1001", "1067"]);
    assert_eq!(tries("['unknown', 'done']"), ["1005", "1005", "1005"], "until it is known what happened");
}

#[test]
fn a_service_begun_there_is_in_force_here() {
    let (gateway, codes) = start("['done']");
    let order = redeem("ann", "cam-1", &codes[0], "1").result(&gateway)["orderNum"].clone();
    let services = ask(EFFECT, "ann", "cam-1").result(&gateway)["data"].clone();
    assert_eq!((&services[0]["orderNum"], &services[0]["type"]), (&order, &json!("1")));
    let used = ask(USAGE, "ann", "cam-1").result(&gateway)["data"].clone();
    assert_eq!((&used[0]["orderNum"], &used[0]["actCode"]), (&order, &json!(codes[0])));
}

#[test]
fn while_it_is_under_way_nobody_else_gets_the_code() {
    let (gateway, codes) = start("['wait:1500', 'done']");
    let first = redeem("ann", "cam-1", &codes[0], "1");
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| first.code(&gateway));
        let until = Instant::now() + crate::gateway::PATIENCE;
        let reserved = || Ledger::of(&gateway.folder).rows("SELECT 1 FROM code WHERE state = 'reserved'");
        while reserved().is_empty() {
            assert!(Instant::now() < until, "{}", gateway.log());
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(first.code(&gateway), "1005", "the same wish again");
        assert_eq!(redeem("bob", "cam-2", &codes[0], "1").code(&gateway), "1067");
        assert_eq!(slow.join().expect("an answer"), "1001");
    });
}

#[test]
fn whoever_hangs_up_has_it_all_the_same() {
    use std::io::Write;
    let (gateway, codes) = start("['wait:300', 'done']");
    let asked = redeem("ann", "cam-1", &codes[0], "1").sign();
    let body = asked.form();
    let mut stream = std::net::TcpStream::connect(gateway.main).expect("a connection");
    let head =
        format!("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", asked.path, body.len());
    stream.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(150));
    drop(stream);
    let until = Instant::now() + crate::gateway::PATIENCE;
    while ask(EFFECT, "ann", "cam-1").code(&gateway) != "1001"
        || ask(EFFECT, "ann", "cam-1").result(&gateway)["data"] == json!([])
    {
        assert!(Instant::now() < until, "{}", gateway.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A gateway beside a double of the remote system, with one of its codes imported.
fn beside(double: &Double) -> (Gateway, &'static str) {
    let settings = format!(
        "{PARTNER}[worker]\nenabled = false\n[providers.meari]\nkind = 'activation'\nbase_url = '{}'\n\
         partner_key = 'pk-test'\npartner_secret = 'unit-test-partner-secret'\nsource_app = 72\n\
         timeout_ms = 1500\n",
        double.base_url()
    );
    let gateway = Gateway::start(&settings);
    let file = gateway.folder.join("codes.csv");
    std::fs::write(&file, "MEARI-1,cloud,30,,meari\n").expect("written");
    let mut import = Gateway::cli(&gateway.folder, &settings);
    let import = import.args(["codes", "import"]).arg(file).output().expect("the command runs");
    assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
    (gateway, "MEARI-1")
}

#[test]
fn the_remote_system_itself_is_asked() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let double = runtime.block_on(Double::start());
    let (gateway, code) = beside(&double);
    double.stock(code, "0");
    assert_eq!(redeem(ACCOUNT, "another-device", code, "0").code(&gateway), "1007", "says the remote system");
    assert_eq!(redeem(ACCOUNT, DEVICE, code, "0").code(&gateway), "1001");
    let services = double.services();
    assert_eq!((services.len(), services[0].code.as_deref()), (1, Some(code)));
    assert_eq!(redeem(ACCOUNT, DEVICE, code, "0").code(&gateway), "1067");
    assert_eq!(double.services().len(), 1);
}

#[test]
fn what_was_refused_there_leaves_the_device_to_its_owner() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let double = runtime.block_on(Double::start());
    let (gateway, code) = beside(&double);
    double.stock(code, "0");
    for (refused, told) in [("1007", "1007"), ("1030", "1007"), ("1003", "1005"), ("1068", "1068")] {
        double.fail("actCode/service", false, How::Code(refused));
        assert_eq!(redeem("mallory", DEVICE, code, "0").code(&gateway), told);
        assert_eq!(ask(USAGE, "mallory", DEVICE).code(&gateway), "1007", "after {refused}: not hers");
    }
    let path = format!("/v1/accounts/{ACCOUNT}/devices/{DEVICE}");
    let headers = [("Authorization", "Bearer app-token")];
    let bound = crate::gateway::request(gateway.main, "PUT", &path, &headers, b"{}");
    assert_eq!(bound.status, 200, "{}", bound.text());
}

#[test]
fn what_it_left_in_doubt_is_not_begun_again() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let double = runtime.block_on(Double::start());
    let (gateway, code) = beside(&double);
    double.stock(code, "0");
    double.fail("actCode/service", true, How::HangUp);
    assert_eq!(redeem(ACCOUNT, DEVICE, code, "0").code(&gateway), "1005");
    assert_eq!(redeem(ACCOUNT, DEVICE, code, "0").code(&gateway), "1005");
    assert_eq!(double.services().len(), 1, "it was carried out there, once");
    let sql = "SELECT state, CAST(doubt AS TEXT) FROM task WHERE action = 'redeem'";
    let task: Vec<_> = Ledger::of(&gateway.folder).rows(sql).into_iter().flatten().flatten().collect();
    assert_eq!(task, ["due", "1"], "the worker is to look");
}
