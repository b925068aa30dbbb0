//! One host of the address: how a session is made with it, and what must be true of the session before it is
//! used. What stands between may be a pooler or a balancer; [`super::settings`] says how one is told.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::link::{Ask, Link};
use super::settings::{READS, Settings, TWO_PROCESSES, Texts, refused};
use super::tls::{self, Files};
use crate::ledger::{ServerError, StoreError};

/// Held shared by every session on the ledger, and alone by a copy into it: so neither begins while
/// the other is there. No number is negative, and -1 is the operators'.
pub(in crate::ledger) const OPEN: i64 = -2;

/// How long one host may take to let us in.
pub(super) const CONNECT_MAX: Duration = Duration::from_secs(3);

/// Sessions that are held at once to find out a proxy: one that sends every second session's reads elsewhere
/// passes once in 256 starts, and then its sessions are refused one by one. Not more than a gateway needs.
const PROBES: usize = 8;

/// What is told of a server, on its way to where writes go: one of these functions is volatile, so no balancer
/// takes this for a read.
const ROLE: &str = "pg_is_in_recovery(), pg_try_advisory_lock_shared($1), current_setting('server_encoding'), \
    pg_postmaster_start_time()::text, inet_client_port()";

/// The timeline that a server writes. Only asked where there are several: not all that calls itself PostgreSQL
/// knows of timelines.
const TIMELINE: &str = "CASE WHEN pg_is_in_recovery() THEN 0 \
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint END";

/// One host, as the driver takes it.
pub(super) struct Place {
    /// For people: host and port.
    pub(super) name: String,
    pub(super) config: Config,
    tls: MakeRustlsConnect,
    settings: Settings,
    /// Whether others are named beside it.
    has_others: bool,
    /// Whether what stands before it has been found to keep sessions apart and together.
    is_proven: AtomicBool,
}

/// A session, and what its server is.
pub(super) struct Met {
    pub(super) link: Link,
    pub(super) is_standby: bool,
    /// When the server was started: no two that are apart were so in the same microsecond.
    pub(super) started: String,
    /// 0: a standby's, or not asked for.
    pub(super) timeline: i64,
    process: Option<String>,
    /// Whether nobody stands between.
    is_direct: bool,
}

