//! Caps on connections: idle ones make room, busy ones do not, each address has its share.

use std::time::Duration;

use sdp_gateway::server::Settings;
use sdp_gateway::server::origin::Networks;

use crate::kit::{Client, Server, eventually, get, settings};

#[test]
fn the_one_idle_longest_makes_room() {
    let server = Server::start(Settings { connections_max: 3, ..settings() });
    let mut clients: Vec<Client> = (0..3).map(|_| server.client()).collect();
    // The third is answered first, so it will have been idle longest.
    for client in clients.iter_mut().rev() {
        assert_eq!(client.get("/warm").status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.client().get("/fourth").status, 200);
    assert!(clients[2].is_closed());
    for client in &mut clients[..2] {
        assert_eq!(client.get("/still").status, 200);
    }
}

#[test]
fn half_a_head_holds_no_place() {
    let server = Server::start(Settings { connections_max: 2, ..settings() });
    let mut slow = [server.client(), server.client()];
    for client in &mut slow {
        client.send("GET / HTTP/1.1\r\nX-Slow: ");
    }
    assert_eq!(server.client().get("/fast").status, 200);
}

#[test]
fn nobody_makes_room_when_all_are_busy() {
    let server = Server::start(Settings { connections_max: 2, ..settings() });
    let mut busy = [server.client(), server.client()];
    for client in &mut busy {
        client.begin();
    }
    let served = || server.client().try_send(get("/third")).try_answer().is_some();
    assert!((0..5).all(|_| !served()), "refused while both are busy");
    for client in &mut busy {
        assert_eq!(client.finish().body, "done");
    }
    assert!(eventually(served));
}

#[test]
fn each_address_has_its_share() {
    let server = Server::start(Settings { connections_per_address_max: 2, ..settings() });
    let mut first = [server.client_from(2), server.client_from(2)];
    for client in &mut first {
        client.begin();
    }
    assert!(server.client_from(2).is_closed(), "both are busy");
    assert_eq!(server.client_from(3).get("/other").status, 200);
    drop(first);
    assert!(eventually(|| server.client_from(2).try_send(get("/again")).try_answer().is_some()));
}

#[test]
fn of_an_address_above_its_share_the_one_idle_longest_makes_room() {
    let server = Server::start(Settings { connections_per_address_max: 2, ..settings() });
    let mut other = server.client_from(3);
    assert_eq!(other.get("/other").status, 200);
    let mut idle = [server.client_from(2), server.client_from(2)];
    for client in idle.iter_mut().rev() {
        assert_eq!(client.get("/warm").status, 200);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(server.client_from(2).get("/third").status, 200);
    assert!(idle[1].is_closed(), "it was answered first");
    assert_eq!(idle[0].get("/still").status, 200);
    assert_eq!(other.get("/still").status, 200, "idle longer, but of another address");
}

#[test]
fn an_address_that_many_share_has_no_share_of_its_own() {
    let shared_addresses = Networks::new(vec!["127.0.0.2/32".parse().expect("a network")]);
    let server = Server::start(Settings { connections_per_address_max: 1, shared_addresses, ..settings() });
    let mut all: Vec<Client> = (0..5).map(|_| server.client_from(2)).collect();
    for client in &mut all {
        client.begin();
    }
    for client in &mut all {
        assert_eq!(client.finish().body, "done");
    }
}
