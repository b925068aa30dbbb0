//! What the log says, and how.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;

use crate::gateway::{Folder, Gateway, request};
use crate::outbox::{bound, of_provider, wait};
use crate::said::{REG, newest, register};
use crate::{cli, run, until, until_logged};

const NUMBER: &str = "84945989325";

#[test]
fn the_first_line_says_what_runs_and_on_what() {
    // As few as any machine's limit of descriptors has room for.
    let gateway = Gateway::start("[server]\nconnections_max = 100\n");
    let log = gateway.log();
    let start = log.lines().find(|line| line.contains("sdp-gateway starts")).expect("a line");
    for part in
        [env!("CARGO_PKG_VERSION"), "settings.toml", "catalog=\"config/catalog.toml (built in)\"", "ledger="]
    {
        assert!(start.contains(part), "{part}: {start}");
    }
    assert!(
        log.lines().any(|line| line.contains("the catalog is in force") && line.contains("offers=")),
        "{log}"
    );
    assert!(!log.contains("WARN") && !log.contains("good order"), "nothing is unusual: {log}");
}

#[test]
fn what_somebody_has_to_see_to_is_a_warning_on_one_line() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), "[server]\nconnections_max = 100\n");
    let said = register("70", NUMBER).with("package_id", "9");
    let id = said.kept(&gateway);
    let parked = |line: &str| {
        let parts = ["WARN", "unmapped", "84945***325", "caller=\"carrier\"", "address=127.0.0.1"];
        parts.iter().all(|part| line.contains(part)) && line.contains(&format!("notice={id} "))
    };
    until("a warning", || gateway.log().lines().any(parked));
    // Neither a notice that is applied nor the same one again.
    said.tell(&gateway);
    register("71", NUMBER).tell(&gateway);
    until_logged(&gateway, "outcome=\"applied\"", 1);
    assert_eq!(gateway.log().matches("WARN").count(), 1, "{}", gateway.log());
}

#[test]
fn whoever_is_refused_is_a_warning_with_his_address() {
    let gateway = Gateway::start(
        "[carrier]\ntrusted_proxies = ['127.0.0.1']\n[[carrier.caller]]\nname = 'sdp'\n\
         allow = ['10.0.0.0/8']\nusername = 'u'\npassword = 'fake-password-of-16'\n",
    );
    let from =
        |address: &str| request(gateway.main, "POST", REG, &[("X-Forwarded-For", address)], b"").status;
    assert_eq!((from("192.0.2.7"), from("10.1.2.3")), (403, 401));
    until("who was refused", || gateway.log().lines().any(|l| l.contains("WARN") && l.contains("192.0.2.7")));
}

#[test]
fn the_journal_gets_priorities_and_keeps_the_time_itself() {
    let folder = Folder::new();
    let path = folder.path().join("journal");
    let file = fs::File::create(&path).expect("a file");
    let about = file.metadata().expect("its place");
    let mut command = Gateway::command(folder.path(), "[carrier]\nrecord_only = true\n");
    command.env("JOURNAL_STREAM", format!("{}:{}", about.dev(), about.ino()));
    let mut child = command.stdout(Stdio::null()).stderr(file).spawn().expect("a gateway");
    let log = || fs::read_to_string(&path).unwrap_or_default();
    until("listening", || log().contains("surface=\"admin\""));
    child.kill().expect("killed");
    child.wait().expect("an end");
    let log = log();
    assert!(log.lines().all(|line| line.starts_with("<6>") || line.starts_with("<4>")), "{log}");
    assert!(log.lines().any(|line| line.starts_with("<4>") && line.contains("record_only")), "{log}");
    assert!(!log.contains("INFO") && !log.contains("Z "), "{log}");
    // Another's stream is not ours: a person reads this one.
    let mut command = Gateway::command(folder.path(), "[log]\nformat = 'x'\n");
    let told = run(command.env("JOURNAL_STREAM", "1:2"));
    assert!(!told.check(1).err.contains('<'), "{}", told.err);
}

#[test]
fn the_level_is_a_setting() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), "[log]\nlevel = 'info,sdp_gateway::carrier=debug'\n");
    register("1", NUMBER).tell(&gateway);
    until_logged(&gateway, "DEBUG", 1);
    let ended = cli(folder.path(), "[log]\nlevel = 'loud=er=est'\n", "config");
    assert!(ended.check(1).err.contains("settings.toml:2: log.level:"), "{}", ended.err);
    // With --json the log is JSON whatever the settings say.
    let other = Folder::new();
    let mut command = Gateway::cli(other.path(), "");
    let path = other.path().join("json");
    let stderr = fs::File::create(&path).expect("a file");
    let mut child = command.args(["serve", "--json"]).stderr(stderr).spawn().expect("a gateway");
    until("listening", || fs::read_to_string(&path).unwrap_or_default().contains("\"surface\":\"admin\""));
    child.kill().expect("killed");
    child.wait().expect("an end");
    let log = fs::read_to_string(&path).expect("a log");
    log.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).expect(line)));
}

#[test]
fn a_notice_is_found_again_in_what_is_sent_for_it() {
    let folder = Folder::new();
    let own = "[providers.test]\nkind = 'scripted'\nscript = ['done']\n";
    let gateway = Gateway::start_in(folder.path(), &of_provider(folder.path(), "test", own));
    let ledger = crate::outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    let id = register("1", &number).kept(&gateway);
    until_logged(&gateway, "task sent", 1);
    let log = gateway.log();
    assert!(
        log.lines().any(|line| line.contains("task sent") && line.contains(&format!("notice={id} "))),
        "{log}"
    );
    let tasks = gateway.admin("/api/v1/tasks").json();
    assert_eq!((&tasks["tasks"][0]["notice"], &newest(&gateway)["id"]), (&id.into(), &id.into()));
    wait(ledger.close());
}

#[test]
fn a_clock_before_1970_is_a_sentence() {
    let places = fs::read_dir("/usr/lib").expect("a folder").filter_map(Result::ok);
    let library =
        places.map(|place| place.path().join("faketime/libfaketime.so.1")).find(|path| path.exists());
    let library = library.expect("Debian's libfaketime");
    let folder = Folder::new();
    for command in ["serve", "migrate", "notices list"] {
        let mut command_line = Gateway::cli(folder.path(), "");
        command_line
            .args(command.split(' '))
            .env("LD_PRELOAD", &library)
            .env("FAKETIME", "1960-01-01 00:00:00");
        let ended = run(&mut command_line);
        let err = &ended.check(1).err;
        assert!(err.contains("clock stands before 1970") && err.lines().count() == 1, "{command}: {err}");
    }
}

/// Whether there is a worker or not, a stop breaks nothing off.
#[test]
fn a_gateway_without_a_worker_stops_as_soon_as_it_is_told_to() {
    for settings in ["", "[worker]\nenabled = false\n"] {
        let folder = Folder::new();
        let gateway = Gateway::start_in(folder.path(), settings);
        assert!(gateway.stop().success(), "{settings}");
        let log = std::fs::read_to_string(folder.path().join("log")).expect("a log");
        assert!(log.contains("stopped") && !log.contains("broken off"), "{settings}:\n{log}");
    }
}
