//! Reads what a batch wants: one statement for each kind of row, whatever their number, and all of them in
//! one trip.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::batch::Batch;
use super::link::{Ask, Link};
use super::place::refuse_standby;
use super::rows;
use super::sets::{Fetched, Service, Wanted, With};
use super::terms::Known;
use super::{overlay, tables};
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::journal::COLUMNS;

// Where a table may be partitioned, keys are joined laterally, one after the other: each then opens the one
// partition that it can be in. `= ANY($1)` would open all of them, under a plan that is made once. `OFFSET 0`
// keeps the planner from joining in another order, by which it would read whole tables that were small when the
// plan was made.

/// Who holds identities; and in the same statement, numbers for new rows (their key is null), and which
/// numbers have any device (their row is null).
const HOLDERS: &str = "/* identity holders */ SELECT i.key, i.notice_id FROM unnest($1::text[]) AS k (key) \
    CROSS JOIN LATERAL (SELECT * FROM identity i WHERE i.key = k.key OFFSET 0) AS i \
    UNION ALL SELECT NULL, nextval('notice_id_seq') FROM generate_series(1, $2::bigint) \
    UNION ALL SELECT msisdn, NULL FROM device WHERE msisdn = ANY($3)";

const RAWS: &str = "/* notice_raw some */ SELECT r.notice_id, r.method, r.path, r.query, r.content_type, r.body, \
    r.status, r.reply, r.content_encoding FROM unnest($1::bigint[]) AS k (id) \
    CROSS JOIN LATERAL (SELECT * FROM notice_raw r WHERE r.notice_id = k.id OFFSET 0) AS r";

const PASTS: &str = "/* past_run some */ SELECT p.msisdn, p.service_id, p.terms_id, p.founder, p.starts_at, \
    p.expires_at, p.lapses_at, p.ended_at, p.auto_renew FROM unnest($1::text[], $2::text[]) AS k (number, service) \
    CROSS JOIN LATERAL \
    (SELECT * FROM past_run p WHERE p.msisdn = k.number AND p.service_id = k.service OFFSET 0) AS p";

const SERVICES: &str = "/* services some */ SELECT DISTINCT s.msisdn, s.service_id FROM unnest($1::text[]) AS k (number) \
    CROSS JOIN LATERAL (SELECT s.msisdn, s.service_id FROM subscription s WHERE s.msisdn = k.number \
    UNION ALL SELECT p.msisdn, p.service_id FROM past_run p WHERE p.msisdn = k.number OFFSET 0) AS s";

/// Rows of the journal whose numbers are known.
const OF_NUMBERS: &str = "FROM unnest($1::text[], $2::bigint[]) AS k (number, id) CROSS JOIN LATERAL \
    (SELECT * FROM notice n WHERE n.msisdn = k.number AND n.id = k.id OFFSET 0) AS n";

/// The same by their ids alone: every partition is asked.
const OF_IDS: &str = "FROM unnest($1::bigint[]) AS k (id) CROSS JOIN LATERAL \
    (SELECT * FROM notice n WHERE n.id = k.id OFFSET 0) AS n";

const HISTORIES: &str = "FROM unnest($1::text[]) AS k (number) CROSS JOIN LATERAL \
    (SELECT * FROM notice n WHERE n.msisdn = k.number AND n.scope IS NOT NULL OFFSET 0) AS n";

const JOURNALS: &str = "FROM unnest($1::text[]) AS k (number) CROSS JOIN LATERAL \
    (SELECT * FROM notice n WHERE n.msisdn = k.number OFFSET 0) AS n";

/// What is held of services.
const STATES: &str = "FROM unnest($1::text[], $2::text[]) AS k (number, service) CROSS JOIN LATERAL \
    (SELECT * FROM subscription s WHERE s.msisdn = k.number AND s.service_id = k.service OFFSET 0) AS s";

/// The same, with a row for each question, whether anything is held or not.
const STATES_OR_NONE: &str = "FROM unnest($1::text[], $2::text[]) AS k (number, service) LEFT JOIN LATERAL \
    (SELECT * FROM subscription s WHERE s.msisdn = k.number AND s.service_id = k.service OFFSET 0) AS s ON true";

