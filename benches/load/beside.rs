//! Two builds of the gateway under the same load in turn, each on a ledger of its own: what a change made faster or
//! slower on this machine at this hour.

use crate::cli::{Args, Kind};
use crate::compare::{Line, Loads};
use crate::process::Server;
use crate::run::NUMBERS;
use crate::table::Ratio;
use crate::{Result, preload, table};

pub(crate) fn run(args: &Args) -> Result<()> {
    let Some(binary) = &args.beside else { return Ok(()) };
    let binary = binary.canonicalize()?;
    let (seconds, rounds) = if args.quick { (1, 1) } else { (args.seconds, args.rounds) };
    let parent = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let this = preload::folder(parent.path(), "this", args.preload)?;
    // An older build makes a ledger of its own schema, where it need not be filled.
    let other = match args.preload {
        0 => preload::empty(parent.path(), "other")?,
        _ => preload::copy(&this, parent.path(), "other")?,
    };
    let servers = [Server::gateway(&this, None, None)?, Server::other(&binary, &other)?];
    let numbers = if args.preload > 0 { args.preload } else { NUMBERS };
    let mut loads = Loads::new(seconds, numbers);
    let mut ratios = Vec::new();
    table::head();
    for connections in &args.connections {
        for nth in 0..rounds {
            // Whoever is first is first in every other round only.
            ratios.extend(round(&servers, &mut loads, *connections, nth % 2 == 1)?);
        }
    }
    table::ratios(&args.connections, &ratios);
    for (name, server) in ["this", "other"].into_iter().zip(servers) {
        table::memory(&format!("after the load, {name} build"), server.memory()?);
        server.stop()?;
    }
    Ok(())
}

fn round(servers: &[Server; 2], loads: &mut Loads, connections: usize, turned: bool) -> Result<Vec<Ratio>> {
    let mut ratios = Vec::new();
    for (kind, names, told) in [
        (
            Kind::Check,
            ["this build, check", "other build, check"],
            ["check", "check, by the server's CPU time"],
        ),
        (
            Kind::Notify,
            ["this build, notify", "other build, notify"],
            ["notify", "notify, by the server's CPU time"],
        ),
    ] {
        let mut measured = |at: usize| -> Result<Line> {
            let line = loads.on(&servers[at], names[at], kind, connections)?;
            table::line(&line);
            Ok(line)
        };
        let (this, other) = match turned {
            false => (measured(0)?, measured(1)?),
            true => {
                let other = measured(1)?;
                (measured(0)?, other)
            }
        };
        ratios.push((told[0], connections, this.per_s() / other.per_s()));
        ratios.push((told[1], connections, other.cpu_s() / this.cpu_s()));
    }
    Ok(ratios)
}
