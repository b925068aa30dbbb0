//! What there is to watch, from the first moment.

use std::collections::BTreeSet;

use crate::gateway::{Folder, Gateway, check, request};
use crate::said::{CHECK, DAY, REG, SERVICE, register};
use crate::{cli, offer, until};

/// The series of counters, by name and labels.
fn counters(gateway: &Gateway) -> BTreeSet<String> {
    let text = gateway.admin("/metrics").text();
    let series = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
    series.map(|(series, _)| series.to_owned()).filter(|series| series.contains("_total")).collect()
}

#[test]
fn every_series_is_there_before_anything_happens() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(
        folder.path(),
        "[carrier]\ntrusted_proxies = ['127.0.0.9']\n[[partner]]\nname = 'app'\ntoken = 'fake-token-of-16-bytes'\n\
         key = 'k'\nsecrets = ['fake-secret-of-16']\n[flussonic]\ntoken_secret = 'fake-secret-of-16'\n\
         [providers.test]\nkind = 'scripted'\n",
    );
    let before = counters(&gateway);
    register("1", "84945989325").tell(&gateway);
    register("1", "84945989325").tell(&gateway);
    register("2", "84945989325").with("package_id", "9").tell(&gateway);
    gateway.post(REG, "no XML");
    gateway.post(CHECK, &check("84945989325", SERVICE, DAY));
    gateway.post(CHECK, &check("84945989325", SERVICE, "9"));
    gateway.post(CHECK, "no XML");
    for path in [REG, CHECK] {
        request(gateway.main, "PUT", path, &[], b"");
        request(gateway.main, "POST", path, &[("X-Forwarded-For", "192.0.2.1")], b"");
    }
    request(gateway.main, "GET", "/v1/subscribers/84945989325/subscriptions", &[], b"");
    request(gateway.main, "GET", "/flussonic/v1/auth?name=a&token=b", &[], b"");
    request(gateway.main, "POST", "/v3/third/sdk/actCode/service", &[], b"deviceID=a");
    gateway.admin("/api/v1/notices/999999");
    let new: Vec<_> = counters(&gateway).difference(&before).cloned().collect();
    assert_eq!(new, Vec::<String>::new(), "they began at something else than 0");
    let text = gateway.admin("/metrics").text();
    for line in [
        "sdp_gateway_requests_total{surface=\"carrier\",class=\"2xx\"} 7",
        "sdp_gateway_requests_total{surface=\"carrier\",class=\"4xx\"} 4",
        "sdp_gateway_requests_total{surface=\"activation\",class=\"2xx\"} 1",
        "sdp_gateway_requests_total{surface=\"flussonic\",class=\"4xx\"} 1",
        "sdp_gateway_task_attempts_total{provider=\"test\",class=\"again\"} 0",
        "sdp_gateway_tasks_waiting{provider=\"test\"} 0",
        "sdp_gateway_provider_breaker_open{provider=\"test\"} 0",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn the_process_itself_is_measured() {
    let gateway = Gateway::start("");
    let text = gateway.admin("/metrics").text();
    let version = format!("sdp_gateway_build_info{{version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version), "{text}");
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(&format!("sdp_gateway_{name} ")));
        line.and_then(|line| line.rsplit(' ').next())
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert!((1e6..1e10).contains(&value("process_resident_memory_bytes")));
    assert!(
        (5.0..1e5).contains(&value("process_open_fds"))
            && value("process_open_fds") < value("process_max_fds")
    );
    assert!(value("process_threads") >= 2.0 && value("process_cpu_seconds_total") < 100.0);
    assert!(value("start_time_seconds") > 1.5e9);
}

#[test]
fn what_a_task_waits_for_is_said() {
    let folder = Folder::new();
    let grant = "[[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\nretention_days = 7\ndelivery = 'code'\n";
    std::fs::write(folder.path().join("offers.toml"), offer("day", DAY) + grant).expect("written");
    let gateway = Gateway::start_in(folder.path(), "[catalog]\npath = 'offers.toml'\n");
    register("1", "84945989325").tell(&gateway);
    let task = || gateway.admin("/api/v1/tasks").json()["tasks"][0].clone();
    until("a note", || task()["note"].is_string());
    let note = "waits for stock: no unused cloud code (event), recordings kept for 7 days or more, of 1 days or more, \
                for provider local";
    assert_eq!(task()["note"], note);
    let waiting = |many: u32| {
        let line = format!("sdp_gateway_tasks_waiting{{provider=\"local\"}} {many}\n");
        gateway.admin("/metrics").text().contains(&line)
    };
    assert!(waiting(1), "{}", gateway.admin("/metrics").text());
    // A stock that is filled lets it go on.
    let settings = "[catalog]\npath = 'offers.toml'\n";
    cli(folder.path(), settings, "codes generate --kind cloud --count 1 --days 1").check(0);
    cli(folder.path(), settings, "tasks retry --all --state due").check(0);
    until("done", || task()["state"] == "done");
    assert!(waiting(0) && task()["note"].is_null(), "{}", task());
}
