//! `vsaas`: what operators do at Watcher and in billing, as the papers of both describe it. The calls are made
//! by the clients in `providers`; what a subscription asks for is the worker's.
//!
//! Organizations have an id in either system. `org` takes and gives billing's, as billing's own papers do;
//! everything else takes Watcher's. Each refuses the other's by naming the right one.

mod camera;
mod folders;
mod ids;
mod org;
mod play;
mod reconcile;
mod systems;
mod tariffs;
mod user;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::subscriber::cell;
use super::table::columns;
use super::{Ended, Global, block_on, told};
use crate::config::Secrets;
use crate::ids::vsaas::OrganizationId;
use systems::Systems;

#[derive(Debug, Args)]
pub(crate) struct Vsaas {
    /// The provider of kind watcher, where there are several
    #[arg(long, global = true, value_name = "NAME")]
    provider: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare billing's tariffs, Watcher's presets and our offers
    Tariffs,
    /// Tell what differs at Watcher from what is in force; mend it with --fix
    Reconcile(reconcile::Reconcile),
    /// Organizations, by billing's ids
    #[command(subcommand)]
    Org(org::Org),
    /// Users of Watcher
    #[command(subcommand)]
    User(user::User),
    /// Cameras of Watcher
    #[command(subcommand)]
    Camera(camera::Camera),
    /// The folders of an organization
    Folders(Where),
}

/// An organization by Watcher's id.
#[derive(Debug, Args)]
struct Where {
    /// Only this organization, by Watcher's id
    #[arg(long, value_name = "ID")]
    org: Option<OrganizationId>,
}

pub(super) fn run(global: &Global, vsaas: Vsaas) -> Ended {
    // What is played may need the key of our own tokens too; everything else needs those systems' alone.
    let secrets = match &vsaas.command {
        Command::Camera(command) if command.plays() => Secrets::Of(&["ledger", "providers", "flussonic"]),
        Command::Reconcile(_) => Secrets::Of(&["ledger", "providers"]),
        _ => Secrets::Of(&["providers"]),
    };
    let config = global.load(secrets)?;
    super::serve::logs(global, &config, "warn")?;
    let systems = Systems::of(&config, vsaas.provider.as_deref())?;
    block_on(async {
        match vsaas.command {
            Command::Tariffs => tariffs::run(global, &config, &systems).await,
            Command::Reconcile(command) => reconcile::run(global, &config, &systems, command).await,
            Command::Org(command) => org::run(global, &systems, command).await,
            Command::User(command) => user::run(global, &systems, command).await,
            Command::Camera(command) => camera::run(global, &config, &systems, command).await,
            Command::Folders(of) => folders::run(global, &systems, of.org).await,
        }
    })?
}

/// Prints rows under a heading, or as JSON under `name`.
fn print_table(global: &Global, name: &str, heading: &[&str], rows: Vec<Value>) {
    if global.json {
        super::print(&format!("{:#}\n", json!({ name: rows })));
        return;
    }
    let row = |row: &Value| heading.iter().map(|key| short(&row[*key])).collect();
    super::print(&columns(heading, &rows.iter().map(row).collect::<Vec<_>>()));
}

/// A list as a cell: its items with blanks between.
fn short(value: &Value) -> String {
    match value.as_array() {
        Some(items) if items.is_empty() => "-".to_owned(),
        Some(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        None => cell(value),
    }
}
