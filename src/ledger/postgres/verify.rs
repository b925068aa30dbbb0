//! The check of the whole ledger on a server: numbers by the page, each page seen at one moment.

use sqlx::Row;
use sqlx::postgres::PgConnection;

use super::batch::Batch;
use super::fetch::fetch;
use super::lookups::Lookups;
use super::terms::Known;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::ledger::verify::{BROKEN_LINKS, NUMBERS, NUMBERS_MAX, Verified, check};

/// A check asks for a number's history and services, then for their states and past runs, then for its
/// devices and what is on them.
const ROUNDS_MAX: usize = 16;

/// A statement may read whole tables here, and as it likes.
const UNBOUND: &str = "SET statement_timeout = 0; SET enable_seqscan = on; SET enable_hashjoin = on; \
    SET enable_mergejoin = on; SET plan_cache_mode = auto";

impl Lookups {
    /// Checks everything on a session of its own.
    pub(in crate::ledger) async fn verify(
        &self,
        mut progress: impl FnMut(u64),
    ) -> Result<Verified, StoreError> {
        let mut connection = self.hosts.connect().await?;
        let mut verified = Verified::default();
        let mut after = String::new();
        loop {
            sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut connection).await?;
            let numbers = numbers_after(&mut connection, &after).await?;
            let Some(last) = numbers.last() else { break };
            last.in_full().clone_into(&mut after);
            let counted = verified.numbers + numbers.len() as u64;
            page(&mut connection, &self.known, &numbers, &mut verified).await?;
            sqlx::raw_sql("ROLLBACK").execute(&mut connection).await?;
            verified.numbers = counted;
            progress(counted);
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut connection).await?;
        sqlx::raw_sql(UNBOUND).execute(&mut connection).await?;
        for sql in BROKEN_LINKS {
            for row in sqlx::query(sql).fetch_all(&mut connection).await? {
                verified.fault(row.try_get(0)?);
            }
        }
        Ok(verified)
    }
}

async fn numbers_after(connection: &mut PgConnection, after: &str) -> Result<Vec<Msisdn>, StoreError> {
    let rows = sqlx::query(NUMBERS).bind(after).bind(NUMBERS_MAX).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(Msisdn::from_canonical(row.try_get(0)?))).collect()
}

async fn page(
    connection: &mut PgConnection,
    known: &Known,
    numbers: &[Msisdn],
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let mut batch = Batch::new(known, None);
    for number in numbers {
        batch.wanted.histories.insert(number.clone());
        batch.wanted.services.insert(number.clone());
    }
    for _ in 0..ROUNDS_MAX {
        fetch(connection, known, 0, &mut batch).await?;
        let mut seen = verified.clone();
        let checked: Vec<_> = numbers.iter().map(|number| check(&mut batch, number, &mut seen)).collect();
        if !batch.wants() {
            *verified = seen;
            return checked.into_iter().collect();
        }
    }
    Err(StoreError::broken("a check asked for more rows without end"))
}
