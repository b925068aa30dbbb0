//! `codes generate`: draws codes, keeps them, and prints each once it is kept, so that none is printed that
//! does not exist.

use clap::Args;
use clap::error::ErrorKind;
use serde_json::json;

use super::{TOGETHER, batch, batch_of, catalog, check_tenant, tenant, told, warn_of_plain_text};
use crate::catalog::{GrantKind, Storage};
use crate::cli::progress::Screen;
use crate::cli::{Ended, Failure, Global, output, print, tell, wrong_usage};
use crate::clock::{Clock, Timestamp};
use crate::config::{Config, Mode};
use crate::ids::Tenant;
use crate::ledger::Ledger;
use crate::service::LOCAL_PROVIDER;
use crate::stock::{self, About, CodeText, PackageRule};

/// No service or retention is longer; ten years.
const DAYS_MAX: i64 = 3650;

/// Codes of one batch.
const COUNT_MAX: i64 = 1_000_000;

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// What activation codes are for
    #[arg(long, value_parser = GrantKind::ALL.map(GrantKind::word))]
    kind: Option<String>,
    /// How many
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=COUNT_MAX))]
    count: u32,
    /// How long the service of each lasts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
    days: Option<u32>,
    /// What is stored, for cloud: event where it is not said
    #[arg(long, value_parser = [Storage::Event, Storage::Continuous].map(Storage::word))]
    storage: Option<String>,
    /// How long recordings are kept, for cloud, in days
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=DAYS_MAX))]
    retention_days: Option<u32>,
    /// Who carries it out: local where it is not said, or the NAME of a [providers.NAME]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Alone: make vouchers of this [[package]] of the catalog, which says all that the other options would. With
    /// --kind and --days: the provider's own package that activation codes stand for
    #[arg(long, value_name = "NUMBER", value_parser = batch)]
    package: Option<String>,
    /// A name for these codes; else the time and the kind, or "vouchers"
    #[arg(long, value_name = "NAME", value_parser = batch)]
    batch: Option<String>,
    /// Until when they can be redeemed
    #[arg(long, value_name = "RFC3339", value_parser = time)]
    expires: Option<Timestamp>,
    /// Whose partners' users may redeem them: the tenant of a [[partner]]; else those of partners without one
    #[arg(long, value_name = "NAME", value_parser = tenant)]
    tenant: Option<Tenant>,
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::from_rfc3339(text).ok_or("not an RFC 3339 time")
}

impl Generate {
    pub(super) async fn run(self, global: &Global, config: &Config, ledger: &Ledger) -> Ended {
        let (now, count) = (Clock::system().now(), self.count);
        let about = self.about(config, now)?;
        warn_of_plain_text(config);
        let (mut screen, mut printer) = (Screen::new(), Printer::new(global.json));
        let (mut made, mut printed, mut ended) = (0, 0, Ok(()));
        printer.begin(&about.batch);
        while made < count && printed == made && ended.is_ok() {
            let many = usize::try_from(count - made).map_or(TOGETHER, |left| left.min(TOGETHER));
            ended = some(ledger, &about, many, now, &mut printer).await.map(|new| made += new);
            printed = if output::lost().is_none() { made } else { printed };
            screen.show("making codes", made.into(), count.into());
        }
        printer.end();
        screen.end();
        tell(format!("{made} codes in batch {}", about.batch));
        if ended.is_err() {
            let left = (count - made).min(u32::try_from(TOGETHER).unwrap_or(u32::MAX));
            tell(format!("sdp-gateway: up to {left} more may be in stock that were not printed"));
        }
        // A code is shown this once: here a reader that has gone away is a failure too.
        if printed < made {
            let why = "the output cannot be written to";
            return Err(told(&format!("{} of them are in stock and not printed: {why}", made - printed)));
        }
        ended
    }

    fn about(self, config: &Config, now: Timestamp) -> Result<About, Failure> {
        if self.expires.is_some_and(|at| at <= now) {
            wrong_usage(ErrorKind::ValueValidation, "--expires is in the past");
        }
        check_tenant(self.tenant.as_ref(), config)?;
        match (&self.kind, self.days) {
            (Some(kind), Some(days)) => {
                let kind = GrantKind::from_word(kind).unwrap_or(GrantKind::Cloud);
                self.activation(kind, days, config, now)
            }
            (None, None) => self.voucher(config, now),
            _ => {
                let what = "--kind and --days go together: with --package NUMBER they make activation codes for a \
                    provider's own package; without them it makes vouchers, whose kind and days are those of the \
                    [[package]] of the catalog";
                wrong_usage(ErrorKind::ArgumentConflict, what)
            }
        }
    }

