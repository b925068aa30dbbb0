//! Callers who cannot prove who they are: what they cost of the log on every surface, and that nobody guesses a
//! token, a key or a signature at speed.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/signed.rs"]
mod signed;

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::Duration;

use gateway::{Answer, Gateway, request};
use signed::{EFFECT, FORM, PARTNER, SECRET, ask};

const NUMBER: &str = "/v1/subscribers/84945989325/subscriptions";
const AUTH: &str = "/flussonic/v1/auth?name=cam-1&token=none";
const STATS: &str = "/api/v1/stats";

/// Settings in which every surface wants something, over these limits.
fn settings(limits: &str) -> String {
    format!(
        "{PARTNER}[admin]\ntoken = 'operators-token'\n[flussonic]\nkey = 'streamers-key'\n\
         token_secret = 'no secret, for this test'\n\
         [limits]\n{limits}\n"
    )
}

/// How often a caller is heard before it is said to be over a limit: some times, however slow this machine is.
const TRIES: usize = 200;

#[test]
fn whoever_may_not_call_costs_few_lines() {
    const MANY: usize = 300;
    let gateway = Gateway::start(&settings("bad_signature_per_second = 0\npartner_per_second = 1"));
    let (main, admin) = (gateway.main, gateway.admin);
    let none: &[(&str, &str)] = &[];
    let wrong = &[("Authorization", "Bearer wrong-token")][..];
    let right = &[("Authorization", "Bearer app-token")][..];
    let right_here = &[("Authorization", "Bearer operators-token")][..];
    let of_another = &[("X-Forwarded-For", "198.51.100.7")][..];
    let foreign = &[("Host", "evil.example")][..];
    let notify = "/vascloud/v1/notify_reg";
    for (to, method, path, headers, statuses) in [
        (main, "GET", NUMBER, wrong, [401, 401]),
        (main, "GET", "/v1/nothing", none, [401, 401]),
        (main, "GET", "/v1/nothing", right, [404, 429]),
        (main, "GET", "/nothing", none, [404, 404]),
        (main, "PATCH", NUMBER, none, [405, 405]),
        (main, "PUT", "/flussonic/v1/auth", none, [405, 405]),
        (main, "GET", AUTH, none, [403, 403]),
        (main, "POST", EFFECT, none, [200, 200]),
        (main, "PUT", EFFECT, none, [405, 405]),
        (main, "POST", notify, of_another, [403, 403]),
        (main, "PUT", notify, none, [405, 405]),
        (admin, "GET", STATS, wrong, [401, 401]),
        (admin, "GET", "/nothing", right_here, [404, 404]),
        (admin, "DELETE", STATS, right_here, [405, 405]),
        (admin, "GET", STATS, foreign, [403, 403]),
    ] {
        let before = gateway.log().lines().count();
        for _ in 0..MANY {
            let status = request(to, method, path, headers, b"").status;
            assert!(statuses.contains(&status), "{method} {path}: {status}");
        }
        let lines = gateway.log().lines().count() - before;
        assert!(lines <= MANY / 3, "{method} {path}: {lines} lines for {MANY} requests");
    }
}

