//! What may be played of a device at a moment: whether at all, until when if nothing comes between, and which
//! times of its recordings. Leaves who asks, and how the streamer is told, to the surface.

mod archive;

use super::hold::Hold;
use super::retention::days_after;
use super::{Service, Turn};
use crate::catalog::GrantKind;
use crate::clock::{DAY_MS, Timestamp};
use crate::ids::UserAccount;
pub use archive::{Archive, Session};

/// A device that holds more windows apart from one another names the newest of them.
pub const WINDOWS_MAX: usize = 64;

/// A device's present binding.
#[derive(Debug, Clone)]
pub struct Binding {
    /// To whom.
    pub account: UserAccount,
    /// Since when. Nothing from before is ever played: it may be another's.
    pub bound_at: Timestamp,
}

/// A span of time, its end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its beginning.
    pub starts_at: Timestamp,
    /// Its end; later than now where a service goes on.
    pub ends_at: Timestamp,
}

/// What may be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playable {
    /// Until when something may be, if nothing comes between.
    pub until: Timestamp,
    /// The recordings that may be: apart from one another, the oldest first.
    pub windows: Vec<Span>,
    /// What was recorded for the account under the same services, also what is too old to be kept by now.
    pub recorded: Vec<Span>,
}

/// What the account that a device is bound to may play of it at `now`. `services` are the device's, advanced to
/// `now`, the ended ones among them; `keep_days` tells for how many days a provider keeps recordings after a
/// service's end. None where nothing is in force and nothing is kept any more.
#[must_use]
pub fn playable(
    services: &[Service],
    binding: &Binding,
    keep_days: impl Fn(&str) -> u32,
    now: Timestamp,
) -> Option<Playable> {
    let own = services.iter().filter(|service| service.account == binding.account);
    let (mut until, mut windows, mut recorded) = (None, Vec::new(), Vec::new());
    for service in own {
        let Some(plays) = service.plays(binding, keep_days(&service.plan.provider), now) else { continue };
        until = until.max(Some(plays.until));
        windows.extend(plays.recorded.map(|(window, _)| window));
        recorded.extend(plays.recorded.map(|(_, whole)| whole));
    }
    Some(Playable { until: until?, windows: merged(windows), recorded: merged(recorded) })
}

/// What one service lets be played.
struct Plays {
    until: Timestamp,
    /// What is kept, and the whole that it is the end of.
    recorded: Option<(Span, Span)>,
}

impl Service {
    fn plays(&self, binding: &Binding, keep_days: u32, now: Timestamp) -> Option<Plays> {
        let begun = matches!(self.hold, Hold::Paid(paid) if paid.begun_at.is_some());
        let retention_days = self.plan.retention_days.filter(|_| self.plan.kind == GrantKind::Cloud);
        let recorded_until = |end| self.recorded(binding, retention_days?, end, now);
        match (self.ended_at, self.turn) {
            (Some(end), _) => {
                let until = self.recordings_kept_until(keep_days).filter(|until| *until > now)?;
                Some(Plays { until, recorded: Some(recorded_until(end)?) })
            }
            (None, Turn::InForce(_)) => {
                let end = self.in_force_until(now);
                let kept = retention_days.map_or(0, |days| days.min(keep_days));
                Some(Plays { until: days_after(end, kept), recorded: recorded_until(end) })
            }
            // Another has its turn now; what was recorded under this one is kept as long as it lives.
            (None, _) if begun => {
                let recorded = recorded_until(now)?;
                Some(Plays { until: days_after(now, retention_days?), recorded: Some(recorded) })
            }
            (None, _) => None,
        }
    }

    /// The recordings up to `end` that are new enough to be the account's: those that are not too old to be there,
    /// and all. None where nothing is there.
    fn recorded(
        &self,
        binding: &Binding,
        retention_days: u32,
        end: Timestamp,
        now: Timestamp,
    ) -> Option<(Span, Span)> {
        let oldest = now.plus_ms(-i64::from(retention_days).saturating_mul(DAY_MS));
        let in_force_since = match self.turn {
            Turn::InForce(since) => since,
            Turn::Waiting | Turn::Asked => Timestamp(i64::MAX),
        };
        let starts_at = self.starts_at()?.min(in_force_since).max(binding.bound_at);
        let from = |starts_at| Span { starts_at, ends_at: end };
        (starts_at.max(oldest) < end).then(|| (from(starts_at.max(oldest)), from(starts_at)))
    }

    /// The end without further news: of a right its grace included, for until then it is in force.
    fn in_force_until(&self, now: Timestamp) -> Timestamp {
        match self.hold {
            Hold::Window(window) => window.lapses_at,
            Hold::Paid(_) => self.runs_out_at().unwrap_or(now),
        }
    }
}

/// Spans that meet become one; the newest are kept.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut windows: Vec<Span> = Vec::new();
    for span in spans {
        match windows.last_mut().filter(|last| span.starts_at <= last.ends_at) {
            Some(last) => last.ends_at = last.ends_at.max(span.ends_at),
            None => windows.push(span),
        }
    }
    let too_many = windows.len().saturating_sub(WINDOWS_MAX);
    windows.drain(..too_many);
    windows
}
