//! The graceful stop: what has been sent is answered, what is idle is closed, nothing new begins.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use sdp_gateway::server::Settings;

use crate::kit::{PATIENCE, Server, eventually, get, settings};

#[test]
fn requests_in_progress_are_answered_and_idle_connections_closed() {
    let server = Server::start(settings());
    let (mut idle, mut silent, mut busy) = (server.client(), server.client(), server.client());
    assert_eq!(idle.get("/idle").status, 200);
    assert_eq!(busy.get("/warm").status, 200);
    busy.begin();
    server.stop();
    assert!(idle.is_closed() && silent.is_closed());
    let answer = busy.finish();
    assert_eq!((answer.body.as_str(), answer.closes()), ("done", true));
    assert!(busy.is_closed());
    assert!(server.has_ended());
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn requests_already_sent_are_answered() {
    let server = Server::start(settings());
    let mut kept: Vec<_> = (0..20).map(|_| server.client()).collect();
    for client in &mut kept {
        assert_eq!(client.get("/warm").status, 200);
    }
    let mut fresh: Vec<_> = (0..20).map(|_| server.client()).collect();
    for client in kept.iter_mut().chain(&mut fresh) {
        client.send(get("/sent"));
    }
    server.stop();
    for client in kept.iter_mut().chain(&mut fresh) {
        assert_eq!(client.answer().body, "/sent");
        assert!(client.is_closed());
    }
    assert!(server.has_ended());
}

#[test]
fn a_stop_does_not_wait_for_ever() {
    let server = Server::start(Settings { shutdown_timeout: Duration::from_millis(200), ..settings() });
    let mut stuck = server.client();
    stuck.begin();
    let start = Instant::now();
    server.stop();
    assert!(server.has_ended() && start.elapsed() < PATIENCE / 2);
    assert!(stuck.is_closed());
}

#[test]
fn half_a_head_does_not_hold_up_a_stop() {
    let server = Server::start(settings());
    let mut slow = server.client();
    slow.send("GET / HTTP/1.1\r\nX-Slow: ");
    std::thread::sleep(Duration::from_millis(50));
    let start = Instant::now();
    server.stop();
    assert!(slow.is_closed() && server.has_ended());
    assert!(start.elapsed() < PATIENCE / 2);
}

#[test]
fn the_address_is_free_again_at_once() {
    let server = Server::start(settings());
    let address = server.address;
    let mut client = server.client();
    assert_eq!(client.get("/x").status, 200);
    server.stop();
    assert!(server.has_ended());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let again = runtime.block_on(async { sdp_gateway::server::bind(address).map(drop) });
    assert!(eventually(|| again.is_ok()), "{again:?}");
}
