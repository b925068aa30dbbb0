//! Bodies that come or go piece by piece, and routes with bounds of their own.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use hyper::body::Bytes;
use sdp_gateway::server::{Answering, Bounds, Outgoing, Request, Response, Room, Settings};
use tokio::time::sleep;

use crate::kit::{BODY_MAX, PATIENCE, Server, answer, eventually, get, post, refuse, settings};

const SHORT: Duration = Duration::from_millis(300);

/// Of the routes that take more than the others.
const LARGE_MAX: usize = 16 << 20;

/// Pieces that `/streams/long` has, and how many of them were made.
const LONG_PIECES: usize = 4096;
const PIECE_BYTES: usize = 16 << 10;
static MADE: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn handle(request: Request) -> Answering {
    let of = request.uri.path().trim_start_matches("/streams/").to_owned();
    let request = request.within(|usual| match of.as_str() {
        "large" | "whole" => Bounds { body_bytes_max: LARGE_MAX, ..usual },
        "patient" => Bounds { timeout: PATIENCE, ..usual },
        "hasty" | "stuck" => Bounds { timeout: SHORT, ..usual },
        _ => usual,
    });
    Answering::until(request.deadline, async move {
        match of.as_str() {
            "large" | "patient" => counted(request).await,
            "whole" | "hasty" => whole(request).await,
            "stuck" => std::future::pending().await,
            other => answer(200, outgoing(other)),
        }
    })
}

async fn counted(mut request: Request) -> Response {
    let mut bytes = 0;
    loop {
        match request.body.piece().await {
            Ok(Some(piece)) => bytes += piece.len(),
            Ok(None) => return answer(200, bytes.to_string()),
            Err(error) => return refuse(error),
        }
    }
}

async fn whole(mut request: Request) -> Response {
    request.body.read().await.map_or_else(refuse, |body| answer(200, body.len().to_string()))
}

fn outgoing(of: &str) -> Outgoing {
    let pieces = |pieces: &'static [&'static str]| {
        stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))))
    };
    let slow = |piece| async move {
        sleep(SHORT).await;
        Ok(Bytes::from_static(piece))
    };
    match of {
        "chunks" => Outgoing::streamed(None, pieces(&["one", "", "two", "three"])),
        "known" => Outgoing::streamed(Some(11), pieces(&["one", "two", "three"])),
        "none" => Outgoing::streamed(None, pieces(&[])),
        "short" => Outgoing::streamed(Some(12), pieces(&["one", "two", "three"])),
        "broken" => {
            let end = async {
                sleep(SHORT).await;
                Err(io::Error::other("the disk is gone"))
            };
            Outgoing::streamed(None, pieces(&["one", "two"]).chain(stream::once(end)))
        }
        "slow" => Outgoing::streamed(None, stream::iter([&b"one"[..], b"two", b"three"]).then(slow)),
        "stalled" => Outgoing::streamed(None, pieces(&["one"]).chain(stream::once(std::future::pending()))),
        _ => Outgoing::streamed(
            None,
            stream::iter(0..LONG_PIECES).map(|_| {
                MADE.fetch_add(1, Ordering::Relaxed);
                Ok(Bytes::from(vec![b'x'; PIECE_BYTES]))
            }),
        ),
    }
}

#[test]
fn a_large_body_is_taken_as_it_comes() {
    // Room for none of them.
    let server = Server::start(Settings { room: Room::new(64 << 10), ..settings() });
    let mut client = server.client();
    let body = "x".repeat(LARGE_MAX);
    let taken = client.send(post("/streams/large", "", &body)).answer();
    assert_eq!((taken.status, taken.body), (200, LARGE_MAX.to_string()));
    let chunked = "POST /streams/large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let taken = client.send(format!("{chunked}{LARGE_MAX:x}\r\n{body}\r\n0\r\n\r\n")).answer();
    assert_eq!((taken.status, taken.body), (200, LARGE_MAX.to_string()));
    let whole = client.send(post("/streams/whole", "", &body[..1 << 20])).answer();
    assert_eq!((whole.status, whole.body.as_str()), (503, "crowded"), "what is kept takes room");
    assert_eq!(client.send(post("/echo", "", &body[..BODY_MAX + 1])).answer().status, 413, "other routes");
}

#[test]
fn a_body_is_bounded_as_it_comes() {
    let server = Server::start(settings());
    let body = "x".repeat(1 << 20);
    // Refused by its length, of which nothing is read; by what came, where it has none.
    let mut client = server.client();
    let head =
        format!("POST /streams/large HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", LARGE_MAX + 1);
    let refused = client.send(head).answer();
    assert_eq!((refused.status, refused.closes()), (413, true));
    let mut client = server.client();
    client.send("POST /streams/large HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..LARGE_MAX >> 20 {
        client.send(format!("100000\r\n{body}\r\n"));
    }
    let refused = client.send("1\r\nx\r\n").answer();
    assert_eq!((refused.status, refused.closes()), (413, true));
    let mut client = server.client();
    client.send("POST /streams/large HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf").end_writing();
    assert_eq!(client.answer().status, 400, "it breaks off");
}

