//! The gateway under load, beside what it could be at best and what it would be if built plainly, all
//! in one run: `cargo bench --bench load` (about three minutes; `-- --help` for more). With `-- --postgres`, the ledger is on a PostgreSQL server.
//!
//! This process measures; a process of its own sends ([`client`]), and so do the two servers that the
//! gateway is compared with: [`bare`], hyper alone, and [`one_tx`], one transaction a request. Figures
//! of one run compare with each other; those of two machines, or of one with other work, do not.

mod bare;
mod beside;
mod cli;
mod client;
mod compare;
mod cpu;
mod disk;
mod http;
mod message;
mod one_tx;
mod pgbench;
mod postgres;
mod preload;
mod process;
mod redeem;
mod run;
mod run_postgres;
mod shim;
mod shop;
mod soak;
mod table;
mod tasks;

use clap::Parser as _;
use cli::{Args, Role};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Result<()> {
    let args = Args::parse();
    match &args.role {
        Some(Role::Client(load)) => client::run(load),
        Some(Role::Bare { reply_bytes }) => bare::run(*reply_bytes),
        Some(Role::OneTx { ledger }) => one_tx::run(ledger),
        Some(Role::Disk { folder, seconds }) => disk::run(folder, *seconds),
        // `cargo test --all-targets` runs benches too, without `--bench`.
        None if !args.bench => {
            println!("measures only under `cargo bench`");
            Ok(())
        }
        None if args.beside.is_some() => beside::run(&args),
        None if args.postgres => run_postgres::all(&args),
        None => run::all(&args),
    }
}
