//! pgpool-II, which sends reads to a standby unless it is told not to.

use crate::between::Between;
use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway, PATIENCE, check};
use crate::kit::{until, verify};
use crate::refusal::refusal;
use crate::said::{CHECK, DAY, SERVICE, register, state};
use crate::server::Server;

/// All reads to the standby; pgpool-II draws lots for each session otherwise.
const TO_STANDBY: [u32; 2] = [0, 1];
const TO_PRIMARY: [u32; 2] = [1, 0];

fn pair() -> (Server, Server, String) {
    let primary = Server::start();
    let url = primary.database("gateway");
    let standby = primary.standby();
    (primary, standby, url)
}

fn is_new(gateway: &Gateway, number: &str) -> bool {
    gateway.post(CHECK, &check(number, SERVICE, DAY)).element("status") == "1"
}

#[test]
fn a_balancer_of_reads_is_refused_and_one_that_leaves_them_alone_is_not() {
    let (primary, standby, url) = pair();
    let servers = [primary.address(), standby.address()];
    let pool = Between::pgpool(servers, TO_STANDBY, "");
    let said = refusal(Folder::on(&pool.url(&url)).path());
    assert!(said.contains("load_balance_mode = off"), "{said}");
    drop(pool);

    let pool = Between::pgpool(servers, TO_STANDBY, "load_balance_mode = off");
    standby.client().rows("SELECT pg_wal_replay_pause()").expect("a pause");
    let folder = Folder::on(&pool.url(&url));
    let gateway = Gateway::start_in(folder.path(), "");
    for nth in 1..=8_u32 {
        let number = format!("8494598{nth:04}");
        assert!(is_new(&gateway, &number));
        register(&nth.to_string(), &number).tell(&gateway);
        assert!(!is_new(&gateway, &number), "{number} is registered");
        assert_eq!(state(&gateway, &number), "active");
    }
    assert!(gateway.stop().success());
    verify(Folder::on(&url).path(), "");
}

/// Told to later than the gateway's start, it does so with sessions that are there already.
#[test]
fn a_balancer_that_begins_later_answers_no_check_from_a_standby() {
    let (primary, standby, url) = pair();
    let servers = [primary.address(), standby.address()];
    let pool = Between::pgpool(servers, TO_PRIMARY, "statement_level_load_balance = on");
    let folder = Folder::on(&pool.url(&url));
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945980001").tell(&gateway);
    assert!(!is_new(&gateway, "84945980001"));
    standby.client().rows("SELECT pg_wal_replay_pause()").expect("a pause");
    pool.weigh(TO_STANDBY);
    // By and by, each of its processes reads its settings again.
    until("reads go to the standby", PATIENCE, || {
        let mut client = Client::open(&pool.url(&url)).ok()?;
        (client.value("SELECT current_setting('in_hot_standby')").ok()? == "on").then_some(())
    });
    // Kept past the balancer, as by another gateway.
    let direct = Folder::on(&url);
    let beside = Gateway::start_in(direct.path(), "");
    for nth in 2..=20_u32 {
        let number = format!("8494598{nth:04}");
        register(&nth.to_string(), &number).tell(&beside);
        let answer = gateway.post(CHECK, &check(&number, SERVICE, DAY));
        let is_stale = answer.status == 200 && answer.element("status") == "1";
        assert!(!is_stale, "{number} is registered: {}", answer.text());
    }
    let said = refusal(Folder::on(&pool.url(&url)).path());
    assert!(said.contains("load_balance_mode = off"), "{said}");
}
