//! Ledgers to begin with: made by the gateway itself, then filled as years of notices would have filled
//! them: for each number a register in the journal, its identity, and a subscription in force. The raw
//! messages are left out, as if purged.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use crate::Result;
use crate::process::{self, Server};

const NOTICE: &str = "INSERT INTO notice (received_at, caller, kind, outcome, answer, count, identity, msisdn, queue_id, \
    reg_type, reg_id, service_id, package_id, service_code, package_code, channel, price, event_at, subscribe_at, \
    expire_at, auto_renew, failed, scope) VALUES (?1, 'carrier', 'register', 'applied', 0, 1, 'q:' || ?2, ?3, ?2, \
    '1', ?4, '1000625', '1003013', 'LOVETV', 'NGAY', 'SMS', '3000', ?1, ?1, ?5, 1, 0, 't' || ?6)";

const IDENTITY: &str = "INSERT INTO identity (key, notice_id) VALUES ('q:' || ?1, ?2)";

const SUBSCRIPTION: &str = "INSERT INTO subscription (msisdn, service_id, package_id, terms_id, standing, founder, \
    starts_at, expires_at, lapses_at, auto_renew, channel, reg_id, updated_at, newest_queue, newest_at) \
    VALUES (?1, '1000625', '1003013', ?2, 'held', ?3, ?4, ?5, ?5, 1, 'SMS', ?6, ?4, ?7, ?4)";

/// When the registers came, and when what they paid for ends, ms since 1970: far ahead.
const BEGAN_MS: i64 = 1_770_000_000_000;
const ENDS_MS: i64 = 1_890_000_000_000;

/// The ledger of a gateway's folder.
pub(crate) fn ledger(folder: &Path) -> PathBuf {
    folder.join("data/gateway.db")
}

/// The same on a server, where one statement writes all rows of a table: for the number of subscriptions.
pub(crate) fn statements(subscriptions: u32) -> [String; 4] {
    let nth = format!(
        "(SELECT to_char(n, 'FM0000000000000') AS q, n FROM generate_series(1, {subscriptions}) AS n)"
    );
    let terms =
        "(SELECT id AS terms FROM terms WHERE body LIKE '%\"1000625\"%' AND body LIKE '%\"1003013\"%')";
    [
        format!(
            "INSERT INTO notice (received_at, caller, kind, outcome, answer, count, identity, msisdn, queue_id, \
             reg_type, reg_id, service_id, package_id, service_code, package_code, channel, price, event_at, \
             subscribe_at, expire_at, auto_renew, failed, scope) SELECT {BEGAN_MS}, 'carrier', 'register', \
             'applied', 0, 1, 'q:' || q, 84899999999 + n, q, '1', q, '1000625', '1003013', 'LOVETV', 'NGAY', \
             'SMS', '3000', {BEGAN_MS}, {BEGAN_MS}, {ENDS_MS}, 1, 0, 't' || terms FROM {nth} AS nth, {terms} AS terms"
        ),
        "INSERT INTO identity (key, notice_id) SELECT identity, id FROM notice".to_owned(),
        format!(
            "INSERT INTO subscription (msisdn, service_id, package_id, terms_id, standing, founder, starts_at, \
             expires_at, lapses_at, auto_renew, channel, reg_id, updated_at, newest_queue, newest_at) \
             SELECT msisdn, service_id, package_id, terms, 'held', id, event_at, expire_at, expire_at, 1, \
             channel, reg_id, event_at, id, event_at FROM notice, {terms} AS terms"
        ),
        "VACUUM ANALYZE".to_owned(),
    ]
}

/// Has the gateway make the ledger of its folder.
pub(crate) fn make(folder: &Path) -> Result<()> {
    let migrated = process::gateway(folder, None).arg("migrate").status()?;
    if !migrated.success() {
        return Err("migrate failed".into());
    }
    // Numbers the terms of the catalog.
    Server::gateway(folder, None, None)?.stop()
}

/// A folder with a ledger of so many subscriptions.
pub(crate) fn folder(parent: &Path, name: &str, subscriptions: u32) -> Result<PathBuf> {
    let folder = parent.join(name);
    std::fs::create_dir_all(&folder)?;
    make(&folder)?;
    if subscriptions > 0 {
        fill(&ledger(&folder), subscriptions)?;
    }
    Ok(folder)
}

/// A folder in which the build that runs there makes its ledger itself.
pub(crate) fn empty(parent: &Path, name: &str) -> Result<PathBuf> {
    let folder = parent.join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The same ledger in another folder.
pub(crate) fn copy(from: &Path, parent: &Path, name: &str) -> Result<PathBuf> {
    let folder = parent.join(name);
    std::fs::create_dir_all(folder.join("data"))?;
    std::fs::copy(ledger(from), ledger(&folder))?;
    Ok(folder)
}

fn fill(path: &Path, subscriptions: u32) -> Result<()> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "cache_size", -262_144)?;
    let terms: i64 = connection.query_row(
        "SELECT id FROM terms WHERE body LIKE '%\"1000625\"%' AND body LIKE '%\"1003013\"%'",
        [],
        |row| row.get(0),
    )?;
    let tx = connection.transaction()?;
    {
        let mut notice = tx.prepare(NOTICE)?;
        let mut identity = tx.prepare(IDENTITY)?;
        let mut subscription = tx.prepare(SUBSCRIPTION)?;
        for nth in 0..i64::from(subscriptions) {
            let (number, queue) = (format!("84{}", 900_000_000 + nth), format!("{:013}", nth + 1));
            notice.execute(params![BEGAN_MS, queue, number, queue, ENDS_MS, terms])?;
            identity.execute(params![queue, tx.last_insert_rowid()])?;
            let parsed = queue.trim_start_matches('0');
            subscription.execute(params![number, terms, nth, BEGAN_MS, ENDS_MS, queue, parsed])?;
        }
    }
    tx.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
