//! Several servers in one address: one takes writes, and no other is written to.

use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway};
use crate::kit::{until_ready_is, verify};
use crate::refusal::refusal;
use crate::said::{REG, register};
use crate::server::Server;

fn url(servers: &[String]) -> String {
    format!("postgres://gateway@{}/gateway?sslmode=disable", servers.join(","))
}

fn pair() -> (Server, Server, String) {
    let primary = Server::start();
    primary.database("gateway");
    let standby = primary.standby();
    let both = url(&[primary.address().to_string(), standby.address().to_string()]);
    (primary, standby, both)
}

#[test]
fn two_that_take_writes_are_refused_and_both_named() {
    let (primary, standby, both) = pair();
    let folder = Folder::on(&both);
    assert!(Gateway::start_in(folder.path(), "").stop().success());
    standby.promote();
    let said = refusal(folder.path());
    for server in [&primary, &standby] {
        assert!(said.contains(&server.address().to_string()), "{said}");
    }
    assert!(said.contains("timeline 1") && said.contains("timeline 2"), "{said}");
    let commands = [&["notices", "list"][..], &["ledger", "verify"], &["migrate"]];
    for arguments in commands {
        let output = Gateway::cli(folder.path(), "").args(arguments).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("take writes"), "{arguments:?}: {said}");
    }
    primary.stop("fast");
    assert!(Gateway::start_in(folder.path(), "").stop().success());
}

#[test]
fn one_server_by_two_names_is_one() {
    let server = Server::start();
    server.database("gateway");
    let port = server.address().port();
    let folder = Folder::on(&url(&[format!("localhost:{port}"), format!("127.0.0.1:{port}")]));
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945989325").tell(&gateway);
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

/// A primary that was thought dead comes back without knowing of its successor, which is away for a moment.
#[test]
fn an_old_primary_that_comes_back_is_not_written_to() {
    let (old, new, both) = pair();
    let folder = Folder::on(&both);
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945989325").tell(&gateway);
    old.stop("immediate");
    new.promote();
    until_ready_is(&gateway, 200);
    register("2", "84945989326").tell(&gateway);
    new.stop("fast");
    until_ready_is(&gateway, 503);
    old.start_again();
    let count = |server: &Server, table: &str| {
        let direct = url(&[server.address().to_string()]);
        let mut client = Client::open(&direct).expect("a client");
        client.value(&format!("SELECT count(*) FROM {table}")).expect("a count")
    };
    let before = count(&old, "notice");
    for queue_id in 3..=6_u32 {
        let answer = gateway.post(REG, &register(&queue_id.to_string(), "84945989327").xml());
        assert_eq!(answer.status, 503, "{}", answer.text());
    }
    assert_eq!(gateway.admin("/readyz").status, 503);
    assert_eq!(count(&old, "notice"), before);
    new.start_again();
    until_ready_is(&gateway, 200);
    register("7", "84945989328").tell(&gateway);
    assert_eq!(count(&new, "notice WHERE queue_id IN ('1', '2', '7')"), "3");
    assert_eq!(count(&old, "notice"), before);
    assert!(gateway.stop().success());
}
