//! The copies of offers: numbered once for each content.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use crate::ledger::StoreError;
use crate::ledger::terms::{read, write};
use crate::subscription::terms::{Terms, TermsBook};

/// Numbers today's terms, adding those the ledger has not seen, and reads all older ones. Writes
/// nothing where all are known, so that commands which only read need no lock.
pub(super) fn register_terms(
    connection: &mut Connection,
    today: Vec<Terms>,
) -> Result<TermsBook, StoreError> {
    let mut known = all(connection)?;
    let bodies = today.iter().map(write).collect::<Result<Vec<_>, _>>()?;
    if !bodies.iter().all(|body| known.contains_key(body)) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for body in &bodies {
            let sql = "/* terms add */ INSERT INTO terms (body) VALUES ($1) ON CONFLICT (body) DO NOTHING";
            tx.execute(sql, [body])?;
        }
        tx.commit()?;
        known = all(connection)?;
    }
    let mut book = TermsBook::default();
    for (terms, body) in today.into_iter().zip(bodies) {
        if let Some(id) = known.remove(&body) {
            book.add_current(Terms { id, ..terms });
        }
    }
    for (body, id) in known {
        book.add(read(id, &body)?);
    }
    Ok(book)
}

/// Every copy and its number.
fn all(connection: &Connection) -> Result<HashMap<String, i64>, StoreError> {
    let mut statement = connection.prepare("/* terms all */ SELECT body, id FROM terms")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// One copy by its number, from the book, or from the ledger where another process has added it
/// since the book was read.
pub(super) fn terms(connection: &Connection, book: &TermsBook, id: i64) -> Result<Arc<Terms>, StoreError> {
    if let Some(terms) = book.get(id) {
        return Ok(Arc::clone(terms));
    }
    let mut statement = connection.prepare_cached("/* terms one */ SELECT body FROM terms WHERE id = $1")?;
    let body: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
    let body = body.ok_or_else(|| StoreError::broken(format!("terms {id} are named but missing")))?;
    read(id, &body).map(Arc::new)
}
