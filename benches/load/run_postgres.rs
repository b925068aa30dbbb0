//! A whole run on PostgreSQL, in order: a server of its own, databases, rounds, ratios, the slow disk, the
//! long load.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::{Args, Kind};
use crate::compare::{Line, Loads};
use crate::pgbench::{self, Pgbench};
use crate::postgres::Postgres;
use crate::process::{Server, URL_FILE};
use crate::run::NUMBERS;
use crate::table::{self, Ratio};
use crate::{Result, preload, shim, soak, tasks};

/// The database of pgbench. The others are `gateway` and `plain`, of the server of one transaction each.
const OF_PGBENCH: &str = "pgbench";

const PARTITIONS: &str = include_str!("../../docs/partitions.sql");

struct Run<'a> {
    args: &'a Args,
    postgres: Postgres,
    pgbench: Pgbench,
    /// The gateway's.
    folder: PathBuf,
    loads: Loads,
}

struct Servers {
    bare_check: Server,
    bare_notify: Server,
    gateway: Server,
    plain: Server,
}

pub(crate) fn all(args: &Args) -> Result<()> {
    let (seconds, rounds) = if args.quick { (1, 1) } else { (args.seconds, args.rounds) };
    // The server may run as another user, who must get in.
    let mut parent = tempfile::Builder::new();
    let parent = parent.permissions(Permissions::from_mode(0o755)).tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let parent = parent.path();
    let numbers = if args.preload > 0 { args.preload } else { NUMBERS };
    let mut run = Run {
        args,
        postgres: Postgres::start(parent.join("postgres"))?,
        pgbench: Pgbench::new(parent, numbers)?,
        folder: parent.join("gateway"),
        loads: Loads::new(seconds, numbers),
    };
    run.make_databases()?;
    println!(
        "{} CPUs, {}, in {}, {} subscriptions to begin with",
        std::thread::available_parallelism()?,
        run.postgres.sql("gateway", &[VERSION])?.trim(),
        parent.display(),
        args.preload,
    );
    let servers = run.serve()?;
    table::memory("before the load", servers.gateway.memory()?);
    let mut ratios = Vec::new();
    table::head();
    for connections in &args.connections {
        for _ in 0..rounds {
            ratios.extend(run.round(&servers, *connections)?);
        }
    }
    table::ratios(&args.connections, &ratios);
    table::memory("after the load", servers.gateway.memory()?);
    servers.stop()?;
    if args.tasks > 0 {
        run.postgres.sql("postgres", &["CREATE DATABASE tasks"])?;
        let folder = parent.join("tasks");
        std::fs::create_dir(&folder)?;
        std::fs::write(folder.join(URL_FILE), run.postgres.url("tasks"))?;
        preload::make(&folder)?;
        tasks::run(&folder, if args.quick { args.tasks.min(1000) } else { args.tasks })?;
    }
    if !args.no_shim {
        run.slow_disk(parent)?;
    }
    if args.soak > 0 {
        soak::run(&run.folder, &mut run.loads, args.soak)?;
    }
    Ok(())
}

const VERSION: &str = "SELECT 'PostgreSQL ' || current_setting('server_version') || ' with fsync ' || \
    current_setting('fsync')";

