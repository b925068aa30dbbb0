//! Tables that an operator has declared as partitions before the gateway was there: `migrate` brings them up to
//! date or says what is wrong with them, whatever is asked of a number opens one partition, and a copy fills them.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "support/said.rs"]
mod said;
#[path = "support/server.rs"]
mod server;

#[path = "postgres_partitions/copied.rs"]
mod copied;
#[path = "postgres_partitions/declared.rs"]
mod declared;
#[path = "postgres_partitions/pruned.rs"]
mod pruned;

use gateway::ledger::postgres::{Client, PARTITIONS};
use server::Server;

/// The tables of the script.
const DIVIDED: [&str; 5] = ["identity", "notice", "notice_raw", "past_run", "subscription"];

/// A database in which the script has been run.
fn partitioned(server: &Server, name: &str) -> String {
    let url = server.database(name);
    Client::open(&url).and_then(|mut client| client.rows(PARTITIONS)).expect("the script");
    url
}
