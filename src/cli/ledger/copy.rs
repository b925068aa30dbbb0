//! `ledger copy`: moves a ledger to another engine or place, and shows that it has arrived.

use std::convert::Infallible;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::cli::progress::Screen;
use crate::cli::table::columns;
use crate::cli::{Cli, Ended, Global, block_on, print, serve, told};
use crate::clock::Clock;
use crate::config::{LedgerUrl, Secrets};
use crate::ledger::{self, Copied, CopiedTable, Phase};

/// Characters of a checksum that are shown to people.
const CHECKSUM_SHOWN: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// The ledger to copy: sqlite://PATH or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL", value_parser = secret)]
    from: SecretString,
    /// Where to: an empty database, or a file that is made; or what an earlier run has begun
    #[arg(long, value_name = "URL", value_parser = secret)]
    to: SecretString,
}

/// Takes anything: a message about a wrong value would print it, password included.
fn secret(text: &str) -> Result<SecretString, Infallible> {
    Ok(text.into())
}

pub(super) fn run(global: &Global, command: &Copy) -> Ended {
    let from = address("--from", &command.from);
    let to = address("--to", &command.to);
    serve::logs(global, &global.load(Secrets::Of(&[]))?, "warn")?;
    let mut screen = Screen::new();
    let clock = Clock::system();
    let copied = block_on(ledger::copy(&from, &to, &clock, &mut |progress| {
        let doing = match progress.phase {
            Phase::Looking => "looking",
            Phase::Copying => "copying",
            Phase::Comparing => "comparing",
        };
        screen.show(doing, progress.rows, progress.of);
    }))?;
    screen.end();
    let copied = copied?;
    tell(global, &from, &to, &copied);
    if copied.is_same() {
        return Ok(());
    }
    Err(told("the source changed meanwhile; stop its gateway and run this again"))
}

/// Ends the program where the address is none: that is wrong usage.
fn address(option: &str, url: &SecretString) -> LedgerUrl {
    LedgerUrl::parse(url.expose_secret()).unwrap_or_else(|wrong| {
        Cli::command().error(ErrorKind::ValueValidation, format!("{option} {wrong}")).exit()
    })
}

fn tell(global: &Global, from: &LedgerUrl, to: &LedgerUrl, copied: &Copied) {
    if global.json {
        let tables: Vec<Value> = copied.tables.iter().map(as_json).collect();
        let (from, to, same) = (from.to_string(), to.to_string(), copied.is_same());
        print(&format!("{:#}\n", json!({"from": from, "to": to, "same": same, "tables": tables})));
        return;
    }
    let rows: Vec<Vec<String>> = copied.tables.iter().map(cells).collect();
    print(&columns(&["table", "rows", "copied", "checksum", "same"], &rows));
}

fn as_json(table: &CopiedTable) -> Value {
    json!({
        "table": table.name,
        "rows": table.rows,
        "target_rows": table.target_rows,
        "copied": table.copied,
        "checksum": table.checksum,
        "target_checksum": table.target_checksum,
        "same": table.is_same(),
    })
}

fn cells(table: &CopiedTable) -> Vec<String> {
    let checksum = table.checksum.chars().take(CHECKSUM_SHOWN).collect();
    let same = if table.is_same() { "yes" } else { "no" };
    vec![table.name.clone(), table.rows.to_string(), table.copied.to_string(), checksum, same.to_owned()]
}
