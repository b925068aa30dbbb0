//! The program: reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use sdp_gateway::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
