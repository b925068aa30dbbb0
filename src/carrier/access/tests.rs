//! Tables of who is let in: addresses behind proxies, named callers, credentials.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::*;

const PROXY: &str = "192.0.2.1";

fn nets(list: &str) -> Vec<IpNet> {
    list.split_whitespace().map(|net| net.parse().expect("a network")).collect()
}

fn rule(name: &str, allow: &str, basic: Option<(&str, &str)>) -> CallerRule {
    let basic = basic.map(|(user, password)| (user.to_owned(), password.into()));
    CallerRule { name: name.into(), allow: nets(allow), basic }
}

fn access() -> Access {
    Access::new(
        nets("127.0.0.0/8 ::1/128 203.0.113.0/24 ::ffff:198.51.100.0/120"),
        nets("192.0.2.0/28 2001:db8:1::/64"),
        vec![
            rule("guarded", "10.1.0.0/16 203.0.113.9/32", Some(("vas", "a:b"))),
            rule("open", "10.2.0.0/16", None),
            rule("shared-open", "10.3.0.0/16", None),
            rule("shared-guarded", "10.3.0.0/16 10.1.0.0/16", Some(("sdp", "mật khẩu"))),
        ],
    )
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a value");
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

/// `name@address`, `401`, or the label of the reason.
fn verdict(peer: &str, headers: &HeaderMap) -> String {
    match access().admit(peer.parse().expect("an address"), headers) {
        Admission::Admitted { caller, address } => format!("{caller}@{address}"),
        Admission::Forbidden(reason) => reason.label().to_owned(),
        Admission::Unauthorized => "401".to_owned(),
    }
}

#[track_caller]
fn check(peer: &str, lines: &[(&'static str, &str)], expected: &str) {
    assert_eq!(verdict(peer, &headers(lines)), expected, "{peer} {lines:?}");
}

#[track_caller]
fn check_forwarded(lines: &[&str], expected: &str) {
    let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
    check(PROXY, &lines, expected);
}

#[track_caller]
fn check_basic(peer: &str, authorization: &str, expected: &str) {
    check(peer, &[("authorization", authorization)], expected);
}

fn basic(plain: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(plain))
}

#[test]
fn by_address_alone() {
    check("127.0.0.1", &[], "carrier@127.0.0.1");
    check("::ffff:127.0.0.1", &[], "carrier@127.0.0.1");
    check("::1", &[], "carrier@::1");
    check("203.0.113.8", &[], "carrier@203.0.113.8");
    check("198.51.100.7", &[], "carrier@198.51.100.7");
    check("::ffff:198.51.100.7", &[], "carrier@198.51.100.7");
    check("198.51.101.7", &[], "not_allowed");
    check("10.2.3.4", &[], "open@10.2.3.4");
    check("10.1.0.1", &[], "401");
    check("203.0.113.9", &[], "401");
    check("8.8.8.8", &[], "not_allowed");
    check("2001:db8::1", &[], "not_allowed");
}

#[test]
fn nobody_forwards_unasked() {
    for header in ["forwarded", "x-forwarded-for"] {
        check("127.0.0.1", &[(header, "127.0.0.1")], "untrusted_proxy");
        check("10.2.3.4", &[(header, "")], "untrusted_proxy");
        check("8.8.8.8", &[(header, "x")], "untrusted_proxy");
    }
    let Admission::Forbidden(reason) =
        access().admit([127, 0, 0, 1].into(), &headers(&[("forwarded", "for=x")]))
    else {
        panic!("must be forbidden");
    };
    assert!(reason.to_string().contains("carrier.trusted_proxies"), "{reason}");
}

#[test]
fn behind_a_trusted_proxy() {
    check(PROXY, &[], "unreadable_forward");
    check("::ffff:192.0.2.1", &[("x-forwarded-for", "10.2.0.1")], "open@10.2.0.1");
    check(PROXY, &[("forwarded", "for=10.2.0.1")], "unreadable_forward");
    check(PROXY, &[("forwarded", "for=8.8.8.8"), ("x-forwarded-for", "10.2.0.1")], "open@10.2.0.1");
    check_forwarded(&["10.2.0.1"], "open@10.2.0.1");
    check_forwarded(&["127.0.0.1, 10.2.0.1"], "open@10.2.0.1");
    check_forwarded(&["127.0.0.1,8.8.8.8"], "not_allowed");
    check_forwarded(&["junk, 10.2.0.1, 192.0.2.3"], "open@10.2.0.1");
    check_forwarded(&["8.8.8.8", "10.2.0.1"], "open@10.2.0.1");
    check_forwarded(&["10.2.0.1", "8.8.8.8"], "not_allowed");
    check_forwarded(&["10.2.0.1", "192.0.2.2, 2001:db8:1::5"], "open@10.2.0.1");
    check_forwarded(&["192.0.2.5, 192.0.2.6"], "not_allowed");
}

#[test]
fn spellings_of_a_forwarded_address() {
    for entry in
        ["10.2.0.1:4711", " 10.2.0.1 ", "::ffff:10.2.0.1", "[::ffff:10.2.0.1]", "[::ffff:10.2.0.1]:1"]
    {
        check_forwarded(&[entry], "open@10.2.0.1");
    }
    check_forwarded(&["[::1]:4711"], "carrier@::1");
    for entry in [
        "unknown",
        "10.2.0",
        "10.2.0.1:",
        "10.2.0.1:x",
        "[10.2.0.1]",
        "[::1",
        "10.2.0.1,x",
        "10.2.0.1 x",
        "\u{e9}",
    ] {
        check_forwarded(&[entry], "unreadable_forward");
        check_forwarded(&[entry, "192.0.2.2"], "unreadable_forward");
    }
}

#[test]
fn an_empty_element_is_no_element() {
    for lines in [
        &["10.2.0.1,"][..],
        &[",10.2.0.1 , ,"],
        &["10.2.0.1", ""],
        &["", "10.2.0.1", " , "],
        &["10.2.0.1,, 192.0.2.2,"],
    ] {
        check_forwarded(lines, "open@10.2.0.1");
    }
    for lines in [&[""][..], &[",", " , "], &["x,"]] {
        check_forwarded(lines, "unreadable_forward");
    }
}

#[test]
fn a_trusted_proxy_is_no_caller_although_it_may_call() {
    let access = Access::new(nets("192.0.2.1/32"), nets("192.0.2.0/28"), vec![]);
    let admission = access.admit([192, 0, 2, 1].into(), &HeaderMap::new());
    let Admission::Forbidden(reason) = admission else { panic!("{admission:?}") };
    assert!(reason.to_string().contains("docs/behind-a-proxy.md"), "{reason}");
}

#[test]
fn all_trusted_means_the_left_most() {
    let access = Access::new(nets("192.0.2.5/32"), nets("192.0.2.0/28"), vec![]);
    let headers = headers(&[("x-forwarded-for", "192.0.2.5, 192.0.2.6")]);
    let admission = access.admit([192, 0, 2, 1].into(), &headers);
    assert_eq!(admission, Admission::Admitted { caller: "carrier".into(), address: [192, 0, 2, 5].into() });
}

#[test]
fn callers_are_told_apart_by_credentials() {
    check_basic("10.1.0.1", &basic("vas:a:b"), "guarded@10.1.0.1");
    check_basic("10.1.0.1", &basic("sdp:mật khẩu"), "shared-guarded@10.1.0.1");
    check_basic("10.3.0.1", &basic("sdp:mật khẩu"), "shared-guarded@10.3.0.1");
    check_basic("10.3.0.1", &basic("sdp:wrong"), "shared-open@10.3.0.1");
    check("10.3.0.1", &[], "shared-open@10.3.0.1");
    check_basic("10.2.0.1", &basic("vas:a:b"), "open@10.2.0.1");
    check_basic("127.0.0.1", &basic("vas:a:b"), "carrier@127.0.0.1");
    check_basic("8.8.8.8", &basic("vas:a:b"), "not_allowed");
    check_basic("203.0.113.9", &basic("vas:a"), "401");
}

#[test]
fn spellings_of_credentials() {
    let encoded = BASE64_STANDARD.encode("vas:a:b");
    for good in [format!("basic {encoded}"), format!("BASIC   {encoded} ")] {
        check_basic("10.1.0.1", &good, "guarded@10.1.0.1");
    }
    for bad in [
        basic("vas:a:c"),
        basic("vas:a"),
        basic("Vas:a:b"),
        basic("vasa:b"),
        basic(":"),
        String::new(),
        "Basic".to_owned(),
        "Basic vas:a:b".to_owned(),
        format!("Bearer {encoded}"),
        format!("Basic{encoded}"),
        format!("Basic {}", BASE64_STANDARD.encode([b'v', 0xff, b':', b'x'])),
    ] {
        check_basic("10.1.0.1", &bad, "401");
    }
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_bytes(b"Basic \xff").expect("a value"));
    assert_eq!(verdict("10.1.0.1", &headers), "401");
}
