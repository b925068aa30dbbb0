//! Requests that are begun and never finished: the memory they take is bounded, and others are answered
//! meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::gateway::{Gateway, PATIENCE, notice};

const CONNECTIONS: usize = 2000;

/// What ten thousand of them may take, and what all that is large may take beyond it: its room, and what the
/// allocator has not given back of what grew out of its place. In KiB.
const FOR_TEN_THOUSAND: usize = 300 << 10;
const ROOM: usize = 3 * (32 << 10);

fn gateway() -> Gateway {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("the limit raised");
    Gateway::start(
        "[server]\nconnections_per_address_max = 20000\nheader_timeout_ms = 600000\nrequest_timeout_ms = 600000\n",
    )
}

/// Resident memory, in KiB.
fn resident(gateway: &Gateway) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.child.id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Begins requests, all alike, and tells what they took when the last has arrived.
fn begin(gateway: &Gateway, request: &[u8]) -> (Vec<TcpStream>, usize) {
    let before = resident(gateway);
    let begin = |_| {
        let mut stream = TcpStream::connect(gateway.main).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // One that was refused may be closed already.
        let _ = stream.write_all(request);
        stream
    };
    let begun: Vec<_> = (0..CONNECTIONS).map(begin).collect();
    // A message that comes after all of them is answered: they have been taken and looked at.
    let one = notice(&[
        ("queueID", "1"),
        ("regID", "1"),
        ("msisdn", "84945989325"),
        ("regType", "1"),
        ("package_id", "1"),
    ]);
    for _ in 0..20 {
        assert_eq!(gateway.post("/vascloud/v1/notify_reg", &one).element("error_id"), "0");
        std::thread::sleep(Duration::from_millis(50));
    }
    (begun, resident(gateway).saturating_sub(before))
}

fn head(length: usize) -> String {
    format!("POST /v3/third/sdk/actCode/service HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn small_ones_take_little() {
    let gateway = gateway();
    let (begun, took) = begin(&gateway, (head(400) + "partnerKey=pk-test&").as_bytes());
    let may = FOR_TEN_THOUSAND * CONNECTIONS / 10_000;
    assert!(took < may, "{took} KiB for {}, of {may}", begun.len());
}

#[test]
fn large_ones_share_one_room_and_are_told_when_it_is_full() {
    let gateway = gateway();
    let body = head(65_536) + &"a".repeat(60_000);
    let (begun, took) = begin(&gateway, body.as_bytes());
    let may = FOR_TEN_THOUSAND * CONNECTIONS / 10_000 + ROOM;
    assert!(took < may, "{took} KiB for {}, of {may}", begun.len());
    // The room holds some five hundred of them. Most of the others were told that it is full: who comes just after one
    // that was sent away may have its place.
    let mut answers = Vec::new();
    for mut stream in begun {
        stream.set_nonblocking(true).expect("a socket");
        let mut answer = [0; 12];
        if stream.read_exact(&mut answer).is_ok() {
            answers.push(String::from_utf8_lossy(&answer).into_owned());
        }
    }
    assert!(answers.len() > CONNECTIONS / 2, "{} of {CONNECTIONS} were answered", answers.len());
    assert!(answers.iter().all(|answer| answer == "HTTP/1.1 200"), "in its grammar: 1005, try again");
}

#[test]
fn large_heads_share_it_too() {
    let gateway = gateway();
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "a".repeat(60_000));
    let (begun, took) = begin(&gateway, head.as_bytes());
    let may = FOR_TEN_THOUSAND * CONNECTIONS / 10_000 + ROOM;
    assert!(took < may, "{took} KiB for {}, of {may}", begun.len());
}
