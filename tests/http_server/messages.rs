//! Whole and well-formed messages, however they are cut into packets.

use std::time::Duration;

use sdp_gateway::server::{Room, Settings};

use crate::kit::{BODY_MAX, Server, get, post, settings};

#[test]
fn a_connection_is_kept() {
    let server = Server::start(settings());
    let mut client = server.client();
    for path in ["/a", "/b", "/c"] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.body.as_str(), answer.closes()), (200, path, false));
    }
    let last = client.send("GET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").answer();
    assert!(last.closes() && client.is_closed());
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(settings());
    let mut client = server.client();
    client.send(get("/slow") + &post("/echo", "", "two") + &get("/three"));
    for body in ["slow", "two", "/three"] {
        assert_eq!(client.answer().body, body);
    }
    assert_eq!(client.get("/four").body, "/four");
}

#[test]
fn an_answer_does_not_wait_for_the_next_request() {
    let server = Server::start(settings());
    let mut client = server.client();
    client.send(get("/one") + "GET /tw");
    assert_eq!(client.answer().body, "/one");
    client.send("o HTTP/1.1\r\nHost: x\r\n\r\n".to_owned() + &get("/slow"));
    assert_eq!(client.answer().body, "/two");
    assert_eq!(client.answer().body, "slow");
}

#[test]
fn http_1_0() {
    let server = Server::start(settings());
    let mut client = server.client();
    let answer = client.send("GET /old HTTP/1.0\r\n\r\n").answer();
    assert!(answer.head.starts_with("http/1.0 200") && answer.body == "/old", "{}", answer.head);
    assert!(client.is_closed());
    let mut client = server.client();
    for _ in 0..2 {
        let request = "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nold";
        assert_eq!(client.send(request).answer().body, "old");
    }
}

#[test]
fn chunked_bodies() {
    let server = Server::start(settings());
    let mut client = server.client();
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer =
        client.send(head.to_owned() + "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n").answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "abcdefg"));
    let answer = client.send(head.to_owned() + "zz\r\n").answer();
    assert_eq!(answer.status, 400);
    assert!(client.is_closed());
}

#[test]
fn byte_by_byte() {
    let server = Server::start(settings());
    let mut client = server.client();
    for byte in post("/echo", "X-Long: yes\r\n", "slowly does it").bytes() {
        client.send([byte]);
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(client.answer().body, "slowly does it");
}

#[test]
fn a_client_that_is_done_writing_gets_its_answers() {
    let server = Server::start(settings());
    let mut client = server.client();
    client.send(get("/slow") + &post("/echo", "", "two")).end_writing();
    assert_eq!(client.answer().body, "slow");
    assert_eq!(client.answer().body, "two");
    assert!(client.is_closed());
}

#[test]
fn a_body_that_breaks_off() {
    let server = Server::start(settings());
    let mut client = server.client();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf").end_writing();
    assert_eq!(client.answer().status, 400);
    assert!(client.is_closed());
}

#[test]
fn continue_is_sent_when_the_body_is_wanted() {
    let server = Server::start(settings());
    let mut client = server.client();
    let expect = "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    client.send(format!("POST /echo HTTP/1.1\r\nHost: x\r\n{expect}"));
    assert_eq!(client.answer().status, 100);
    let answer = client.send("body").answer();
    assert_eq!((answer.status, answer.body.as_str(), answer.closes()), (200, "body", false));
    assert_eq!(client.get("/next").body, "/next");
}

#[test]
fn continue_is_not_sent_when_the_body_is_not_wanted() {
    let server = Server::start(settings());
    for (path, status) in [("/echo", 413), ("/refuse", 403)] {
        let mut client = server.client();
        let expect = "Content-Length: 1048576\r\nExpect: 100-continue\r\n\r\n";
        let answer = client.send(format!("POST {path} HTTP/1.1\r\nHost: x\r\n{expect}")).answer();
        assert_eq!((answer.status, answer.closes()), (status, true));
        assert!(client.is_closed());
    }
}

#[test]
fn a_body_up_to_the_cap() {
    let server = Server::start(settings());
    let mut client = server.client();
    let body = "x".repeat(BODY_MAX);
    assert_eq!(client.send(post("/echo", "", &body)).answer().body.len(), BODY_MAX);
    assert_eq!(client.send(post("/echo", "", &(body + "x"))).answer().status, 413);
    assert_eq!(client.get("/next").body, "/next");
}

#[test]
fn a_client_that_writes_its_whole_megabyte_first_reads_the_refusal() {
    let server = Server::start(settings());
    let body = "x".repeat(1 << 20);
    for (path, status) in [("/echo", 413), ("/refuse", 403)] {
        let mut client = server.client();
        let answer = client.send(post(path, "", &body)).answer();
        assert_eq!((answer.status, answer.closes()), (status, false), "{path}");
        assert_eq!(client.get("/next").body, "/next", "{path}");

        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        let answer = client.send(format!("{head}100000\r\n{body}\r\n0\r\n\r\n")).answer();
        assert_eq!((answer.status, answer.closes()), (status, true), "{path} chunked");
        assert!(client.is_closed());
    }
}

#[test]
fn the_rest_of_a_refused_body_is_no_head() {
    let server = Server::start(Settings { room: Room::new(64 << 10), ..settings() });
    let body = "x".repeat(1 << 20);
    for (path, status) in [("/echo", 413), ("/refuse", 403)] {
        let mut client = server.client();
        let request = post(path, "", &body);
        let (first, rest) = request.split_at(1000);
        let answer = client.send(first).answer();
        assert_eq!((answer.status, answer.closes()), (status, false), "{path}");
        client.send(rest);
        assert_eq!(client.get("/next").body, "/next", "{path}: answered before the rest came");
    }
}

#[test]
fn a_client_that_pauses_in_a_refused_body_can_go_on() {
    let server = Server::start(settings());
    let body = "x".repeat(1 << 20);
    let mut client = server.client();
    client.send("POST /refuse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\nxx");
    // As long as it takes to answer and to find nothing more to read.
    std::thread::sleep(Duration::from_millis(300));
    client.send(&body[2..]).send("\r\n0\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.closes()), (403, true));
    assert!(client.is_closed());
}

#[test]
fn a_refusal_does_not_wait_for_the_body() {
    let server = Server::start(settings());
    let mut client = server.client();
    client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\nonly this");
    assert_eq!(client.answer().status, 413);
    let mut client = server.client();
    client.send("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 1099511627776\r\n\r\nonly this");
    let answer = client.answer();
    assert_eq!((answer.status, answer.closes()), (403, true));
}

#[test]
fn a_small_unread_body_does_not_cost_the_connection() {
    let server = Server::start(settings());
    let mut client = server.client();
    for _ in 0..3 {
        client.send(post("/refuse", "", "<ACCESSGW/>"));
    }
    for _ in 0..3 {
        let answer = client.answer();
        assert_eq!((answer.status, answer.closes()), (403, false));
    }
}

#[test]
fn ipv4_peers_are_ipv4() {
    let server = Server::start(settings());
    assert_eq!(server.client_from(7).get("/peer").body, "127.0.0.7");
}
