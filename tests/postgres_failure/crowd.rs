//! Others take all the connections that the server has.

use std::cell::RefCell;
use std::time::Duration;

use crate::endure::endure;
use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway};
use crate::kit::{until, verify};
use crate::server::Server;

/// Takes every free connection, throws out the gateway, and takes what that leaves, until it has none.
fn take_all(server: &Server) -> Vec<Client> {
    let (mut control, mut crowd) = (server.client(), Vec::new());
    until("the crowd has it all", Duration::from_secs(10), || {
        while let Ok(client) = Client::open(&server.base) {
            crowd.push(client);
        }
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'gateway'";
        control.rows(sql).expect("an answer").is_empty().then_some(())
    });
    crowd
}

#[test]
fn a_crowded_server() {
    let few = "max_connections=40 superuser_reserved_connections=0";
    let server = Server::start_with(&[("PG_SETTINGS", few)]);
    let folder = Folder::on(&server.database("gateway"));
    let gateway = Gateway::start_in(folder.path(), "");
    let crowd = RefCell::default();
    endure(&gateway, || *crowd.borrow_mut() = take_all(&server), || crowd.borrow_mut().clear());
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
