//! Who may ask at all: addresses, proxies, the key; and what of it all the log tells.

use std::io::{Read, Write};

use crate::gateway::{Answer, request};
use crate::kit::{NUMBER, PATH, Stage, parameters, question, token};
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
fn the_key_may_stand_in_the_path() {
    let (stage, token) = ready("key = 'a key/of+streamers&'\n[limits]\nbad_signature_per_second = 0\n");
    let asked = |path: &str, token: &str| {
        stage.get(&format!("{PATH}/{path}?{}&", parameters("front-door", token, &[]))).status
    };
    assert_eq!(asked("a%20key%2Fof+streamers%26", &token), 200);
    assert_eq!(asked("a%20key%2Fof+streamers&", &token), 200);
    for wrong in ["a", "a%20key%2Fof%20streamers%26", "%FF", "a+key%2Fof%2Bstreamers%26"] {
        assert_eq!(asked(wrong, &token), 403, "{wrong}");
    }
    assert_eq!(stage.metric("key"), 4.0);
    assert_eq!(asked("a%20key%2Fof+streamers%26", "no-token"), 403);
    // The path's counts.
    let both = |path: &str, key: &str| {
        stage.get(&format!("{PATH}/{path}?key={key}&{}", parameters("front-door", &token, &[]))).status
    };
    assert_eq!(both("a%20key%2Fof%2Bstreamers%26", "wrong"), 200);
    assert_eq!(both("wrong", "a+key%2Fof%2Bstreamers%26"), 403);
    for path in [format!("{PATH}/"), format!("{PATH}/a/b")] {
        assert_eq!(stage.get(&path).status, 404, "{path}");
    }
    let posted = request(stage.gateway.main, "POST", &format!("{PATH}/key"), &[], b"{}");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET")));
    let (open, token) = ready("");
    let path = format!("{PATH}/whatever?{}", parameters("front-door", &token, &[]));
    assert_eq!(open.get(&path).status, 200, "where none is set none is looked at");
}

/// Old streamers put `?` and what they tell after whatever URL their settings have.
#[test]
fn what_an_old_streamer_adds_to_a_url_with_a_query_is_understood() {
    let (stage, token) = ready("key = 'key?of=it'\n[limits]\nbad_signature_per_second = 0\n");
    let theirs =
        |token: &str| format!("token={token}&name=front-door&ip=203.0.113.7&request_type=new_session&");
    for (url, status) in [
        (format!("{PATH}?key=key%3Fof%3Dit?{}", theirs(&token)), 200),
        (format!("{PATH}?site=1&key=key%3Fof%3Dit?{}", theirs(&token)), 200),
        (format!("{PATH}?key=key%3Fof%3Dit&{}", theirs(&token)), 200),
        (format!("{PATH}/key%3Fof=it?{}", theirs(&token)), 200),
        (format!("{PATH}/key%3Fof=it?site=1?{}", theirs(&token)), 200),
        (format!("{PATH}?key=key%3Fof%3Dit?{}&key=key%3Fof%3Dit", theirs(&token)), 200),
        (format!("{PATH}?key=wrong?{}", theirs(&token)), 403),
        (format!("{PATH}?key=key%3Fof%3Dit?{}", theirs("no-token")), 403),
        (format!("{PATH}?key=key%3Fof%3Dit?{}key=other", theirs(&token)), 403),
        (format!("{PATH}?name=back-door&key=key%3Fof%3Dit?{}", theirs(&token)), 403),
    ] {
        assert_eq!(stage.get(&url).status, status, "{url}");
    }
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
    let in_path = |key: &str| format!("{PATH}/{key}?{}", parameters("front-door", &token, &[]));
    assert_eq!(stage.get(&in_path("streamers-key")).status, 200);
    assert_eq!(stage.get(&in_path("guessed-key")).status, 403);
    let old = parameters("front-door", &token, &[]);
    assert_eq!(stage.get(&format!("{PATH}?key=streamers-key?{old}")).status, 200);
    assert_eq!(request(stage.gateway.main, "POST", &in_path("streamers-key"), &[], b"").status, 405);
    // Heads that cannot be read are shown in the log.
    for end in [" HTTP/9.9\r\n\r\n", " HTTP/1.1\r\nBad Header: 1\r\n\r\n", " HTTP/1.1\r\nHost"] {
        let mut broken = std::net::TcpStream::connect(stage.gateway.main).expect("a connection");
        broken.write_all(format!("GET {PATH}/streamers-key{end}").as_bytes()).expect("sent");
        broken.shutdown(std::net::Shutdown::Write).expect("sent whole");
        let _ = broken.read_to_end(&mut Vec::new());
    }
    stage.gateway.logs("kind=\"request_line\"");
    stage.gateway.logs("kind=\"header\"");
    stage.gateway.logs("kind=\"broken_off\"");
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
