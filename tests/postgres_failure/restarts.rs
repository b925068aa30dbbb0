//! The server goes away and comes back.

use std::time::Duration;

use crate::gateway::{Folder, Gateway};
use crate::kit::{Book, Dice, until, until_ready_is};
use crate::load::Load;
use crate::server::Server;
use crate::{ENOUGH, LINES, answered, conclude};

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
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    Load::during(
        LINES,
        &mut dice,
        |load, seed| answered(load, &book, &gateway, seed),
        |load| {
            for mode in ["fast", "immediate"] {
                stop_and_start(&server, &gateway, load, mode);
            }
            println!("{} acknowledged, {} refused", load.acknowledged(), load.refused());
        },
    );
    conclude(&book, gateway, folder.path());
}
