//! The tools of the tests about PostgreSQL do what they say, seen without a gateway: else a test that
//! passes might only mean that nothing broke.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/server.rs"]
mod server;

use std::time::{Duration, Instant};

use gateway::ledger::postgres::{Client, database_at, drop_database, make_database};
use gateway::{Folder, Ledger};
use proxy::{Cut, Proxy};
use server::Server;

/// One row more through the proxy, or a break.
fn insert(url: &str) -> bool {
    let inserted = Client::open(url).and_then(|mut client| {
        client.rows("BEGIN")?;
        client.rows("INSERT INTO t VALUES (1)")?;
        client.rows("COMMIT")
    });
    inserted.is_ok()
}

#[test]
fn a_cut_commit_is_not_kept_and_a_cut_answer_is() {
    let server = Server::start();
    let direct = server.database("d");
    let mut client = Client::open(&direct).expect("a client");
    client.rows("CREATE TABLE t (x INTEGER)").expect("a table");
    let proxy = Proxy::to(server.address());
    let url = proxy.url(&direct);
    let mut rows = || client.value("SELECT count(*) FROM t").expect("a count");
    assert!(insert(&url));
    assert_eq!(rows(), "1");
    proxy.cut(Cut::Commit);
    assert!(!insert(&url));
    assert_eq!((rows().as_str(), proxy.cuts()), ("1", 1));
    proxy.cut(Cut::Answer);
    assert!(!insert(&url));
    assert_eq!((rows().as_str(), proxy.cuts()), ("2", 2));
    assert!(insert(&url));
}

#[test]
fn silence_is_heard_by_old_connections_for_ever() {
    let server = Server::start();
    let proxy = Proxy::to(server.address());
    let url = proxy.url(&database_at(&server.base, "postgres"));
    let mut old = Client::open(&url).expect("a client");
    assert_eq!(old.value("SELECT 1").expect("an answer"), "1");
    proxy.fall_silent();
    let began = Instant::now();
    let asked = std::thread::spawn(move || old.value("SELECT 1"));
    std::thread::sleep(Duration::from_millis(300));
    proxy.speak();
    assert_eq!(Client::open(&url).and_then(|mut new| new.value("SELECT 1")).expect("an answer"), "1");
    assert!(!asked.is_finished(), "answered after {:?}", began.elapsed());
    server.stop("fast");
    assert!(asked.join().expect("no panic").is_err());
}

#[test]
fn a_standby_has_what_was_committed_and_can_be_promoted() {
    let primary = Server::start();
    let mut client = primary.client();
    let standby = primary.standby();
    client.rows("ALTER SYSTEM SET synchronous_standby_names = '*'").expect("a setting");
    client.rows("SELECT pg_reload_conf()").expect("a setting");
    client.rows("CREATE TABLE t (x INTEGER)").expect("a table");
    primary.stop("immediate");
    let mut other = standby.client();
    assert!(other.rows("INSERT INTO t VALUES (1)").is_err(), "a standby is read-only");
    standby.promote();
    other.rows("INSERT INTO t VALUES (1)").expect("a primary is not");
}

#[test]
fn a_folder_has_its_database_and_takes_it_along() {
    let server = Server::start();
    let folder = Folder::new();
    let url = make_database(&server.base);
    std::fs::write(folder.path().join("ledger.url"), &url).expect("written");
    let ledger = Ledger::of(folder.path());
    ledger.execute("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (NULL)");
    assert_eq!(ledger.rows("SELECT x FROM t ORDER BY x"), [[Some("1".to_owned())], [None]]);
    let held = ledger.hold();
    let mut other = Client::open(&url).expect("a client");
    other.rows("SET lock_timeout = '100ms'").expect("a setting");
    assert_eq!(other.value("SELECT count(*) FROM t").expect("reading is not held"), "2");
    assert!(other.rows("INSERT INTO t VALUES (2)").is_err(), "writing is");
    drop(held);
    other.rows("SET lock_timeout = '10s'; INSERT INTO t VALUES (2)").expect("no more");
    let borrowing = Folder::on(&url);
    assert_eq!(Ledger::of(borrowing.path()).url(), url);
    drop(borrowing);
    assert_eq!(ledger.rows("SELECT count(*) FROM t"), [[Some("3".to_owned())]]);
    drop(folder);
    assert!(Client::open(&url).is_err(), "the database went with its folder");
    drop_database(&url);
}
