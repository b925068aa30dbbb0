//! The server is there but says nothing: the wire has gone silent, or its processes stand still.

use std::cell::RefCell;
use std::time::Duration;

use crate::endure::endure;
use crate::gateway::{Folder, Gateway};
use crate::kit::{until_ready_is, verify};
use crate::proxy::Proxy;
use crate::said::register;
use crate::server::Server;

/// The gateway's own deadline, and the most that an answer may take with it on a busy machine.
const DEADLINE: &str = "[server]\nrequest_timeout_ms = 2000\n";
const ANSWER_MAX: Duration = Duration::from_secs(4);

/// Twice two seconds that a stop may take, and what a busy machine adds.
const STOP_MAX: Duration = Duration::from_secs(9);

#[test]
fn the_wire_goes_silent() {
    let server = Server::start();
    let url = server.database("gateway");
    let proxy = Proxy::to(server.address());
    let (folder, direct) = (Folder::on(&proxy.url(&url)), Folder::on(&url));
    let gateway = Gateway::start_in(folder.path(), DEADLINE);
    let slowest = endure(&gateway, || proxy.fall_silent(), || proxy.speak());
    assert!(slowest < ANSWER_MAX, "an answer took {slowest:?}");
    assert!(gateway.stop().success());
    verify(direct.path(), "");
}

#[test]
fn the_server_stands_still() {
    let server = Server::start();
    let folder = Folder::on(&server.database("gateway"));
    let gateway = Gateway::start_in(folder.path(), DEADLINE);
    let frozen = RefCell::new(None);
    let slowest = endure(
        &gateway,
        || *frozen.borrow_mut() = Some(server.freeze()),
        || drop(frozen.borrow_mut().take()),
    );
    assert!(slowest < ANSWER_MAX, "an answer took {slowest:?}");
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

#[test]
fn a_stop_does_not_wait_for_a_server_that_hangs() {
    let server = Server::start();
    let url = server.database("gateway");
    let proxy = Proxy::to(server.address());
    let (folder, direct) = (Folder::on(&proxy.url(&url)), Folder::on(&url));
    let gateway =
        Gateway::start_in(folder.path(), "[server]\nshutdown_timeout_ms = 2000\nrequest_timeout_ms = 1000\n");
    register("1", "84945989325").tell(&gateway);
    proxy.fall_silent();
    until_ready_is(&gateway, 503);
    let lost: Vec<_> = (2..40_u32).map(|queue_id| register(&queue_id.to_string(), "84945989325")).collect();
    std::thread::scope(|scope| {
        for notice in &lost {
            scope.spawn(|| notice.send(&gateway));
        }
        std::thread::sleep(Duration::from_millis(500));
        gateway.signal("TERM");
    });
    let asked = std::time::Instant::now();
    assert!(gateway.stop().success());
    assert!(asked.elapsed() < STOP_MAX, "the stop took {:?}", asked.elapsed());
    verify(direct.path(), "");
}
