//! What can be asked for, and the parts this program plays in processes of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// Measures the gateway end to end.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// One short round: about half a minute.
    #[arg(long)]
    pub(crate) quick: bool,

    /// The ledger on PostgreSQL, beside what `pgbench` gets out of the same server: one of our own.
    #[arg(long)]
    pub(crate) postgres: bool,

    /// With --postgres: the tables that grow are declared as so many partitions, as docs/partitions.sql does.
    #[arg(long, default_value_t = 0)]
    pub(crate) partitions: u32,

    /// How long each measurement lasts, seconds.
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u32,

    /// Rounds; ratios are medians over them.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: u32,

    /// Keep-alive connections.
    #[arg(long, value_delimiter = ',', default_values_t = [64, 256])]
    pub(crate) connections: Vec<usize>,

    /// Subscriptions in the ledger before the run, with their journal, e.g. 1000000.
    #[arg(long, default_value_t = 0)]
    pub(crate) preload: u32,

    /// Afterwards, load the gateway with notices for so many seconds and watch its memory.
    #[arg(long, default_value_t = 0)]
    pub(crate) soak: u32,

    /// Afterwards, make so many activation codes and have them redeemed; 0 leaves it out.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) redeem: u32,

    /// Afterwards, have so many tasks carried out by a worker; 0 leaves it out.
    #[arg(long, default_value_t = 10_000)]
    pub(crate) tasks: u32,

    /// Leave out the part with 1 ms added to each sync.
    #[arg(long)]
    pub(crate) no_shim: bool,

    /// The gateway's log goes to a file on the same disk instead of /dev/null.
    #[arg(long)]
    pub(crate) log: bool,

    /// Only compare checks and notices with those of another build of the gateway: its binary.
    #[arg(long)]
    pub(crate) beside: Option<PathBuf>,

    /// Given by cargo.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,

    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    #[command(hide = true)]
    Client(Load),
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        reply_bytes: usize,
    },
    #[command(hide = true)]
    OneTx {
        #[arg(long)]
        ledger: String,
    },
    #[command(hide = true)]
    Disk {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        seconds: u32,
    },
}

/// One load.
#[derive(Debug, Clone, ClapArgs)]
pub(crate) struct Load {
    #[arg(long)]
    pub(crate) to: SocketAddr,
    #[arg(long)]
    pub(crate) kind: Kind,
    #[arg(long)]
    pub(crate) connections: usize,
    #[arg(long)]
    pub(crate) seconds: u32,
    /// Different numbers.
    #[arg(long)]
    pub(crate) numbers: u32,
    /// The first queueID.
    #[arg(long)]
    pub(crate) first: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Notify,
    Check,
    Packages,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Check => "check",
            Self::Packages => "packages",
        }
    }
}