/// The same, and the histories of those who hold nothing: they may have some all the same, of notices that
/// stood by another catalog or of other services.
const STATES_OR_HISTORIES: &str = "FROM unnest($1::text[], $2::text[]) AS k (number, service) LEFT JOIN LATERAL \
    (SELECT * FROM subscription s WHERE s.msisdn = k.number AND s.service_id = k.service OFFSET 0) AS s ON true \
    LEFT JOIN LATERAL (SELECT * FROM notice n WHERE s.msisdn IS NULL AND n.msisdn = k.number \
    AND n.scope IS NOT NULL OFFSET 0) AS n ON true WHERE s.msisdn IS NOT NULL OR n.id IS NOT NULL";

/// What is asked, and of what kind each answer is.
struct Trip<'a> {
    asks: Vec<Ask<'a>>,
    parts: Vec<Part>,
}

/// A kind of answer.
enum Part {
    /// To the beginning of a transaction.
    Nothing,
    Holders,
    States,
    Notices,
    Histories,
    Journals,
    Raws,
    Pasts,
    Services,
    Tables(tables::Part),
}

impl<'a> Trip<'a> {
    fn ask(&mut self, part: Part, ask: Ask<'a>) {
        self.asks.push(ask);
        self.parts.push(part);
    }

    /// Asks for a batch's identities, numbers for so many new rows, and whose devices there are.
    fn holders(&mut self, wanted: &'a Wanted, ids: usize, devices: &'a overlay::Wanted) {
        if wanted.identities.is_empty() && devices.devices.is_empty() && ids == 0 {
            return;
        }
        let identities: Vec<&str> = wanted.identities.keys().map(String::as_str).collect();
        let numbers: Vec<&str> = devices.devices.iter().map(Msisdn::in_full).collect();
        let count = i64::try_from(ids).unwrap_or_default();
        self.ask(Part::Holders, Ask::new(HOLDERS).with(identities).with(count).with(numbers));
    }

    /// Asks for the rest of the journal and its fold.
    fn journal(&mut self, wanted: &'a Wanted) {
        let Wanted { notices, raws, states, histories, journals, pasts, services, .. } = wanted;
        if !states.is_empty() {
            let (numbers, ids) = keys(states);
            let held = format!("s.msisdn, s.service_id, {}", rows::SUBSCRIPTION);
            let sql = match wanted.states_with {
                With::Nothing => format!("/* subscription states */ SELECT {held} {STATES}"),
                With::Role => {
                    format!("/* subscription look-up */ SELECT {held}, pg_is_in_recovery() {STATES_OR_NONE}")
                }
                With::HistoriesOfNew => format!(
                    "/* subscription states, or histories */ SELECT {held}, {} {STATES_OR_HISTORIES}",
                    told()
                ),
            };
            self.ask(Part::States, Ask::new(sql).with(numbers).with(ids));
        }
        let (known, unknown): (Vec<_>, Vec<_>) = notices.iter().partition(|(_, number)| number.is_some());
        if !known.is_empty() {
            let sql = format!("/* notice some of numbers */ SELECT {} {OF_NUMBERS}", told());
            let numbers: Vec<&str> =
                known.iter().filter_map(|(_, n)| n.as_ref().map(Msisdn::in_full)).collect();
            let ids = ids_of(known.iter().map(|(id, _)| *id));
            self.ask(Part::Notices, Ask::new(sql).with(numbers).with(ids));
        }
        if !unknown.is_empty() {
            let sql = format!("/* notice some */ SELECT {} {OF_IDS}", told());
            self.ask(Part::Notices, Ask::new(sql).with(ids_of(unknown.iter().map(|(id, _)| *id))));
        }
        if !histories.is_empty() {
            let sql = format!("/* notice histories */ SELECT {} {HISTORIES}", told());
            let numbers: Vec<&str> = histories.iter().map(Msisdn::in_full).collect();
            self.ask(Part::Histories, Ask::new(sql).with(numbers));
        }
        if !journals.is_empty() {
            let sql = format!("/* notice journals */ SELECT {} {JOURNALS}", told());
            let numbers: Vec<&str> = journals.iter().map(Msisdn::in_full).collect();
            self.ask(Part::Journals, Ask::new(sql).with(numbers));
        }
        if !raws.is_empty() {
            self.ask(Part::Raws, Ask::new(RAWS).with(ids_of(raws)));
        }
        if !pasts.is_empty() {
            let (numbers, ids) = keys(pasts);
            self.ask(Part::Pasts, Ask::new(PASTS).with(numbers).with(ids));
        }
        if !services.is_empty() {
            let numbers: Vec<&str> = services.iter().map(Msisdn::in_full).collect();
            self.ask(Part::Services, Ask::new(SERVICES).with(numbers));
        }
    }
}

