//! The activation surface: codings and parts as on the carrier's, and a body that cannot be read is a wrong
//! parameter and no wrong signature.

use sdp_gateway::wire::coding;

use crate::gateway::{Answer, Gateway, request};
use crate::signed::{EFFECT, FORM, PARTNER, ask, code};

/// The answer's HTTP status and result code.
fn told(answer: &Answer) -> (u16, String) {
    (answer.status, code(answer))
}

fn post(gateway: &Gateway, headers: &[(&str, &str)], body: &[u8]) -> (u16, String) {
    told(&request(gateway.main, "POST", EFFECT, headers, body))
}

/// Names and values.
type Headers<'a> = &'a [(&'a str, &'a str)];

/// Signed well, about a device that nobody has: 1007 where it was read.
const READ: (u16, &str) = (200, "1007");

fn parts(pairs: &[(String, String)]) -> String {
    let part = |(name, value): &(String, String)| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    pairs.iter().map(part).collect::<String>() + "--b--\r\n"
}

#[test]
fn codings_and_parts_are_read() {
    let gateway = Gateway::start(PARTNER);
    let asked = ask(EFFECT, "ann", "cam-1").sign();
    let read = |headers: &[(&str, &str)], body: &[u8]| {
        let (status, code) = post(&gateway, headers, body);
        assert_eq!((status, code.as_str()), READ, "{headers:?}");
    };
    for codings in ["gzip", "deflate", "br", "br, gzip"] {
        let encoded = |body: &str| coding::encode(Some(codings), body.as_bytes()).expect("known codings");
        read(&[("Content-Type", FORM), ("Content-Encoding", codings)], &encoded(&asked.form()));
        read(&[("Content-Encoding", codings)], &encoded(&asked.json()));
    }
    read(&[("Content-Type", "multipart/form-data; boundary=b")], parts(&asked.pairs).as_bytes());
    for (kind, body) in [(FORM, asked.form()), ("application/json", asked.json())] {
        let body = format!("--b\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b--");
        read(&[("Content-Type", "multipart/related; boundary=b")], body.as_bytes());
    }
}

#[test]
fn what_cannot_be_read_is_a_wrong_parameter() {
    let gateway = Gateway::start(&format!("{PARTNER}[limits]\nbad_signature_per_second = 0\n"));
    let asked = ask(EFFECT, "ann", "cam-1").sign();
    let gzip = coding::encode(Some("gzip"), asked.form().as_bytes()).expect("a known coding");
    let related = ("Content-Type", "multipart/form-data; boundary=b");
    let whole = parts(&asked.pairs);
    let cases: [(Headers<'_>, &[u8]); 10] = [
        (&[("Content-Encoding", "gzip")], &gzip[..gzip.len() - 1]),
        (&[("Content-Encoding", "br")], &gzip),
        (&[("Content-Encoding", "deflate")], b"\x78\x9c"),
        (&[], &gzip),
        (&[related], &whole.as_bytes()[..whole.len() - 6]),
        (&[("Content-Type", "multipart/form-data")], whole.as_bytes()),
        (&[], b"[1]"),
        (&[], b"<a/>"),
        (&[("Content-Type", "application/json; charset=utf-8")], b"1"),
        (&[("Content-Type", FORM)], b"a=\xff"),
    ];
    for (headers, body) in cases {
        assert_eq!(post(&gateway, headers, body), (200, "1003".to_owned()), "{headers:?} {body:?}");
    }
}

#[test]
fn what_http_has_the_better_word_for() {
    let gateway = Gateway::start(PARTNER);
    let bomb = coding::encode(Some("br"), &vec![b'a'; 8 << 20]).expect("a known coding");
    assert_eq!(post(&gateway, &[("Content-Encoding", "br")], &bomb), (413, "1003".to_owned()));
    let answer = request(gateway.main, "POST", EFFECT, &[("Content-Encoding", "zstd")], b"a=1");
    assert_eq!(told(&answer), (415, "1003".to_owned()));
    assert_eq!(answer.header("accept-encoding"), Some("gzip, deflate, br"));
}
