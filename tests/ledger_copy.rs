//! `ledger copy` on the real binary: from SQLite to PostgreSQL and back, killed in its midst, beside a
//! gateway that writes, and where it must refuse. Needs a PostgreSQL server: `tests/postgres start`.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;

#[path = "ledger_copy/refused.rs"]
mod refused;
#[path = "ledger_copy/round_trip.rs"]
mod round_trip;
#[path = "ledger_copy/writing.rs"]
mod writing;

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use gateway::Gateway;
use gateway::ledger::postgres;
use kit::{Book, Dice, Line};
use serde_json::Value;

/// Connections that send at once.
const LINES: usize = 4;

/// A ledger with a folder for whoever uses it.
struct Ledger {
    folder: tempfile::TempDir,
    url: String,
}

/// How a command ended.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ledger {
    /// A file that is not there yet.
    fn file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("gateway.db").display());
        Self { folder, url }
    }

    /// An empty database of a server.
    fn database() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
            url: postgres::make_database(&postgres::base()),
        }
    }

    fn settings(&self) -> String {
        format!("[ledger]\nurl = '{}'\n", self.url)
    }

    fn gateway(&self) -> Gateway {
        Gateway::start_in(self.folder.path(), &self.settings())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Gateway::cli(self.folder.path(), &self.settings());
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let output = self.command(arguments).output().expect("the command runs");
        Ended {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// A copy from here to there.
    fn copy(&self, to: &Self) -> Ended {
        self.run(&["ledger", "copy", "--json", "--from", &self.url, "--to", &to.url])
    }

    /// A copy that is killed when `when` says so; whether it was.
    fn copy_killed(&self, to: &Self, mut when: impl FnMut() -> bool) -> bool {
        let mut command = self.command(&["ledger", "copy", "--from", &self.url, "--to", &to.url]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a copy");
        while child.try_wait().expect("a child").is_none() {
            if when() {
                child.kill().expect("killed");
                return child.wait().expect("its end").code().is_none();
            }
        }
        false
    }

    /// The journal with every message's bytes and answer.
    fn export(&self) -> String {
        self.run(&["notices", "export"]).check(0).out.clone()
    }

    fn verify(&self) {
        self.run(&["ledger", "verify"]).check(0);
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if self.url.starts_with("postgres") {
            postgres::drop_database(&self.url);
        }
    }
}

impl Ended {
    #[track_caller]
    fn check(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// It failed, and said so.
    #[track_caller]
    fn refused(&self, says: &str) {
        assert!(self.check(1).err.contains(says), "{}", self.err);
    }

    /// One member of every table's entry.
    fn each(&self, member: &str) -> Vec<(String, Value)> {
        let report: Value = serde_json::from_str(&self.out).expect("JSON");
        let tables = report["tables"].as_array().expect("tables").iter();
        tables.map(|t| (t["table"].as_str().expect("a name").to_owned(), t[member].clone())).collect()
    }

    /// The same, summed up.
    fn sum(&self, member: &str) -> u64 {
        self.each(member).iter().map(|(_, number)| number.as_u64().expect("a number")).sum()
    }
}

/// Sends so many new notices, each until it is acknowledged.
fn send(book: &Book, gateway: &Gateway, notices: usize) {
    let left = AtomicUsize::new(notices);
    std::thread::scope(|scope| {
        for seed in 0..LINES {
            let left = &left;
            scope.spawn(move || {
                let mut dice = Dice::new(notices as u64 * 31 + seed as u64);
                let mut line = Line::open(gateway.main).expect("a connection");
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    let queue_id = book.draw(&mut dice);
                    let answer = book.send(&mut line, queue_id).expect("an answer");
                    assert_eq!(answer.status, 200, "{}", answer.text());
                }
            });
        }
    });
}
