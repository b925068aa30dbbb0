//! A server's rows as values.

use tokio_postgres::Row as Fields;
use tokio_postgres::types::FromSql;

use super::terms::Known;
use crate::clock::Timestamp;
use crate::ledger::journal::{Row, Source};
use crate::ledger::raw::Raw;
use crate::ledger::{StoreError, standing};
use crate::subscription::order::Newest;
use crate::subscription::{Run, Subscription};

/// The columns of a subscription, as [`subscription`] and [`newest`] read them.
pub(super) const SUBSCRIPTION: &str = "s.terms_id, s.standing, s.founder, s.starts_at, s.expires_at, s.lapses_at, \
    s.ended_at, s.auto_renew, s.channel, s.reg_id, s.updated_at, s.newest_queue, s.newest_at";

/// How many they are.
pub(super) const SUBSCRIPTION_COLUMNS: usize = 13;

/// A row of the journal, its columns from `from` on in the order of `journal::COLUMNS`.
pub(super) fn notice(row: &Fields, from: usize) -> Result<Row, StoreError> {
    Row::read(&mut Cells { row, place: from })
}

/// The cells of a row that was found.
struct Cells<'r> {
    row: &'r Fields,
    place: usize,
}

impl<'r> Cells<'r> {
    fn next<T: FromSql<'r>>(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get(self.place)?;
        self.place += 1;
        Ok(value)
    }
}

impl Source for Cells<'_> {
    fn int_or_none(&mut self) -> Result<Option<i64>, StoreError> {
        self.next()
    }

    fn text_or_none(&mut self) -> Result<Option<String>, StoreError> {
        self.next()
    }
}

/// A message as it came, beginning at column 1.
pub(super) fn raw(row: &Fields) -> Result<Raw, StoreError> {
    Ok(Raw {
        method: row.try_get(1)?,
        path: row.try_get(2)?,
        query: row.try_get(3)?,
        content_type: row.try_get(4)?,
        body: row.try_get::<_, Vec<u8>>(5)?.into(),
        status: u16::try_from(row.try_get::<_, i64>(6)?).unwrap_or_default(),
        reply: row.try_get(7)?,
        content_encoding: row.try_get(8)?,
    })
}

/// A subscription whose columns begin at `from`; its terms must be known.
pub(super) fn subscription(row: &Fields, from: usize, known: &Known) -> Result<Subscription, StoreError> {
    let terms = known.named(row.try_get(from)?)?;
    let founder: Option<i64> = row.try_get(from + 2)?;
    let run = match founder {
        Some(founder) => Some(Run {
            terms: terms.clone(),
            founder,
            starts_at: Timestamp(row.try_get(from + 3)?),
            expires_at: Timestamp(row.try_get(from + 4)?),
            lapses_at: Timestamp(row.try_get(from + 5)?),
            ended_at: time(row, from + 6)?,
            auto_renew: row.try_get::<_, i64>(from + 7)? != 0,
        }),
        None => None,
    };
    Ok(Subscription {
        standing: standing::parse(row.try_get(from + 1)?)?,
        run,
        channel: row.try_get(from + 8)?,
        reg_id: row.try_get(from + 9)?,
        updated_at: Timestamp(row.try_get(from + 10)?),
        terms,
    })
}

/// How far the fold has come by a subscription's row.
pub(super) fn newest(row: &Fields, from: usize) -> Result<Newest, StoreError> {
    let queue: Option<&str> = row.try_get(from + 11)?;
    Ok(Newest { queue: queue.and_then(|text| text.parse().ok()), at: time(row, from + 12)? })
}

/// A past run: founder, times and renewal from column `from` on.
pub(super) fn past(row: &Fields, from: usize, known: &Known) -> Result<Run, StoreError> {
    Ok(Run {
        terms: known.named(row.try_get(from)?)?,
        founder: row.try_get(from + 1)?,
        starts_at: Timestamp(row.try_get(from + 2)?),
        expires_at: Timestamp(row.try_get(from + 3)?),
        lapses_at: Timestamp(row.try_get(from + 4)?),
        ended_at: time(row, from + 5)?,
        auto_renew: row.try_get::<_, i64>(from + 6)? != 0,
    })
}

fn time(row: &Fields, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp))
}
