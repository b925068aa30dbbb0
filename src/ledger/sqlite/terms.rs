//! The copies of offers: numbered once for each content.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::ledger::StoreError;
use crate::subscription::terms::{Terms, TermsBook};

/// Numbers today's terms, adding those the ledger has not seen, and reads all older ones.
pub(in crate::ledger) fn register_terms(
    connection: &mut Connection,
    today: Vec<Terms>,
) -> Result<TermsBook, StoreError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut book = TermsBook::default();
    for mut terms in today {
        terms.id = number(&tx, &terms)?;
        book.add_current(terms);
    }
    {
        let mut statement = tx.prepare("/* terms all */ SELECT id, body FROM terms")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (id, body): (i64, String) = (row.get(0)?, row.get(1)?);
            if book.get(id).is_none() {
                book.add(read(id, &body)?);
            }
        }
    }
    tx.commit()?;
    Ok(book)
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

fn number(tx: &Connection, terms: &Terms) -> Result<i64, StoreError> {
    let body = serde_json::to_string(terms).map_err(|e| StoreError::broken(e.to_string()))?;
    tx.execute(
        "/* terms add */ INSERT INTO terms (body) VALUES ($1) ON CONFLICT (body) DO NOTHING",
        [&body],
    )?;
    Ok(tx.query_row("/* terms number */ SELECT id FROM terms WHERE body = $1", params![body], |row| {
        row.get(0)
    })?)
}

fn read(id: i64, body: &str) -> Result<Terms, StoreError> {
    let terms: Terms = serde_json::from_str(body)
        .map_err(|e| StoreError::broken(format!("terms {id} cannot be read: {e}")))?;
    Ok(Terms { id, ..terms })
}
