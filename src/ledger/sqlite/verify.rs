//! What a check of the whole ledger asks.

use rusqlite::Connection;

use super::check::quick_check;
use super::tables::Statements;
use super::{Readers, Tx, connect};

use crate::ids::Msisdn;
use crate::ledger::verify::{self, NUMBERS, NUMBERS_MAX, Verified, check};
use crate::ledger::{Rules, StoreError};

impl Readers {
    /// Checks everything on a connection of its own. Blocks.
    pub(in crate::ledger) fn verify(
        &self,
        rules: &Rules,
        mut progress: impl FnMut(u64),
    ) -> Result<Verified, StoreError> {
        let connection = connect::reader(&self.path)?;
        let mut verified = Verified { engine: Some("quick_check"), ..Verified::default() };
        for fault in quick_check(&connection, None)?.unwrap_or_default() {
            verified.fault(fault);
        }
        if verified.faults > 0 {
            return Ok(verified);
        }
        let (mut after, mut statements) = (String::new(), Statements::default());
        loop {
            let numbers = numbers_after(&connection, &after)?;
            let Some(last) = numbers.last() else { break };
            last.in_full().clone_into(&mut after);
            for number in &numbers {
                let snapshot = connection.unchecked_transaction()?;
                check(&mut Tx::new(&connection, &rules.book, &mut statements), rules, number, &mut verified)?;
                drop(snapshot);
                verified.numbers += 1;
            }
            progress(verified.numbers);
        }
        for fault in broken_links(&connection)? {
            verified.fault(fault);
        }
        Ok(verified)
    }
}

fn numbers_after(connection: &Connection, after: &str) -> Result<Vec<Msisdn>, StoreError> {
    let mut statement = connection.prepare_cached(NUMBERS)?;
    let rows = statement.query_map((after, NUMBERS_MAX), |row| row.get(0).map(Msisdn::from_canonical))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn broken_links(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut broken = Vec::new();
    for sql in verify::broken_links() {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        for row in rows {
            broken.push(row?);
        }
    }
    Ok(broken)
}
