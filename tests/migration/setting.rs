//! `carrier.queue_disorder_max_s`, changed on a ledger in use: all that was folded before is folded anew, and whoever has
//! another value folds by the ledger's.

use std::process::Output;

use serde_json::json;

use super::gateway::{Folder, Gateway, Ledger, notice, request};

const NUMBER: &str = "84945000001";
const DAY: &str = "86400";
const HOUR: &str = "3600";
const PARTNER: &str = "[[partner]]\nname = 'app'\ntoken = 'fake-token-to-try-with'\n";

/// A folder whose gateways have this setting.
struct Folded {
    folder: Folder,
}

impl Folded {
    fn new() -> Self {
        Self { folder: Folder::new() }
    }

    fn ledger(&self) -> Ledger {
        Ledger::of(self.folder.path())
    }

    fn serve(&self, disorder_s: &str) -> Gateway {
        let gateway = Gateway::start_in(self.folder.path(), &settings(disorder_s));
        let until = std::time::Instant::now() + super::gateway::PATIENCE;
        while gateway.admin("/readyz").status != 200 {
            assert!(std::time::Instant::now() < until, "{}", gateway.log());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        gateway
    }

    fn run(&self, disorder_s: &str, arguments: &[&str]) -> Output {
        let mut command = Gateway::cli(self.folder.path(), &settings(disorder_s));
        command.args(arguments).output().expect("it runs")
    }

    /// Nothing differs, whatever the command's own settings; they are named where they are others.
    #[track_caller]
    fn verify(&self, folded_s: &str) {
        for own in [DAY, HOUR] {
            let ran = self.run(own, &["ledger", "verify"]);
            let (out, told) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
            assert!(ran.status.success() && out.contains(" 0 faults"), "{own}: {out}{told}");
            let names = told.contains(&format!("folded under, {folded_s};"));
            assert_eq!(names, own != folded_s, "{own}: {told}");
        }
    }
}

fn settings(disorder_s: &str) -> String {
    format!("{PARTNER}[carrier]\nrenewal_grace_days = 3650\nqueue_disorder_max_s = {disorder_s}\n")
}

/// A cancel two hours after a register, with the lower queueID: within a day the register is the newer one.
fn tell(gateway: &Gateway, number: &str, backwards: bool) {
    let both = [("2", "1", "subcribeTime", "20261105100000"), ("1", "2", "updateTime", "20261105120000")];
    let mut messages = both.map(|(queue, reg_type, time, at)| {
        notice(&[
            ("queueID", &format!("{number}{queue}")),
            ("msisdn", number),
            ("regType", reg_type),
            ("service_id", "1000625"),
            ("package_id", "1003015"),
            ("regID", "R1"),
            (time, at),
        ])
    });
    if backwards {
        messages.reverse();
    }
    for message in messages {
        let answer = gateway.post("/vascloud/v1/notify_reg", &message);
        assert_eq!((answer.status, answer.element("error_id").as_str()), (200, "0"), "{}", answer.text());
    }
}

/// The state of the one subscription: what is held may be in grace by now.
fn state(gateway: &Gateway, number: &str) -> String {
    let story = gateway.story(number);
    let state = story["subscriptions"][0]["state"].as_str().expect("a state");
    state.replace("active", "held").replace("grace", "held")
}

fn bind(gateway: &Gateway, number: &str) {
    let path = format!("/v1/subscribers/{number}/devices/cam-{number}");
    let headers = [("Authorization", "Bearer fake-token-to-try-with")];
    let answer = request(gateway.main, "PUT", &path, &headers, br#"{"user_account":"ann"}"#);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn services(gateway: &Gateway, number: &str) -> usize {
    gateway.story(number)["devices"][0]["services"].as_array().map_or(0, Vec::len)
}

#[test]
fn another_value_folds_all_anew_and_back() {
    let folded = Folded::new();
    let gateway = folded.serve(DAY);
    for backwards in [false, true] {
        tell(&gateway, &format!("8494500000{}", u8::from(backwards)), backwards);
    }
    bind(&gateway, NUMBER);
    assert_eq!((state(&gateway, NUMBER).as_str(), services(&gateway, NUMBER)), ("held", 1));
    drop(gateway);
    folded.verify(DAY);
    for (value, expected, in_force) in [(HOUR, "cancelled", 0), (DAY, "held", 1)] {
        let gateway = folded.serve(value);
        gateway.logs("made again");
        for number in ["84945000000", NUMBER] {
            assert_eq!(state(&gateway, number), expected, "{value} {number}");
        }
        assert_eq!(services(&gateway, NUMBER), in_force, "{value}: what is on devices follows");
        // What comes from now on is folded the same way, in either order.
        let later = format!("849451{value:0>5}");
        for (place, backwards) in [(1, false), (2, true)] {
            let number = format!("{}{place}", &later[..10]);
            tell(&gateway, &number, backwards);
            assert_eq!(state(&gateway, &number), expected, "{value} {backwards}");
        }
        drop(gateway);
        folded.verify(value);
        // A start with the same value makes nothing again.
        let gateway = folded.serve(value);
        assert!(!gateway.log().contains("made again"), "{}", gateway.log());
    }
}

#[test]
fn migrate_does_it_too_and_says_so() {
    let folded = Folded::new();
    tell(&folded.serve(DAY), NUMBER, false);
    let told = folded.run(HOUR, &["migrate", "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!(told["refolded"]["changed"], json!([NUMBER]), "{told}");
    assert_eq!(
        (&told["refolded"]["read_otherwise"], &told["refolded"]["numbers"]),
        (&json!(0), &json!(1)),
        "{told}"
    );
    folded.verify(HOUR);
    assert!(String::from_utf8_lossy(&folded.run(HOUR, &["migrate"]).stdout).contains("up to date"));
}

#[test]
fn broken_off_it_goes_on_where_it_was_and_for_a_third_value_from_the_start() {
    let folded = Folded::new();
    let gateway = folded.serve(DAY);
    let numbers = [NUMBER, "84945000002"];
    numbers.iter().for_each(|number| tell(&gateway, number, false));
    drop(gateway);
    let broken_off = format!("UPDATE refold SET after = '{NUMBER}', queue_disorder_ms = 3600000");
    folded.ledger().execute(&broken_off);
    let refused = folded.run(DAY, &["ledger", "verify"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not brought over"), "{refused:?}");
    let changed = |value: &str| {
        let told = folded.run(value, &["migrate", "--json"]);
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
        told["refolded"]["changed"].clone()
    };
    // The first counts as done.
    assert_eq!(changed(HOUR), json!([numbers[1]]));
    folded.ledger().execute(&broken_off);
    assert_eq!(changed("7199"), json!([numbers[0]]));
    assert_eq!(changed(DAY), json!(numbers));
    folded.verify(DAY);
}

#[test]
fn a_gateway_with_another_value_folds_by_the_ledgers() {
    let folded = Folded::new();
    let gateway = folded.serve(DAY);
    tell(&gateway, NUMBER, true);
    assert!(folded.run(HOUR, &["migrate"]).status.success());
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    for (number, backwards) in [("84945000002", false), ("84945000003", true)] {
        tell(&gateway, number, backwards);
        assert_eq!(state(&gateway, number), "cancelled", "{backwards}");
    }
    let id = gateway.story(NUMBER)["notices"][0]["id"].to_string();
    for operation in ["discard", "retry"] {
        let answer = gateway.admin_post(&format!("/api/v1/notices/{id}/{operation}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    drop(gateway);
    folded.verify(HOUR);
}

/// Another process has begun, and this gateway was started before: it folds nothing until that is done.
#[test]
fn a_running_gateway_keeps_no_notice_while_another_process_is_at_it() {
    let folded = Folded::new();
    let gateway = folded.serve(DAY);
    tell(&gateway, NUMBER, false);
    folded.ledger().execute("UPDATE refold SET after = '', queue_disorder_ms = 3600000");
    let message = notice(&[
        ("queueID", "77"),
        ("msisdn", "84945000002"),
        ("regType", "1"),
        ("service_id", "1000625"),
        ("package_id", "1003015"),
    ]);
    let post = || gateway.post("/vascloud/v1/notify_reg", &message);
    let refused = post();
    assert_eq!((refused.status, refused.element("error_id").as_str()), (503, "1"), "{}", refused.text());
    let ready = gateway.admin("/readyz");
    assert!(ready.status == 503 && ready.text().contains("brought over"), "{}", ready.text());
    let id = gateway.story(NUMBER)["notices"][0]["id"].to_string();
    assert_eq!(gateway.admin_post(&format!("/api/v1/notices/{id}/discard")).status, 503);
    assert!(folded.run(HOUR, &["migrate"]).status.success());
    assert_eq!(post().element("error_id"), "0");
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    drop(gateway);
    folded.verify(HOUR);
}

#[test]
fn a_command_that_comes_first_settles_nothing() {
    let folded = Folded::new();
    assert!(folded.run(DAY, &["migrate"]).status.success());
    let gateway = folded.serve(HOUR);
    tell(&gateway, NUMBER, true);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    drop(gateway);
    folded.verify(HOUR);
}

/// A worker of its own does nothing until others have made the folds again, and then its work.
#[test]
fn a_worker_waits_until_others_are_done() {
    let folded = Folded::new();
    let catalog = folded.folder.path().join("offers.toml");
    let offer = "[[offer]]\nid = 'a'\nservice_id = '1000625'\npackage_id = '1003015'\nperiod = 'month'\n\
                 [[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\nretention_days = 7\nprovider = 'test'\n";
    std::fs::write(&catalog, offer).expect("written");
    let settings = format!(
        "{}[catalog]\npath = '{}'\n[worker]\nenabled = false\n[providers.test]\nkind = 'scripted'\nscript = ['done']\n",
        settings(HOUR),
        catalog.display()
    );
    let gateway = Gateway::start_in(folded.folder.path(), &settings);
    bind(&gateway, NUMBER);
    let registered = notice(&[
        ("queueID", "1"),
        ("msisdn", NUMBER),
        ("regType", "1"),
        ("service_id", "1000625"),
        ("package_id", "1003015"),
        ("subcribeTime", "20261105100000"),
    ]);
    assert_eq!(gateway.post("/vascloud/v1/notify_reg", &registered).element("error_id"), "0");
    let task = || gateway.story(NUMBER)["tasks"][0]["state"].clone();
    assert_eq!(task(), "due");
    folded.ledger().execute("UPDATE refold SET after = ''");
    let mut work = Gateway::cli(folded.folder.path(), &settings);
    let work = work.arg("work").stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut work = work.spawn().expect("it starts");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(task(), "due");
    assert!(
        Gateway::cli(folded.folder.path(), &settings).arg("migrate").status().expect("it runs").success()
    );
    let until = std::time::Instant::now() + super::gateway::PATIENCE;
    while task() != "done" && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let done = task();
    work.kill().expect("killed");
    work.wait().expect("its end");
    assert_eq!(done, "done");
}

/// Whoever opens the copy folds as the original does.
#[test]
fn a_copy_takes_it_along() {
    let folded = Folded::new();
    tell(&folded.serve(HOUR), NUMBER, false);
    let copy = format!("sqlite://{}", folded.folder.path().join("copy.db").display());
    let ran = folded.run(DAY, &["ledger", "copy", "--from", &folded.ledger().url(), "--to", &copy]);
    assert!(ran.status.success(), "{ran:?}");
    let of_copy = format!("{}[ledger]\nurl = '{copy}'\n", settings(DAY));
    let verified = Gateway::cli(folded.folder.path(), &of_copy).args(["ledger", "verify"]).output();
    let verified = verified.expect("it runs");
    let told = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && told.contains("folded under, 3600;"), "{verified:?}");
}

#[test]
fn a_reload_leaves_it_to_the_next_start_and_says_so() {
    let folded = Folded::new();
    let gateway = folded.serve(DAY);
    std::fs::write(folded.folder.path().join("settings.toml"), settings(HOUR)).expect("written");
    gateway.signal("HUP");
    gateway.logs("carrier.queue_disorder_max_s");
    tell(&gateway, NUMBER, true);
    assert_eq!(state(&gateway, NUMBER), "held");
    drop(gateway);
    folded.verify(DAY);
}
