//! What a check of the whole ledger asks.

use rusqlite::Connection;

use crate::ids::Msisdn;
use crate::ledger::StoreError;

/// Numbers read at a time.
const NUMBERS: i64 = 1000;

/// Links that must never be broken: each statement gives a sentence for every row that breaks one.
const BROKEN_LINKS: [&str; 3] = [
    "/* verify identities */ SELECT 'identity ' || i.key || ' names notice ' || i.notice_id || ', which is missing' \
     FROM identity i LEFT JOIN notice n ON n.id = i.notice_id WHERE n.id IS NULL LIMIT 100",
    "/* verify notices */ SELECT 'notice ' || n.id || ' is not the holder of its identity ' || n.identity \
     FROM notice n LEFT JOIN identity i ON i.key = n.identity WHERE (i.notice_id IS NULL OR i.notice_id <> n.id) \
     AND coalesce(n.reason, '') <> 'conflict' AND n.outcome <> 'discarded' LIMIT 100",
    "/* verify scopes */ SELECT 'notice ' || id || ' is ' || outcome || ' but its scope is ' || coalesce(scope, 'absent') \
     FROM notice WHERE (scope IS NULL) <> (outcome NOT IN ('applied', 'no_change', 'superseded')) LIMIT 100",
];

pub(super) fn numbers_after(connection: &Connection, after: &str) -> Result<Vec<Msisdn>, StoreError> {
    // Each side bounded by itself, or every page would read all that is left.
    let sql = "/* verify numbers */ SELECT msisdn FROM \
               (SELECT DISTINCT msisdn FROM notice WHERE msisdn > $1 ORDER BY msisdn LIMIT $2) \
               UNION SELECT msisdn FROM \
               (SELECT DISTINCT msisdn FROM subscription WHERE msisdn > $1 ORDER BY msisdn LIMIT $2) \
               ORDER BY 1 LIMIT $2";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((after, NUMBERS), |row| row.get(0).map(Msisdn::from_canonical))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn services(connection: &Connection, number: &Msisdn) -> Result<Vec<String>, StoreError> {
    let sql = "/* verify services */ SELECT service_id FROM subscription WHERE msisdn = $1 \
               UNION SELECT service_id FROM past_run WHERE msisdn = $1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([number.in_full()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn broken_links(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut broken = Vec::new();
    for sql in BROKEN_LINKS {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        for row in rows {
            broken.push(row?);
        }
    }
    Ok(broken)
}
