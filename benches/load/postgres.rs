//! A private PostgreSQL server with fsync on, for one run. `tests/postgres` starts it, and removes it
//! however the run ends.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Result, cpu};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");

/// Enough for 256 of pgbench's beside all others.
const SETTINGS: &str = "max_connections=400";

/// The server, removed with this value.
pub(crate) struct Postgres {
    folder: PathBuf,
    /// Removes the server when its input ends: also when this process is killed.
    remover: Child,
    /// Its address up to the name of a database.
    address: String,
    pid: u32,
}

impl Postgres {
    pub(crate) fn start(folder: PathBuf) -> Result<Self> {
        let remover = Command::new("sh")
            .args(["-c", "cat; exec \"$0\" remove \"$1\"", SCRIPT])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            // What interrupts us must not interrupt it.
            .process_group(0)
            .spawn()?;
        let mut server = Self { folder, remover, address: String::new(), pid: 0 };
        server.launch(None)?;
        Ok(server)
    }

    /// Stops it and starts it with a library in each of its processes.
    pub(crate) fn restart(&mut self, preload: Option<&Path>) -> Result<()> {
        printed(Command::new(SCRIPT).arg("stop").arg(&self.folder))?;
        self.launch(preload)
    }

    fn launch(&mut self, preload: Option<&Path>) -> Result<()> {
        let mut start = Command::new(SCRIPT);
        start.arg("start").arg(&self.folder).env("PG_FSYNC", "on").env("PG_SETTINGS", SETTINGS);
        let url = printed(start.envs(preload.map(|library| ("LD_PRELOAD", library))))?;
        self.address = url.trim().strip_suffix("postgres").ok_or("an unexpected URL")?.to_owned();
        self.pid = std::fs::read_to_string(self.folder.join("pid"))?.trim().parse()?;
        Ok(())
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}{database}", self.address)
    }

    /// Runs statements, each by itself; what they print.
    pub(crate) fn sql(&self, database: &str, statements: &[&str]) -> Result<String> {
        let mut psql = Command::new("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", &self.url(database)]);
        printed(psql.args(statements.iter().flat_map(|statement| ["-c", statement])))
    }

    /// CPU seconds of all its processes since it was started.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        cpu::of_all(self.pid)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.remover.stdin.take());
        let _ = self.remover.wait();
    }
}

/// Runs a program to its end; what it printed.
fn printed(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        std::io::stderr().write_all(&output.stderr)?;
        return Err(format!("{}: {}", command.get_program().display(), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
