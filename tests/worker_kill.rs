//! Workers that die and workers that share: one is killed at random moments, again and again, and what it
//! had taken up is carried out by the next, once; several take tasks of one ledger, each once.

#[path = "support/activation_double.rs"]
mod activation_double;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/said.rs"]
mod said;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use activation_double::{ACCOUNT, DEVICE, Double, KEY, SECRET};
use gateway::{Folder, Gateway};
use outbox::{HASTY, Work, bound, of_provider, states, tasks, until, wait};
use said::{cancel, register};

/// Kills in the ordinary suite, and the most of one ledger.
const KILLS: u64 = 12;
const PART: u64 = 20;

/// Some number below a limit; a seed would say nothing, since the moments are the machine's.
fn below(limit: u64) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) % limit
}

/// A gateway without a worker of its own.
fn start(folder: &Folder, provider: &str, more: &str) -> Gateway {
    let own = format!("{HASTY}enabled = false\n{more}");
    Gateway::start_in(folder.path(), &of_provider(folder.path(), provider, &own))
}

#[test]
fn kills_leave_nothing_undone_and_nothing_done_twice() {
    let mut done = 0;
    for kills in rounds::parts(KILLS, PART) {
        self::kills(kills);
        done += kills;
        println!("{done} kills, each order placed once");
    }
}

/// So many kills of workers on one ledger.
fn kills(kills: u64) {
    const NUMBER: &str = "84945989325";
    let (folder, double) = (Folder::new(), wait(Double::start()));
    let more = format!(
        "[providers.meari]\nkind = 'activation'\nbase_url = '{}'\npartner_key = '{KEY}'\npartner_secret = '{SECRET}'\n\
         source_app = 72\nmode = 'order'\ntimeout_ms = 500\nbreaker_failures = 0\n",
        double.base_url()
    );
    let gateway = start(&folder, "meari", &more);
    let ledger = outbox::beside(folder.path());
    outbox::bind(&ledger, NUMBER, DEVICE, ACCOUNT);
    let mut queue_id = 0;
    for kill in 0..kills {
        let work = Work::start(folder.path(), 1);
        let ends = Instant::now() + Duration::from_millis(100 + below(900));
        while Instant::now() < ends {
            queue_id += 1;
            let said = if queue_id % 2 == 1 { register } else { cancel };
            said(&queue_id.to_string(), NUMBER).tell(&gateway);
            std::thread::sleep(Duration::from_millis(15 + below(60)));
        }
        work.kill();
        assert!(tasks(&gateway, "state=running").len() <= 1, "one at a time, after kill {kill}");
    }
    if queue_id % 2 == 0 {
        queue_id += 1;
        register(&queue_id.to_string(), NUMBER).tell(&gateway);
    }
    let work = Work::start(folder.path(), 1);
    let took = until("all is done", || {
        states(&gateway, NUMBER).iter().all(|s| !s.ends_with(" due") && !s.ends_with(" running"))
    });
    // Two seconds of lease, a pause of at most one, and a machine that does other things.
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(work.stop().success());

    let (live, ended) = (double.services(), double.state.lock().expect("the double").cancelled.clone());
    assert_eq!(live.len(), 1, "the last word was a register: {live:#?}");
    let distinct: BTreeSet<&String> = live.iter().map(|service| &service.order_num).chain(&ended).collect();
    assert_eq!(distinct.len(), live.len() + ended.len(), "an order was placed twice");
    let dead: Vec<_> =
        states(&gateway, NUMBER).into_iter().filter(|state| state.ends_with(" dead")).collect();
    assert_eq!(dead, Vec::<String>::new());
    println!("{kills} kills, {queue_id} notices, {} orders", distinct.len());
    wait(ledger.close());
}

#[test]
fn several_workers_share_one_ledger() {
    const TASKS: usize = 60;
    let folder = Folder::new();
    let gateway = start(&folder, "test", "[providers.test]\nkind = 'scripted'\nscript = []\n");
    let ledger = outbox::beside(folder.path());
    let mut numbers = Vec::new();
    for n in 0..TASKS {
        numbers.push(bound(&ledger, n));
    }
    let works = [Work::start(folder.path(), 1), Work::start(folder.path(), 2), Work::start(folder.path(), 3)];
    for (n, number) in numbers.iter().enumerate() {
        register(&n.to_string(), number).tell(&gateway);
    }
    until("all are done", || tasks(&gateway, "state=done").len() == TASKS);
    for work in works {
        assert!(work.stop().success());
    }
    let log = |n: u32| std::fs::read_to_string(folder.path().join(format!("work-{n}.log"))).expect("a log");
    let sent: Vec<usize> = (1..=3).map(|n| log(n).matches("task sent").count()).collect();
    assert_eq!(sent.iter().sum::<usize>(), TASKS, "each was sent once: {sent:?}");
    assert!(tasks(&gateway, "").iter().all(|task| task["attempts"] == 1));
    wait(ledger.close());
}

#[test]
fn a_lease_that_ran_out_is_an_attempt_in_doubt() {
    let folder = Folder::new();
    let more = "[providers.test]\nkind = 'scripted'\nscript = ['wait:60000', 'done']\ntimeout_ms = 60000\n";
    let gateway = start(&folder, "test", more);
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    let work = Work::start(folder.path(), 1);
    register("1", &number).tell(&gateway);
    until("it is under way", || states(&gateway, &number) == ["begin running"]);
    work.kill();
    let settings = std::fs::read_to_string(folder.path().join("settings.toml")).expect("settings");
    std::fs::write(folder.path().join("settings.toml"), settings.replace("'wait:60000', ", ""))
        .expect("written");
    let began = Instant::now();
    let work = Work::start(folder.path(), 1);
    until("the next takes it up", || states(&gateway, &number) == ["begin done"]);
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    let task = &wait(ledger.tasks(&Default::default(), None, 1)).expect("tasks")[0];
    assert_eq!((task.attempts, task.doubt), (2, true));
    assert!(work.stop().success());
    wait(ledger.close());
}
