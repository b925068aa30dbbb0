//! What a session is told after it has connected, and how it shows that it was heard.
//!
//! Nothing that matters goes into the startup packet: a pooler may take it off (pgbouncer's
//! `ignore_startup_parameters = options`) and say nothing. Each setting is set by a statement, and read back by
//! another, together with the process that answers: what it reads must be what was set, in the process that was
//! told. So a proxy that drops settings, pools by transaction, or sends reads to other servers is found out.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::ledger::ServerError;

/// How often what was set is read back: a balancer that draws lots for each statement passes once in a while.
pub(super) const READS: usize = 4;

/// For whoever writes, and for look-ups. Each statement sees what was committed before it began, or what waited
/// for a number's lock would be judged by what was there before the wait. The plans: index scans only, made once.
/// The bounds: a statement or a lock that takes longer is a failure, and a gateway that vanished in
/// mid-transaction gives up its locks. `synchronous_commit` is what an acknowledged notice stands on.
const WRITING: [(&str, &str); 12] = [
    ("synchronous_commit", "on"),
    ("default_transaction_isolation", "read committed"),
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

/// For reads of several tables at one moment, which write nothing.
const READING: [(&str, &str); 3] = [
    ("default_transaction_isolation", "repeatable read"),
    ("default_transaction_read_only", "on"),
    ("client_min_messages", "error"),
];

/// For steps of the schema.
const MIGRATING: [(&str, &str); 2] = [("synchronous_commit", "on"), ("client_min_messages", "error")];

/// What one kind of session is told; the operator's own `options` of the address first.
pub(in crate::ledger) struct Settings {
    theirs: Vec<(String, String)>,
    ours: &'static [(&'static str, &'static str)],
}

/// A row of text, as a statement of this file finds it.
pub(super) type Texts = Vec<Option<String>>;

impl Settings {
    pub(super) fn writing(options: &PgConnectOptions) -> Self {
        Self { theirs: parse(options.get_options().unwrap_or_default()), ours: &WRITING }
    }

    pub(super) fn reading(options: &PgConnectOptions) -> Self {
        Self { ours: &READING, ..Self::writing(options) }
    }

    pub(super) fn migrating(options: &PgConnectOptions) -> Self {
        Self { ours: &MIGRATING, ..Self::writing(options) }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.theirs.iter().map(|(name, _)| name.as_str()).chain(self.ours.iter().map(|(name, _)| *name))
    }

    /// Sets all of them, and finds the process and each value as the server spells it. Settings that only a
    /// startup packet can bring are found as they are.
    pub(super) fn set(&self) -> String {
        let theirs = self.theirs.iter().map(|(name, value)| {
            let (name, value) = (quoted(name), quoted(value));
            format!(
                "CASE WHEN (SELECT context FROM pg_catalog.pg_settings WHERE name = lower({name})) \
                 LIKE '%backend' THEN current_setting({name}) ELSE set_config({name}, {value}, false) END"
            )
        });
        let ours = self.ours.iter().map(|(name, value)| format!("set_config('{name}', '{value}', false)"));
        let all: Vec<String> = theirs.chain(ours).collect();
        format!("/* session settings */ SELECT pg_backend_pid()::text, {}", all.join(", "))
    }

    /// Finds the same as it is by now, and then whether a standby says so. A balancer must take it for a read:
    /// no function here may change anything, and, unlike all other statements, it does not begin with a comment
    /// (pgpool-II leaves those that do alone).
    pub(super) fn read(&self) -> String {
        let all: Vec<String> =
            self.names().map(|name| format!("current_setting({})", quoted(name))).collect();
        format!("SELECT pg_backend_pid()::text, {}, current_setting('in_hot_standby', true)", all.join(", "))
    }

    /// What is wrong with a session, by what was set and what was read.
    ///
    /// # Errors
    /// In words, with what to do about it.
    pub(super) fn compare(&self, set: &Texts, read: &Texts) -> Result<(), ServerError> {
        if read.last().is_some_and(|standby| standby.as_deref() == Some("on")) {
            return Err(refused(READS_ELSEWHERE));
        }
        if set.first() != read.first() {
            return Err(refused(TWO_PROCESSES));
        }
        let values = set.iter().zip(read).skip(1);
        match self.names().zip(values).find(|(_, (set, read))| set != read) {
            None => Ok(()),
            Some((name, (set, read))) => {
                let (set, read) = (shown(set), shown(read));
                let dropped =
                    format!("{name} was set to {set:?} and is {read:?} in the same session; {PROXY}");
                Err(ServerError::Refused(dropped))
            }
        }
    }

    /// Tells a connection of the common driver, and makes sure that it takes writes where it must.
    ///
    /// # Errors
    /// Where it cannot be used; the reason is [`sqlx::Error::Configuration`]'s.
    async fn tell(&self, connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
        let set = texts(connection, self.set()).await?;
        let role = "/* session role */ SELECT pg_backend_pid()::text, pg_is_in_recovery()::text";
        let role = texts(connection, role.to_owned()).await?;
        let mut found = match role.last() {
            Some(Some(standby)) if standby == "false" => Ok(()),
            _ => Err(refused("the server is a standby")),
        };
        for _ in 0..READS {
            found = found.and(self.compare(&set, &texts(connection, self.read()).await?));
        }
        found.map_err(|error| sqlx::Error::Configuration(error.into()))
    }
}

/// Tells a new connection of the pool that reads what it must know.
///
/// # Errors
/// Where it cannot be used.
pub(in crate::ledger) async fn tell_reading(
    connection: &mut AnyConnection,
    address: &str,
) -> Result<(), sqlx::Error> {
    Settings::reading(&address.parse()?).tell(connection).await
}

/// The same for steps of the schema.
///
/// # Errors
/// Where the connection cannot be used.
pub(in crate::ledger) async fn tell_migrating(
    connection: &mut AnyConnection,
    address: &str,
) -> Result<(), sqlx::Error> {
    Settings::migrating(&address.parse()?).tell(connection).await
}

async fn texts(connection: &mut AnyConnection, sql: String) -> Result<Texts, sqlx::Error> {
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await?;
    (0..row.len()).map(|at| row.try_get(at)).collect()
}

/// What helps against most of what is found out here.
const PROXY: &str = "a proxy before the server does not keep a session's settings; let the gateway go past it, or \
    have it pool by session (pgbouncer: pool_mode = session)";

pub(super) const TWO_PROCESSES: &str = "statements of one session reach two sessions of the server: a proxy \
    before it pools transactions (pgbouncer: set pool_mode = session) or spreads statements (pgpool-II: set \
    load_balance_mode = off); let the gateway go past it, or set it so";

const READS_ELSEWHERE: &str = "a proxy before the server sends reads to a standby, which may not know yet what was \
    acknowledged (pgpool-II: set load_balance_mode = off); let the gateway go past it, or set it so";

pub(super) fn refused(what: &str) -> ServerError {
    ServerError::Refused(what.to_owned())
}

fn shown(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Settings of an `options` parameter as libpq has it: `-c NAME=VALUE` or `--NAME=VALUE`, a blank or backslash
/// of a value behind a backslash. Other switches are left to the server.
fn parse(options: &str) -> Vec<(String, String)> {
    let mut words = vec![String::new()];
    let mut letters = options.chars();
    while let Some(letter) = letters.next() {
        let word = words.len() - 1;
        match letter {
            '\\' => words[word].extend(letters.next()),
            letter if letter.is_whitespace() => words.push(String::new()),
            letter => words[word].push(letter),
        }
    }
    let mut words = words.into_iter().filter(|word| !word.is_empty());
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let pair = match word.strip_prefix("-c") {
            Some("") => words.next().unwrap_or_default(),
            Some(pair) => pair.to_owned(),
            None => match word.strip_prefix("--") {
                Some(pair) => pair.to_owned(),
                None => continue,
            },
        };
        if let Some((name, value)) = pair.split_once('=') {
            settings.push((name.replace('-', "_"), value.to_owned()));
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(of: &[&str]) -> Texts {
        of.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn options_are_read_as_the_server_reads_them() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (options, settings) in [
            ("", vec![]),
            ("-c search_path=gateway", vec![pair("search_path", "gateway")]),
            (
                "-csearch_path=a,\\ b  --work-mem=8MB",
                vec![pair("search_path", "a, b"), pair("work_mem", "8MB")],
            ),
            ("-c a=b\\\\c -e -c", vec![pair("a", "b\\c")]),
        ] {
            assert_eq!(parse(options), settings, "{options}");
        }
    }

    #[test]
    fn what_a_session_reads_tells_what_is_before_the_server() {
        let ours: &[(&str, &str)] = &[("synchronous_commit", "on")];
        let settings = Settings { theirs: parse("-c search_path=it's"), ours };
        assert!(settings.set().contains("set_config('search_path', 'it''s', false)"), "{}", settings.set());
        let set = texts(&["7", "it's", "on"]);
        for (read, says) in [
            (texts(&["7", "it's", "on", "off"]), None),
            // Of a server older than 14 nothing is known there.
            (vec![Some("7".into()), Some("it's".into()), Some("on".into()), None], None),
            (
                texts(&["7", "it's", "local", "off"]),
                Some("synchronous_commit was set to \"on\" and is \"local\""),
            ),
            (texts(&["7", "public", "on", "off"]), Some("search_path was set to")),
            (texts(&["8", "it's", "on", "off"]), Some("two sessions of the server")),
            (texts(&["8", "it's", "on", "on"]), Some("sends reads to a standby")),
        ] {
            let told = settings.compare(&set, &read).err().map(|error| error.to_string());
            let fits =
                told.as_deref().map_or(says.is_none(), |told| says.is_some_and(|says| told.contains(says)));
            assert!(fits, "{read:?}: {told:?}");
        }
    }
}
