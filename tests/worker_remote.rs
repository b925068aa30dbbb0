//! The worker of a running gateway with the activation-code API as its remote system, which goes wrong in
//! every way it can: what was owed happens once there, and shows here.

#[path = "support/activation_double.rs"]
mod activation_double;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;

use std::time::{Duration, Instant};

use activation_double::{ACCOUNT, DEVICE, Double, How, KEY, SECRET};
use gateway::{Folder, Gateway};
use outbox::{HASTY, of_provider, states, stocked, tasks, until, wait};
use said::{cancel, register};
use sdp_gateway::ledger::Ledger;

const NUMBER: &str = "84945989325";

/// Every way to go wrong after the request was read.
const FAULTS: [How; 8] = [
    How::Silence,
    How::Status(500),
    How::HangUp,
    How::Garbage,
    How::Redirect,
    How::Trickle,
    How::Flood,
    How::Code("1005"),
];

fn start(folder: &Folder, double: &Double, mode: &str, more: &str) -> Gateway {
    let own = format!(
        "{HASTY}[providers.meari]\nkind = 'activation'\nbase_url = '{}'\npartner_key = '{KEY}'\n\
         partner_secret = '{SECRET}'\nsource_app = 72\nmode = '{mode}'\ntimeout_ms = 400\nbreaker_failures = 0\n{more}",
        double.base_url()
    );
    Gateway::start_in(folder.path(), &of_provider(folder.path(), "meari", &own))
}

fn bound(folder: &Folder) -> Ledger {
    let ledger = outbox::beside(folder.path());
    outbox::bind(&ledger, NUMBER, DEVICE, ACCOUNT);
    ledger
}

/// Waits until so many tasks are there and all are done.
fn all_done(gateway: &Gateway, count: usize) {
    let began = Instant::now();
    loop {
        let seen = states(gateway, NUMBER);
        if seen.len() == count && seen.iter().all(|state| state.ends_with(" done")) {
            return;
        }
        assert!(began.elapsed() < gateway::PATIENCE, "{seen:?}\n{}", gateway.log());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn orders_are_placed_and_cancelled_once_whatever_goes_wrong() {
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "order", "");
    let ledger = bound(&folder);
    let mut rounds = 0;
    for how in FAULTS {
        for works in [true, false] {
            let id = rounds * 2 + 1;
            double.fail("order/create", works, how);
            register(&id.to_string(), NUMBER).tell(&gateway);
            all_done(&gateway, rounds * 2 + 1);
            assert_eq!(double.services().len(), 1, "{how:?}, works: {works}\n{:#?}", double.services());
            double.fail("order/cancel", works, how);
            cancel(&(id + 1).to_string(), NUMBER).tell(&gateway);
            all_done(&gateway, rounds * 2 + 2);
            assert_eq!(double.services(), [], "{how:?}, works: {works}");
            rounds += 1;
        }
    }
    let cancelled = double.state.lock().expect("the double").cancelled.clone();
    assert_eq!(cancelled.len(), rounds, "each order once: {cancelled:?}");
    assert!(tasks(&gateway, "").iter().all(|task| task["attempts"].as_u64().is_some_and(|n| n <= 3)));
    wait(ledger.close());
}

#[test]
fn a_cancel_cancels_what_renewals_ordered_too() {
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "order", "");
    let ledger = bound(&folder);
    register("1", NUMBER).tell(&gateway);
    all_done(&gateway, 1);
    for (queue_id, hours) in [("2", 36), ("3", 60)] {
        let until = chrono::Utc::now() + chrono::Duration::hours(hours);
        register(queue_id, NUMBER).with("expiredTime", &said::carrier_time(until)).tell(&gateway);
        all_done(&gateway, queue_id.parse().expect("a count"));
    }
    assert_eq!(double.services().len(), 3);
    for how in [How::HangUp, How::Code("1005"), How::Status(500)] {
        double.fail("order/cancel", true, how);
    }
    cancel("4", NUMBER).tell(&gateway);
    all_done(&gateway, 4);
    assert_eq!(double.services(), []);
    assert_eq!(double.state.lock().expect("the double").cancelled.len(), 3, "each once");
    wait(ledger.close());
}

/// The package is in grace for weeks, for which nothing was ordered.
#[test]
fn an_order_that_is_over_needs_no_cancelling() {
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "order", "");
    let ledger = bound(&folder);
    let soon = chrono::Utc::now() + chrono::Duration::seconds(3);
    register("1", NUMBER).with("expiredTime", &said::carrier_time(soon)).tell(&gateway);
    all_done(&gateway, 1);
    register("2", NUMBER).tell(&gateway);
    all_done(&gateway, 2);
    until("the first is over", || chrono::Utc::now() > soon + chrono::Duration::milliseconds(10));
    cancel("3", NUMBER).tell(&gateway);
    all_done(&gateway, 3);
    let left = double.services();
    let cancels = double.calls().iter().filter(|call| call.contains("order/cancel")).count();
    assert_eq!((left.len(), cancels), (1, 1), "{left:?}");
    wait(ledger.close());
}

