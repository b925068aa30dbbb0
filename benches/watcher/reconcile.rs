//! `vsaas reconcile` of many cameras, some of which differ and some of those answer 403: how many are right
//! afterwards, how long it takes, and how much memory.

use std::time::{Duration, Instant};

use crate::begins::tell_refused;
use crate::process::{Build, Ran};
use crate::watcher_double::{Double, Thing};
use crate::world::{self, By, DEFAULT, Subscriber};
use crate::{Args, Result};

/// Cameras of one subscriber.
const CAMERAS_EACH: usize = 20;

/// How often it is looked whether the ledger is filled, and how long that may take.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const FILL_MAX: Duration = Duration::from_secs(300);

/// A comparison that only told, and one that mended.
#[derive(Debug)]
pub(crate) struct Compared {
    pub(crate) telling: Ran,
    pub(crate) mending: Ran,
}

pub(crate) fn head(args: &Args) {
    println!(
        "\nvsaas reconcile: {} cameras, {} of them differ, {} of those answer 403; {} users, {} ms a call",
        args.cameras, args.differing, args.refused, args.users, args.delay_ms
    );
}

/// Of one build, with what it comes to printed.
pub(crate) async fn measure(args: &Args, build: &Build) -> Result<Compared> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let known = |nth| Subscriber { nth, cameras: CAMERAS_EACH, is_known: true };
    let subscribers: Vec<Subscriber> = (0..args.cameras / CAMERAS_EACH).map(known).collect();
    let cameras = subscribers.len() * CAMERAS_EACH;
    let double = world::double(args, &subscribers).await;
    let gateway =
        build.serve(folder.path(), &world::settings(args, folder.path(), &double, By::Nobody)?).await?;
    gateway.bind(&subscribers).await?;
    gateway.register(&subscribers).await?;
    let filled = gateway.until_ended(cameras, LOOK_EVERY, Instant::now() + FILL_MAX).await?;
    if filled.done != cameras {
        return Err(format!("{} of {cameras} tasks done: {filled:?}", filled.done).into());
    }
    gateway.stop().await?;
    spoil(args, &double, &subscribers);
    let settings = world::settings(args, folder.path(), &double, By::Watcher)?;
    double.state().forget_calls();
    let telling = build.run(folder.path(), &settings, &["vsaas", "reconcile"]).await?;
    told(build, &telling, &format!(" {} calls,", calls(&double)));
    let before = world::served(&double, &subscribers);
    let mending = build.run(folder.path(), &settings, &["vsaas", "reconcile", "--fix"]).await?;
    let mended = world::served(&double, &subscribers) - before;
    let mendable = args.differing.saturating_sub(args.refused);
    let what = format!(" --fix: {mended} of {mendable} that can be are mended; {} calls,", calls(&double));
    told(build, &mending, &what);
    tell_refused(&double);
    Ok(Compared { telling, mending })
}

/// Has all served but those that are to differ, half by their preset and half by being disabled, and some of these
/// answer 403.
fn spoil(args: &Args, double: &Double, subscribers: &[Subscriber]) {
    let mut state = double.state();
    let names: Vec<String> = subscribers.iter().flat_map(Subscriber::cameras).collect();
    let every = (names.len() / args.differing.max(1)).max(1);
    let refused_every = (args.differing / args.refused.max(1)).max(1);
    let (mut differing, mut refused) = (0, 0);
    for (nth, name) in names.into_iter().enumerate() {
        let Some(camera) = state.cameras.get_mut(&name) else { continue };
        camera.preset = world::BOUGHT;
        if nth % every != 0 || differing == args.differing {
            continue;
        }
        match differing % 2 {
            0 => camera.preset = DEFAULT,
            _ => camera.enabled = false,
        }
        if differing % refused_every == 0 && refused < args.refused {
            state.forbidden.insert(Thing::Camera(name));
            refused += 1;
        }
        differing += 1;
    }
    state.renew();
}

/// How many calls there were; from here on they are counted anew.
fn calls(double: &Double) -> usize {
    let mut state = double.state();
    let calls = state.counts().values().sum();
    state.forget_calls();
    calls
}

fn told(build: &Build, ran: &Ran, what: &str) {
    println!(
        "{:<12}{what} {:.1} s, {:.1} MB at most; it says: {}",
        build.name,
        ran.took.as_secs_f64(),
        ran.peak_kib as f64 / 1024.0,
        ran.summary
    );
}
