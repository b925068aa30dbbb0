//! Caps on connections: idle ones make room, busy ones do not, each address has its share.

use std::process::Command;
use std::time::Duration;

use sdp_gateway::server::Settings;
use sdp_gateway::telemetry::Recorder;

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
        assert_eq!(client.get("/mine").status, 200);
    }
    assert!(server.client_from(2).is_closed());
    assert_eq!(server.client_from(3).get("/other").status, 200);
    drop(first);
    assert!(eventually(|| server.client_from(2).try_send(get("/again")).try_answer().is_some()));
}

/// Runs the test below in a process that may open only few files.
#[test]
fn want_of_file_descriptors_passes() {
    let run = "ulimit -n 40 && exec \"$0\" --exact caps::with_few_file_descriptors --ignored --nocapture";
    let myself = std::env::current_exe().expect("a path");
    let done = Command::new("sh").arg("-c").arg(run).arg(myself).output().expect("a shell");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[ignore = "needs a low limit of open files; started by the test above"]
fn with_few_file_descriptors() {
    let metrics = Recorder::install(0).expect("the only recorder of this process");
    let server = Server::start(settings());
    let mut busy = server.client();
    busy.begin();
    let mut held = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect(server.address) {
        held.push(stream);
        assert!(held.len() < 40, "the limit is not in force");
    }
    let failed = || !metrics.render().contains("sdp_gateway_accept_errors_total 0");
    assert!(eventually(failed), "{}", metrics.render());
    assert_eq!(busy.finish().body, "done");
    drop(held);
    assert!(eventually(|| server.client().try_send(get("/recovered")).try_answer().is_some()));
}
