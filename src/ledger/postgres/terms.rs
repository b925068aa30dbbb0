//! The copies of offers on a server, where another gateway may add some at any time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::link::{Ask, Link};
use crate::ledger::StoreError;
use crate::ledger::rules::InForce;
use crate::ledger::terms::{read, write};
use crate::subscription::terms::{Terms, TermsBook};

/// Numbers today's terms, adding those the ledger has not seen, and reads all older ones.
pub(super) async fn register(link: &mut Link, today: Vec<Terms>) -> Result<TermsBook, StoreError> {
    let bodies = today.iter().map(write).collect::<Result<Vec<_>, _>>()?;
    let mut known = all(link).await?;
    if !bodies.iter().all(|body| known.contains_key(body)) {
        let sql = "/* terms add */ INSERT INTO terms (body) SELECT body FROM unnest($1::text[]) AS body \
                   ON CONFLICT (body) DO NOTHING";
        link.ask(Ask::new(sql).with(&bodies)).await?;
        known = all(link).await?;
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

async fn all(link: &mut Link) -> Result<HashMap<String, i64>, StoreError> {
    let rows = link.ask(Ask::new("/* terms all */ SELECT body, id FROM terms")).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// All terms that this process has met: the book's, and those other gateways have added since.
pub(super) struct Known {
    pub(super) rules: Arc<InForce>,
    others: RwLock<HashMap<i64, Arc<Terms>>>,
}

impl Known {
    pub(super) fn new(rules: Arc<InForce>) -> Self {
        Self { rules, others: RwLock::default() }
    }

    pub(super) fn get(&self, id: i64) -> Option<Arc<Terms>> {
        let others = || self.others.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        self.rules.load().book.get(id).cloned().or_else(others)
    }

    /// The same, where a row that was read names it.
    pub(super) fn named(&self, id: i64) -> Result<Arc<Terms>, StoreError> {
        self.get(id).ok_or_else(|| StoreError::broken(format!("terms {id} are named but missing")))
    }

    /// Reads those that are not known yet.
    pub(super) async fn learn(&self, link: &mut Link, ids: Vec<i64>) -> Result<(), StoreError> {
        let unknown: Vec<i64> = ids.into_iter().filter(|id| self.get(*id).is_none()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let sql = "/* terms some */ SELECT id, body FROM terms WHERE id = ANY($1)";
        for row in link.ask(Ask::new(sql).with(unknown)).await? {
            let terms = read(row.try_get(0)?, row.try_get(1)?)?;
            self.others.write().unwrap_or_else(PoisonError::into_inner).insert(terms.id, Arc::new(terms));
        }
        Ok(())
    }
}
