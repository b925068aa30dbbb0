//! PostgreSQL servers of a test's own, which it may restart, freeze, crowd and copy: made, driven and
//! removed by `tests/postgres`.
#![allow(dead_code, reason = "no test uses all of it")]

use std::path::Path;
use std::process::Command;

use crate::gateway::ledger::postgres::{Client, database_at};

const TOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postgres");

/// A running server; removed with its data when dropped.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    /// Of the database `postgres`.
    pub(crate) base: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With variables that `tests/postgres` knows.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let base = tool(&["start"], &[folder.path()], variables);
        Self { folder, base }
    }

    /// A server that repeats all that this one does.
    pub(crate) fn standby(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let base = tool(&["standby"], &[folder.path(), self.folder.path()], &[]);
        Self { folder, base }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops it; `mode` is `fast` or `immediate`.
    pub(crate) fn stop(&self, mode: &str) {
        tool(&["stop"], &[self.folder.path(), mode.as_ref()], &[]);
    }

    /// Starts it again on the same port.
    pub(crate) fn start_again(&self) {
        tool(&["start"], &[self.folder.path()], &[]);
    }

    pub(crate) fn restart(&self, mode: &str) {
        tool(&["restart"], &[self.folder.path(), mode.as_ref()], &[]);
    }

    /// Makes a standby the primary.
    pub(crate) fn promote(&self) {
        tool(&["promote"], &[self.folder.path()], &[]);
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(&self.base).expect("the server answers")
    }

    /// Makes a database; answers its URL.
    pub(crate) fn database(&self, name: &str) -> String {
        self.client().rows(&format!("CREATE DATABASE {name}")).expect("a database");
        database_at(&self.base, name)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        let rest = self.base.split('@').nth(1).expect("a user");
        rest.split('/').next().and_then(|address| address.parse().ok()).expect("an address")
    }

    /// Stops all its processes where they are: who connects is neither served nor refused.
    pub(crate) fn freeze(&self) -> Frozen {
        let file = self.folder.path().join("pid");
        let postmaster = std::fs::read_to_string(file).expect("it runs").trim().to_owned();
        // The first one first, so that it starts no more of them.
        signal("STOP", std::slice::from_ref(&postmaster));
        let listed =
            Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output().expect("ps runs");
        let listed = String::from_utf8(listed.stdout).expect("numbers");
        let mut processes: Vec<String> = listed.split_whitespace().map(str::to_owned).collect();
        assert!(!processes.is_empty(), "a server has processes");
        signal("STOP", &processes);
        processes.push(postmaster);
        Frozen(processes)
    }
}

/// Processes that go on when this is dropped.
pub(crate) struct Frozen(Vec<String>);

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

fn signal(name: &str, processes: &[String]) {
    // Some may have ended meanwhile.
    let _ = Command::new("kill").arg(format!("-{name}")).args(processes).status().expect("kill runs");
}

impl Drop for Server {
    fn drop(&mut self) {
        let removed = Command::new(TOOL).arg("remove").arg(self.folder.path()).status();
        if !removed.is_ok_and(|status| status.success()) {
            eprintln!("the server in {} could not be removed", self.folder.path().display());
        }
    }
}

/// Runs `tests/postgres`; answers the last line that it prints.
fn tool(command: &[&str], paths: &[&Path], variables: &[(&str, &str)]) -> String {
    let mut tool = Command::new(TOOL);
    let output = tool.args(command).args(paths).envs(variables.iter().copied()).output().expect("bash runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tests/postgres {command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}