/// Fetches all that a batch wants, and `ids` new numbers for the journal; `begin` goes first in the same
/// trip.
pub(super) async fn fetch(
    link: &mut Link,
    begin: Option<Ask<'_>>,
    known: &Known,
    ids: usize,
    batch: &mut Batch<'_>,
) -> Result<(), StoreError> {
    let wanted = std::mem::take(&mut batch.wanted);
    let more = std::mem::take(&mut batch.overlay.wanted);
    let mut trip = Trip { asks: Vec::new(), parts: Vec::new() };
    if let Some(begin) = begin {
        trip.ask(Part::Nothing, begin);
    }
    trip.holders(&wanted, ids + wanted.ids, &more);
    trip.journal(&wanted);
    for (part, ask) in tables::asks(&more, batch.is_to_write()) {
        trip.ask(Part::Tables(part), ask);
    }
    let into = (&mut batch.fetched, &mut batch.overlay.fetched);
    go(link, known, trip, (&wanted, &more), into).await
}

/// Fetches what is wanted of the journal and its fold, but for identities.
pub(super) async fn journal(
    link: &mut Link,
    known: &Known,
    wanted: &Wanted,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let mut trip = Trip { asks: Vec::new(), parts: Vec::new() };
    trip.journal(wanted);
    let (more, mut tables) = <(overlay::Wanted, overlay::Fetched)>::default();
    go(link, known, trip, (wanted, &more), (into, &mut tables)).await
}

async fn go(
    link: &mut Link,
    known: &Known,
    trip: Trip<'_>,
    (wanted, more): (&Wanted, &overlay::Wanted),
    (into, tables): (&mut Fetched, &mut overlay::Fetched),
) -> Result<(), StoreError> {
    let mut terms: Vec<i64> = wanted.terms.iter().copied().collect();
    let mut answers = Vec::new();
    if !trip.asks.is_empty() {
        answers = link.ask_all(trip.asks).await?;
    }
    for (part, found) in trip.parts.iter().zip(&answers) {
        if matches!(part, Part::States | Part::Pasts) {
            for row in found {
                terms.extend(row.try_get::<_, Option<i64>>(2)?);
            }
        }
    }
    known.learn(link, terms).await?;
    for (part, found) in trip.parts.into_iter().zip(answers) {
        match part {
            Part::Nothing => {}
            Part::Holders => holders(&found, wanted, more, (into, tables))?,
            Part::States => states(&found, known, wanted, into)?,
            Part::Notices => notices(&found, wanted, into)?,
            Part::Histories => {
                into.histories.extend(wanted.histories.iter().map(|number| (number.clone(), Vec::new())));
                histories(&found, 0, into)?;
            }
            Part::Journals => journals(&found, wanted, into)?,
            Part::Raws => raws(&found, wanted, into)?,
            Part::Pasts => pasts(&found, known, wanted, into)?,
            Part::Services => services(&found, wanted, into)?,
            Part::Tables(part) => tables::take(&part, &found, more, tables)?,
        }
    }
    wanted.terms.iter().try_for_each(|id| known.named(*id).map(drop))
}

