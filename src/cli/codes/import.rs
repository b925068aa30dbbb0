//! `codes import`: takes in a file of codes, whole or not at all where any line has a fault. Codes that are
//! in stock already stay as they are, so that a run that broke off can be repeated.

use std::fs::File;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{batch, batch_of, catalog, check_tenant, tenant, told, warn_of_plain_text};
use crate::cli::progress::Screen;
use crate::cli::{Ended, Failure, Global, print, tell};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::ids::Tenant;
use crate::ledger::Ledger;
use crate::ledger::fulfil::Added;
use crate::stock::{self, Code, Known, PackageRule};

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file (CSV)
    file: PathBuf,
    /// A name for these codes; else the time
    #[arg(long, value_name = "NAME", value_parser = batch)]
    batch: Option<String>,
    /// Whose partners' users may redeem them: the tenant of a [[partner]]; else those of partners without one
    #[arg(long, value_name = "NAME", value_parser = tenant)]
    tenant: Option<Tenant>,
}

impl Import {
    pub(super) async fn run(self, global: &Global, config: &Config, ledger: &Ledger) -> Ended {
        check_tenant(self.tenant.as_ref(), config)?;
        let now = Clock::system().now();
        let batch = self.batch.clone().unwrap_or_else(|| batch_of(now, "import"));
        let (lines, codes) = self.read(config, ledger, &batch, now)?;
        warn_of_plain_text(config);
        let (of, mut screen, mut done) = (codes.len() as u64, Screen::new(), 0);
        let added = ledger.add_codes(codes, |so_far| {
            done = so_far;
            screen.show("taking codes in", so_far, of);
        });
        let added = added.await;
        screen.end();
        let added = added.inspect_err(|_| {
            tell(format!("sdp-gateway: at least {done} of {of} are in stock; run it again for the others"));
        })?;
        let known = added.known.len();
        if global.json {
            print(&format!("{}\n", json!({"batch": batch, "imported": added.new, "known": known})));
        } else {
            print(&format!("imported {}, known already {known}, batch {batch}\n", added.new));
        }
        self.tell(&lines, &added)
    }

    /// Lines whose codes are in stock as something else are slips that somebody should see.
    fn tell(&self, lines: &[u64], added: &Added) -> Ended {
        let name = self.file.display();
        for (place, kept) in &added.other {
            let line = lines.get(*place).copied().unwrap_or_default();
            let kept = &kept.about;
            let gives = match (&kept.voucher, &kept.package) {
                (Some(_), Some(package)) => format!("voucher of {package}"),
                _ => format!("{}, {} days", kept.kind.word(), kept.days),
            };
            let provider = &kept.provider;
            let tenant = kept.tenant.as_ref().map_or(String::new(), |tenant| format!(", tenant {tenant}"));
            let kept = format!("{gives}, provider {provider}, batch {}{tenant}", kept.batch);
            tell(format!("{name}: line {line}: is known already as another, and kept as it was: {kept}"));
        }
        let more = added.others - added.other.len() as u64;
        if more > 0 {
            tell(format!("{name}: so are {more} more"));
        }
        if added.others == 0 { Ok(()) } else { Err(Failure::Told) }
    }

    /// The file's codes, sealed, with the line of each; its faults are told one a line.
    fn read(
        &self,
        config: &Config,
        ledger: &Ledger,
        batch: &str,
        now: Timestamp,
    ) -> Result<(Vec<u64>, Vec<Code>), Failure> {
        let name = self.file.display().to_string();
        let file = File::open(&self.file).map_err(|error| told(&format!("{name}: {error}")))?;
        let rule = |(name, provider): (&String, &_)| (name.clone(), PackageRule::of(provider));
        // A fault of the catalog stops nobody who takes in activation codes.
        let catalog = catalog(config).ok();
        let known = Known {
            providers: config.providers.iter().map(rule).collect(),
            catalog: catalog.as_ref(),
            batch: batch.to_owned(),
            tenant: self.tenant.clone(),
            now,
        };
        let rows = stock::read(&name, file, &known).map_err(|faults| {
            tell(faults);
            Failure::Told
        })?;
        let lines = rows.iter().map(|row| row.line).collect();
        Ok((
            lines,
            rows.into_iter()
                .map(|row| row.about.code(&row.code, ledger.vault(), now))
                .collect::<Result<_, _>>()?,
        ))
    }
}
