//! The plans that the server really carried out, as its own log has them: what is asked of one number opens one
//! partition of each table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::gateway::{Folder, Gateway, check};
use crate::kit::{until, verify};
use crate::said::{CHECK, DAY, MONTH, REG, SERVICE, at, cancel, newest, outcome, register, state};
use crate::server::Server;
use crate::{DIVIDED, partitioned};

/// Every plan with the rows that each of its parts gave.
const EXPLAINS: &str = "session_preload_libraries=auto_explain auto_explain.log_min_duration=0 \
    auto_explain.log_analyze=on auto_explain.log_timing=off";

/// By statement's name, of each time that it ran, the partitions that it opened of each table.
type Opened = BTreeMap<String, Vec<BTreeMap<String, BTreeSet<String>>>>;

/// What is in a server's log by now.
fn opened(server: &Server) -> Opened {
    let home = std::fs::read_to_string(server.folder().join("home")).expect("its folder");
    let log = std::fs::read_to_string(Path::new(home.trim()).join("log")).expect("its log");
    let mut opened = Opened::new();
    for plan in log.split("Query Text: ").skip(1) {
        // The next message of the log begins without an indent.
        let mut lines = plan.lines();
        let query = lines.next().unwrap_or_default();
        let Some((name, _)) = query.strip_prefix("/* ").and_then(|rest| rest.split_once(" */")) else {
            continue;
        };
        let mut of_tables: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in lines.take_while(|line| line.starts_with('\t')) {
            let is_open =
                line.contains("Scan") && line.contains("(actual") && !line.contains("never executed");
            let Some((_, rest)) = line.split_once(" on ").filter(|_| is_open) else { continue };
            let relation = rest.split_whitespace().next().unwrap_or_default();
            let Some((table, place)) = relation.rsplit_once('_') else { continue };
            if DIVIDED.contains(&table) && place.parse::<u8>().is_ok() {
                of_tables.entry(table.to_owned()).or_default().insert(place.to_owned());
            }
        }
        opened.entry(name.to_owned()).or_default().push(of_tables);
    }
    opened
}

/// A story in which all that can be asked of a number is asked: new, repeated, late, in conflict, unmapped.
fn story(gateway: &Gateway, nth: u32) -> i64 {
    let number = format!("8494598{nth:04}");
    let queue_id = |step: u32| (nth * 100 + step).to_string();
    let conflict = register(&queue_id(1), &number).with("price", "1");
    register(&queue_id(1), &number).tell(gateway);
    register(&queue_id(1), &number).tell(gateway);
    conflict.tell(gateway);
    let parked = newest(gateway)["id"].as_i64().expect("an id");
    assert_eq!(outcome(gateway, parked), "conflict");
    register(&queue_id(3), &number).with("package_id", MONTH).with("subcribeTime", &at(0)).tell(gateway);
    cancel(&queue_id(2), &number).with("updateTime", &at(-2)).tell(gateway);
    assert_eq!(gateway.post(CHECK, &check(&number, SERVICE, DAY)).element("status"), "0");
    assert!(!state(gateway, &number).is_empty());
    parked
}

#[test]
fn what_is_asked_of_a_number_opens_one_partition() {
    let server = Server::start_with(&[("PG_SETTINGS", EXPLAINS)]);
    let url = partitioned(&server, "gateway");
    let folder = Folder::on(&url);
    let gateway = Gateway::start_in(folder.path(), "");
    let parked: Vec<i64> = (1..=8).map(|nth| story(&gateway, nth)).collect();
    let names = [
        "identity holders",
        "subscription states, or histories",
        "subscription look-up",
        "notice some of numbers",
        "notice counted",
        "notice histories",
        "subscription put",
        "batch new",
        "holdings subscriptions",
        "holdings past_run",
    ];
    let seen = until("all plans", Duration::from_secs(20), || {
        let seen = opened(&server);
        names.iter().all(|name| seen.contains_key(*name)).then_some(seen)
    });
    let journal = ["notice", "subscription", "past_run", "identity"];
    let mut opened_any = 0;
    for (name, times) in &seen {
        // Lists of everything, what is known by its id alone, and once in a ledger's life whether it has any notice, ask
        // all partitions.
        let of_all = ["notices", "notice some", "foreseen otherwise", "refold set"];
        let is_of_all = of_all.contains(&name.as_str()) || name.starts_with("stats");
        for of_tables in times.iter().filter(|_| !is_of_all) {
            for (table, partitions) in of_tables.iter().filter(|(table, _)| journal.contains(&table.as_str()))
            {
                assert_eq!(partitions.len(), 1, "{name} opened {partitions:?} of {table}");
                opened_any += 1;
            }
        }
    }
    assert!(opened_any > 50, "{opened_any}: {:?}", seen.keys());
    let all: BTreeSet<&String> =
        seen["subscription look-up"].iter().filter_map(|t| t.get("subscription")).flatten().collect();
    assert!(all.len() > 1, "eight numbers are in {all:?}");
    for id in parked {
        assert_eq!(gateway.admin_post(&format!("/api/v1/notices/{id}/retry")).status, 200);
    }
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

/// A message without a number is somewhere, is counted, and can be read again.
#[test]
fn what_has_no_number_is_kept_and_found() {
    let server = Server::start();
    let url = partitioned(&server, "gateway");
    let folder = Folder::on(&url);
    let gateway = Gateway::start_in(folder.path(), "");
    // One content, whatever the second.
    let nobody = register("1", "84945989325").without("msisdn").xml();
    for _ in 0..3 {
        assert_eq!(gateway.post(REG, "<ACCESSGW>").element("error_id"), "1");
        assert_eq!(gateway.post(REG, &nobody).element("error_id"), "1");
    }
    let kept = gateway.admin("/api/v1/notices?reason=unreadable").json()["notices"].clone();
    let kept = kept.as_array().expect("a list");
    assert_eq!(kept.iter().map(|notice| notice["count"].as_i64()).collect::<Vec<_>>(), [Some(3), Some(3)]);
    for notice in kept {
        assert!(notice["msisdn"].is_null(), "{notice}");
        let id = notice["id"].as_i64().expect("an id");
        assert_eq!(gateway.admin_post(&format!("/api/v1/notices/{id}/discard")).status, 200);
        assert_eq!(gateway.admin(&format!("/api/v1/notices/{id}")).json()["outcome"], "discarded");
    }
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
