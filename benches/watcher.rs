//! The gateway in front of a Watcher with very many users, beside another build of it: how many services a minute begin,
//! and what `vsaas reconcile` makes of cameras that it may not touch. The binaries are real, Watcher is the tests'
//! double in this process, with a delay before every answer.
//!
//! ```text
//! world      the double, its subscribers and cameras, settings and offers
//! process    a build in a folder of its own: serving, or running a command; its memory
//! begins     registers by the carrier's XML until the last camera is served
//! reconcile  cameras that differ, of which some answer 403
//! ```
//!
//! `cargo bench --bench watcher -- --beside OTHER` (`-- --help` for more). Each measurement has an empty ledger and a
//! double of its own. Figures of one run compare with each other only.

#[path = "watcher/begins.rs"]
mod begins;
#[path = "watcher/process.rs"]
mod process;
#[path = "watcher/reconcile.rs"]
mod reconcile;
#[path = "../tests/support/watcher_double.rs"]
mod watcher_double;
#[path = "watcher/world.rs"]
mod world;

use std::path::PathBuf;

use clap::Parser;
use process::Build;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Measures two builds of the gateway in front of a double of Watcher, in turn.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// The build that is measured; the one that cargo built, where none is given.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_sdp-gateway"))]
    binary: PathBuf,

    /// Another build to compare it with: its binary.
    #[arg(long)]
    beside: Option<PathBuf>,

    /// Rounds; ratios are medians over them.
    #[arg(long, default_value_t = 1)]
    rounds: u32,

    /// Users whom Watcher has from the start, members with rights of the organization that all share.
    #[arg(long, default_value_t = 60_000)]
    users: usize,

    /// What Watcher takes for each answer, milliseconds.
    #[arg(long, default_value_t = 20)]
    delay_ms: u64,

    /// Subscribers with a camera each, who register; 0 leaves that part out.
    #[arg(long, default_value_t = 480)]
    subscribers: usize,

    /// They have users at Watcher already, with rights in the organization.
    #[arg(long)]
    known: bool,

    /// The provider's `concurrency`.
    #[arg(long, default_value_t = 16)]
    concurrency: u32,

    /// The provider's `timeout_ms`; the shipped settings' where none is given.
    #[arg(long)]
    timeout_ms: Option<u32>,

    /// How long a build may take for its beginnings, seconds; what was done by then counts.
    #[arg(long, default_value_t = 120)]
    seconds: u64,

    /// Cameras that are compared, twenty to a subscriber; 0 leaves that part out.
    #[arg(long, default_value_t = 10_000)]
    cameras: usize,

    /// How many of them differ.
    #[arg(long, default_value_t = 1000)]
    differing: usize,

    /// How many of those answer 403.
    #[arg(long, default_value_t = 100)]
    refused: usize,

    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// What is aimed at, for comparison only: a busy machine misses it.
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if !args.bench {
        // `cargo test --all-targets` runs benches too, without `--bench`.
        println!("measures only under `cargo bench`");
        return Ok(());
    }
    let this = Build { name: "this build", binary: args.binary.canonicalize()? };
    let other = args.beside.as_ref().map(|binary| binary.canonicalize()).transpose()?;
    let other = other.map(|binary| Build { name: "other build", binary });
    if args.subscribers > 0 {
        all_begins(&args, &this, other.as_ref()).await?;
    }
    if args.cameras > 0 {
        all_comparisons(&args, &this, other.as_ref()).await?;
    }
    Ok(())
}

async fn all_begins(args: &Args, this: &Build, other: Option<&Build>) -> Result<()> {
    begins::head(args);
    let (mut per_min, mut calls) = (Vec::new(), Vec::new());
    for round in 0..args.rounds {
        let [this, other] =
            in_turn(round, this, other, async |build| begins::measure(args, build).await).await?;
        let (Some(this), Some(other)) = (this, other) else { continue };
        per_min.push(this.per_min() / other.per_min());
        calls.push(other.calls_each() / this.calls_each());
    }
    ratio("begins a minute, this / other", per_min, Some(&Target::AtLeast(20.0)));
    ratio("calls a begin, other / this", calls, None);
    Ok(())
}

async fn all_comparisons(args: &Args, this: &Build, other: Option<&Build>) -> Result<()> {
    reconcile::head(args);
    let (mut telling, mut mending, mut times) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..args.rounds {
        let [this, other] =
            in_turn(round, this, other, async |build| reconcile::measure(args, build).await).await?;
        let (Some(this), Some(other)) = (this, other) else { continue };
        telling.push(this.telling.peak_kib as f64 / other.telling.peak_kib as f64);
        mending.push(this.mending.peak_kib as f64 / other.mending.peak_kib as f64);
        times.push(this.telling.took.as_secs_f64() / other.telling.took.as_secs_f64());
    }
    ratio("reconcile, most memory, this / other", telling, Some(&Target::AtMost(1.2)));
    ratio("reconcile --fix, most memory, this / other", mending, Some(&Target::AtMost(1.2)));
    ratio("reconcile, time, this / other", times, None);
    Ok(())
}

/// Measures both, this one first in every other round; `None` for a build that there is not.
async fn in_turn<T>(
    round: u32,
    this: &Build,
    other: Option<&Build>,
    measure: impl AsyncFn(&Build) -> Result<T>,
) -> Result<[Option<T>; 2]> {
    let of_other = async || match other {
        Some(other) => measure(other).await.map(Some),
        None => Ok(None),
    };
    if round.is_multiple_of(2) {
        Ok([Some(measure(this).await?), of_other().await?])
    } else {
        let other = of_other().await?;
        Ok([Some(measure(this).await?), other])
    }
}

/// Median, least and most over the rounds.
fn ratio(name: &str, mut values: Vec<f64>, target: Option<&Target>) {
    values.sort_by(f64::total_cmp);
    let Some(median) = values.get(values.len() / 2) else { return };
    let (least, most) = (values[0], values[values.len() - 1]);
    let met = |is_met: bool| if is_met { "met" } else { "missed" };
    let target = match target {
        Some(Target::AtLeast(bound)) => format!(", aimed at >= {bound}: {}", met(*median >= *bound)),
        Some(Target::AtMost(bound)) => format!(", aimed at <= {bound}: {}", met(*median <= *bound)),
        None => String::new(),
    };
    println!("{name}: {median:.2} (least {least:.2}, most {most:.2}){target}");
}
