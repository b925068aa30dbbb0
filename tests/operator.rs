//! What an operator meets at three in the morning: settings taken anew without a stop, commands that judge as the
//! gateway does, a log that says what is the matter, metrics that are there before anything happens, a trial that
//! tells what it would have done, and faults in words.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;

#[path = "operator/faults.rs"]
mod faults;
#[path = "operator/log.rs"]
mod log;
#[path = "operator/metrics.rs"]
mod metrics;
#[path = "operator/reload.rs"]
mod reload;
#[path = "operator/trial.rs"]
mod trial;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use gateway::{Gateway, PATIENCE};

/// How a command ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn check(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

fn run(command: &mut Command) -> Ended {
    let output = command.output().expect("the command runs");
    Ended {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A command in a folder, whose settings are written anew.
fn cli(folder: &Path, settings: &str, arguments: &str) -> Ended {
    run(Gateway::cli(folder, settings).args(arguments.split_whitespace()))
}

/// Waits until something holds.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a gateway has logged this as often.
#[track_caller]
fn until_logged(gateway: &Gateway, what: &str, times: usize) {
    until(what, || gateway.log().matches(what).count() >= times);
}

/// An offer of the service that all tests are about.
fn offer(id: &str, package: &str) -> String {
    format!("[[offer]]\nid = '{id}'\nservice_id = '1000625'\npackage_id = '{package}'\nperiod = 'day'\n")
}