fn holders(
    found: &[Row],
    wanted: &Wanted,
    more: &overlay::Wanted,
    (into, tables): (&mut Fetched, &mut overlay::Fetched),
) -> Result<(), StoreError> {
    into.identities.extend(wanted.identities.keys().map(|key| (key.clone(), None)));
    tables.devices.extend(more.devices.iter().map(|number| (number.clone(), false)));
    for row in found {
        let (key, id): (Option<String>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        match (key, id) {
            (Some(key), Some(id)) => {
                let number = wanted.identities.get(&key).cloned().flatten();
                into.numbers.extend(number.map(|number| (NoticeId(id), number)));
                into.identities.insert(key, Some(NoticeId(id)));
            }
            (None, Some(id)) => into.ids.push(NoticeId(id)),
            (Some(number), None) => drop(tables.devices.insert(Msisdn::from_canonical(number), true)),
            (None, None) => {}
        }
    }
    Ok(())
}

fn states(found: &[Row], known: &Known, wanted: &Wanted, into: &mut Fetched) -> Result<(), StoreError> {
    into.states.extend(wanted.states.iter().map(|service| (service.clone(), Default::default())));
    let (held, told): (Vec<&Row>, Vec<&Row>) =
        found.iter().partition(|row| matches!(row.try_get(0), Ok(Some::<&str>(_))));
    if let (With::Role, Some(row)) = (wanted.states_with, found.first()) {
        refuse_standby(row.try_get(2 + rows::SUBSCRIPTION_COLUMNS)?)?;
    }
    for row in held {
        if let Some(state) = into.states.get_mut(&service(row)?) {
            state.newest = state.newest.and(rows::newest(row, 2)?);
            let held = rows::subscription(row, 2, known)?;
            let place = state.subscriptions.partition_point(|s| s.terms.package_id < held.terms.package_id);
            state.subscriptions.insert(place, held);
        }
    }
    if wanted.states_with == With::HistoriesOfNew {
        let is_new =
            |service: &&Service| into.states.get(*service).is_none_or(|s| s.subscriptions.is_empty());
        let new: Vec<Msisdn> =
            wanted.states.iter().filter(is_new).map(|(number, _)| number.clone()).collect();
        into.histories.extend(new.into_iter().map(|number| (number, Vec::new())));
        histories(told, 2 + rows::SUBSCRIPTION_COLUMNS, into)?;
    }
    Ok(())
}

/// Histories whose rows begin at a column.
fn histories<'r>(
    found: impl IntoIterator<Item = &'r Row>,
    from: usize,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    for row in found {
        let row = rows::notice(row, from)?;
        let history = row.msisdn.as_ref().and_then(|number| into.histories.get_mut(number));
        if let Some(history) = history {
            history.push(row.id);
        }
        into.notices.insert(row.id, Some(row));
    }
    Ok(())
}

fn journals(found: &[Row], wanted: &Wanted, into: &mut Fetched) -> Result<(), StoreError> {
    into.journals.extend(wanted.journals.iter().map(|number| (number.clone(), Vec::new())));
    for row in found {
        let row = rows::notice(row, 0)?;
        let journal = row.msisdn.as_ref().and_then(|number| into.journals.get_mut(number));
        if let Some(journal) = journal {
            journal.push(row.id);
        }
        into.notices.insert(row.id, Some(row));
    }
    Ok(())
}

fn notices(found: &[Row], wanted: &Wanted, into: &mut Fetched) -> Result<(), StoreError> {
    for (id, number) in &wanted.notices {
        match number {
            None => drop(into.notices.entry(*id).or_default()),
            // Kept when its number could not be read yet: it is asked for once more, by its id alone.
            Some(_) => drop(into.numbers.remove(id)),
        }
    }
    for row in found {
        let row = rows::notice(row, 0)?;
        into.notices.insert(row.id, Some(row));
    }
    Ok(())
}

fn raws(found: &[Row], wanted: &Wanted, into: &mut Fetched) -> Result<(), StoreError> {
    into.raws.extend(wanted.raws.iter().map(|id| (*id, None)));
    for row in found {
        into.raws.insert(NoticeId(row.try_get(0)?), Some(rows::raw(row)?));
    }
    Ok(())
}

fn pasts(found: &[Row], known: &Known, wanted: &Wanted, into: &mut Fetched) -> Result<(), StoreError> {
    let mut pasts: HashMap<Service, Vec<_>> =
        wanted.pasts.iter().map(|service| (service.clone(), Vec::new())).collect();
    for row in found {
        pasts.entry(service(row)?).or_default().push(rows::past(row, 2, known)?);
    }
    into.pasts.extend(pasts);
    Ok(())
}

fn services(found: &[Row], wanted: &Wanted, into: &mut Fetched) -> Result<(), StoreError> {
    into.services.extend(wanted.services.iter().map(|number| (number.clone(), Vec::new())));
    for row in found {
        let (number, service_id) = service(row)?;
        into.services.entry(number).or_default().push(service_id);
    }
    Ok(())
}

fn service(row: &Row) -> Result<Service, StoreError> {
    Ok((Msisdn::from_canonical(row.try_get(0)?), row.try_get(1)?))
}

fn keys<'s>(services: impl IntoIterator<Item = &'s Service>) -> (Vec<&'s str>, Vec<&'s str>) {
    services.into_iter().map(|(number, service_id)| (number.in_full(), service_id.as_str())).unzip()
}

/// The journal's columns, of a table that goes by `n`.
fn told() -> String {
    format!("n.{}", COLUMNS.replace(", ", ", n."))
}

fn ids_of<'i>(ids: impl IntoIterator<Item = &'i NoticeId>) -> Vec<i64> {
    ids.into_iter().map(|id| id.0).collect()
}
