//! Databases and roles whose habits are not the gateway's.

use crate::gateway::ledger::postgres::{Client, database_at};
use crate::gateway::{Folder, Gateway};
use crate::kit::{Book, verify};
use crate::refusal::refusal;
use crate::said::register;
use crate::server::Server;
use crate::{ENOUGH, conclude, under_load};

#[test]
fn another_isolation_by_default_is_not_the_gateways() {
    let server = Server::start();
    let url = server.database("gateway");
    let mut client = server.client();
    client.rows("ALTER DATABASE gateway SET default_transaction_isolation = 'serializable'").expect("set");
    let folder = Folder::on(&url);
    let gateway = Gateway::start_in(folder.path(), "");
    let book = Book::new();
    under_load(&book, &gateway, |load| {
        load.until_more(ENOUGH);
        // Only serializable transactions leave such locks, and for longer than they last.
        let left = "SELECT count(*) FROM pg_locks WHERE mode = 'SIReadLock'";
        let mut inside = Client::open(&url).expect("a client");
        for _ in 0..20 {
            assert_eq!(inside.value(left).expect("a count"), "0");
            load.until_more(1);
        }
        assert_eq!(load.refused(), 0);
    });
    conclude(&book, gateway, folder.path());
}

#[test]
fn a_database_that_cannot_hold_every_character_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    let make = "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'";
    client.rows(make).expect("a database");
    let folder = Folder::on(&database_at(&server.base, "latin"));
    let said = refusal(folder.path());
    assert!(said.contains("not in UTF-8"), "{said}");
}

#[test]
fn a_role_that_does_not_own_the_schema_serves_it() {
    let server = Server::start();
    let url = server.database("gateway");
    let folder = Folder::on(&url);
    assert!(Gateway::start_in(folder.path(), "").stop().success());
    let mut client = Client::open(&url).expect("a client");
    let grants = "CREATE ROLE serving LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO serving; \
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO serving";
    client.rows(grants).expect("a role");
    let folder = Folder::on(&url.replace("gateway@", "serving@"));
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945989325").tell(&gateway);
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
