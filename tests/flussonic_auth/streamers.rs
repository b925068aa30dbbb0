//! Who may ask at all: addresses, proxies, the key; and what of it all the log tells.

use crate::gateway::{Answer, request};
use crate::kit::{NUMBER, PATH, Stage, question, token};
use crate::said::{REG, register};

fn ready(settings: &str) -> (Stage, String) {
    ready_with(settings, &[])
}

/// The same where this machine is a trusted proxy, which forwards for the carrier.
fn ready_behind(carrier: &str, settings: &str) -> (Stage, String) {
    ready_with(settings, &[("X-Forwarded-For", carrier)])
}

fn ready_with(settings: &str, headers: &[(&str, &str)]) -> (Stage, String) {
    let stage = Stage::start(settings);
    stage.bind("cam-1", "ann@sdp.example", Some("front-door"));
    let notice = register("1", NUMBER).xml();
    let answer = request(stage.gateway.main, "POST", REG, headers, notice.as_bytes());
    assert_eq!((answer.status, answer.element("error_id").as_str()), (200, "0"), "{}", answer.text());
    (stage, token("front-door", "cam-1", "ann@sdp.example", 3600))
}

fn ask(stage: &Stage, token: &str, headers: &[(&str, &str)]) -> Answer {
    request(stage.gateway.main, "GET", &question("front-door", token), headers, b"")
}

#[test]
fn an_address_that_is_not_allowed() {
    let (stage, token) = ready("allow = ['10.0.0.0/8']\n");
    stage.refused("front-door", &token, "not_allowed");
    stage.gateway.logs("127.0.0.1 is not in flussonic.allow");
    let (stage, _) = ready("allow = []\n");
    stage.refused("front-door", &token, "not_allowed");
}

#[test]
fn a_forwarded_address_counts_from_trusted_proxies_alone() {
    let (stage, token) = ready("");
    for header in ["X-Forwarded-For", "Forwarded"] {
        assert_eq!(ask(&stage, &token, &[(header, "127.0.0.1")]).status, 403, "{header}");
    }
    assert_eq!(stage.metric("untrusted_proxy"), 2.0);
    let trusted = "[carrier]\ntrusted_proxies = ['127.0.0.1', '10.9.9.9']\n";
    let (stage, token) = ready_behind("127.0.0.3", &format!("allow = ['10.1.2.3']\n{trusted}"));
    for (headers, status) in [
        (vec![("X-Forwarded-For", "10.1.2.3")], 200),
        (vec![("X-Forwarded-For", "192.0.2.1, 10.1.2.3, 10.9.9.9")], 200),
        (vec![("X-Forwarded-For", "::ffff:10.1.2.3")], 200),
        (vec![("X-Forwarded-For", "10.1.2.3, 192.0.2.1")], 403),
        (vec![("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-For", "192.0.2.1")], 403),
        (vec![("X-Forwarded-For", "nobody")], 403),
        (vec![("Forwarded", "for=10.1.2.3")], 403),
        (vec![], 403),
    ] {
        assert_eq!(ask(&stage, &token, &headers).status, status, "{headers:?}");
    }
    assert_eq!((stage.metric("unreadable_forward"), stage.metric("not_allowed")), (3.0, 2.0));
}

#[test]
fn a_streamer_without_the_key_is_refused_before_its_token_is_looked_at() {
    let (stage, token) = ready("key = 'a key/of+streamers&'\n[limits]\nbad_signature_per_second = 0\n");
    stage.refused("front-door", &token, "key");
    let with = |key: &str, token: &str| stage.get(&format!("{}&key={key}", question("front-door", token)));
    assert_eq!(with("a+key%2Fof%2Bstreamers%26", &token).status, 200);
    assert_eq!(with("a%20key%2Fof%2Bstreamers%26", &token).status, 200);
    for wrong in ["", "a", "a+key%2Fof%2Bstreamers", "a+key/of+streamers%26", "A+key%2Fof%2Bstreamers%26"] {
        assert_eq!(with(wrong, &token).status, 403, "{wrong}");
        assert_eq!(with(wrong, "no-token").status, 403, "{wrong}");
    }
    assert_eq!((stage.metric("key"), stage.metric("token")), (11.0, 0.0));
}

#[test]
fn an_open_backend_without_a_key_is_told_to_the_operator() {
    let told = |settings: &str| {
        let log = Stage::start(settings).gateway.log();
        log.contains("flussonic.allow reaches further than this machine")
    };
    assert!(told("allow = ['127.0.0.1', '10.0.0.0/8']\n"));
    assert!(!told("allow = ['127.0.0.1', '10.0.0.0/8']\nkey = 'k'\n"));
    assert!(!told(""));
}

#[test]
fn the_log_holds_neither_token_key_stream_nor_account() {
    let (stage, token) = ready("key = 'streamers-key'\n");
    let asked = |name: &str, token: &str, key: &str| {
        stage.get(&format!("{}&key={key}", question(name, token))).status
    };
    assert_eq!(asked("front-door", &token, "streamers-key"), 200);
    let bobs = crate::kit::token("front-door", "cam-1", "bobs-account", 3600);
    for (name, token, key) in [
        ("front-door", token.as_str(), "guessed-key"),
        ("back-door", &token, "streamers-key"),
        ("front-door", &bobs, "streamers-key"),
        ("front-door", "guessed-token", "streamers-key"),
    ] {
        assert_eq!(asked(name, token, key), 403);
    }
    assert_eq!(stage.get(&format!("{PATH}?name=front-door&name=back-door")).status, 403);
    // The last of them.
    stage.gateway.logs("repeated_parameter");
    let log = stage.gateway.log();
    let refusals: Vec<&str> = log.lines().filter(|line| line.contains("refused")).collect();
    assert_eq!(refusals.len(), 4, "one line for each reason in ten seconds: {refusals:#?}");
    let secrets = [
        token.as_str(),
        &bobs,
        "streamers-key",
        "guessed-key",
        "guessed-token",
        "front-door",
        "back-door",
        "ann@sdp.example",
        "bobs-account",
        crate::kit::SECRET,
    ];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
        assert!(!stage.gateway.admin("/metrics").text().contains(secret), "{secret} in the metrics");
    }
}
