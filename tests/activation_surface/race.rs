//! One code, asked for by a thousand at once.

use std::collections::BTreeMap;
use std::sync::Barrier;

use crate::gateway::Gateway;
use crate::signed::{Ask, EFFECT, PARTNER, ask, code, one_code, redeem};

const ASKERS: usize = 1000;

fn settings() -> String {
    format!("{PARTNER}[server]\nconnections_per_address_max = 2000\nrequest_timeout_ms = 60000\n")
}

/// Sends all of them at once; how often each code was answered, and by whom the code was had.
fn race(gateway: &Gateway, asks: &[Ask]) -> (BTreeMap<String, usize>, Vec<usize>) {
    let start = Barrier::new(asks.len());
    let codes: Vec<String> = std::thread::scope(|scope| {
        let send = |ask| {
            let start = &start;
            let asking = std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, move || {
                start.wait();
                code(&Ask::try_send(ask, gateway).expect("an answer"))
            });
            asking.expect("a thread")
        };
        let asking: Vec<_> = asks.iter().map(send).collect();
        asking.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    });
    let mut counts = BTreeMap::new();
    for code in &codes {
        *counts.entry(code.clone()).or_default() += 1;
    }
    (counts, (0..codes.len()).filter(|at| codes[*at] == "1001").collect())
}

#[track_caller]
fn one_had_it(counts: &BTreeMap<String, usize>) {
    assert_eq!(*counts, BTreeMap::from([("1001".to_owned(), 1), ("1067".to_owned(), ASKERS - 1)]));
}

#[test]
fn by_one_device_it_is_had_once() {
    let gateway = Gateway::start(&settings());
    let text = one_code(&gateway, "cloud");
    let asks = vec![redeem("ann", "cam-1", &text, "0").sign(); ASKERS];
    one_had_it(&race(&gateway, &asks).0);
    let services = ask(EFFECT, "ann", "cam-1").result(&gateway);
    assert_eq!(services["data"].as_array().map(Vec::len), Some(1));
}

#[test]
fn by_a_thousand_devices_one_has_it() {
    let gateway = Gateway::start(&settings());
    let text = one_code(&gateway, "cloud");
    let account = |at: usize| format!("user-{}", at % 400);
    let device = |at: usize| format!("cam-{at}");
    let asks: Vec<Ask> = (0..ASKERS).map(|at| redeem(&account(at), &device(at), &text, "0").sign()).collect();
    let (counts, winners) = race(&gateway, &asks);
    one_had_it(&counts);
    let services = ask(EFFECT, &account(winners[0]), &device(winners[0])).result(&gateway);
    assert_eq!(services["data"].as_array().map(Vec::len), Some(1));
    let loser = (winners[0] + 1) % ASKERS;
    assert_eq!(ask(EFFECT, &account(loser), &device(loser)).code(&gateway), "1007");
}
