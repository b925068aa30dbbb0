//! The server goes away and comes back.

use std::time::Duration;

use crate::gateway::{Folder, Gateway};
use crate::kit::{Book, until, until_ready_is, verify};
use crate::load::Load;
use crate::said::{register, state};
use crate::server::Server;
use crate::{ENOUGH, conclude, under_load};

const NUMBER: &str = "84945989325";

/// How long the server keeps a session that does nothing.
const IDLE: Duration = Duration::from_secs(1);

/// Refusals to be seen while the server is down.
const REFUSALS: u64 = 10;

/// Down for a while, so that everyone notices; then so short that perhaps nobody does.
fn stop_and_start(server: &Server, gateway: &Gateway, load: &Load, mode: &str) {
    load.until_more(ENOUGH);
    server.stop(mode);
    until_ready_is(gateway, 503);
    let enough = load.refused() + REFUSALS;
    until("refusals", Duration::from_secs(30), || (load.refused() >= enough).then_some(()));
    server.start_again();
    until_ready_is(gateway, 200);
    load.until_more(ENOUGH);
    server.restart(mode);
    load.until_more(ENOUGH);
    until_ready_is(gateway, 200);
}

#[test]
fn a_restarted_server_has_everything_once() {
    let server = Server::start();
    let folder = Folder::on(&server.database("gateway"));
    let gateway = Gateway::start_in(folder.path(), "");
    let book = Book::new();
    under_load(&book, &gateway, |load| {
        for mode in ["fast", "immediate"] {
            stop_and_start(&server, &gateway, load, mode);
        }
        println!("{} acknowledged, {} refused", load.acknowledged(), load.refused());
    });
    conclude(&book, gateway, folder.path());
}

#[test]
fn sessions_that_the_server_ended_for_idling_cost_no_answer() {
    let server = Server::start_with(&[("PG_SETTINGS", "idle_session_timeout=1s")]);
    let folder = Folder::on(&server.database("gateway"));
    // Without its worker nothing keeps the writers' sessions busy.
    let gateway = Gateway::start_in(folder.path(), "[worker]\nenabled = false\n");
    for round in 0..4_u32 {
        std::thread::sleep(IDLE + Duration::from_millis(300));
        if round == 3 {
            assert_eq!(gateway.admin("/readyz").status, 200);
            continue;
        }
        let notices = (0..8_u32).map(|place| (round * 8 + place).to_string());
        let tellers: Vec<_> = notices.map(|queue_id| register(&queue_id, NUMBER)).collect();
        std::thread::scope(|scope| {
            tellers.iter().for_each(|notice| drop(scope.spawn(|| notice.tell(&gateway))));
        });
    }
    assert_eq!(state(&gateway, NUMBER), "active");
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
