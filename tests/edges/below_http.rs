//! What fails below HTTP is counted by kind and told with its peer, at a bounded rate.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use crate::gateway::{Gateway, PATIENCE};

/// Sends bytes, ends, and waits until the gateway has ended too.
fn send(gateway: &Gateway, bytes: &[u8]) {
    let mut stream = TcpStream::connect(gateway.main).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(bytes).expect("sent");
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

fn count(gateway: &Gateway, kind: &str) -> u64 {
    let name = format!("sdp_gateway_below_http_total{{kind=\"{kind}\"}} ");
    let text = gateway.admin("/metrics").text();
    let value =
        text.lines().find_map(|line| line.strip_prefix(&name)).unwrap_or_else(|| panic!("{kind}: {text}"));
    value.parse().expect("a number")
}

#[test]
fn every_kind_is_counted_and_told_once() {
    let gateway = Gateway::start("[server]\nheader_timeout_ms = 300\n");
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(101));
    let large = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "b".repeat(70_000));
    let cases: [(&str, &[u8]); 9] = [
        ("tls", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
        ("http2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        ("proxy_protocol", b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\nGET / HTTP/1.1\r\n\r\n"),
        (
            "proxy_protocol",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x9c\x40\0\x50GET / HTTP/1.1\r\n\r\n",
        ),
        ("too_many_headers", many.as_bytes()),
        ("large_head", large.as_bytes()),
        ("request_line", b"nonsense 84945989325?token=none\r\n\r\n"),
        ("header", b"GET / HTTP/1.1\r\nno header\r\n\r\n"),
        ("broken_off", b"GET / HTTP/1.1\r\nHost: x\r\n"),
    ];
    for (kind, _) in &cases {
        assert_eq!(count(&gateway, kind), 0, "{kind} is there before it happens");
    }
    for _ in 0..3 {
        cases.iter().for_each(|(_, bytes)| send(&gateway, bytes));
    }
    for (kind, _) in &cases {
        let times = if *kind == "proxy_protocol" { 6 } else { 3 };
        assert_eq!(count(&gateway, kind), times, "{kind}");
        let log = gateway.log();
        let told = log.lines().filter(|line| line.contains(&format!("kind=\"{kind}\"")));
        let told: Vec<_> = told.collect();
        assert!((1..=3).contains(&told.len()), "{kind}: {log}");
        assert!(told[0].contains("WARN") && told[0].contains("peer=127.0.0.1"), "{}", told[0]);
    }
    let log = gateway.log();
    assert!(log.contains("began=nonsense ***") && !log.contains("token=none"), "{log}");
}

#[test]
fn a_slow_head_is_one_and_an_idle_connection_is_none() {
    let gateway = Gateway::start("[server]\nheader_timeout_ms = 300\n");
    let mut slow = TcpStream::connect(gateway.main).expect("a connection");
    slow.write_all(b"GET / HT").expect("sent");
    let idle = TcpStream::connect(gateway.main).expect("a connection");
    let until = Instant::now() + PATIENCE;
    while count(&gateway, "slow_head") == 0 {
        assert!(Instant::now() < until, "{}", gateway.log());
    }
    drop((slow, idle));
    assert_eq!(gateway.post("/vascloud/v1/notify_reg", "<a/>").status, 200);
    assert_eq!((count(&gateway, "slow_head"), count(&gateway, "broken_off")), (1, 0));
}
