//! The gateway behind what operators put before it: docs/behind-a-proxy.md is started as it is printed, real
//! nginx, haproxy, Apache, Caddy and Prometheus, in front of the real binary (`SDP_GATEWAY_TEST_BINARY` names
//! another one than was built with the tests).

#[path = "behind_proxy/client.rs"]
mod client;
#[path = "behind_proxy/doc.rs"]
mod doc;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "behind_proxy/health.rs"]
mod health;
#[path = "behind_proxy/operators.rs"]
mod operators;
#[path = "behind_proxy/program.rs"]
mod program;
#[path = "behind_proxy/proxy.rs"]
mod proxy;
#[path = "support/said.rs"]
mod said;

use std::sync::Barrier;
use std::time::{Duration, Instant};

use client::{Client, Tls};
use gateway::{Answer, Gateway};
use proxy::{Kind, Proxy};
use said::{REG, newest, register};

/// The last parts of clients' addresses: one that `carrier.allow` has, one that it has not.
const ALLOWED: u8 = 5;
const STRANGER: u8 = 9;

/// The chapter's settings, the carrier at `127.0.0.5`.
fn settings() -> String {
    doc::block("Who is calling", "toml", 0).replace("10.33.0.0/16", "127.0.0.5")
}

/// Posts a notice through a proxy, on a connection of its own.
fn post(proxy: &Proxy, last: u8, queue_id: &str, headers: &[(&str, &str)]) -> Answer {
    let notice = register(queue_id, "84945989325").xml();
    Client::connect(&proxy.tls, proxy.port, last).send("POST", REG, headers, &notice)
}

#[track_caller]
fn check_refused(proxy: &Proxy, last: u8, headers: &[(&str, &str)]) {
    let answer = post(proxy, last, "666", headers);
    assert_eq!(answer.status, 403, "127.0.0.{last} {headers:?}: {}", answer.text());
    assert_eq!(answer.element("error_desc"), "Khong duoc phep", "the gateway's own answer");
}

/// What a caller may write to be taken for another: all of it is in vain.
const LIES: [&[(&str, &str)]; 9] = [
    &[],
    &[("X-Forwarded-For", "127.0.0.5")],
    &[("X-Forwarded-For", "127.0.0.5"), ("x-forwarded-for", "127.0.0.5")],
    &[("X-Forwarded-For", "127.0.0.5, 127.0.0.1")],
    &[("X-Forwarded-For", "127.0.0.5,")],
    &[("Forwarded", "for=127.0.0.5")],
    &[("X-Real-IP", "127.0.0.5")],
    // A header that Connection names goes no further than the next hop.
    &[("Connection", "keep-alive, X-Forwarded-For")],
    &[("Connection", "keep-alive, X-Forwarded-For"), ("X-Forwarded-For", "127.0.0.5")],
];

fn only_the_carrier_is_let_in(gateway: &Gateway, proxy: &Proxy) {
    for lie in LIES {
        check_refused(proxy, STRANGER, lie);
    }
    assert!(newest(gateway).is_null(), "nothing of a stranger's is kept");
    for (queue_id, headers) in [("1", &[][..]), ("2", LIES[1]), ("3", &[("X-Forwarded-For", "nobody,,")])] {
        let answer = post(proxy, ALLOWED, queue_id, headers);
        assert_eq!((answer.status, answer.element("error_id").as_str()), (200, "0"), "{}", answer.text());
        assert_eq!(newest(gateway)["queue_id"], queue_id);
        assert_eq!(newest(gateway)["caller"], "carrier");
    }
}

/// Open connections of the gateway, the one that asks for it included.
fn connections_open(gateway: &Gateway) -> u64 {
    let metrics = gateway.admin("/metrics").text();
    let line = metrics.lines().find_map(|line| line.strip_prefix("sdp_gateway_connections_open "));
    line.and_then(|count| count.parse().ok()).expect("a count")
}

/// How many callers at once, and how far apart they come back.
const CALLERS: u32 = 30;
const APART: Duration = Duration::from_millis(7);
const IDLE: Duration = Duration::from_secs(10);

