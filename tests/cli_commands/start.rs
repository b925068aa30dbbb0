//! `serve`: how it starts, and why it may not.

use std::net::TcpListener;

use crate::gateway::Gateway;
use crate::said::{DAY, SERVICE, register, state};
use crate::{bare, cli, folder};

#[test]
fn with_no_file_and_no_environment_it_works() {
    let folder = folder();
    let mut command = bare(folder.path(), "serve");
    // The ports alone are given: the default ones may be taken here.
    command
        .env("SDP_GATEWAY__SERVER__LISTEN", "127.0.0.1:0")
        .env("SDP_GATEWAY__ADMIN__LISTEN", "127.0.0.1:0");
    let gateway = Gateway::spawn(&mut command, folder.path());
    assert!(folder.path().join("data/gateway.db").exists());
    register("1", "84945989325").tell(&gateway);
    assert_eq!(state(&gateway, "84945989325"), "active", "the shipped catalog has {SERVICE}/{DAY}");
    assert!(gateway.stop().success());
}

#[test]
fn a_catalog_at_the_default_place_is_taken() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("config")).expect("a folder");
    let offer = "[[offer]]\nid = 'own'\nservice_id = '1'\npackage_id = '2'\nperiod = 'day'\n";
    std::fs::write(folder.path().join("config/catalog.toml"), offer).expect("written");
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945989325").with("service_id", "1").with("package_id", "2").tell(&gateway);
    assert_eq!(gateway.story("84945989325")["subscriptions"][0]["offer"], "own");
    register("2", "84945000001").tell(&gateway);
    assert_eq!(crate::said::newest(&gateway)["reason"], "unmapped");
}

#[test]
fn a_busy_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    for key in ["SDP_GATEWAY__SERVER__LISTEN", "SDP_GATEWAY__ADMIN__LISTEN", "SDP_GATEWAY__CARRIER__LISTEN"] {
        let folder = folder();
        let mut command = Gateway::command(folder.path(), "");
        let ended = crate::run(command.env(key, address.to_string()));
        assert!(ended.check(1).err.contains(&format!("cannot listen on {address}")), "{key}: {}", ended.err);
    }
}

#[test]
fn settings_that_would_open_the_admin_listener_are_refused() {
    let folder = folder();
    let open = |more: &str| {
        let mut command = Gateway::command(folder.path(), more);
        command.env("SDP_GATEWAY__ADMIN__LISTEN", "0.0.0.0:0");
        command
    };
    let ended = crate::run(&mut open(""));
    assert!(ended.check(1).err.contains("admin."), "{}", ended.err);
    let gateway = Gateway::spawn(&mut open("[admin]\ntoken = 'ops'\n"), folder.path());
    assert!(gateway.stop().success());
}

#[test]
fn a_stop_right_after_the_start_is_a_clean_one() {
    for signal in ["TERM", "INT"] {
        for _ in 0..5 {
            let mut gateway = Gateway::start("");
            gateway.signal(signal);
            let ended = gateway.wait();
            assert!(ended.success(), "{signal}: {ended}");
        }
    }
}

#[test]
fn an_engine_that_this_build_does_not_have_is_refused() {
    let folder = folder();
    for url in ["mysql://somewhere/db", "data/gateway.db", "sqlite://"] {
        for command in ["serve", "migrate", "notices list"] {
            let ended = cli(folder.path(), &format!("[ledger]\nurl = '{url}'\n"), command);
            assert!(ended.check(1).err.contains("ledger.url"), "{url} {command}: {}", ended.err);
        }
    }
}

#[test]
fn numbers_are_masked_in_the_log() {
    let gateway = Gateway::start("");
    register("1", "84945989325").tell(&gateway);
    register("2", "84945989325").without("package_id").send(&gateway);
    let log = gateway.folder.join("log");
    assert!(gateway.admin("/api/v1/subscribers/84945989325").status == 200);
    let until = std::time::Instant::now() + crate::gateway::PATIENCE;
    loop {
        let text = std::fs::read_to_string(&log).expect("a log");
        assert!(!text.contains("945989325"), "{text}");
        if text.matches("84945***325").count() >= 2 {
            break;
        }
        assert!(std::time::Instant::now() < until, "{text}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
