//! Clients that are slow, greedy or cunning, against the real binary: they get what is theirs and no
//! more, the carrier is served meanwhile, and memory stays bounded.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use gateway::{Gateway, PATIENCE, check, notice};
use kit::{Book, Dice, Line, REG, until};
use tokio::net::TcpSocket;

const CHECK: &str = "/vascloud/v1/notify_check";

/// What a gateway may use at the worst, in KiB, in an unoptimized build.
const RESIDENT_KIB_MAX: u64 = 600 << 10;

/// Short patience, so that the tests are short.
const HASTY: &str = "[server]\nheader_timeout_ms = 1500\nrequest_timeout_ms = 2000\n";

/// The most the gateway has ever had resident, in KiB.
fn resident_peak(gateway: &Gateway) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.child.id())).expect("a status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number")
}

fn assert_bounded(gateway: &Gateway, what: &str) {
    let peak = resident_peak(gateway);
    println!("{what}: resident at most {} MiB", peak >> 10);
    assert!(peak < RESIDENT_KIB_MAX, "{what}: {peak} KiB resident");
}

fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&to, PATIENCE).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// The carrier meanwhile: on a kept connection and on new ones, every notice kept, none slowly.
fn carrier_is_served(gateway: &Gateway, book: &Book, notices: usize) -> Duration {
    let mut dice = Dice::new(notices as u64);
    let mut line = Line::open(gateway.main).expect("a connection");
    let mut longest = Duration::ZERO;
    for nth in 0..notices {
        if nth % 10 == 9 {
            line = Line::open(gateway.main).expect("a connection");
        }
        let began = Instant::now();
        let queue_id = book.draw(&mut dice);
        assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200);
        longest = longest.max(began.elapsed());
    }
    assert!(longest < Duration::from_secs(5), "a notice took {longest:?}");
    longest
}

/// Everything that comes until the connection ends.
fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How many answers are in it.
fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

