//! `migrate` and tables that were there before it.

use crate::gateway::ledger::postgres::{Client, PARTITIONS};
use crate::gateway::{Folder, Gateway};
use crate::kit::verify;
use crate::said::{register, state};
use crate::server::Server;
use crate::{DIVIDED, partitioned};

/// Every column of every table but partitions.
const COLUMNS: &str = "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, \
    (SELECT collname FROM pg_collation o WHERE o.oid = a.attcollation) FROM pg_class c \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace \
    ORDER BY c.relname, a.attnum";

struct Ran {
    ok: bool,
    said: String,
}

fn migrate(url: &str) -> Ran {
    let folder = Folder::on(url);
    let output = Gateway::cli(folder.path(), "").arg("migrate").output().expect("it runs");
    Ran { ok: output.status.success(), said: String::from_utf8_lossy(&output.stderr).into_owned() }
}

#[test]
fn the_script_declares_what_the_schema_has() {
    let server = Server::start();
    let plain = server.database("plain");
    let divided = partitioned(&server, "divided");
    for url in [&plain, &divided, &divided] {
        let ran = migrate(url);
        assert!(ran.ok, "{}", ran.said);
    }
    let columns = |url: &str| Client::open(url).and_then(|mut client| client.rows(COLUMNS)).expect("columns");
    assert_eq!(columns(&plain), columns(&divided));
    let mut client = Client::open(&divided).expect("a client");
    let kinds = client.rows("SELECT relname FROM pg_class WHERE relkind = 'p' ORDER BY 1").expect("rows");
    assert_eq!(kinds.into_iter().flatten().flatten().collect::<Vec<_>>(), DIVIDED);
    let of_number =
        "SELECT count(*) FROM pg_indexes WHERE tablename = 'notice' AND indexdef LIKE '%(msisdn, id)%'";
    assert_eq!(client.value(of_number).expect("a count"), "1");
}

/// What has been said about one table, and what then is said of it.
fn refused(server: &Server, name: &str, changed: (&str, &str), says: &[&str]) {
    let url = server.database(name);
    assert!(PARTITIONS.contains(changed.0), "{changed:?}");
    let script = PARTITIONS.replacen(changed.0, changed.1, 1);
    let mut client = Client::open(&url).expect("a client");
    client.rows(&script).expect("the script");
    for _ in 0..2 {
        let ran = migrate(&url);
        assert!(!ran.ok && says.iter().all(|word| ran.said.contains(word)), "{name}: {}", ran.said);
    }
    assert_eq!(
        client.value("SELECT count(*) FROM pg_tables WHERE tablename = 'task'").expect("a count"),
        "0"
    );
}

#[test]
fn a_table_that_is_not_as_the_schema_has_it_is_refused_and_nothing_is_made() {
    let server = Server::start();
    refused(&server, "lacks", ("    channel        TEXT,\n", ""), &["subscription", "channel"]);
    refused(
        &server,
        "ordered",
        (
            "    reason       TEXT,\n    answer       BIGINT NOT NULL,\n",
            "    answer       BIGINT NOT NULL,\n    reason       TEXT,\n",
        ),
        &["notice", "reason"],
    );
    refused(
        &server,
        "typed",
        ("    auto_renew   BIGINT NOT NULL,", "    auto_renew   INTEGER NOT NULL,"),
        &["notice", "auto_renew"],
    );
    refused(
        &server,
        "worded",
        ("key          TEXT COLLATE \"C\" NOT NULL", "key          TEXT NOT NULL"),
        &["identity", "key"],
    );
    let keyless =
        ("key          TEXT COLLATE \"C\" NOT NULL PRIMARY KEY", "key          TEXT COLLATE \"C\" NOT NULL");
    refused(&server, "keyless", keyless, &["identity", "primary key"]);
}

#[test]
fn one_table_alone_may_be_declared() {
    let server = Server::start();
    let url = server.database("one");
    let mut client = Client::open(&url).expect("a client");
    client.rows(PARTITIONS).expect("the script");
    client.rows("DROP TABLE notice, identity, notice_raw, past_run").expect("dropped");
    let folder = Folder::on(&url);
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945989325").tell(&gateway);
    assert_eq!(state(&gateway, "84945989325"), "active");
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
