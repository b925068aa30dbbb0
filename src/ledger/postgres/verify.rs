//! The check of the whole ledger on a server: numbers by the page, each page seen at one moment.

use super::amcheck;
use super::batch::Batch;
use super::fetch::fetch;
use super::link::{Ask, Link};
use super::lookups::Lookups;
use super::terms::Known;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::ledger::verify::{NUMBERS, NUMBERS_MAX, Verified, broken_links, check};

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
        let mut link = self.hosts.connect().await?;
        let mut verified = Verified::default();
        amcheck::check(&mut link, &mut verified).await?;
        if verified.faults > 0 {
            return Ok(verified);
        }
        let mut after = String::new();
        loop {
            link.ask(Ask::plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await?;
            let numbers = numbers_after(&mut link, &after).await?;
            let Some(last) = numbers.last() else { break };
            last.in_full().clone_into(&mut after);
            let counted = verified.numbers + numbers.len() as u64;
            page(&mut link, &self.known, &numbers, &mut verified).await?;
            link.ask(Ask::plain("ROLLBACK")).await?;
            verified.numbers = counted;
            progress(counted);
        }
        link.ask(Ask::plain("ROLLBACK")).await?;
        link.ask(Ask::plain(UNBOUND)).await?;
        for sql in broken_links() {
            for row in link.ask(Ask::new(sql)).await? {
                verified.fault(row.try_get(0)?);
            }
        }
        Ok(verified)
    }
}

async fn numbers_after(link: &mut Link, after: &str) -> Result<Vec<Msisdn>, StoreError> {
    let rows = link.ask(Ask::new(NUMBERS).with(after).with(NUMBERS_MAX)).await?;
    rows.iter().map(|row| Ok(Msisdn::from_canonical(row.try_get(0)?))).collect()
}

async fn page(
    link: &mut Link,
    known: &Known,
    numbers: &[Msisdn],
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let rules = known.rules.load_full();
    let mut batch = Batch::new(known, None);
    batch.wants_folded();
    for number in numbers {
        batch.wanted.histories.insert(number.clone());
        batch.wanted.services.insert(number.clone());
    }
    for _ in 0..ROUNDS_MAX {
        fetch(link, None, known, 0, &mut batch).await?;
        let mut seen = verified.clone();
        let check = |number| check(&mut batch, &rules, number, &mut seen);
        let checked: Vec<_> = numbers.iter().map(check).collect();
        if !batch.wants() {
            *verified = seen;
            return checked.into_iter().collect();
        }
    }
    Err(StoreError::broken("a check asked for more rows without end"))
}
