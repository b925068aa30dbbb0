//! `subscriber end` and `subscriber grant`: an operator's own word about a number.

use clap::Args;

use super::super::caller::{by, consent};
use super::super::table::columns;
use super::super::{Failure, Global, open, tell, told};
use super::cell;
use crate::clock::{Clock, Timestamp};
use crate::ids::Msisdn;
use crate::ledger::{Ending, Granting, Ledger, NotKept, Repaired};
use crate::{ledger, story};

#[derive(Debug, Args)]
pub(crate) struct End {
    /// The number, in any spelling
    #[arg(value_parser = Msisdn::parse)]
    msisdn: Msisdn,
    /// Only what it holds of this service of the carrier
    #[arg(long, value_name = "ID")]
    service: Option<String>,
    /// Only this package of the carrier
    #[arg(long, value_name = "ID")]
    package: Option<String>,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT", value_parser = ledger::why)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Grant {
    /// The number, in any spelling
    #[arg(value_parser = Msisdn::parse)]
    msisdn: Msisdn,
    /// The id of an offer of the catalog
    #[arg(long, value_name = "ID")]
    offer: String,
    /// Until when, exclusively: an RFC 3339 time that is ahead
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Timestamp,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT", value_parser = ledger::why)]
    why: Option<String>,
    /// Do not ask, also where the offer is in force until later and would end earlier
    #[arg(long)]
    yes: bool,
}

fn time(text: &str) -> Result<Timestamp, &'static str> {
    Timestamp::from_rfc3339(text).ok_or("not an RFC 3339 time, such as 2026-03-31T17:00:00Z")
}

pub(super) async fn end(global: &Global, end: End) -> Result<(), Failure> {
    let ledger = open::ledger(global).await?;
    let ending = Ending { service_id: end.service, package_id: end.package };
    let ended = ledger.end(end.msisdn.clone(), ending, by(end.why.as_deref())).await;
    let shown = show(global, &ledger, &end.msisdn, ended).await;
    ledger.close().await;
    shown
}

pub(super) async fn grant(global: &Global, grant: Grant) -> Result<(), Failure> {
    let ledger = open::judging(global).await?;
    let mut granting = Granting { offer: grant.offer.clone(), until: grant.until, may_shorten: false };
    let by = by(grant.why.as_deref());
    let mut granted = ledger.grant(grant.msisdn.clone(), granting.clone(), by.clone()).await;
    if let Ok(Repaired::WouldShorten(ends)) = granted {
        let (offer, number, ends) = (&grant.offer, &grant.msisdn, ends.rfc3339());
        let until = grant.until.rfc3339();
        let what = format!("{offer} of {number} is in force until {ends}, and would end at {until}");
        if let Err(refused) = consent(grant.yes, &what) {
            ledger.close().await;
            return Err(refused);
        }
        tell(&what);
        granting.may_shorten = true;
        granted = ledger.grant(grant.msisdn.clone(), granting, by).await;
    }
    let shown = match granted {
        Ok(Repaired::UnknownOffer) => {
            Err(Failure::Usage(format!("the catalog has no offer {}", grant.offer)))
        }
        Ok(Repaired::Past) => Err(Failure::Usage(format!("--until {} is not ahead", grant.until.rfc3339()))),
        Ok(Repaired::DatedAhead(told_for)) => Err(Failure::Usage(format!(
            "--until {}: {}",
            grant.until.rfc3339(),
            story::dated_ahead(told_for)
        ))),
        granted => show(global, &ledger, &grant.msisdn, granted).await,
    };
    ledger.close().await;
    shown
}

/// Prints the rows that were written, and what the number holds now.
async fn show(
    global: &Global,
    ledger: &Ledger,
    number: &Msisdn,
    repaired: Result<Repaired, NotKept>,
) -> Result<(), Failure> {
    let Repaired::Done(ids) = repaired? else {
        return Err(told("nothing changed: the number holds nothing of that"));
    };
    let told = story::repaired(ledger, number, &ids, Clock::system().now()).await?;
    let json = serde_json::to_value(told)?;
    global.print(&json, || {
        let table = |list: &str, heading: &[&str]| {
            let rows = json[list].as_array().into_iter().flatten();
            let row = |item| heading.iter().map(|key| cell(&serde_json::Value::clone(item)[*key])).collect();
            columns(heading, &rows.map(row).collect::<Vec<_>>())
        };
        let notices = table("notices", &["id", "kind", "service_id", "package_id", "outcome"]);
        let held = table("subscriptions", &["offer", "state", "subscribed_at", "expires_at"]);
        let note = json["note"].as_str().map_or_else(String::new, |note| format!("\n{note}\n"));
        notices + "\n" + &held + &note
    });
    Ok(())
}
