//! Where the server is: one host, or several of which one takes writes.
//!
//! At a start all hosts are asked. Two that take writes are a primary and one that was thought dead: whichever
//! is taken, half of the notices may be on the other, so neither is. Later on, a host whose timeline is older
//! than the one last written is such a one.

use std::error::Error;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyPool;
use sqlx::any::AnyConnectOptions;

use super::link::Link;
use super::place::{Met, Place};
use super::settings::refused;
use crate::config::LedgerUrl;
use crate::ledger::{OpenError, ServerError};

/// The hosts of an address.
pub(super) struct Hosts {
    /// For errors and logs, without the password.
    shown: String,
    /// For the driver of the reading pool, with it.
    addresses: Vec<SecretString>,
    places: Vec<Place>,
    /// Where the last session was made.
    current: AtomicUsize,
    /// The newest timeline that was written.
    timeline: AtomicI64,
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
        let has_others = addresses.len() > 1;
        let places = addresses.iter().map(|address| Place::parse(address, has_others));
        let places = places.collect::<Result<_, _>>();
        let places = places.map_err(|error| OpenError::Url(shown.clone(), error))?;
        let addresses = addresses.into_iter().map(SecretString::from).collect();
        let (current, timeline, follower) = Default::default();
        Ok(Self { shown, addresses, places, current, timeline, follower })
    }

    /// A session on the host that takes writes, at a start: all are asked.
    ///
    /// # Errors
    /// Where none takes writes, or two do, or what stands before it cannot be relied on.
    pub(super) async fn first(&self) -> Result<Link, ServerError> {
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for (host, met) in join_all(self.places.iter().map(Place::meet)).await.into_iter().enumerate() {
            let name = &self.places[host].name;
            match met {
                Ok(met) if met.is_standby => failures.push((name, refused(STANDBY))),
                Ok(met) => found.push((host, met)),
                Err(error) => failures.push((name, error)),
            }
        }
        self.refuse_two(&found)?;
        let Some((host, mut met)) = found.into_iter().next() else { return Err(none(failures)) };
        for (name, error) in failures.iter().filter(|(_, error)| !is_standby(error)) {
            let error = error as &dyn Error;
            tracing::warn!(host = %name, error, "a host of ledger.url cannot be asked whether it takes writes too");
        }
        self.places[host].prove(&mut met).await?;
        self.moved(host, &met);
        Ok(met.link)
    }

    /// The same server may be there by several names.
    fn refuse_two(&self, found: &[(usize, Met)]) -> Result<(), ServerError> {
        let Some((first, rest)) = found.split_first() else { return Ok(()) };
        let Some(other) = rest.iter().find(|other| other.1.started != first.1.started) else { return Ok(()) };
        let told = |(host, met): &(usize, Met)| {
            format!("{} (timeline {}, started {})", self.places[*host].name, met.timeline, met.started)
        };
        Err(ServerError::Refused(format!(
            "both {} and {} take writes, and only one can be the ledger: the one on the older timeline was \
             replaced and must be stopped, or left out of ledger.url",
            told(first),
            told(other)
        )))
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
            match self.try_host(host).await {
                Ok(link) => return Ok(link),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    async fn try_host(&self, host: usize) -> Result<Link, ServerError> {
        let place = &self.places[host];
        let mut met = place.meet().await?;
        if met.is_standby {
            return Err(refused(STANDBY));
        }
        let newest = self.timeline.load(Ordering::Relaxed);
        if met.timeline < newest {
            let what = format!(
                "{} takes writes on timeline {}, but timeline {newest} has been written: it was replaced, and must \
                 be stopped or left out of ledger.url",
                place.name, met.timeline
            );
            return Err(ServerError::Refused(what));
        }
        place.prove(&mut met).await?;
        self.moved(host, &met);
        Ok(met.link)
    }

    fn moved(&self, host: usize, met: &Met) {
        self.timeline.fetch_max(met.timeline, Ordering::Relaxed);
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

const STANDBY: &str = "the server is a standby";

fn is_standby(error: &ServerError) -> bool {
    matches!(error, ServerError::Refused(what) if what == STANDBY)
}

/// Why no host can be used; of several, each host's reason.
fn none(mut failures: Vec<(&String, ServerError)>) -> ServerError {
    if failures.len() == 1 {
        return failures.remove(0).1;
    }
    let told = |(name, error): &(&String, ServerError)| {
        let causes = std::iter::successors(error.source(), |error| Error::source(*error));
        causes.fold(format!("{name}: {error}"), |told, cause| format!("{told}: {cause}"))
    };
    ServerError::Refused(failures.iter().map(told).collect::<Vec<_>>().join("; "))
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

/// One session on the host that takes writes now.
pub(in crate::ledger) async fn connect(url: &SecretString) -> Result<Link, OpenError> {
    let hosts = Hosts::parse(url)?;
    hosts.first().await.map_err(|error| hosts.unreachable(error))
}

/// The address of the host that takes writes now, for whoever connects by himself.
pub(in crate::ledger) async fn address(url: &SecretString) -> Result<String, OpenError> {
    let hosts = Hosts::parse(url)?;
    hosts.first().await.map_err(|error| hosts.unreachable(error))?;
    Ok(hosts.address())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgConnectOptions;
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
            let place = Place::parse(address, true).expect("the writers' address");
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
