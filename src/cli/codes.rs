//! `codes`: the stock of activation codes and vouchers: made here, taken in from a file, counted. What is in a code is
//! [`crate::stock`]'s, keeping them the ledger's.

mod generate;
mod import;

use clap::Subcommand;
use serde_json::{Value, json};

use super::subscriber::cell;
use super::table::columns;
use super::{Ended, Failure, Global, block_on, open, told};
use crate::catalog::Catalog;
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Faults, Secrets};
use crate::ids::Tenant;
use crate::ledger::Ledger;
use crate::ledger::read::CodeCount;

/// Codes in one commit; notices wait for it.
const TOGETHER: usize = 500;

/// No batch has a longer name.
const BATCH_BYTES_MAX: usize = 64;

#[derive(Debug, Subcommand)]
pub(crate) enum Codes {
    /// Make activation codes (--kind, --days) or vouchers (--package alone) and print them: they are shown this once
    Generate(generate::Generate),
    /// Take in the codes of a file: code,kind,days[,expires,provider,storage,retention_days,package]; a package without
    /// kind and days makes a voucher
    Import(import::Import),
    /// Count them by batch, kind and state, and by tenant and voucher's package where there are any
    List,
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
    let mut heading = vec!["batch", "kind", "provider", "state", "codes"];
    let has_tenants = counts.iter().any(|count| !count.tenant.is_empty());
    let has_vouchers = counts.iter().any(|count| !count.package.is_empty());
    heading.extend(has_tenants.then_some("tenant"));
    heading.extend(has_vouchers.then_some("package"));
    let word = |word: &String| Some(word).filter(|word| !word.is_empty()).cloned();
    let row = |count: &CodeCount| {
        let mut row = json!({
            "batch": count.batch,
            "kind": count.kind,
            "provider": count.provider,
            "state": count.state,
            "codes": count.codes,
        });
        if has_tenants {
            row["tenant"] = word(&count.tenant).into();
        }
        if has_vouchers {
            row["package"] = word(&count.package).into();
        }
        row
    };
    let counts: Vec<Value> = counts.iter().map(row).collect();
    if global.json {
        super::print(&format!("{:#}\n", json!({ "codes": counts })));
        return Ok(());
    }
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

/// What vouchers are of.
fn catalog(config: &Config) -> Result<Catalog, Faults> {
    Catalog::load(&config.catalog, &config.providers, config.carrier.renewal_grace_days)
}

/// A batch's name as a person gives it.
fn batch(text: &str) -> Result<String, String> {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let fits = (1..=BATCH_BYTES_MAX).contains(&text.len()) && text.bytes().all(fit);
    fits.then(|| text.to_owned()).ok_or_else(|| format!("not 1 to {BATCH_BYTES_MAX} of A-Z a-z 0-9 . - _"))
}

/// A tenant's name as a person gives it.
fn tenant(text: &str) -> Result<Tenant, String> {
    Tenant::parse(text).map_err(|error| error.to_string())
}

/// Refuses codes that nobody could redeem.
fn check_tenant(tenant: Option<&Tenant>, config: &Config) -> Result<(), Failure> {
    match tenant {
        Some(tenant) if config.partner.iter().all(|partner| partner.tenant.as_ref() != Some(tenant)) => {
            Err(told(&format!("no [[partner]] of the settings is of the tenant {tenant}")))
        }
        _ => Ok(()),
    }
}

/// A name for a batch without one.
fn batch_of(now: Timestamp, what: &str) -> String {
    format!("{}-{what}", now.utc().format("%Y%m%dT%H%M%S"))
}
