//! The commands: what each takes and prints. One file per command; the work itself is done below.
//!
//! Every command ends with 0 when it is done, 1 when it failed, 2 when it was called wrongly.

mod account;
mod caller;
mod chosen;
mod codes;
mod config;
mod ledger;
mod licenses;
mod migrate;
mod notices;
mod open;
mod openapi;
mod orders;
mod output;
mod progress;
mod replay;
mod serve;
mod subscriber;
mod table;
mod tasks;
mod vsaas;
mod work;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::app::{self, Sources, StartError};
use crate::clock::Clock;
use crate::config::{Config, Faults, Secrets, environment, named_file};
use crate::ids::visible;
use crate::ledger::Rules;
use crate::telemetry::Chain;
use output::{print, say, tell};

/// What a command ends with: nothing, or what went wrong.
pub(crate) type Ended = Result<(), Failure>;

/// A failure that has been told already, or is to be told on one line.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Printed by the command itself.
    Told,
    /// The command was called wrongly, as it turned out on the way; why.
    Usage(String),
    /// To be printed with its chain.
    Untold(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Untold(Box::new(error))
    }
}

/// The gateway between a mobile carrier's SDP and a cloud-camera business.
#[derive(Debug, Parser)]
#[command(name = "sdp-gateway", version)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Settings file, over the defaults and under the environment [env: SDP_GATEWAY_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON where text is printed; of serve and work the log
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    Serve,
    /// Run only the worker that sends what is owed to providers
    Work,
    /// Check settings and catalog and print the effective ones, secrets masked
    Config,
    /// Bring the ledger's schema up to date
    Migrate,
    /// One number: its whole story, and an operator's own end or grant
    #[command(subcommand)]
    Subscriber(subscriber::Subscriber),
    /// One account of a camera app: its whole story
    #[command(subcommand)]
    Account(account::Account),
    /// What camera apps sold, and the payments that came for it
    #[command(subcommand)]
    Orders(orders::Orders),
    /// The journal of the carrier's messages
    #[command(subcommand)]
    Notices(notices::Notices),
    /// What is owed to providers, dead letters included
    #[command(subcommand)]
    Tasks(tasks::Tasks),
    /// The stock of activation codes
    #[command(subcommand)]
    Codes(codes::Codes),
    /// Watcher and billing: tariffs, organizations, users, cameras
    Vsaas(vsaas::Vsaas),
    /// Send fixtures, XML files or an exported journal to a running gateway and compare the answers
    Replay(replay::Replay),
    /// The ledger as a whole
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Print the OpenAPI document of the JSON surfaces
    Openapi,
    /// Print whose work is in this binary, and under which terms
    Licenses,
}

impl Cli {
    /// Runs the command and tells how it ended.
    #[must_use]
    pub fn run(self) -> ExitCode {
        if let Some(fault) = Clock::system().fault() {
            fail(format!("sdp-gateway: {fault}"));
            return ExitCode::FAILURE;
        }
        let global = &self.global;
        let ended = match self.command {
            Command::Serve => serve::run(global),
            Command::Work => work::run(global),
            Command::Config => config::run(global),
            Command::Migrate => migrate::run(global),
            Command::Subscriber(command) => subscriber::run(global, command),
            Command::Account(command) => account::run(global, command),
            Command::Orders(command) => orders::run(global, command),
            Command::Notices(command) => notices::run(global, command),
            Command::Tasks(command) => tasks::run(global, command),
            Command::Codes(command) => codes::run(global, command),
            Command::Vsaas(command) => vsaas::run(global, command),
            Command::Replay(command) => replay::run(global, command),
            Command::Ledger(command) => ledger::run(global, command),
            Command::Openapi => openapi::run(),
            Command::Licenses => licenses::run(global),
        };
        match &ended {
            Err(Failure::Untold(error)) => match faults(&**error) {
                // Where a person or a deployment looks for them, one a line.
                Some(faults) => faults.0.iter().for_each(fail),
                None => fail(format!("sdp-gateway: {}", Chain(&**error))),
            },
            Err(Failure::Usage(what)) => wrong_usage(ErrorKind::ValueValidation, &visible::one_line(what)),
            Err(Failure::Told) | Ok(()) => {}
        }
        let unprinted = output::failure();
        if let Some(error) = unprinted {
            tell(format!("sdp-gateway: standard output cannot be written to: {error}"));
        }
        if ended.is_ok() && unprinted.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl Global {
    /// The effective settings, with these secrets.
    fn load(&self, secrets: Secrets) -> Result<Config, Faults> {
        let (config, faults) = self.inspect(secrets);
        faults.into_result().map(|()| config)
    }

    /// The same with the catalog, whose faults come with those of the settings.
    fn load_whole(&self, secrets: Secrets) -> Result<(Config, Rules), Faults> {
        let (config, mut faults) = self.inspect(secrets);
        match app::rules(&config) {
            Ok(rules) => faults.into_result().map(|()| (config, rules)),
            Err(of_catalog) => {
                faults.0.extend(of_catalog.0);
                Err(faults)
            }
        }
    }

    fn inspect(&self, secrets: Secrets) -> (Config, Faults) {
        let file = self.config.clone().or_else(named_file);
        Config::inspect(file.as_deref(), environment(), secrets)
    }

    /// Where the settings come from.
    fn sources(&self) -> Sources {
        let file = self.config.clone().or_else(named_file);
        Sources { settings: file.map(|file| file.display().to_string()) }
    }

    /// Prints an object as JSON, or the text that says the same to a person.
    fn print(&self, json: &serde_json::Value, text: impl FnOnce() -> String) {
        match self.json {
            true => print(&format!("{json:#}\n")),
            false => print(&text()),
        }
    }
}

/// Tells why the command fails; to the journal with the priority that a line of its log would have.
fn fail(line: impl std::fmt::Display) {
    let priority = if crate::systemd::has_journal() { "<3>" } else { "" };
    tell(format!("{priority}{line}"));
}

/// The faults that an error is made of.
fn faults<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e Faults> {
    error.downcast_ref::<Faults>().or_else(|| match error.downcast_ref() {
        Some(StartError::Catalog(faults)) => Some(faults),
        _ => None,
    })
}

/// Ends the program: the command was called wrongly in a way that its options alone do not tell.
fn wrong_usage(kind: ErrorKind, what: &str) -> ! {
    Cli::command().error(kind, what).exit()
}

/// Tells what went wrong, on one line.
fn told(what: &str) -> Failure {
    tell(format!("sdp-gateway: {}", visible::one_line(what)));
    Failure::Told
}

/// A runtime for a command that waits for things.
fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(future);
    // A thread that hangs at a disk is not waited for.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    Ok(done)
}
