//! A ledger of the released schema is brought over to this one: every number holds what the contract says, nothing is
//! lost, no notice is kept meanwhile, and whatever is broken off goes on. `tests/data/released` is such a ledger, made
//! by the gateway of that schema. And a ledger of this schema is brought over to another setting that folds are made
//! under.

#[path = "support/gateway.rs"]
mod gateway;

#[path = "migration/beside.rs"]
mod beside;
#[path = "migration/held.rs"]
mod held;
#[path = "migration/interrupted.rs"]
mod interrupted;
#[path = "migration/released.rs"]
mod released;
#[path = "migration/serving.rs"]
mod serving;
#[path = "migration/setting.rs"]
mod setting;

use std::process::Output;

use gateway::{Folder, Gateway, Ledger};
use released::Released;
use serde_json::Value;

/// The schema that the released ledger has, and the one that it gets.
const RELEASED: i64 = 6;
const NEWEST: i64 = 12;

/// What play tokens are signed with.
const PLAYS: &str = "no secret, for tests alone";

/// A folder with the released ledger, and so many more numbers.
struct Old {
    folder: Folder,
}

impl Old {
    fn with(numbers: usize) -> Self {
        let folder = Folder::new();
        Released::read().with_crowd(numbers).write(&Ledger::of(folder.path()));
        Self { folder }
    }

    fn ledger(&self) -> Ledger {
        Ledger::of(self.folder.path())
    }

    fn serve(&self) -> Gateway {
        Gateway::start_in(self.folder.path(), &settings())
    }

    fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = Gateway::cli(self.folder.path(), &settings());
        command.args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command runs")
    }

    /// What a command that succeeds prints.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out}\n{err}");
        out.into_owned()
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let said = self.says(&[arguments, &["--json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    #[track_caller]
    fn verify(&self) {
        let said = self.says(&["ledger", "verify"]);
        assert!(said.contains(" 0 faults"), "{said}");
    }

    /// How far the folds were made again.
    fn refolded_after(&self) -> Option<String> {
        self.ledger().rows("SELECT after FROM refold").into_iter().flatten().flatten().next()
    }

    /// All that is kept of numbers, but for moments and random names.
    fn content(&self) -> Vec<Vec<gateway::ledger::Row>> {
        let of = |sql: &str| self.ledger().rows(sql);
        vec![
            of(
                "SELECT id, msisdn, outcome, reason, identity, event_at, subscribe_at, expire_at, scope, start_at, \
                odd, count FROM notice ORDER BY id",
            ),
            of("SELECT key, notice_id FROM identity ORDER BY key"),
            of("SELECT * FROM subscription ORDER BY msisdn, service_id, package_id"),
            of("SELECT * FROM past_run ORDER BY msisdn, service_id, package_id, founder"),
            of("SELECT device_id, source_id, turn FROM service ORDER BY 1, 2, 3"),
        ]
    }
}

fn settings() -> String {
    let catalog = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/released/catalog.toml");
    format!(
        "[catalog]\npath = '{catalog}'\n[carrier]\nrenewal_grace_days = 3650\n[flussonic]\ntoken_secret = '{PLAYS}'\n"
    )
}
