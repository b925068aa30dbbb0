//! The program: reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use sdp_gateway::cli::Cli;
use sdp_gateway::telemetry::flush_logs;

/// A fifth of a notice's time was the C library's allocator, which is at its worst where one thread
/// frees what another allocated, as the writer does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let ended = Cli::parse().run();
    flush_logs();
    ended
}
