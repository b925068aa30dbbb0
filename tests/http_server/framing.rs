//! Messages that are framed wrongly: refused, and nothing after them is taken for a request.

use crate::kit::{Server, get, settings};

/// Sends one request and a second one hidden behind it; expects `status` and then the end.
#[track_caller]
fn check(first: &str, status: u16) {
    let server = Server::start(settings());
    let mut client = server.client();
    let answer = client.send(first.to_owned() + &get("/smuggled")).answer();
    assert_eq!(answer.status, status, "{first}");
    assert!(client.is_closed(), "{first}: the connection must end");
    assert_eq!(server.client().get("/next").body, "/next");
}

fn chunked(headers: &str) -> String {
    format!("POST /echo HTTP/1.1\r\nHost: x\r\n{headers}\r\n0\r\n\r\n")
}

#[test]
fn both_lengths_mean_chunked_and_then_the_end() {
    check(&chunked("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 200);
    check(&chunked("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 200);
    check(&chunked("Content-Length: 60\r\nTransfer-Encoding: chunked\r\n"), 200);
}

#[test]
fn doubtful_lengths() {
    check(&chunked("Content-Length: 5\r\nContent-Length: 6\r\n"), 400);
    check(&chunked("Content-Length: +5\r\n"), 400);
    check(&chunked("Content-Length: 5, 5\r\n"), 400);
    check(&chunked("Content-Length: -1\r\n"), 400);
    check(&chunked("Content-Length: 99999999999999999999\r\n"), 400);
}

#[test]
fn doubtful_encodings() {
    check(&chunked("Transfer-Encoding: identity\r\n"), 400);
    check(&chunked("Transfer-Encoding: chunked, identity\r\n"), 400);
    check(&chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), 400);
    check(&chunked("Transfer-Encoding : chunked\r\n"), 400);
    check(&chunked("Content-Length: 5\r\n Transfer-Encoding: chunked\r\n"), 400);
    check("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
}

#[test]
fn junk() {
    check("nonsense\r\n\r\n", 400);
    check("GET /\u{1} HTTP/1.1\r\n\r\n", 400);
    check("GET / HTTP/3.0\r\n\r\n", 400);
    check("\u{16}\u{3}\u{1}\u{2}TLS\r\n\r\n", 400);
}

#[test]
fn bytes_after_a_last_request_do_not_cost_its_answer() {
    let server = Server::start(settings());
    let mut client = server.client();
    let last = "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned();
    assert_eq!(client.send(last + &get("/more").repeat(1000)).answer().body, "/last");
    assert!(client.is_closed());
}

#[test]
fn huge_heads() {
    let server = Server::start(settings());
    let fits = format!("GET /fits HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(60_000));
    assert_eq!(server.client().send(fits).answer().body, "/fits");

    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-Many: x\r\n".repeat(200));
    for head in [long, many] {
        let mut client = server.client();
        assert_eq!(client.try_send(head).answer().status, 431);
        assert!(client.is_closed());
    }
    let uri = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000));
    let mut client = server.client();
    assert!([414, 431].contains(&client.try_send(uri).answer().status));
}
