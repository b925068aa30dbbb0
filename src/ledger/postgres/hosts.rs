//! Where the server is: one host or several of which one takes writes, and what every session is
//! told at its start.

use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::any::AnyConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AnyPool, ConnectOptions};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::link::{Ask, Link};
use super::tls::{self, Files};
use crate::config::LedgerUrl;
use crate::ledger::{OpenError, ServerError};

/// Held shared by every session on the ledger, and alone by a copy into it: so neither begins while
/// the other is there. No number is negative, and -1 is the operators'.
pub(in crate::ledger) const OPEN: i64 = -2;

/// How long one host may take to let us in.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// What every session is told. Each statement sees what was committed before it began, or what waited for a
/// number's lock would be judged by what was there before the wait. The plans: index scans only, made once. The bounds: a statement or a
/// lock that takes longer is a failure, and a gateway that vanished in mid-transaction gives up its
/// locks. `synchronous_commit` is what an acknowledged notice stands on.
const SESSION: [(&str, &str); 12] = [
    ("synchronous_commit", "on"),
    ("default_transaction_isolation", "read\\ committed"),
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
    places: Vec<Place>,
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
        parameters(&addresses[0]).map_err(|error| OpenError::Url(shown.clone(), error))?;
        let places = addresses.iter().map(|address| Place::parse(address)).collect::<Result<_, _>>();
        let places = places.map_err(|error| OpenError::Url(shown.clone(), error))?;
        let addresses = addresses.into_iter().map(SecretString::from).collect();
        Ok(Self { shown, addresses, places, current: AtomicUsize::new(0), follower: Mutex::default() })
    }

    /// A session on the host that takes writes: the one of last time, else each in turn.
    ///
    /// # Errors
    /// The last host's.
    pub(super) async fn connect(&self) -> Result<Link, ServerError> {
        let first = self.current.load(Ordering::Relaxed);
        let mut failure = ServerError::Late;
        for turn in 0..self.places.len() {
            let host = (first + turn) % self.places.len();
            match timeout(CONNECT_MAX, self.places[host].primary()).await {
                Ok(Ok(link)) => {
                    self.moved(host);
                    return Ok(link);
                }
                Ok(Err(error)) => failure = error,
                Err(_) => failure = ServerError::Late,
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
    pub(super) fn unreachable(&self, error: ServerError) -> OpenError {
        OpenError::Connect(self.shown.clone(), error)
    }
}

/// One host, as the driver takes it.
struct Place {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Place {
    /// Reads an address of one host. sqlx does the reading, so that the reading pool and the sessions have
    /// the same rules: what the environment and `PGPASSFILE` add, and how files are named.
    fn parse(address: &str) -> Result<Self, sqlx::Error> {
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
        let theirs = options.get_options().map(str::to_owned).into_iter();
        let ours = SESSION.iter().map(|(name, value)| format!("-c {name}={value}"));
        config.options(theirs.chain(ours).collect::<Vec<_>>().join(" "));
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
        Ok(Self { config, tls })
    }

    /// A session, where this is the host that takes writes.
    async fn primary(&self) -> Result<Link, ServerError> {
        let mut link = Link::open(&self.config, self.tls.clone()).await?;
        let sql =
            "SELECT pg_is_in_recovery(), pg_try_advisory_lock_shared($1), current_setting('server_encoding')";
        let rows = link.ask(Ask::new(sql).with(OPEN)).await?;
        let row = rows.first().ok_or(ServerError::Late)?;
        // SQL_ASCII keeps the bytes as they are.
        if !matches!(row.try_get(2)?, "UTF8" | "SQL_ASCII") {
            return Err(ServerError::Refused("the database is not in UTF-8"));
        }
        match (row.try_get(0)?, row.try_get(1)?) {
            (false, true) => Ok(link),
            (false, false) => Err(ServerError::Refused("a copy into this ledger is not finished")),
            (true, _) => Err(ServerError::Refused("the server is a standby")),
        }
    }
}

/// What an address may say after its `?`, of what libpq knows.
const PARAMETERS: [&str; 12] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "application_name",
    "options",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
];

/// Makes sure that an address says nothing that would be passed over (a mistyped `sslmode` must not be), and
/// that the files which it names can be read: the driver does not say which cannot.
fn parameters(address: &str) -> Result<(), sqlx::Error> {
    let bad = |what: String| sqlx::Error::Configuration(what.into());
    let query = address.split_once('?').map_or("", |(_, query)| query);
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        if !PARAMETERS.contains(&&*key) && !key.starts_with("options[") {
            return Err(bad(format!("there is no parameter {key}; those are: {}", PARAMETERS.join(", "))));
        }
        if matches!(&*key, "sslrootcert" | "sslcert" | "sslkey") {
            std::fs::metadata(&*value).map_err(|error| bad(format!("{key} {value}: {error}")))?;
        }
    }
    Ok(())
}

/// One parameter, where libpq makes something else of it than the drivers.
fn meant(pair: &str, trusts: bool) -> &str {
    match pair {
        "sslmode=require" if trusts => "sslmode=verify-ca",
        "sslmode=allow" => "sslmode=prefer",
        _ => pair,
    }
}

/// One address for each host of an address with several, for drivers that know less than libpq: an IPv6 host is
/// told a second time as `hostaddr`, for sqlx looks up the name with the brackets that it has in an URL; where
/// `require` comes with `sslrootcert`, that is to be trusted alone; and what `allow`s TLS tries it first.
fn each_host(url: &str) -> Vec<String> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (server, database) = place.split_once('/').unwrap_or((place, ""));
    let (user, hosts) = server.rsplit_once('@').map_or(("", server), |(user, hosts)| (user, hosts));
    let at = if user.is_empty() { "" } else { "@" };
    let ours = |pair: &&str| !pair.is_empty() && !pair.starts_with("target_session_attrs=");
    let trusts = query.split('&').any(|pair| pair.starts_with("sslrootcert="));
    let address = |host: &str| {
        let ipv6 = host.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
        let again = ipv6.map(|address| format!("hostaddr={address}"));
        let pairs: Vec<&str> =
            query.split('&').filter(ours).map(|pair| meant(pair, trusts)).chain(again.as_deref()).collect();
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        format!("{scheme}://{user}{at}{host}/{database}{query}")
    };
    hosts.split(',').map(address).collect()
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    #[test]
    fn every_host_of_an_address_is_one_that_both_drivers_can_look_up() {
        let url = "postgres://u:p%40w@[::1]:5433,10.0.0.2:5434,db.example/ledger?sslmode=disable\
            &target_session_attrs=any";
        let addresses = each_host(url);
        let tail = "/ledger?sslmode=disable";
        assert_eq!(addresses[0], format!("postgres://u:p%40w@[::1]:5433{tail}&hostaddr=::1"));
        assert_eq!(addresses[1], format!("postgres://u:p%40w@10.0.0.2:5434{tail}"));
        assert_eq!(addresses[2], format!("postgres://u:p%40w@db.example{tail}"));
        for (address, (host, port)) in
            addresses.iter().zip([("::1", 5433), ("10.0.0.2", 5434), ("db.example", 5432)])
        {
            let pool = PgConnectOptions::from_str(address).expect("the pool's address");
            assert_eq!((pool.get_host(), pool.get_port()), (host, port));
            let place = Place::parse(address).expect("the writers' address");
            assert_eq!(place.config.get_hosts(), [Host::Tcp(host.to_owned())]);
            assert_eq!(
                (place.config.get_ports(), place.config.get_password()),
                (&[port][..], Some(&b"p@w"[..]))
            );
        }
    }

    #[test]
    fn what_an_address_says_of_tls_is_what_libpq_makes_of_it() {
        let first = |query: &str| each_host(&format!("postgres://db.example/ledger?{query}")).remove(0);
        for (query, mode) in [
            ("sslmode=require", "require"),
            ("sslmode=require&sslrootcert=/ca.pem", "verify-ca"),
            ("sslrootcert=/ca.pem&sslmode=verify-full", "verify-full"),
            ("sslmode=allow", "prefer"),
        ] {
            assert!(first(query).contains(&format!("sslmode={mode}")), "{query}");
        }
        let refused = parameters(&first("sslmod=verify-full")).expect_err("a mistyped name").to_string();
        assert!(refused.contains("no parameter sslmod;"), "{refused}");
        let refused = parameters(&first("sslrootcert=/nowhere/ca.pem")).expect_err("no file").to_string();
        assert!(refused.contains("/nowhere/ca.pem"), "{refused}");
        assert!(parameters(&first("sslmode=disable&options=-c%20a%3Db&options[b]=c")).is_ok());
    }
}