impl Run<'_> {
    /// The gateway makes its own; the others are copies.
    fn make_databases(&self) -> Result<()> {
        std::fs::create_dir(&self.folder)?;
        std::fs::write(self.folder.join(URL_FILE), self.postgres.url("gateway"))?;
        self.postgres.sql("postgres", &["CREATE DATABASE gateway"])?;
        if self.args.partitions > 0 {
            let count = format!("integer := {};", self.args.partitions);
            self.postgres.sql("gateway", &[&PARTITIONS.replace("integer := 4;", &count)])?;
        }
        preload::make(&self.folder)?;
        if self.args.preload > 0 {
            let statements = preload::statements(self.args.preload);
            self.postgres.sql("gateway", &statements.each_ref().map(String::as_str))?;
        }
        for copy in ["plain", OF_PGBENCH] {
            self.postgres.sql("postgres", &[&format!("CREATE DATABASE {copy} TEMPLATE gateway")])?;
        }
        self.postgres.sql(OF_PGBENCH, &[pgbench::TABLE, "CHECKPOINT"])?;
        Ok(())
    }

    fn serve(&self) -> Result<Servers> {
        Ok(Servers {
            bare_check: Server::bare(Kind::Check)?,
            bare_notify: Server::bare(Kind::Notify)?,
            gateway: self.gateway()?,
            plain: Server::own(&["one-tx", "--ledger", &self.postgres.url("plain")], None)?,
        })
    }

    fn gateway(&self) -> Result<Server> {
        let log = self.args.log.then(|| File::create(self.folder.join("log"))).transpose()?;
        Server::gateway(&self.folder, None, log)
    }

    fn round(&mut self, servers: &Servers, connections: usize) -> Result<Vec<Ratio>> {
        let bare_check = self.load(&servers.bare_check, "bare hyper, check", Kind::Check, connections)?;
        let (check, _) = self.with_database(&servers.gateway, "gateway, check", Kind::Check, connections)?;
        let bare_notify = self.load(&servers.bare_notify, "bare hyper, notify", Kind::Notify, connections)?;
        let (notify, cpu_s) =
            self.with_database(&servers.gateway, "gateway, notify", Kind::Notify, connections)?;
        let each = "one transaction each, notify";
        let (plain, _) = self.with_database(&servers.plain, each, Kind::Notify, connections)?;
        let one_row = self.pgbench("pgbench, one row", &self.pgbench.one_row, connections)?;
        let same_rows = self.pgbench("pgbench, same rows", &self.pgbench.same_rows, connections)?;
        Ok(vec![
            ("postgres: check / bare", connections, check.per_s() / bare_check.per_s()),
            ("postgres: notify / bare", connections, notify.per_s() / bare_notify.per_s()),
            ("postgres: notify / pgbench, one row", connections, notify.per_s() / one_row),
            ("postgres: notify / pgbench, same rows", connections, notify.per_s() / same_rows),
            ("postgres: notify / one transaction each", connections, notify.per_s() / plain.per_s()),
            ("postgres: CPU s of 100,000 notices", connections, cpu_s),
        ])
    }

    fn load(&mut self, server: &Server, name: &'static str, kind: Kind, connections: usize) -> Result<Line> {
        let line = self.loads.on(server, name, kind, connections)?;
        table::line(&line);
        Ok(line)
    }

    /// A load on a server that uses the database, and the CPU seconds that both used for 100,000 requests.
    fn with_database(
        &mut self,
        server: &Server,
        name: &'static str,
        kind: Kind,
        connections: usize,
    ) -> Result<(Line, f64)> {
        let before = self.postgres.cpu_s()?;
        let line = self.load(server, name, kind, connections)?;
        let database_s = line.of_100_000(self.postgres.cpu_s()? - before);
        table::cpu(line.cpu_s(), database_s);
        let together_s = line.cpu_s() + database_s;
        Ok((line, together_s))
    }

    fn pgbench(&self, name: &str, script: &Path, connections: usize) -> Result<f64> {
        let before = self.postgres.cpu_s()?;
        let counted = pgbench::run(&self.postgres, OF_PGBENCH, script, connections, self.loads.seconds)?;
        let used_s = self.postgres.cpu_s()? - before;
        table::pgbench(name, connections, &counted, used_s * 100_000.0 / counted.total.max(1) as f64);
        Ok(counted.per_s)
    }

    /// The same databases with a millisecond added to each of the server's syncs: whether it pays then to
    /// have several batches in flight.
    fn slow_disk(&mut self, parent: &Path) -> Result<()> {
        let Some(library) = shim::build(parent) else {
            println!("\nno C compiler: the part with slow syncs is left out");
            return Ok(());
        };
        self.postgres.restart(Some(&library))?;
        let gateway = self.gateway()?;
        println!("\nwith 1 ms more for each sync");
        table::head();
        let mut ratios: Vec<Ratio> = Vec::new();
        for connections in &self.args.connections {
            let (notify, _) = self.with_database(&gateway, "gateway, notify", Kind::Notify, *connections)?;
            let one_row = self.pgbench("pgbench, one row", &self.pgbench.one_row, *connections)?;
            let name = "slow postgres: notify / pgbench, one row";
            ratios.push((name, *connections, notify.per_s() / one_row));
        }
        table::ratios(&self.args.connections, &ratios);
        gateway.stop()?;
        self.postgres.restart(None)
    }
}

impl Servers {
    fn stop(self) -> Result<()> {
        self.gateway.stop()?;
        self.plain.stop()
    }
}