/// Callers who come back after ten seconds, give or take: no connection that the proxy keeps has been closed on
/// it meanwhile. Nobody sends anything again, so that this is seen.
fn check_kept_connections(kind: Kind) {
    let gateway = Gateway::start(&settings());
    let printed = kind.printed().replace("proxy_next_upstream error non_idempotent;", "");
    let proxy = &Proxy::start(kind, &printed, &gateway, &Tls::new());
    let together = Barrier::new(CALLERS as usize);
    std::thread::scope(|scope| {
        for nth in 0..CALLERS {
            let together = &together;
            scope.spawn(move || {
                let notice = |turn: u32| register(&format!("{}", 1000 * turn + nth), "84945989326").xml();
                let mut first = Client::connect(&proxy.tls, proxy.port, ALLOWED);
                together.wait();
                assert_eq!(first.send("POST", REG, &[], &notice(1)).status, 200);
                let began = Instant::now();
                let mut second = Client::connect(&proxy.tls, proxy.port, ALLOWED);
                let due = IDLE - APART * (CALLERS / 2) + APART * nth;
                std::thread::sleep(due.saturating_sub(began.elapsed()));
                let answer = second.send("POST", REG, &[], &notice(2));
                assert_eq!(answer.status, 200, "{kind:?}, {:?}: {}", began.elapsed(), answer.text());
            });
        }
    });
}

/// How long a head may take, and how much longer an idle connection lies here.
const HEAD_MS: u64 = 2_000;
const LONGER_MS: u64 = 3_000;

/// haproxy lets go of what it does not need after some seconds, when it likes; the others wait for us to.
fn an_idle_connection_is_kept(kind: Kind, gateway: &Gateway) {
    if kind != Kind::Haproxy {
        std::thread::sleep(Duration::from_millis(LONGER_MS));
        assert!(connections_open(gateway) > 1, "{kind:?} keeps no connection");
    }
}

/// As the chapter says; then as somebody would have it who has not read it.
fn check_proxy(kind: Kind) {
    let tls = Tls::new();
    let printed = kind.printed();
    let gateway = Gateway::start(&format!("{}[server]\nheader_timeout_ms = {HEAD_MS}\n", settings()));
    let proxy = Proxy::start(kind, &printed, &gateway, &tls);
    only_the_carrier_is_let_in(&gateway, &proxy);
    an_idle_connection_is_kept(kind, &gateway);

    let nameless = Proxy::start(kind, &kind.nameless(), &gateway, &tls);
    for last in [ALLOWED, STRANGER] {
        check_refused(&nameless, last, &[]);
    }
    drop(nameless);
    let metrics = gateway.admin("/metrics").text();
    let counted = "sdp_gateway_carrier_refused_total{reason=\"unreadable_forward\"} 2\n";
    assert!(metrics.contains(counted), "{metrics}");

    let distrustful = Gateway::start("");
    let unlisted = Proxy::start(kind, &printed, &distrustful, &tls);
    for (last, headers) in [(ALLOWED, &[][..]), (STRANGER, &[]), (STRANGER, LIES[1])] {
        check_refused(&unlisted, last, headers);
    }
    distrustful.logs("list it in carrier.trusted_proxies");
}

#[test]
fn kept_connections_are_good_after_ten_seconds() {
    std::thread::scope(|scope| {
        for kind in [Kind::Nginx, Kind::Haproxy, Kind::Apache, Kind::Caddy] {
            scope.spawn(move || check_kept_connections(kind));
        }
    });
}

#[test]
fn nginx() {
    check_proxy(Kind::Nginx);
}

#[test]
fn haproxy() {
    check_proxy(Kind::Haproxy);
}

#[test]
fn apache() {
    check_proxy(Kind::Apache);
}

#[test]
fn caddy() {
    check_proxy(Kind::Caddy);
}

#[test]
fn what_adds_the_line_by_itself_needs_none_of_ours() {
    let tls = Tls::new();
    let gateway = Gateway::start(&settings());
    let by_itself = Kind::Apache.printed().replace("ProxyAddHeaders On", "");
    let proxy = Proxy::start(Kind::Apache, &by_itself, &gateway, &tls);
    only_the_carrier_is_let_in(&gateway, &proxy);
}
