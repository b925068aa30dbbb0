//! Where the server is: one host or several of which one takes writes, and what every session is
//! told at its start.

use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::AnyConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AnyPool, ConnectOptions, Connection, Row};
use tokio::time::timeout;

use crate::config::LedgerUrl;
use crate::ledger::OpenError;

/// Held shared by every session on the ledger, and alone by a copy into it: so neither begins while
/// the other is there. No number is negative, and -1 is the operators'.
pub(in crate::ledger) const OPEN: i64 = -2;

/// How long one host may take to let us in.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// What every session is told. The plans: index scans only, made once. The bounds: a statement or a
/// lock that takes longer is a failure, and a gateway that vanished in mid-transaction gives up its
/// locks. `synchronous_commit` is what an acknowledged notice stands on.
const SESSION: [(&str, &str); 11] = [
    ("synchronous_commit", "on"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("statement_timeout", "6s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "10s"),
    ("tcp_keepalives_idle", "10"),
    ("client_min_messages", "error"),
];

/// The hosts of an address.
pub(super) struct Hosts {
    /// For errors and logs, without the password.
    shown: String,
    /// For the driver of the reading pool, with it.
    addresses: Vec<SecretString>,
    options: Vec<PgConnectOptions>,
    /// Where the last session was made.
    current: AtomicUsize,
    /// The pool that reads where the writers write.
    follower: Mutex<Option<AnyPool>>,
}

impl Hosts {
    /// Reads `postgres://USER:PASSWORD@HOST[:PORT][,HOST[:PORT]…]/DATABASE[?…]`, as libpq has it.
    /// `target_session_attrs` is always `read-write`, whatever the address says: a ledger is written.
    pub(super) fn parse(url: &SecretString) -> Result<Self, OpenError> {
        let shown = LedgerUrl::Postgres(url.clone()).to_string();
        let addresses = each_host(url.expose_secret());
        named_files(&addresses[0]).map_err(|error| OpenError::Url(shown.clone(), error))?;
        let options = addresses.iter().map(|address| PgConnectOptions::from_str(address));
        let options = options
            .map(|read| read.map(|options| options.options(SESSION).disable_statement_logging()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| OpenError::Url(shown.clone(), error))?;
        let addresses = addresses.into_iter().map(SecretString::from).collect();
        Ok(Self { shown, addresses, options, current: AtomicUsize::new(0), follower: Mutex::default() })
    }

    /// A session on the host that takes writes: the one of last time, else each in turn.
    ///
    /// # Errors
    /// The last host's.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failure = sqlx::Error::WorkerCrashed;
        for turn in 0..self.options.len() {
            let host = (first + turn) % self.options.len();
            match timeout(CONNECT_MAX, primary(&self.options[host])).await {
                Ok(Ok(connection)) => {
                    self.moved(host);
                    return Ok(connection);
                }
                Ok(Err(error)) => failure = error,
                Err(_) => failure = sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()),
            }
        }
        Err(failure)
    }

    fn moved(&self, host: usize) {
        if self.current.swap(host, Ordering::Relaxed) == host {
            return;
        }
        tracing::warn!(host, "the ledger's server is another host now");
        let follower = self.follower.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let (Some(pool), Ok(options)) = (&*follower, AnyConnectOptions::from_str(&self.address())) {
            pool.set_connect_options(options);
        }
    }

    /// Has a pool connect where the sessions are made from now on.
    pub(super) fn follow(&self, pool: AnyPool) {
        *self.follower.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(pool);
    }

    /// The address of the host of the last session, password included.
    pub(super) fn address(&self) -> String {
        self.addresses[self.current.load(Ordering::Relaxed)].expose_secret().to_owned()
    }

    /// Why the ledger cannot be opened.
    pub(super) fn unreachable(&self, error: sqlx::Error) -> OpenError {
        OpenError::Connect(self.shown.clone(), error)
    }
}

async fn primary(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let sql = "SELECT pg_is_in_recovery(), pg_try_advisory_lock_shared($1)";
    let row = sqlx::query(sql).bind(OPEN).fetch_one(&mut connection).await?;
    match (row.try_get(0)?, row.try_get(1)?) {
        (false, true) => Ok(connection),
        (false, false) => Err(sqlx::Error::Configuration("a copy into this ledger is not finished".into())),
        (true, _) => Err(sqlx::Error::Configuration("the server is a standby".into())),
    }
}

/// Makes sure that the files which an address names can be read: the driver does not say which cannot.
fn named_files(address: &str) -> Result<(), sqlx::Error> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    for (key, path) in form_urlencoded::parse(query.as_bytes()) {
        if matches!(&*key, "sslrootcert" | "sslcert" | "sslkey") {
            std::fs::metadata(&*path)
                .map_err(|error| sqlx::Error::Configuration(format!("{key} {path}: {error}").into()))?;
        }
    }
    Ok(())
}

/// One address for each host of an address with several.
fn each_host(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let (user, hosts) = server.rsplit_once('@').map_or(("", server), |(user, hosts)| (user, hosts));
    let at = if user.is_empty() { "" } else { "@" };
    let ours = |pair: &&str| !pair.is_empty() && !pair.starts_with("target_session_attrs=");
    let query: Vec<&str> = query.split('&').filter(ours).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    hosts.split(',').map(|host| format!("{scheme}://{user}{at}{host}/{database}{query}")).collect()
}