#[test]
fn slow_heads_and_bodies_run_out_of_time() {
    let gateway = Gateway::start(HASTY);
    let book = Book::new();
    let head =
        format!("POST {REG} HTTP/1.1\r\nHost: g\r\nContent-Type: text/xml\r\nContent-Length: 5000\r\n\r\n");
    // Some drip a head that never ends, some a body.
    let drip = |nth: usize| {
        let mut stream = connect(gateway.main);
        let began = Instant::now();
        if nth.is_multiple_of(2) {
            let _ = stream.write_all(head.as_bytes());
        } else {
            let _ = stream.write_all(b"POST / HTTP/1.1\r\nX-Slow: ");
        }
        while began.elapsed() < PATIENCE && stream.write_all(b"a").is_ok() {
            stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
            let mut bytes = [0; 4096];
            match stream.read(&mut bytes) {
                Ok(0) => break,
                Ok(read) => {
                    let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                    assert!(!text.contains("<error_id>0"), "{text}");
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        began.elapsed()
    };
    std::thread::scope(|scope| {
        let slow: Vec<_> = (0..100).map(|nth| scope.spawn(move || drip(nth))).collect();
        let longest = carrier_is_served(&gateway, &book, 50);
        println!("100 slow clients, the carrier waited {longest:?} at most");
        for client in slow {
            let lasted = client.join().expect("a client");
            assert!(lasted < Duration::from_secs(10), "a slow client was kept for {lasted:?}");
        }
    });
    assert_bounded(&gateway, "slow clients");
    book.check_api(&gateway);
}

#[test]
fn heads_without_end_are_cut_off() {
    let gateway = Gateway::start(HASTY);
    let long = format!("GET / HTTP/1.1\r\nHost: g\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nHost: g\r\n{}\r\n", "X-Many: 1\r\n".repeat(10_000));
    let path = format!("GET /{} HTTP/1.1\r\nHost: g\r\n\r\n", "a".repeat(1 << 20));
    for (what, head) in [("long", long), ("many", many), ("path", path)] {
        for _ in 0..20 {
            let mut stream = connect(gateway.main);
            // It may stop reading before all is sent.
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.shutdown(Shutdown::Write);
            let text = rest(stream);
            let refused = text.starts_with("HTTP/1.1 4") || text.is_empty();
            assert!(refused && answers(&text) <= 1, "{what}: {text}");
        }
    }
    carrier_is_served(&gateway, &Book::new(), 20);
    assert_bounded(&gateway, "heads without end");
}

/// A request that a front server might have taken for the body of the one before.
fn smuggled(queue_id: &str) -> String {
    let body = notice(&[
        ("queueID", queue_id),
        ("msisdn", "84945000001"),
        ("regType", "1"),
        ("service_id", "1000625"),
        ("package_id", "1003013"),
    ]);
    format!("POST {REG} HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn framing_that_can_be_read_two_ways_is_read_once() {
    let gateway = Gateway::start(HASTY);
    let heads = [
        "Content-Length: 6\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 6",
        "Content-Length: 6\r\nContent-Length: 7",
        "Content-Length: 6, 7",
        "Content-Length: +6",
        "Content-Length: -1",
        "Content-Length: 0x6",
        "Content-Length: 99999999999999999999",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding:\u{b}chunked",
        " Transfer-Encoding: chunked",
        "Content-Length: 6\r\n Transfer-Encoding: chunked",
    ];
    for (nth, head) in heads.iter().enumerate() {
        let mut stream = connect(gateway.main);
        let second = smuggled(&format!("66600{nth}"));
        let sent = format!("POST {CHECK} HTTP/1.1\r\nHost: g\r\n{head}\r\n\r\n0\r\n\r\n{second}");
        let _ = stream.write_all(sent.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let text = rest(stream);
        assert!(answers(&text) <= 1, "{head:?} was taken for two requests: {text}");
        assert!(!text.contains("<error_id>0"), "{head:?}: {text}");
    }
    let kept = gateway.admin("/api/v1/notices?limit=500").text();
    assert!(!kept.contains("66600"), "a smuggled notice was kept: {kept}");
    carrier_is_served(&gateway, &Book::new(), 20);
}

/// Lets this process, and the gateways it starts, open this many files, or as many as it may.
fn raise_descriptors(wanted: usize) -> usize {
    let pid = std::process::id().to_string();
    let limits = || {
        let text = std::fs::read_to_string("/proc/self/limits").expect("limits");
        let line = text.lines().find(|line| line.starts_with("Max open files")).expect("a limit").to_owned();
        let mut words = line["Max open files".len()..].split_whitespace().map(str::to_owned);
        let mut next = || words.next().and_then(|text| text.parse::<usize>().ok()).expect("a number");
        (next(), next())
    };
    let set = |to: usize| {
        let done = Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={to}:{to}")]).output();
        done.expect("prlimit (Debian package util-linux)").status.success()
    };
    let (soft, hard) = limits();
    if soft < wanted && !(hard < wanted && set(wanted)) {
        assert!(set(hard.min(wanted).max(soft)));
    }
    limits().0
}

/// Connections from 127.0.0.`last`, every other one with half a request's head.
async fn crowd(to: SocketAddr, last: u8, many: usize) -> Vec<tokio::net::TcpStream> {
    let mut held = Vec::new();
    for nth in 0..many {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, last], 0).into()).expect("an address");
        let Ok(stream) = socket.connect(to).await else { continue };
        if nth.is_multiple_of(2) {
            let _ = stream.try_write(b"POST /vascloud/v1/notify_reg HTTP/1.1\r\nHost: g\r\nX-Half: ");
        }
        held.push(stream);
    }
    held
}

/// Those that the gateway has not closed.
fn open(streams: &[tokio::net::TcpStream]) -> usize {
    let is_open = |stream: &&tokio::net::TcpStream| {
        let read = stream.try_read(&mut [0; 64]);
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    streams.iter().filter(is_open).count()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Idle connections, where the system's limits allow as many, and what is needed besides.
const CROWD: usize = 10_000;
const SPARE: usize = 300;

#[test]
fn ten_thousand_idle_connections_starve_nobody() {
    let limit = raise_descriptors(CROWD + SPARE);
    let many = CROWD.min(limit - SPARE);
    // Idle ones are not let go for their age here, but to make room.
    let gateway = Gateway::start("[server]\nheader_timeout_ms = 120000\n");
    let book = Book::new();
    let before = resident_peak(&gateway);
    let runtime = runtime();
    let held = runtime.block_on(async {
        let mut held = Vec::new();
        for last in 2..12 {
            held.extend(crowd(gateway.main, last, many / 10).await);
        }
        held
    });
    let longest = carrier_is_served(&gateway, &book, 200);
    let _guard = runtime.enter();
    let left =
        until("the crowd is settled", PATIENCE, || Some(open(&held)).filter(|left| *left > many * 9 / 10));
    println!(
        "{many} idle connections of 10 addresses (limit of open files {limit}), {left} still open; the \
         carrier waited {longest:?} at most; {} bytes each",
        (resident_peak(&gateway) - before) * 1024 / many as u64
    );
    assert_bounded(&gateway, "idle connections");
    drop(held);
    carrier_is_served(&gateway, &book, 20);
    book.check_api(&gateway);
}

#[test]
fn one_address_gets_its_share() {
    let gateway = Gateway::start("[server]\nconnections_per_address_max = 100\nheader_timeout_ms = 60000\n");
    let book = Book::new();
    let runtime = runtime();
    let held = runtime.block_on(crowd(gateway.main, 2, 400));
    let _guard = runtime.enter();
    until("only the share is left", PATIENCE, || (open(&held) == 100).then_some(()));
    let longest = carrier_is_served(&gateway, &book, 50);
    println!("400 of one address, 100 left; the carrier waited {longest:?} at most");
    assert_eq!(open(&held), 100);
    book.check_api(&gateway);
}

/// A connection with next to no room for what is sent to it.
fn deaf(to: SocketAddr) -> TcpStream {
    let stream = runtime().block_on(async {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        socket.connect(to).await.expect("a connection").into_std().expect("a stream")
    });
    stream.set_nonblocking(false).expect("blocking");
    stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// Requests that a flood sends at once.
const FLOOD: usize = 2_000;

#[test]
fn pipelined_floods_are_answered_in_turn() {
    let gateway = Gateway::start(HASTY);
    let book = Book::new();
    let body = check("84945000001", "1000625", "1003013");
    let one = format!("POST {CHECK} HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let flood = one.repeat(FLOOD);
    std::thread::scope(|scope| {
        // Those who read get everything.
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let stream = connect(gateway.main);
                let mut sending = stream.try_clone().expect("a clone");
                let flood = &flood;
                scope.spawn(move || {
                    sending.write_all(flood.as_bytes()).expect("sent");
                    sending.shutdown(Shutdown::Write).expect("ended");
                });
                scope.spawn(move || rest(stream).matches("</RPLY>").count())
            })
            .collect();
        // Those who do not are cut off, and until then hold what two socket buffers hold.
        let deaf: Vec<_> = (0..2)
            .map(|_| {
                let mut stream = deaf(gateway.main);
                let flood = &flood;
                scope.spawn(move || {
                    let began = Instant::now();
                    while stream.write_all(flood.as_bytes()).is_ok() {}
                    began.elapsed()
                })
            })
            .collect();
        let longest = carrier_is_served(&gateway, &book, 50);
        println!("4 pipelined floods, the carrier waited {longest:?} at most");
        for reader in readers {
            assert_eq!(reader.join().expect("a reader"), FLOOD, "answers to a flood");
        }
        for client in deaf {
            let lasted = client.join().expect("a client");
            println!("one that reads nothing lasted {lasted:?}");
            assert!(lasted < Duration::from_secs(15), "one that reads nothing was kept for {lasted:?}");
        }
    });
    assert_bounded(&gateway, "pipelined floods");
    book.check_api(&gateway);
    carrier_is_served(&gateway, &book, 20);
}
