//! `vsaas reconcile`: what differs at Watcher from what is in force, told line by line, and mended where that is
//! asked for. The comparison itself is the same as the worker's.

use clap::Args;
use serde_json::json;

use super::super::progress::Screen;
use super::super::{Ended, Failure, Global, open, say};
use super::systems::Systems;
use crate::clock::Clock;
use crate::config::Config;
use crate::providers::{self, ClientError, Difference};
use crate::reconcile::{self, Drift, End, Mode, Observer, Report};

#[derive(Debug, Args)]
pub(crate) struct Reconcile {
    /// Mend what differs; without it, only tell
    #[arg(long)]
    fix: bool,
}

pub(super) async fn run(global: &Global, config: &Config, systems: &Systems, command: Reconcile) -> Ended {
    let clock = Clock::system();
    let settings = config.providers.get(&systems.name).ok_or(ClientError::Incomplete)?;
    let provider = providers::build_one(&systems.name, settings, &clock)?;
    let keeps = provider.keeps_state().ok_or(ClientError::Incomplete)?;
    let ledger = open::beside(config, clock.clone()).await?;
    let mode = if command.fix { Mode::Mend } else { Mode::Tell };
    let mut told = Told { screen: Screen::new(), json: global.json };
    let of = (systems.name.as_str(), keeps);
    let ended = reconcile::Reconcile::new(of, &ledger, &clock, mode, &mut told).run().await;
    told.screen.end();
    ledger.close().await;
    let report = ended?;
    say(told.summary(&report));
    if report.failed > 0 { Err(Failure::Told) } else { Ok(()) }
}

/// Whoever reads the command's output.
struct Told {
    screen: Screen,
    json: bool,
}

impl Observer for &mut Told {
    fn drift(&mut self, drift: &Drift) {
        self.screen.beside(|| say(self.line(drift)));
    }

    fn progress(&mut self, doing: &'static str, done: u64) {
        self.screen.show(doing, done, 0);
    }

    async fn goes_on(&mut self) -> bool {
        true
    }
}

impl Told {
    fn line(&self, drift: &Drift) -> String {
        let Drift { found: Difference { on, word, what, .. }, end } = drift;
        if self.json {
            let why = match end {
                End::Failed(why) => Some(why),
                End::Told | End::Mended => None,
            };
            return json!({ "on": on, "kind": word, "what": what, "end": end.word(), "why": why })
                .to_string();
        }
        match end {
            End::Told => format!("{on}: {what}"),
            End::Mended => format!("{on}: {what}; mended"),
            End::Failed(why) => format!("{on}: {what}; not mended: {why}"),
        }
    }

    fn summary(&self, report: &Report) -> String {
        let Report { cameras, unknown, in_progress, odd, users, drifted, mended, failed } = report;
        if self.json {
            let summary = json!({
                "cameras": cameras, "unknown": unknown, "in_progress": in_progress, "users": users,
                "odd": odd,
                "drifted": drifted, "mended": mended, "failed": failed,
            });
            return json!({ "summary": summary }).to_string();
        }
        let odd = match odd {
            0 => String::new(),
            odd => format!(", {odd} rows could not be read"),
        };
        format!(
            "cameras {cameras} ({unknown} none of ours, {in_progress} in progress), users {users}{odd}: \
             {drifted} differ, {mended} mended, {failed} failed"
        )
    }
}
