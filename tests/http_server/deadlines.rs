//! Slow clients and slow handlers meet their deadlines while others are served.

use std::io::Read as _;
use std::time::{Duration, Instant};

use crate::kit::{PATIENCE, Server, eventually, get, post, settings};

const SHORT: Duration = Duration::from_millis(300);

#[test]
fn a_slow_head() {
    let server = Server::start(sdp_gateway::server::Settings { header_timeout: SHORT, ..settings() });
    let start = Instant::now();
    let (mut silent, mut partial, mut kept) = (server.client(), server.client(), server.client());
    partial.send("GET / HTTP/1.1\r\nHo");
    assert_eq!(kept.get("/kept").body, "/kept");
    assert!(silent.is_closed() && partial.is_closed());
    assert!(start.elapsed() >= SHORT && start.elapsed() < PATIENCE);
    // One that lay idle for longer than a head may take is still there; the head of its next request has
    // that time from its first byte.
    kept.send("GET /again HTTP/1.1\r\n");
    std::thread::sleep(SHORT / 3);
    assert_eq!(kept.send("Host: x\r\n\r\n").answer().body, "/again");
    let begun = Instant::now();
    kept.send("G");
    assert!(kept.is_closed());
    assert!(begun.elapsed() >= SHORT && begun.elapsed() < PATIENCE);
    assert_eq!(server.client().get("/next").body, "/next");
}

#[test]
fn an_idle_connection_is_let_go_in_its_time() {
    let settings = sdp_gateway::server::Settings { idle_timeout: SHORT, ..settings() };
    let server = Server::start(settings);
    let (mut silent, mut kept, mut busy) = (server.client(), server.client(), server.client());
    for _ in 0..3 {
        assert_eq!(kept.get("/kept").body, "/kept");
        std::thread::sleep(SHORT / 3);
    }
    let last = Instant::now();
    assert_eq!(kept.get("/kept").body, "/kept");
    busy.begin();
    assert!(kept.is_closed());
    assert!(last.elapsed() >= SHORT && last.elapsed() < PATIENCE);
    assert_eq!(busy.finish().body, "done", "a request in progress is not idle");
    assert_eq!(silent.get("/first").body, "/first", "one that has said nothing yet has a head's time");
}

#[test]
fn a_slow_body() {
    let server = Server::start(sdp_gateway::server::Settings { request_timeout: SHORT, ..settings() });
    let (mut slow, mut other) = (server.client(), server.client());
    slow.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
    assert_eq!(other.get("/other").body, "/other");
    let answer = slow.answer();
    assert_eq!((answer.status, answer.body.as_str(), answer.closes()), (408, "late", true));
    assert!(slow.is_closed());
    assert_eq!(other.get("/other").body, "/other");
}

#[test]
fn a_handler_without_an_answer() {
    let server = Server::start(sdp_gateway::server::Settings { request_timeout: SHORT, ..settings() });
    let mut client = server.client();
    let answer = client.get("/stuck");
    assert_eq!(answer.status, 503);
    assert!(answer.head.contains("retry-after: 1"));
    assert_eq!(client.get("/next").body, "/next", "the fault is ours; the connection stays");
}

#[test]
fn a_client_that_never_reads() {
    let one = sdp_gateway::server::Settings { request_timeout: SHORT, connections_max: 1, ..settings() };
    let server = Server::start(one);
    let mut deaf = server.client();
    deaf.send(get("/big"));
    deaf.stream.peek(&mut [0]).expect("the answer begins");
    // One place only: another is served once the deaf one has lost it.
    assert!(eventually(|| server.client().send(get("/next")).try_answer().is_some()));
    let mut all = Vec::new();
    let _ = deaf.stream.read_to_end(&mut all);
    assert!(all.len() < 32 << 20, "it had to be cut off, not waited for");
}

#[test]
fn a_client_that_reads_slowly_gets_it_all() {
    let server = Server::start(sdp_gateway::server::Settings { request_timeout: SHORT, ..settings() });
    let mut client = server.client();
    client.send(get("/big"));
    std::thread::sleep(SHORT / 2);
    assert_eq!(client.answer().body.len(), 32 << 20);
}

#[test]
fn a_panic_costs_its_connection_alone() {
    let server = Server::start(settings());
    let (mut unlucky, mut other) = (server.client(), server.client());
    assert_eq!(other.get("/before").status, 200);
    unlucky.send(get("/panic"));
    assert!(unlucky.is_closed());
    assert_eq!(other.get("/after").status, 200);
    assert_eq!(server.client().get("/new").status, 200);
}

#[test]
fn hanging_up_in_the_middle() {
    let server = Server::start(sdp_gateway::server::Settings { connections_max: 2, ..settings() });
    for request in ["GET / HT".to_owned(), get("/slow"), post("/echo", "", "whole"), get("/big")] {
        server.client().send(request);
    }
    server.client().send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
    assert!(eventually(|| server.client().send(get("/next")).try_answer().is_some()));
}
