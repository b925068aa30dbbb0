//! The commands as an operator runs them: what they print and how they end, alone and beside a
//! running gateway.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

#[path = "cli_commands/beside.rs"]
mod beside;
#[path = "cli_commands/hostile_text.rs"]
mod hostile_text;
#[path = "cli_commands/ledger.rs"]
mod ledger;
#[path = "cli_commands/output.rs"]
mod output;
#[path = "cli_commands/settings.rs"]
mod settings;
#[path = "cli_commands/sqlite.rs"]
mod sqlite;
#[path = "cli_commands/start.rs"]
mod start;
#[path = "cli_commands/usage.rs"]
mod usage;

use std::path::Path;
use std::process::Command;

use gateway::{Folder, Gateway};

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

/// A command in a folder with these settings.
fn cli(folder: &Path, settings: &str, arguments: &str) -> Ended {
    run(Gateway::cli(folder, settings).args(arguments.split_whitespace()))
}

/// A command in a folder without settings and without environment.
fn bare(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sdp-gateway"));
    command.current_dir(folder).env_clear().args(arguments.split_whitespace());
    command
}

fn folder() -> Folder {
    Folder::new()
}
