//! `ledger backup` and `ledger restore`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::progress::Screen;
use crate::cli::{Ended, Global, print, serve};
use crate::clock::Clock;
use crate::config::Secrets;
use crate::ledger;

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to write; there must be none of that name
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// A backup, which is only read
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// For bars: 1 MiB.
const MIB: u64 = 1 << 20;

pub(super) fn backup(global: &Global, command: &Backup) -> Ended {
    let config = global.load(Secrets::Of(&["ledger"]))?;
    serve::logs(global, &config, "warn")?;
    let mut screen = Screen::new();
    let made =
        ledger::backup(&config.ledger.url, &command.file, &mut |pages, of| screen.show("pages", pages, of));
    screen.end();
    let bytes = made?;
    let file = command.file.display().to_string();
    print(&if global.json {
        format!("{:#}\n", json!({"file": file, "bytes": bytes}))
    } else {
        format!("{file}: {bytes} bytes, checked\n")
    });
    Ok(())
}

pub(super) fn restore(global: &Global, command: &Restore) -> Ended {
    let config = global.load(Secrets::Of(&["ledger"]))?;
    serve::logs(global, &config, "warn")?;
    let (url, mut screen) = (&config.ledger.url, Screen::new());
    let done = ledger::restore(url, &command.file, Clock::system().now(), &mut |bytes, of| {
        screen.show("MiB", bytes / MIB, of / MIB);
    });
    screen.end();
    let restored = done?;
    let shown = |path: Option<PathBuf>| path.map(|path| path.display().to_string());
    let (aside, earlier) = (shown(restored.aside), shown(restored.aside_earlier));
    if global.json {
        let schema = restored.schema;
        let told =
            json!({"ledger": url.to_string(), "schema": schema, "aside": aside, "aside_earlier": earlier});
        print(&format!("{told:#}\n"));
        return Ok(());
    }
    for aside in earlier.iter().chain(&aside) {
        print(&format!("the files that were there: {aside} (and beside it, with the same beginning)\n"));
    }
    let brought_over = match ledger::schema_version() {
        newest if restored.schema < newest => {
            format!(
                ", which the gateway brings over to {newest} as it starts (`sdp-gateway migrate` does it too)"
            )
        }
        _ => String::new(),
    };
    let schema = restored.schema;
    print(&format!("restored {url}, checked, of schema version {schema}{brought_over}; start the gateway\n"));
    Ok(())
}
