//! A long load at full rate: does the gateway's memory grow?

use std::path::Path;

use crate::Result;
use crate::cli::Kind;
use crate::compare::Loads;
use crate::process::Server;
use crate::table;

/// One line of the table in this time.
const STEP_S: u32 = 30;

const CONNECTIONS: usize = 64;

pub(crate) fn run(folder: &Path, loads: &mut Loads, seconds: u32) -> Result<()> {
    let gateway = Server::gateway(folder, None, None)?;
    loads.seconds = STEP_S.min(seconds);
    println!("\nnotices at full rate for {seconds} s");
    table::head();
    for _ in 0..seconds.div_ceil(STEP_S) {
        let line = loads.on(&gateway, "gateway, notify", Kind::Notify, CONNECTIONS)?;
        table::line(&line);
        table::memory("then", gateway.memory()?);
    }
    gateway.stop()
}
