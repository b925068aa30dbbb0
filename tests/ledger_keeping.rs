//! Health tells the truth: `readyz` is 503 exactly while notices cannot be kept, whatever keeps them from it;
//! a start looks at what an unclean end has left; the engine's own check; backups and their way back.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "support/said.rs"]
mod said;

#[path = "ledger_keeping/backup.rs"]
mod backup;
#[path = "ledger_keeping/engine.rs"]
mod engine;
#[path = "ledger_keeping/refused.rs"]
mod refused;
#[path = "ledger_keeping/sqlite.rs"]
mod sqlite;

use std::path::Path;

use gateway::{Gateway, Ledger};
use said::{REG, register};

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

    /// It failed and said so.
    #[track_caller]
    fn says(&self, words: &[&str]) {
        self.check(1);
        for word in words {
            assert!(self.err.contains(word), "{word:?} is not in {}", self.err);
        }
    }
}

/// A command in a folder with the default settings.
fn cli(folder: &Path, arguments: &str) -> Ended {
    let output = Gateway::cli(folder, "").args(arguments.split_whitespace()).output();
    let output = output.expect("the command runs");
    Ended {
        code: output.status.code().expect("an exit code"),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Sends a register; the status it is answered.
fn notice(gateway: &Gateway, queue_id: u32, msisdn: &str) -> u16 {
    gateway.post(REG, &register(&queue_id.to_string(), msisdn).xml()).status
}

fn ready(gateway: &Gateway) -> u16 {
    gateway.admin("/readyz").status
}

/// How many notices the ledger has.
fn kept(folder: &Path) -> usize {
    let rows = Ledger::of(folder).rows("SELECT count(*) FROM notice");
    rows[0][0].as_ref().expect("a count").parse().expect("a number")
}
