//! What PostgreSQL itself can do, by its own tool: a narrow row in a transaction, and the rows of a notice
//! by the statements of the plain server ([`crate::one_tx`]), at the same concurrency.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::Kind;
use crate::message::Template;
use crate::postgres::Postgres;
use crate::{Result, one_tx};

/// The table of the narrow rows. It has no index: nothing durable is cheaper.
pub(crate) const TABLE: &str = "CREATE TABLE narrow (number BIGINT NOT NULL)";

/// What pgbench counted.
pub(crate) struct Counted {
    pub(crate) per_s: f64,
    /// In all, warming up included.
    pub(crate) total: u64,
    pub(crate) average_ms: f64,
}

/// Its scripts.
pub(crate) struct Pgbench {
    pub(crate) one_row: PathBuf,
    pub(crate) same_rows: PathBuf,
}

impl Pgbench {
    pub(crate) fn new(folder: &Path, numbers: u32) -> Result<Self> {
        let scripts = Self { one_row: folder.join("one-row.sql"), same_rows: folder.join("same-rows.sql") };
        std::fs::write(
            &scripts.one_row,
            "\\set number random(1, 1000000000000)\nINSERT INTO narrow (number) VALUES (:number);\n",
        )?;
        std::fs::write(&scripts.same_rows, same_rows(numbers))?;
        Ok(scripts)
    }
}

pub(crate) fn run(
    server: &Postgres,
    database: &str,
    script: &Path,
    connections: usize,
    seconds: u32,
) -> Result<Counted> {
    let mut pgbench = Command::new("pgbench");
    pgbench.args(["-n", "-M", "prepared", "-j", "2", "-P", "1", "-c", &connections.to_string()]);
    // The first second warms up, and the last may go untold.
    pgbench.args(["-T", &(seconds + 2).to_string()]).arg("-f").arg(script);
    // As variables they are sent with each execution, as an application would.
    pgbench.arg(format!("--define=body={}", Template::body(Kind::Notify)));
    pgbench.arg(format!("--define=reply={}", Template::reply(Kind::Notify)));
    let output = pgbench.arg(server.url(database)).stdin(Stdio::null()).output()?;
    let told = String::from_utf8(output.stderr)?;
    if !output.status.success() {
        return Err(format!("pgbench: {}: {told}", output.status).into());
    }
    let told: Vec<(f64, f64)> = told.lines().filter_map(second).skip(1).take(seconds as usize).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| told.iter().map(of).sum::<f64>() / told.len() as f64;
    let text = String::from_utf8(output.stdout)?;
    let total =
        text.lines().find_map(|line| line.strip_prefix("number of transactions actually processed: "));
    let total = total.and_then(|text| text.trim().parse().ok()).ok_or("pgbench counts no transactions")?;
    Ok(Counted { per_s: mean(|(per_s, _)| *per_s), total, average_ms: mean(|(_, ms)| *ms) })
}

/// What pgbench tells each second: rate, and milliseconds on average.
fn second(line: &str) -> Option<(f64, f64)> {
    let mut parts = line.strip_prefix("progress: ")?.split(", ").skip(1);
    let per_s = parts.next()?.strip_suffix(" tps")?.parse().ok()?;
    let average_ms = parts.next()?.strip_prefix("lat ")?.split(' ').next()?.parse().ok()?;
    Some((per_s, average_ms))
}

/// A notice about a number by chance under a queueID by chance.
fn same_rows(numbers: u32) -> String {
    let at = "1773111602340";
    let notice = filled(
        one_tx::NOTICE,
        &[
            at,
            "'q:' || :queue",
            ":number",
            ":queue",
            "'1'",
            ":queue",
            "'1000625'",
            "'1003013'",
            "'LOVETV'",
            "'NGAY'",
            "'SMS'",
            "'3000'",
            at,
            at,
            ":expires",
            "1",
        ],
    );
    let raw = filled(one_tx::RAW, &[":id", ":body", ":reply"]);
    let identity = filled(one_tx::IDENTITY, &["'q:' || :queue", ":id"]);
    let subscription = filled(
        one_tx::SUBSCRIPTION,
        &[":number", "'1000625'", "'1003013'", ":id", at, ":expires", "1", "'SMS'", ":queue", ":queue"],
    );
    let first = 84_900_000_000_u64;
    let last = first + u64::from(numbers) - 1;
    format!(
        "\\set number random({first}, {last})\n\\set queue random(1, 9000000000000000000)\n\
         \\set expires random(1890000000000, 1899999999999)\n\
         BEGIN;\n{notice} \\gset\n{raw};\n{identity};\n{subscription};\nCOMMIT;\n"
    )
}

/// A statement with values for `$1` and so on.
fn filled(statement: &str, values: &[&str]) -> String {
    // From the end, since `$1` begins `$16` too.
    let places = values.iter().enumerate().rev();
    places.fold(statement.to_owned(), |text, (at, value)| text.replace(&format!("${}", at + 1), value))
}