    fn voucher(self, config: &Config, now: Timestamp) -> Result<About, Failure> {
        let Some(number) = self.package else {
            let what = "--kind and --days are missing, or --package NUMBER alone, which makes vouchers";
            wrong_usage(ErrorKind::MissingRequiredArgument, what)
        };
        if self.storage.is_some() || self.retention_days.is_some() || self.provider.is_some() {
            let what = "--storage, --retention-days and --provider of vouchers are those of the [[package]] that \
                --package names";
            wrong_usage(ErrorKind::ArgumentConflict, what);
        }
        let catalog = catalog(config)?;
        let unknown = || told(&format!("the catalog has no [[package]] with the number {number}"));
        let package = catalog.package(&number).ok_or_else(unknown)?;
        let batch = self.batch.unwrap_or_else(|| batch_of(now, "vouchers"));
        Ok(About::voucher(package, batch, self.expires, self.tenant))
    }

    fn activation(
        self,
        kind: GrantKind,
        days: u32,
        config: &Config,
        now: Timestamp,
    ) -> Result<About, Failure> {
        let storage = self.storage.as_deref().and_then(Storage::from_word);
        if kind != GrantKind::Cloud && (storage.is_some() || self.retention_days.is_some()) {
            wrong_usage(ErrorKind::ArgumentConflict, "--storage and --retention-days are for --kind cloud");
        }
        let provider = self.provider.unwrap_or_else(|| LOCAL_PROVIDER.to_owned());
        let known = config.providers.get(&provider);
        if known.is_none() && provider != LOCAL_PROVIDER {
            return Err(told(&format!("there is no [providers.{provider}] in the settings")));
        }
        let remote = known.and_then(|provider| provider.activation());
        if remote.is_some_and(|remote| remote.mode == Mode::Code) {
            let why = "redeems codes of its own: get some from there, and import them";
            return Err(told(&format!("{provider} {why}")));
        }
        let rule = known.map_or(PackageRule::Free, PackageRule::of);
        if let Err(what) = rule.check(self.package.as_deref()) {
            wrong_usage(ErrorKind::ValueValidation, &format!("--package {what}"));
        }
        Ok(About {
            kind,
            days,
            storage: (kind == GrantKind::Cloud).then_some(storage.unwrap_or(Storage::Event)),
            retention_days: self.retention_days,
            provider,
            package: self.package,
            voucher: None,
            batch: self.batch.unwrap_or_else(|| batch_of(now, kind.word())),
            expires_at: self.expires,
            tenant: self.tenant,
        })
    }
}

/// Makes, keeps and prints some; how many. One that there is already (nobody will live to see it) is
/// somebody else's: it is not printed, and another is drawn in the next round.
async fn some(
    ledger: &Ledger,
    about: &About,
    many: usize,
    now: Timestamp,
    printer: &mut Printer,
) -> Result<u32, Failure> {
    let texts = (0..many).map(|_| stock::draw()).collect::<Result<Vec<_>, _>>()?;
    let codes = texts.iter().map(|text| about.clone().code(text, ledger.vault(), now));
    let added = ledger.add_codes(codes.collect::<Result<_, _>>()?, |_| ()).await?;
    if added.new == 0 {
        return Err(told("every code drawn is in stock already: the randomness of this machine is broken"));
    }
    let new = texts.iter().enumerate().filter(|(place, _)| !added.known.contains(place));
    printer.codes(new.map(|(_, text)| text), about);
    Ok(u32::try_from(added.new).unwrap_or(u32::MAX))
}

/// Prints codes as they are made: one a line, or one JSON document.
struct Printer {
    json: bool,
    is_first: bool,
}

impl Printer {
    fn new(json: bool) -> Self {
        Self { json, is_first: true }
    }

    fn begin(&self, batch: &str) {
        if self.json {
            print(&format!("{{\"batch\":{},\"codes\":[", json!(batch)));
        }
    }

    fn codes<'c>(&mut self, codes: impl Iterator<Item = &'c CodeText>, about: &About) {
        let mut text = String::new();
        for code in codes {
            if self.json {
                let comma = if std::mem::take(&mut self.is_first) { "" } else { "," };
                let gives = match &about.voucher {
                    None => ("days", json!(about.days)),
                    Some(_) => ("package", json!(about.package)),
                };
                let code = json!({"code": code.in_full(), "kind": about.kind.word(), gives.0: gives.1});
                text += &format!("{comma}\n{code}");
            } else {
                text += &format!("{}\n", code.in_full());
            }
        }
        print(&text);
    }

    fn end(&self) {
        if self.json {
            print("\n]}\n");
        }
    }
}
