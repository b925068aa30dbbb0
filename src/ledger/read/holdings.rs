//! What a number holds of every service, past runs included.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::{Ledger, StoreError, standing, terms};
use crate::subscription::terms::Terms;
use crate::subscription::{Run, ServiceState, Subscription};

const SUBSCRIPTIONS: &str = "/* holdings subscriptions */ SELECT s.terms_id, t.body, s.standing, s.founder, \
    s.starts_at, s.expires_at, s.lapses_at, s.ended_at, s.auto_renew, s.channel, s.reg_id, s.updated_at \
    FROM subscription s JOIN terms t ON t.id = s.terms_id WHERE s.msisdn = $1 \
    ORDER BY s.service_id, s.package_id";

const PAST: &str = "/* holdings past_run */ SELECT p.terms_id, t.body, p.founder, p.starts_at, p.expires_at, \
    p.lapses_at, p.ended_at, p.auto_renew FROM past_run p JOIN terms t ON t.id = p.terms_id \
    WHERE p.msisdn = $1 ORDER BY p.service_id, p.starts_at, p.founder";

impl Ledger {
    /// What a number holds, one state per service, by service id. Unknown numbers hold nothing.
    ///
    /// # Errors
    /// The engine's.
    pub async fn holdings(&self, number: &Msisdn) -> Result<Vec<ServiceState>, StoreError> {
        // One transaction, so that both tables are seen at one moment.
        let mut tx = self.0.pool.begin().await?;
        let states = states(&mut tx, number).await;
        tx.rollback().await?;
        states
    }
}

/// The same in a transaction that is there.
///
/// # Errors
/// The engine's.
pub(super) async fn states(
    connection: &mut AnyConnection,
    number: &Msisdn,
) -> Result<Vec<ServiceState>, StoreError> {
    let subscriptions = sqlx::query(SUBSCRIPTIONS).bind(number.in_full()).fetch_all(&mut *connection).await?;
    let past = sqlx::query(PAST).bind(number.in_full()).fetch_all(&mut *connection).await?;
    let mut services: BTreeMap<String, ServiceState> = BTreeMap::new();
    for row in subscriptions {
        let held = subscription(&row)?;
        services.entry(held.terms.service_id.clone()).or_default().subscriptions.push(held);
    }
    for row in past {
        let run = run(&row, copy(&row)?, row.try_get("founder")?)?;
        services.entry(run.terms.service_id.clone()).or_default().past.push(run);
    }
    Ok(services.into_values().collect())
}

fn subscription(row: &AnyRow) -> Result<Subscription, StoreError> {
    let terms = copy(row)?;
    let founder: Option<i64> = row.try_get("founder")?;
    Ok(Subscription {
        standing: standing::parse(row.try_get("standing")?)?,
        run: founder.map(|founder| run(row, Arc::clone(&terms), founder)).transpose()?,
        channel: row.try_get("channel")?,
        reg_id: row.try_get("reg_id")?,
        updated_at: Timestamp(row.try_get("updated_at")?),
        terms,
    })
}

fn run(row: &AnyRow, terms: Arc<Terms>, founder: i64) -> Result<Run, StoreError> {
    Ok(Run {
        terms,
        founder,
        starts_at: Timestamp(row.try_get("starts_at")?),
        expires_at: Timestamp(row.try_get("expires_at")?),
        lapses_at: Timestamp(row.try_get("lapses_at")?),
        ended_at: row.try_get::<Option<i64>, _>("ended_at")?.map(Timestamp),
        auto_renew: row.try_get::<i64, _>("auto_renew")? != 0,
    })
}

fn copy(row: &AnyRow) -> Result<Arc<Terms>, StoreError> {
    terms::read(row.try_get("terms_id")?, row.try_get("body")?).map(Arc::new)
}
