//! Beginnings: new subscribers register at once, each with a camera that is bound already; how long it takes until
//! all are served, and how many calls of Watcher.

use std::time::{Duration, Instant};

use crate::process::Build;
use crate::world::{self, By, Subscriber};
use crate::{Args, Result};

/// How often it is looked how many are done.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What was done in which time.
#[derive(Debug)]
pub(crate) struct Begins {
    done: usize,
    dead: usize,
    calls: usize,
    took: Duration,
    /// When the first was done.
    first_after: Option<Duration>,
}

impl Begins {
    /// Of a build that had none done in its time, what it would be with one: no more than that.
    pub(crate) fn per_min(&self) -> f64 {
        self.done.max(1) as f64 * 60.0 / self.took.as_secs_f64()
    }

    pub(crate) fn calls_each(&self) -> f64 {
        self.calls as f64 / self.done.max(1) as f64
    }

    fn print(&self, build: &Build) {
        let first = match self.first_after {
            Some(after) => format!("the first after {:.2} s", after.as_secs_f64()),
            None => "none".to_owned(),
        };
        println!(
            "{:<12} {:>5} done, {} dead, in {:>6.2} s ({first}): {:>8.1} a minute; {} calls, {:.1} a begin",
            build.name,
            self.done,
            self.dead,
            self.took.as_secs_f64(),
            self.per_min(),
            self.calls,
            self.calls_each(),
        );
    }
}

pub(crate) fn head(args: &Args) {
    let who = if args.known { "users begin again" } else { "new users begin" };
    println!(
        "\n{} {who} at once in front of {} users, {} ms a call, {} at a time, for {} s at most",
        args.subscribers, args.users, args.delay_ms, args.concurrency, args.seconds
    );
}

/// Of one build, with what it comes to printed.
pub(crate) async fn measure(args: &Args, build: &Build) -> Result<Begins> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let new = |nth| Subscriber { nth, cameras: 1, is_known: args.known };
    let subscribers: Vec<Subscriber> = (0..args.subscribers).map(new).collect();
    let double = world::double(args, &subscribers).await;
    let settings = world::settings(args, folder.path(), &double, By::Watcher)?;
    let gateway = build.serve(folder.path(), &settings).await?;
    gateway.bind(&subscribers).await?;
    double.state().forget_calls();
    let began = Instant::now();
    gateway.register(&subscribers).await?;
    let until = began + Duration::from_secs(args.seconds);
    let first = gateway.until_ended(1, LOOK_EVERY, until).await?;
    let first_after = (first.done > 0).then(|| began.elapsed());
    let tasks = gateway.until_ended(args.subscribers, LOOK_EVERY, until).await?;
    let (took, calls) = (began.elapsed(), double.state().counts().values().sum());
    let begins = Begins { done: tasks.done, dead: tasks.dead, calls, took, first_after };
    begins.print(build);
    tell_refused(&double);
    // It may be far from done, and what it is at is of no use to anybody.
    drop(gateway);
    Ok(begins)
}

/// Calls that a right client does not make.
pub(crate) fn tell_refused(double: &crate::watcher_double::Double) {
    let state = double.state();
    if let Some(first) = state.refused.first() {
        println!("{:<12} {} calls were not as the papers say, e.g. {first}", "", state.refused.len());
    }
}
