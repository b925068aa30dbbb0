//! The plain way to keep notices: each in a transaction of its own through sqlx, into the same schema in
//! the same mode (on SQLite, WAL and `synchronous=FULL`), the same rows with the same message read by the same
//! code.
//! It looks nothing up and decides nothing, which the gateway does.

use std::time::Duration;

use bytes::Bytes;
use chrono::FixedOffset;
use sdp_gateway::carrier::reading;
use sdp_gateway::clock::Clock;
use sdp_gateway::subscription::notice::{Notice, Reading, Reads};
use sdp_gateway::wire::code::Code;
use sdp_gateway::wire::{Message, accessgw, decode, read_text};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, SqlitePool};

use crate::{Result, http};

pub(crate) const IDENTITY: &str = "INSERT INTO identity (key, notice_id) VALUES ($1, $2)";

pub(crate) const NOTICE: &str = "INSERT INTO notice (received_at, caller, kind, outcome, answer, count, identity, msisdn, \
    queue_id, reg_type, reg_id, service_id, package_id, service_code, package_code, channel, price, event_at, \
    subscribe_at, expire_at, auto_renew, failed, scope) VALUES ($1, 'carrier', 'register', 'applied', 0, 1, $2, \
    $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, 't1') RETURNING id";

pub(crate) const RAW: &str = "INSERT INTO notice_raw (notice_id, method, path, query, content_type, body, status, reply) \
    VALUES ($1, 'POST', '/vascloud/v1/notify_reg.html', '', 'text/xml; charset=utf-8', $2, 200, $3)";

pub(crate) const SUBSCRIPTION: &str = "INSERT INTO subscription (msisdn, service_id, package_id, terms_id, standing, founder, \
    starts_at, expires_at, lapses_at, auto_renew, channel, reg_id, updated_at, newest_queue, newest_at) \
    VALUES ($1, $2, $3, 1, 'held', $4, $5, $6, $6, $7, $8, $9, $5, $10, $5) \
    ON CONFLICT (msisdn, service_id, package_id) DO UPDATE SET standing = excluded.standing, \
    founder = excluded.founder, starts_at = excluded.starts_at, expires_at = excluded.expires_at, \
    lapses_at = excluded.lapses_at, auto_renew = excluded.auto_renew, channel = excluded.channel, \
    reg_id = excluded.reg_id, updated_at = excluded.updated_at, newest_queue = excluded.newest_queue, \
    newest_at = excluded.newest_at";

const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) fn run(ledger: &str) -> Result<()> {
    match ledger.starts_with("postgres://") {
        true => on_postgres(ledger),
        false => on_sqlite(ledger),
    }
}

/// A server on one engine; and the transaction, the same on each. sqlx has one type for the statements of
/// all engines, `Any`, but that takes time of its own.
macro_rules! server {
    ($serve:ident, $keep:ident, $pool:ty, $begin:literal) => {
        fn $serve(start: impl Future<Output = Result<$pool>>) -> Result<()> {
            http::serve(async {
                let pool = start.await?;
                Ok(move |body: Bytes| {
                    let pool = pool.clone();
                    async move {
                        let (notice, reply) = read(&body)?;
                        let kept = $keep(&pool, &notice, &body, &reply).await;
                        kept.inspect_err(|error| eprintln!("{error}")).ok().map(|()| reply.into())
                    }
                })
            })
        }

        async fn $keep(pool: &$pool, notice: &Notice, body: &[u8], reply: &str) -> sqlx::Result<()> {
            let content = &notice.content;
            let number = content.msisdn.in_full();
            let at = notice.event_at.map(|at| at.0);
            let mut tx = pool.begin_with($begin).await?;
            let id: i64 = sqlx::query_scalar(NOTICE)
                .bind(1_773_111_602_340_i64)
                .bind(&notice.name)
                .bind(number)
                .bind(&notice.queue_id)
                .bind(notice.reg_type_sent.as_str())
                .bind(&content.reg_id)
                .bind(&content.sent.service_id)
                .bind(&content.sent.package_id)
                .bind(&content.sent.service_code)
                .bind(&content.sent.package_code)
                .bind(&notice.channel)
                .bind(&content.price)
                .bind(at)
                .bind(content.subscribe_at.map(|at| at.0))
                .bind(content.expire_at.map(|at| at.0))
                .bind(i64::from(content.auto_renew))
                .fetch_one(&mut *tx)
                .await?;
            sqlx::query(RAW).bind(id).bind(body).bind(reply).execute(&mut *tx).await?;
            sqlx::query(IDENTITY).bind(&notice.name).bind(id).execute(&mut *tx).await?;
            sqlx::query(SUBSCRIPTION)
                .bind(number)
                .bind(&content.sent.service_id)
                .bind(&content.sent.package_id)
                .bind(id)
                .bind(at)
                .bind(content.expire_at.map(|at| at.0))
                .bind(i64::from(content.auto_renew))
                .bind(&notice.channel)
                .bind(&content.reg_id)
                .bind(&notice.queue_id)
                .execute(&mut *tx)
                .await?;
            tx.commit().await
        }
    };
}

server!(serve_sqlite, keep_sqlite, SqlitePool, "BEGIN IMMEDIATE");
server!(serve_postgres, keep_postgres, PgPool, "BEGIN");

fn on_sqlite(ledger: &str) -> Result<()> {
    serve_sqlite(async {
        let options = SqliteConnectOptions::new()
            .filename(ledger)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE);
        // One writer: with several, they only wait for each other's lock.
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        Ok(pool.connect_with(options).await?)
    })
}

fn on_postgres(ledger: &str) -> Result<()> {
    serve_postgres(async {
        // Asking each session whether it lives would cost a trip more.
        let pool = PgPoolOptions::new().max_connections(16).test_before_acquire(false);
        Ok(pool.acquire_timeout(PATIENCE).connect(ledger).await?)
    })
}

fn read(body: &[u8]) -> Option<(Box<Notice>, String)> {
    let Ok(Message::AccessGw(message)) = read_text(&decode::text(body, None)) else { return None };
    match reading::read(&message, &Reads::in_zone(FixedOffset::east_opt(7 * 3600)?), Clock::system().now()) {
        Reading::Notice(notice) => Some((notice, accessgw::render(Code::Kept, &message.echo()))),
        _ => None,
    }
}