impl Place {
    /// Reads an address of one host. sqlx does the reading, so that the reading pool and the sessions have
    /// the same rules: what the environment and `PGPASSFILE` add, and how files are named.
    pub(super) fn parse(address: &str, has_others: bool) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(address)?;
        // With another host, for of an IPv6 address it makes no URL.
        let whole = options.clone().host("localhost").to_url_lossy();
        let mut config = Config::new();
        match options.get_socket() {
            Some(folder) => config.host_path(folder),
            None => config.host(options.get_host()),
        };
        config.port(options.get_port()).user(options.get_username());
        config.dbname(options.get_database().unwrap_or(options.get_username()));
        if let Some(password) = whole.password() {
            config.password(percent_encoding::percent_decode_str(password).collect::<Vec<u8>>());
        }
        if let Some(name) = options.get_application_name() {
            config.application_name(name);
        }
        if let Some(theirs) = options.get_options() {
            config.options(theirs);
        }
        let mode = options.get_ssl_mode();
        config.ssl_mode(match mode {
            PgSslMode::Disable => SslMode::Disable,
            PgSslMode::Allow | PgSslMode::Prefer => SslMode::Prefer,
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => SslMode::Require,
        });
        // sqlx writes what it read as "file: PATH".
        let file = |name| {
            let (_, read) = whole.query_pairs().find(|(key, _)| key == name)?;
            Some(read.strip_prefix("file: ").unwrap_or(&read).into())
        };
        let files = Files { trusted: file("sslrootcert"), certificate: file("sslcert"), key: file("sslkey") };
        let tls =
            tls::connector(mode, &files).map_err(|error| sqlx::Error::Configuration(Box::new(error)))?;
        let server = options.get_socket().map_or(options.get_host().to_owned(), |s| s.display().to_string());
        let name = format!("{server}:{}", options.get_port());
        let (settings, is_proven) = (Settings::writing(&options), AtomicBool::new(false));
        Ok(Self { name, config, tls, settings, has_others, is_proven })
    }

    /// A session that has been told its settings, whatever the server is.
    ///
    /// # Errors
    /// Where there is none, or it cannot be relied on.
    pub(super) async fn meet(&self) -> Result<Met, ServerError> {
        timeout(CONNECT_MAX, self.session()).await.unwrap_or(Err(ServerError::Late)).map_err(of_a_pooler)
    }

    async fn session(&self) -> Result<Met, ServerError> {
        let mut link = Link::open(&self.config, self.tls.clone()).await?;
        let (read, timeline) = (self.settings.read(), if self.has_others { TIMELINE } else { "0::bigint" });
        let role = format!("/* session role */ SELECT {ROLE}, {timeline}");
        let asks = vec![Ask::new(self.settings.set()), Ask::new(role).with(OPEN)];
        let found = link.ask_all(asks).await?;
        let (Some(set), Some(role)) = (found[0].first(), found[1].first()) else {
            return Err(ServerError::Late);
        };
        let set = texts(set)?;
        for row in link.ask_all((0..READS).map(|_| Ask::new(&*read)).collect()).await?.iter().flatten() {
            self.settings.compare(&set, &texts(row)?)?;
        }
        // SQL_ASCII keeps the bytes as they are.
        if !matches!(role.try_get(2)?, "UTF8" | "SQL_ASCII") {
            return Err(refused("the database is not in UTF-8"));
        }
        if !role.try_get::<_, bool>(1)? {
            return Err(refused("a copy into this ledger is not finished"));
        }
        let port: Option<i32> = role.try_get(4)?;
        let is_direct = port.is_some() && port == link.local_port().map(i32::from);
        Ok(Met {
            is_standby: role.try_get(0)?,
            started: role.try_get(3)?,
            timeline: role.try_get(5)?,
            process: set.into_iter().next().flatten(),
            is_direct,
            link,
        })
    }

    /// Where somebody stands between: makes sure that sessions held at the same time are different ones, each
    /// the same for as long as it is held, and that no session's reads go elsewhere. Done once.
    ///
    /// # Errors
    /// Where one of this is not so.
    pub(super) async fn prove(&self, met: &mut Met) -> Result<(), ServerError> {
        if met.is_direct || self.is_proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut others = try_join_all((1..PROBES).map(|_| self.meet())).await?;
        let found = timeout(CONNECT_MAX, meet(met, &mut others)).await.unwrap_or(Err(ServerError::Late));
        join_all(others.into_iter().map(|met| met.link.close())).await;
        found.map_err(of_a_pooler)?;
        self.is_proven.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Has all but the first hold a transaction. A pooler that lends a server's session for one transaction must
/// lend them different ones by now, the first one's among them.
async fn meet(met: &mut Met, others: &mut [Met]) -> Result<(), ServerError> {
    let mut processes = vec![met.process.clone()];
    for other in others {
        other.link.ask(Ask::plain("BEGIN")).await?;
        if other.process != process(&mut other.link).await? || processes.contains(&other.process) {
            return Err(refused(TWO_PROCESSES));
        }
        processes.push(other.process.clone());
    }
    if met.process == process(&mut met.link).await? { Ok(()) } else { Err(refused(TWO_PROCESSES)) }
}

/// What a session prepared is in another one's way, or not there: then it is not the same session.
fn of_a_pooler(error: ServerError) -> ServerError {
    let code = error.as_driver().and_then(|error| error.code());
    match code.is_some_and(|code| {
        [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT].contains(code)
    }) {
        true => refused(TWO_PROCESSES),
        false => error,
    }
}

async fn process(link: &mut Link) -> Result<Option<String>, ServerError> {
    let found = link.ask(Ask::new("/* session process */ SELECT pg_backend_pid()::text")).await?;
    Ok(found.first().map(|row| row.try_get(0)).transpose()?)
}

fn texts(row: &tokio_postgres::Row) -> Result<Texts, tokio_postgres::Error> {
    (0..row.len()).map(|at| row.try_get(at)).collect()
}

/// A look-up's own word that a standby has answered it.
///
/// # Errors
/// Where one has.
pub(super) fn refuse_standby(is_standby: bool) -> Result<(), StoreError> {
    match is_standby {
        true => Err(refused("a look-up was answered by a standby").into()),
        false => Ok(()),
    }
}