#[test]
fn codes_are_redeemed_once_whatever_goes_wrong() {
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "code", "");
    let ledger = bound(&folder);
    register("1", NUMBER).tell(&gateway);
    until("the empty stock is found", || {
        outbox::metric(&gateway, "sdp_gateway_task_attempts_total{provider=\"meari\",class=\"waits\"}") > 1.0
    });
    assert_eq!(tasks(&gateway, "")[0]["attempts"], 0, "an empty stock burns no attempt");
    assert_eq!(double.calls(), Vec::<String>::new());

    let texts: Vec<String> = (0..17).map(|n| format!("STOCK-{n:05}")).collect();
    let codes: Vec<&str> = texts.iter().map(String::as_str).collect();
    codes.iter().for_each(|code| double.stock(code, "0"));
    wait(ledger.add_codes(stocked(&ledger, "meari", &codes), |_| ())).expect("in stock");
    all_done(&gateway, 1);
    let mut done = 1;
    for how in FAULTS {
        for works in [true, false] {
            cancel(&(done * 2).to_string(), NUMBER).tell(&gateway);
            all_done(&gateway, done * 2);
            double.fail("actCode/service", works, how);
            register(&(done * 2 + 1).to_string(), NUMBER).tell(&gateway);
            all_done(&gateway, done * 2 + 1);
            done += 1;
            let services = double.services();
            assert_eq!(services.len(), done, "{how:?}, works: {works}\n{services:#?}");
        }
    }
    let counts = wait(ledger.code_counts(sdp_gateway::clock::Clock::system().now())).expect("counts");
    let used: Vec<_> = counts.iter().map(|count| (count.state.as_str(), count.codes)).collect();
    assert_eq!(used, [("used", 17)]);
    wait(ledger.close());
}

#[test]
fn a_code_that_is_none_is_put_aside_for_another() {
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "code", "");
    let ledger = bound(&folder);
    double.stock("STOCK-GOOD1", "0");
    wait(ledger.add_codes(stocked(&ledger, "meari", &["STOCK-BAD01"]), |_| ())).expect("in stock");
    register("1", NUMBER).tell(&gateway);
    until("the bad one is put aside", || tasks(&gateway, "")[0]["attempts"] == 1);
    wait(ledger.add_codes(stocked(&ledger, "meari", &["STOCK-GOOD1"]), |_| ())).expect("in stock");
    all_done(&gateway, 1);
    let counts = wait(ledger.code_counts(sdp_gateway::clock::Clock::system().now())).expect("counts");
    let states: Vec<_> = counts.iter().map(|count| (count.state.as_str(), count.codes)).collect();
    assert_eq!(states, [("bad", 1), ("used", 1)]);
    wait(ledger.close());
}

#[test]
fn a_provider_that_asks_for_a_pause_gets_it() {
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "order", "");
    let ledger = bound(&folder);
    double.fail("order/create", false, How::Limited);
    register("1", NUMBER).tell(&gateway);
    until("it was tried", || tasks(&gateway, "")[0]["attempts"] == 1);
    let due_at = tasks(&gateway, "")[0]["due_at"].as_str().expect("a time").to_owned();
    let due_at = chrono::DateTime::parse_from_rfc3339(&due_at).expect("a time").to_utc();
    let pause = due_at - chrono::Utc::now();
    assert!(pause > chrono::Duration::seconds(5), "Retry-After was 7 s: {pause}");
    assert_eq!(double.calls().len(), 1);
    wait(ledger.close());
}

/// The acknowledgement of a notice is on its way to the carrier while the worker is woken.
#[test]
fn a_notice_reaches_its_provider_soon() {
    const ROUNDS: usize = 20;
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let gateway = start(&folder, &double, "order", "");
    let ledger = bound(&folder);
    let mut took = Vec::new();
    for round in 1..=ROUNDS {
        let said = if round % 2 == 1 {
            register(&round.to_string(), NUMBER)
        } else {
            cancel(&round.to_string(), NUMBER)
        };
        let calls = double.calls().len();
        said.tell(&gateway);
        let began = Instant::now();
        while double.calls().len() == calls {
            assert!(began.elapsed() < gateway::PATIENCE, "{}", gateway.log());
            std::thread::sleep(Duration::from_millis(1));
        }
        took.push(began.elapsed());
        all_done(&gateway, round);
    }
    took.sort();
    println!(
        "from the acknowledgement to the call: p50 {:?}, longest {:?}",
        took[ROUNDS / 2],
        took[ROUNDS - 1]
    );
    // At rest it is a few milliseconds; the suite runs on machines that are anything but.
    assert!(took[ROUNDS / 2] < Duration::from_millis(250), "{took:?}");
    wait(ledger.close());
}
