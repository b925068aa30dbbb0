//! `codes`: the stock of activation codes: made here, taken in from a file, counted. What is in a code is
//! [`crate::stock`]'s, keeping them the ledger's.

mod generate;
mod import;

use clap::Subcommand;
use serde_json::{Value, json};

use super::subscriber::cell;
use super::table::columns;
use super::{Ended, Global, block_on, open, told};
use crate::catalog::{GrantKind, Storage};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Secrets};
use crate::ledger::Ledger;
use crate::ledger::fulfil::{Code, CodeState};
use crate::stock::{CodeText, SealError};

/// Codes in one commit; notices wait for it.
const TOGETHER: usize = 500;

/// No batch has a longer name.
const BATCH_BYTES_MAX: usize = 64;

#[derive(Debug, Subcommand)]
pub(crate) enum Codes {
    /// Make codes and print them: they are shown this once
    Generate(generate::Generate),
    /// Take in the codes of a file: code,kind,days[,expires,provider,storage,retention_days,package]
    Import(import::Import),
    /// Count them by batch, kind and state
    List,
}

/// What a code gives, and with which others it came into stock.
#[derive(Debug, Clone)]
struct About {
    kind: GrantKind,
    days: u32,
    storage: Option<Storage>,
    retention_days: Option<u32>,
    provider: String,
    package: Option<String>,
    batch: String,
    expires_at: Option<Timestamp>,
}

impl About {
    /// A code as the ledger keeps it.
    fn code(self, text: &CodeText, ledger: &Ledger, now: Timestamp) -> Result<Code, SealError> {
        let vault = ledger.vault();
        Ok(Code {
            key: vault.lookup(text),
            sealed: vault.seal(text)?,
            kind: self.kind,
            days: self.days,
            storage: self.storage,
            retention_days: self.retention_days,
            provider: self.provider,
            package: self.package,
            batch: self.batch,
            expires_at: self.expires_at,
            state: CodeState::Unused,
            entitlement: None,
            msisdn: None,
            device_id: None,
            account: None,
            service_id: None,
            used_at: None,
            created_at: now,
        })
    }
}

pub(super) fn run(global: &Global, command: Codes) -> Ended {
    block_on(async {
        let secrets = match command {
            Codes::Generate(_) | Codes::Import(_) => Secrets::Of(&["ledger", "codes"]),
            Codes::List => Secrets::Of(&["ledger"]),
        };
        let (config, ledger) = open::with_settings(global, secrets).await?;
        let ended = match command {
            Codes::Generate(generate) => generate.run(global, &config, &ledger).await,
            Codes::Import(import) => import.run(global, &config, &ledger).await,
            Codes::List => list(global, &ledger).await,
        };
        ledger.close().await;
        ended
    })?
}

async fn list(global: &Global, ledger: &Ledger) -> Ended {
    let counts = ledger.code_counts(Clock::system().now()).await?;
    let row = |count: &crate::ledger::read::CodeCount| {
        json!({
            "batch": count.batch,
            "kind": count.kind,
            "provider": count.provider,
            "state": count.state,
            "codes": count.codes,
        })
    };
    let counts: Vec<Value> = counts.iter().map(row).collect();
    if global.json {
        super::print(&format!("{:#}\n", json!({ "codes": counts })));
        return Ok(());
    }
    let heading = ["batch", "kind", "provider", "state", "codes"];
    let row = |count: &Value| heading.iter().map(|key| cell(&count[*key])).collect();
    super::print(&columns(&heading, &counts.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

/// Says so where whoever reads the ledger could use the codes.
fn warn_of_plain_text(config: &Config) {
    if config.codes.key.is_none() {
        super::tell("sdp-gateway: codes.key_file is not set: these codes are kept in plain text");
    }
}

/// A batch's name as a person gives it.
fn batch(text: &str) -> Result<String, String> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = (1..=BATCH_BYTES_MAX).contains(&text.len()) && text.bytes().all(fit);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("not 1 to {BATCH_BYTES_MAX} of A-Z a-z 0-9 . - _"))
}

/// A name for a batch without one.
fn batch_of(now: Timestamp, what: &str) -> String {
    format!("{}-{what}", now.utc().format("%Y%m%dT%H%M%S"))
}
