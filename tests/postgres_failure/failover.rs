//! The server dies and its standby takes over. The settings name both.

use crate::gateway::{Folder, Gateway, PATIENCE};
use crate::kit::{Book, until, until_ready_is};
use crate::server::Server;
use crate::{ENOUGH, conclude, under_load};

/// From now on a commit waits for the standby, so that nothing acknowledged dies with the primary.
fn synchronous(primary: &Server) {
    let mut client = primary.client();
    client.rows("ALTER SYSTEM SET synchronous_standby_names = '*'").expect("a setting");
    client.rows("SELECT pg_reload_conf()").expect("read again");
    until("the standby is synchronous", PATIENCE, || {
        let state = client.value("SELECT sync_state FROM pg_stat_replication").ok()?;
        (state == "sync").then_some(())
    });
}

#[test]
fn the_gateway_follows_to_the_standby() {
    let primary = Server::start();
    primary.database("gateway");
    let standby = primary.standby();
    synchronous(&primary);
    let servers = format!("{},{}", primary.address(), standby.address());
    let url = format!("postgres://gateway@{servers}/gateway?sslmode=disable&target_session_attrs=read-write");
    let direct = format!("postgres://gateway@{}/gateway?sslmode=disable", standby.address());
    let (folder, direct) = (Folder::on(&url), Folder::on(&direct));
    let gateway = Gateway::start_in(folder.path(), "");
    let book = Book::new();
    under_load(&book, &gateway, |load| {
        load.until_more(ENOUGH);
        primary.stop("immediate");
        until_ready_is(&gateway, 503);
        standby.promote();
        until_ready_is(&gateway, 200);
        load.until_more(ENOUGH);
    });
    conclude(&book, gateway, direct.path());
}