/// A wrong secret, sent often enough, closes its sender's ears; only for a while.
#[track_caller]
fn check_closed(wrong: impl Fn() -> Answer, right: impl Fn() -> Answer, refused: u16, limited: u16) {
    assert_eq!(right().status, 200);
    let mut closed = None;
    for _ in 0..TRIES {
        let answer = wrong();
        assert!([refused, limited].contains(&answer.status), "{}", answer.status);
        let answer = right();
        if answer.status == limited {
            closed = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let closed = closed.expect("it is not heard any more");
    let wait = closed.header("retry-after").map_or(1, |text| text.parse().expect("seconds"));
    let opens = (0..TRIES).any(|_| {
        sleep(Duration::from_secs(wait));
        right().status == 200
    });
    assert!(opens, "it is heard again");
}

fn with_token(to: SocketAddr, path: &str, token: &str) -> Answer {
    request(to, "GET", path, &[("Authorization", &format!("Bearer {token}"))], b"")
}

#[test]
fn partners_tokens_are_not_guessed_at_speed() {
    let gateway = Gateway::start(&settings("bad_signature_per_second = 1"));
    let with = |token| move || with_token(gateway.main, NUMBER, token);
    check_closed(with("wrong-token"), with("app-token"), 401, 429);
}

#[test]
fn the_operators_token_is_not_guessed_at_speed_and_probes_are_always_answered() {
    let gateway = Gateway::start(&settings("bad_signature_per_second = 1"));
    let with = |token| move || with_token(gateway.admin, STATS, token);
    check_closed(with("wrong-token"), with("operators-token"), 401, 429);
    for _ in 0..TRIES {
        with("wrong-token")();
        assert_eq!(gateway.admin("/livez").status, 200);
        assert_eq!(gateway.admin("/readyz").status, 200);
    }
}

#[test]
fn the_streamers_key_is_not_guessed_at_speed() {
    let gateway = Gateway::start(&settings("bad_signature_per_second = 1"));
    let with = |key: &str| {
        let answer = request(gateway.main, "GET", &format!("{AUTH}&key={key}"), &[], b"");
        // 500 leaves running plays as they are: nobody at the streamer's address cuts them.
        assert!(matches!(answer.status, 403 | 500), "{}", answer.status);
        assert!(answer.body.is_empty(), "the streamer is never told why");
    };
    let metrics = || with_token(gateway.admin, "/metrics", "operators-token").text();
    let limited = |text: &str| {
        let line = "flussonic_answers_total{reason=\"limited\"} ";
        text.split(line).nth(1).is_some_and(|value| !value.starts_with('0'))
    };
    for _ in 0..TRIES {
        with("wrong-key");
        with("streamers-key");
        if limited(&metrics()) {
            return;
        }
    }
    panic!("{}", metrics());
}

#[test]
fn whoever_sends_no_token_guesses_nothing() {
    let gateway = Gateway::start(&settings("bad_signature_per_second = 1"));
    for (to, path) in [(gateway.main, NUMBER), (gateway.admin, STATS)] {
        for _ in 0..20 {
            assert_eq!(request(to, "GET", path, &[], b"").status, 401, "{path}");
        }
    }
}

/// Whether `other` is not heard because of what `guesser` did. Both are the same to everybody but us.
fn shares(guess: impl Fn(&str) -> Answer, ask: impl Fn(&str) -> Answer, guesser: &str, other: &str) -> bool {
    (0..TRIES).any(|_| {
        guess(guesser);
        ask(other).status == 429
    })
}

#[test]
fn an_ipv6_network_is_one_guesser() {
    let limits = "bad_signature_per_second = 1\ncarrier_per_second = 1";
    let proxy = "[carrier]\ntrusted_proxies = ['127.0.0.1']\n";
    let gateway = Gateway::start(&format!("{}{proxy}", settings(limits)));
    let bearer = |token: &'static str| {
        move |from: &str| {
            let headers = [("Authorization", token), ("X-Forwarded-For", from)];
            request(gateway.main, "GET", NUMBER, &headers, b"")
        }
    };
    let signed = |secret: &'static str| {
        move |from: &str| {
            let headers = [("Content-Type", FORM), ("X-Forwarded-For", from)];
            let asked = ask(EFFECT, "ann", "cam-1").sign_by(secret);
            request(gateway.main, "POST", EFFECT, &headers, asked.form().as_bytes())
        }
    };
    let (bad, good) = (bearer("Bearer wrong-token"), bearer("Bearer app-token"));
    assert!(shares(bad, good, "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    assert!(shares(signed("guessed"), signed(SECRET), "2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
    for other in ["2001:db8:1:3::1", "198.51.100.7"] {
        assert_eq!((good(other).status, signed(SECRET)(other).status), (200, 200), "{other}");
    }
}

#[test]
fn an_ipv6_network_has_one_quota_on_the_carrier_surface() {
    let allow = "allow = ['2001:db8::/32']\ntrusted_proxies = ['127.0.0.1']";
    let gateway = Gateway::start(&format!("[carrier]\n{allow}\n[limits]\ncarrier_per_second = 1\n"));
    let check = "/vascloud/v1/notify_check?requestid=1&msisdn=84912000111&service=1000625&package=1003013";
    let from = |address: &str| request(gateway.main, "GET", check, &[("X-Forwarded-For", address)], b"");
    // Another address each time, so that none has used up a quota of its own.
    let limited = (1..=TRIES).any(|host| from(&format!("2001:db8:1:2::{host:x}")).status == 429);
    assert!(limited);
    assert_eq!(from("2001:db8:1:3::1").status, 200);
}
