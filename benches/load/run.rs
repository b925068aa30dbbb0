//! A whole run, in order: ledgers, servers, rounds, ratios, the slow disk, the long load.

use std::fs::File;
use std::path::Path;

use crate::cli::{Args, Kind};
use crate::compare::{Line, Loads};
use crate::process::{self, Server};
use crate::table::Ratio;
use crate::{Result, preload, redeem, shim, shop, soak, table, tasks};

/// Numbers where the ledger begins empty: within a round most become renewals.
pub(crate) const NUMBERS: u32 = 50_000;

/// Connections that redeem codes, each waiting for its answer.
const REDEEMERS: usize = 64;

/// The gateway and what it is compared with, all running; an idle one costs nothing.
struct Servers {
    bare_check: Server,
    bare_notify: Server,
    gateway: Server,
    one_tx: Server,
}

/// What shows packages, and what does nothing but answer.
struct Shop {
    bare: Server,
    gateway: Server,
}

pub(crate) fn all(args: &Args) -> Result<()> {
    let (seconds, rounds) = if args.quick { (1, 1) } else { (args.seconds, args.rounds) };
    let parent = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let parent = parent.path();
    println!(
        "{} CPUs, ledgers in {}, the gateway's log in {}, {} subscriptions to begin with",
        std::thread::available_parallelism()?,
        parent.display(),
        if args.log { "a file beside them" } else { "/dev/null" },
        args.preload,
    );
    let folder = preload::folder(parent, "gateway", args.preload)?;
    let plain = preload::copy(&folder, parent, "one-tx")?;
    let servers = Servers::start(args, &folder, &plain, None)?;
    table::memory("before the load", servers.gateway.memory()?);

    let numbers = if args.preload > 0 { args.preload } else { NUMBERS };
    let mut loads = Loads::new(seconds, numbers);
    let mut ratios = Vec::new();
    table::head();
    let shop = Shop { bare: Server::bare(Kind::Packages)?, gateway: shop::gateway(parent, "shop", "")? };
    for connections in &args.connections {
        for _ in 0..rounds {
            ratios.extend(round(&servers, &mut loads, parent, *connections)?);
            ratios.extend(shop.round(&mut loads, *connections)?);
        }
    }
    table::ratios(&args.connections, &ratios);
    table::memory("after the load", servers.gateway.memory()?);
    if args.redeem > 0 {
        let many = if args.quick { args.redeem.min(1000) } else { args.redeem };
        let redeemed_per_s = redeem::run(parent, many, REDEEMERS)?;
        shop::run(parent, many, REDEEMERS, redeemed_per_s)?;
    }
    if args.tasks > 0 {
        let of_tasks = preload::folder(parent, "tasks", 0)?;
        tasks::run(&of_tasks, if args.quick { args.tasks.min(1000) } else { args.tasks })?;
    }
    if !args.no_shim {
        slow_disk(args, parent, &folder, &plain, servers, &mut loads)?;
    }
    if args.soak > 0 {
        soak::run(&folder, &mut loads, args.soak)?;
    }
    Ok(())
}

impl Servers {
    fn start(args: &Args, folder: &Path, plain: &Path, preload: Option<&Path>) -> Result<Self> {
        let log = args.log.then(|| File::create(folder.join("log"))).transpose()?;
        let ledger = preload::ledger(plain);
        Ok(Self {
            bare_check: Server::bare(Kind::Check)?,
            bare_notify: Server::bare(Kind::Notify)?,
            gateway: Server::gateway(folder, preload, log)?,
            one_tx: Server::own(&["one-tx", "--ledger", &ledger.to_string_lossy()], preload)?,
        })
    }
}

impl Shop {
    fn round(&self, loads: &mut Loads, connections: usize) -> Result<Vec<Ratio>> {
        let bare = loads.on(&self.bare, "bare hyper, packages", Kind::Packages, connections)?;
        table::line(&bare);
        let packages = loads.on(&self.gateway, "gateway, packages", Kind::Packages, connections)?;
        table::line(&packages);
        Ok(vec![
            ("packages / bare, by the server's CPU time", connections, bare.cpu_s() / packages.cpu_s()),
            ("packages / bare", connections, packages.per_s() / bare.per_s()),
        ])
    }
}

fn round(servers: &Servers, loads: &mut Loads, folder: &Path, connections: usize) -> Result<Vec<Ratio>> {
    let mut measured = |server, name, kind| -> Result<Line> {
        let line = loads.on(server, name, kind, connections)?;
        table::line(&line);
        Ok(line)
    };
    let bare_check = measured(&servers.bare_check, "bare hyper, check", Kind::Check)?;
    let check = measured(&servers.gateway, "gateway, check", Kind::Check)?;
    let bare_notify = measured(&servers.bare_notify, "bare hyper, notify", Kind::Notify)?;
    let notify = measured(&servers.gateway, "gateway, notify", Kind::Notify)?;
    let one_tx = measured(&servers.one_tx, "one transaction each, notify", Kind::Notify)?;
    let syncs = syncs(folder, None)?;
    println!("{:<34} {syncs:>9.0}", "one sync each would allow");
    let cpu = |bare: &Line, line: &Line| bare.cpu_s() / line.cpu_s();
    let cpu = [cpu(&bare_check, &check), cpu(&bare_notify, &notify)];
    let (check, notify) = (check.per_s(), notify.per_s());
    Ok(vec![
        ("check / bare, by the server's CPU time", connections, cpu[0]),
        ("notify / bare, by the server's CPU time", connections, cpu[1]),
        ("check / bare", connections, check / bare_check.per_s()),
        ("notify / bare", connections, notify / bare_notify.per_s()),
        ("notify / one transaction each", connections, notify / one_tx.per_s()),
        ("notify / one sync each", connections, notify / syncs),
    ])
}

/// The same ledgers with a millisecond added to each sync.
fn slow_disk(
    args: &Args,
    parent: &Path,
    folder: &Path,
    plain: &Path,
    servers: Servers,
    loads: &mut Loads,
) -> Result<()> {
    let Some(library) = shim::build(parent) else {
        println!("\nno C compiler: the part with slow syncs is left out");
        return Ok(());
    };
    servers.gateway.stop()?;
    servers.one_tx.stop()?;
    let servers = Servers::start(args, folder, plain, Some(&library))?;
    println!("\nwith 1 ms more for each sync");
    table::head();
    let mut ratios: Vec<Ratio> = Vec::new();
    for connections in &args.connections {
        let notify = loads.on(&servers.gateway, "gateway, notify", Kind::Notify, *connections)?;
        table::line(&notify);
        let one_tx = loads.on(&servers.one_tx, "one transaction each, notify", Kind::Notify, *connections)?;
        table::line(&one_tx);
        let syncs = syncs(parent, Some(&library))?;
        println!("{:<34} {syncs:>9.0}", "one sync each would allow");
        let (notify, one_tx) = (notify.per_s(), one_tx.per_s());
        ratios.push(("slow disk: notify / one transaction each", *connections, notify / one_tx));
        ratios.push(("slow disk: notify / one sync each", *connections, notify / syncs));
    }
    table::ratios(&args.connections, &ratios);
    servers.gateway.stop()?;
    servers.one_tx.stop()
}

fn syncs(folder: &Path, preload: Option<&Path>) -> Result<f64> {
    let folder = folder.to_string_lossy();
    let printed = process::output(&["disk", "--folder", &folder, "--seconds", "2"], preload)?;
    Ok(printed.trim().parse()?)
}
