//! What systemd and the gateway tell each other: sockets it holds for us, readiness, the end, the
//! watchdog. Started by anything else, nothing of this does anything.
//!
//! The protocols are read by two crates (`sd-notify`, `listenfd`); this process keeps no `unsafe`.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

use crate::config;

/// How often the watchdog is looked after within the time it allows. A commit may take all of that
/// time but two of these parts.
const LOOKS: u32 = 4;

/// Listening sockets that were handed over, by name (`FileDescriptorName=`), several of one name
/// included.
#[derive(Debug, Default)]
pub struct Sockets(Vec<(String, TcpListener)>);

impl Sockets {
    /// Takes over what was passed to this process, if anything was. Must come before any thread is
    /// started: the variables that tell of it are removed from the environment.
    ///
    /// # Errors
    /// Where the variables contradict one another or something else than a TCP socket was passed.
    pub fn passed() -> io::Result<Self> {
        // Names that are another process's business are not looked at.
        if sd_notify::listen_fds()?.len() == 0 {
            return Ok(Self::default());
        }
        let names: Vec<_> = sd_notify::listen_fds_with_names()?.map(|(_, name)| name).collect();
        let mut sockets = ListenFd::from_env();
        let mut passed = Vec::with_capacity(names.len());
        for (index, name) in names.into_iter().enumerate() {
            if let Some(socket) = sockets.take_tcp_listener(index)? {
                passed.push((name, socket));
            }
        }
        Ok(Self(passed))
    }

    /// All sockets of this name.
    pub fn take(&mut self, name: &str) -> Vec<TcpListener> {
        self.0.extract_if(.., |(own, _)| own == name).map(|(_, socket)| socket).collect()
    }

    /// The name of a socket that nobody has taken.
    #[must_use]
    pub fn left(&self) -> Option<&str> {
        self.0.first().map(|(name, _)| name.as_str())
    }
}

/// Whether standard error is read by the journal, which understands `<N>` before a line: systemd names the stream's
/// device and inode, and a child that was given another stderr is not fooled.
#[must_use]
pub fn has_journal() -> bool {
    let own = rustix::fs::fstat(io::stderr()).map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    config::journal_stream().is_some_and(|named| own.is_ok_and(|own| own == named))
}

/// Every surface listens.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// Settings are being read again; [`ready`] ends it.
pub fn reloading() {
    if let Ok(moment) = NotifyState::monotonic_usec_now() {
        tell_all(&[NotifyState::Reloading, moment]);
    }
}

/// The stop has begun.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// Feeds the watchdog as long as `moving` says that the work goes on; returns at once where there
/// is none. `moving` is asked at even intervals, from a task of the runtime, so that a runtime that
/// stands still is found out too.
pub async fn feed_watchdog(mut moving: impl FnMut() -> bool) {
    let Some(allowed) = sd_notify::watchdog_enabled().filter(|allowed| *allowed > Duration::ZERO) else {
        return;
    };
    let mut looks = interval(allowed / LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        if moving() {
            tell(NotifyState::Watchdog);
        } else {
            tracing::error!("the ledger's writer does not move; the watchdog is not fed");
        }
    }
}

/// A manager that cannot be told has no use for an error either.
fn tell(state: NotifyState<'_>) {
    tell_all(&[state]);
}

fn tell_all(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