#[test]
fn a_route_may_have_more_time_than_its_listener() {
    let server = Server::start(Settings { request_timeout: SHORT, ..settings() });
    let mut client = server.client();
    client.send("POST /streams/patient HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    // Beyond the moment at which the server would answer for a handler of the usual time.
    std::thread::sleep(SHORT + Duration::from_secs(2));
    let taken = client.send("as big").answer();
    assert_eq!((taken.status, taken.body.as_str(), taken.closes()), (200, "10", false));
}

#[test]
fn a_route_may_have_less_time_than_its_listener() {
    let server = Server::start(settings());
    let mut client = server.client();
    let begun = Instant::now();
    client.send("POST /streams/hasty HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    assert_eq!(client.answer().status, 408);
    // The rest has the listener's time: the connection can be kept.
    client.send("as big");
    assert_eq!(client.get("/streams/stuck").status, 503);
    assert!(begun.elapsed() >= SHORT * 2 && begun.elapsed() < PATIENCE);
    assert_eq!(client.get("/next").body, "/next");
}

#[test]
fn an_answer_in_pieces() {
    let server = Server::start(settings());
    let mut client = server.client();
    for _ in 0..2 {
        let head = client.get("/streams/chunks");
        assert!(head.head.contains("transfer-encoding: chunked") && !head.closes(), "{}", head.head);
        assert_eq!(client.chunks().expect("all of it"), b"onetwothree");
        let known = client.get("/streams/known");
        assert_eq!(known.body, "onetwothree");
        assert!(!known.head.contains("transfer-encoding"), "{}", known.head);
    }
    client.send(get("/streams/chunks") + &get("/next"));
    assert_eq!(client.answer().status, 200);
    assert_eq!(client.chunks().expect("all of it"), b"onetwothree");
    assert_eq!(client.answer().body, "/next");
    let none = client.get("/streams/none");
    assert_eq!((none.status, none.head.contains("content-length: 0")), (200, true), "{}", none.head);
    assert_eq!(client.get("/next").body, "/next");
}

#[test]
fn a_head_is_answered_without_pieces() {
    let server = Server::start(settings());
    let mut client = server.client();
    for (path, length) in [("/streams/chunks", None), ("/streams/known", Some("11")), ("/whole", Some("6"))] {
        let head = format!("HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let mut last = server.client();
        let told = String::from_utf8(last.send(head).remainder()).expect("text").to_lowercase();
        assert!(told.starts_with("http/1.1 200") && told.ends_with("\r\n\r\n"), "{told}");
        let length = length.map(|length| format!("content-length: {length}\r\n"));
        assert_eq!(told.contains("content-length"), length.is_some(), "{told}");
        assert!(length.is_none_or(|length| told.contains(&length)), "{told}");
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let told = String::from_utf8(client.remainder()).expect("text");
    assert_eq!((told.matches("HTTP/1.1 200").count(), told.ends_with("/last")), (4, true), "{told}");
}

#[test]
fn an_older_client_gets_the_pieces_until_the_end() {
    let server = Server::start(settings());
    let mut client = server.client();
    let told = client.send("GET /streams/chunks HTTP/1.0\r\n\r\n").remainder();
    assert!(told.ends_with(b"\r\n\r\nonetwothree"), "{}", String::from_utf8_lossy(&told));
}

#[test]
fn half_an_answer_is_never_taken_for_a_whole_one() {
    let server = Server::start(settings());
    let mut client = server.client();
    assert_eq!(client.get("/streams/broken").status, 200);
    assert_eq!(client.chunks(), None);
    let mut client = server.client();
    let told = client.send(get("/streams/short") + &get("/next")).remainder();
    let told = String::from_utf8_lossy(&told).to_lowercase();
    assert!(told.contains("content-length: 12") && told.ends_with("onetwothree"), "{told}");
    assert_eq!(server.client().get("/next").body, "/next");
}

#[test]
fn a_piece_that_is_too_long_in_the_making_cuts_the_connection() {
    let server = Server::start(Settings { request_timeout: SHORT, ..settings() });
    let mut client = server.client();
    let begun = Instant::now();
    assert_eq!(client.get("/streams/stalled").status, 200);
    assert_eq!(client.chunks(), None);
    assert!(begun.elapsed() >= SHORT && begun.elapsed() < PATIENCE);
}

#[test]
fn pieces_are_made_as_the_client_takes_them() {
    let server = Server::start(settings());
    let mut client = server.client();
    assert_eq!(client.get("/streams/long").status, 200);
    let rests = || {
        let made = MADE.load(Ordering::Relaxed);
        std::thread::sleep(SHORT);
        made == MADE.load(Ordering::Relaxed)
    };
    assert!(eventually(rests));
    // What the sockets take is the system's affair; it is less than all by far.
    assert!(MADE.load(Ordering::Relaxed) < LONG_PIECES / 2, "{}", MADE.load(Ordering::Relaxed));
    assert_eq!(client.chunks().expect("all of it").len(), LONG_PIECES * PIECE_BYTES);
    assert_eq!(client.get("/next").body, "/next");
}

#[test]
fn a_connection_is_busy_as_long_as_it_is_sent_on() {
    let short = Settings { idle_timeout: SHORT / 3, connections_max: 1, ..settings() };
    let server = Server::start(short);
    let mut client = server.client();
    assert_eq!(client.get("/streams/slow").status, 200);
    assert!(server.client().try_send(get("/other")).try_answer().is_none(), "it makes no room");
    assert_eq!(client.chunks().expect("all of it"), b"onetwothree");
    assert!(client.is_closed(), "it is idle from the end of the answer on");
    assert!(eventually(|| server.client().try_send(get("/other")).try_answer().is_some()));
}

#[test]
fn an_answer_on_its_way_is_sent_out_before_a_stop() {
    let server = Server::start(settings());
    let mut client = server.client();
    assert_eq!(client.get("/streams/slow").status, 200);
    server.stop();
    assert_eq!(client.chunks().expect("all of it"), b"onetwothree");
    assert!(client.is_closed() && server.has_ended());
}
