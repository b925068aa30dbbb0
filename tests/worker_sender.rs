//! One way out to a provider, whoever asks: a code that somebody waits for while it is redeemed there keeps the
//! provider's rate, concurrency and breaker with the worker's tasks, and is counted with them.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;
#[path = "support/signed.rs"]
mod signed;

use std::time::{Duration, Instant};

use gateway::{Folder, Gateway};
use outbox::{HASTY, bound, metric, of_provider, states, until, until_states, wait};
use said::register;
use signed::{PARTNER, generate, redeem};

/// A gateway with a scripted provider, and so many codes to be redeemed there.
fn start(folder: &Folder, script: &str, limits: &str, codes: usize) -> (Gateway, Vec<String>) {
    let own = format!("{HASTY}{PARTNER}[providers.test]\nkind = 'scripted'\nscript = {script}\n{limits}\n");
    let settings = of_provider(folder.path(), "test", &own);
    let gateway = Gateway::start_in(folder.path(), &settings);
    let options = format!("--kind ai --count {codes} --days 7 --provider test");
    let codes = generate(&gateway, &settings, &options);
    (gateway, codes)
}

/// Redeems all of them at once, each on a camera of its own; the answers.
fn redeem_all(gateway: &Gateway, codes: &[String]) -> Vec<String> {
    std::thread::scope(|scope| {
        let asked = codes.iter().enumerate().map(|(n, code)| {
            scope.spawn(move || redeem("ann", &format!("own-{n}"), code, "1").code(gateway))
        });
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    })
}

fn attempts(gateway: &Gateway, class: &str) -> f64 {
    metric(gateway, &format!("sdp_gateway_task_attempts_total{{provider=\"test\",class=\"{class}\"}}"))
}

#[test]
fn redemptions_keep_the_providers_rate() {
    let folder = Folder::new();
    let (gateway, codes) = start(&folder, "['done']", "per_second = 2\nconcurrency = 8", 4);
    let began = Instant::now();
    assert_eq!(redeem_all(&gateway, &codes), ["1001"; 4]);
    // One at once, then one every half second; the worker may have drawn one more, and had no use for it.
    assert!(began.elapsed() > Duration::from_millis(950), "four within {:?}", began.elapsed());
    assert!((attempts(&gateway, "done") - 4.0).abs() < 0.5, "each is counted");
    assert!(metric(&gateway, "sdp_gateway_task_send_seconds_count{provider=\"test\"}") > 3.5);
}

#[test]
fn a_provider_that_fails_is_left_alone_by_redemptions_and_tasks() {
    let folder = Folder::new();
    let limits = "breaker_failures = 2\nbreaker_open_s = 60";
    let (gateway, codes) = start(&folder, "['again']", limits, 6);
    for code in &codes {
        assert_eq!(redeem("ann", "own-1", code, "1").code(&gateway), "1005");
    }
    assert!((attempts(&gateway, "again") - 2.0).abs() < 0.5, "{} were sent", attempts(&gateway, "again"));
    assert!(gateway.log().contains("nothing is sent for a while"));

    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    register("1", &number).tell(&gateway);
    until_states(&gateway, &number, &["begin due"]);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(states(&gateway, &number), ["begin due"]);
    assert!((attempts(&gateway, "again") - 2.0).abs() < 0.5, "nor is a task");
    wait(ledger.close());
}

#[test]
fn redemptions_and_tasks_share_the_places() {
    let folder = Folder::new();
    let (gateway, codes) = start(&folder, "['wait:1200', 'done']", "concurrency = 1", 1);
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    register("1", &number).tell(&gateway);
    until("the task is under way", || states(&gateway, &number) == ["begin running"]);
    assert_eq!(redeem("ann", "own-1", &codes[0], "1").code(&gateway), "1001");
    assert_eq!(states(&gateway, &number), ["begin done"], "it went first");
    wait(ledger.close());
}
