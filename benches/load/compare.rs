//! One measurement: a load on a server, and what the server used for it.

use crate::Result;
use crate::cli::{Kind, Load};
use crate::client::Counted;
use crate::process::{self, Server, Used};

/// What was measured.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) counted: Counted,
    pub(crate) used: Used,
}

impl Line {
    pub(crate) fn per_s(&self) -> f64 {
        self.counted.answered as f64 / self.counted.seconds
    }

    /// CPU seconds of the server for 100,000 requests.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.of_100_000(self.used.cpu_s)
    }

    /// What 100,000 requests cost, if all of them cost this.
    pub(crate) fn of_100_000(&self, used_s: f64) -> f64 {
        used_s * 100_000.0 / self.counted.total.max(1) as f64
    }
}

/// What all loads of a run have in common. Hands out queueIDs, so that none is sent twice.
pub(crate) struct Loads {
    pub(crate) seconds: u32,
    pub(crate) numbers: u32,
    next_first: u64,
}

/// QueueIDs set aside for one load.
const IDS: u64 = 100_000_000;

impl Loads {
    pub(crate) fn new(seconds: u32, numbers: u32) -> Self {
        Self { seconds, numbers, next_first: 1_000_000_000_000 }
    }

    pub(crate) fn on(
        &mut self,
        server: &Server,
        name: &'static str,
        kind: Kind,
        connections: usize,
    ) -> Result<Line> {
        self.next_first += IDS;
        let load = Load {
            to: server.address,
            kind,
            connections,
            seconds: self.seconds,
            numbers: self.numbers,
            first: self.next_first,
        };
        let before = server.used()?;
        let counted = process::load(&load)?;
        Ok(Line { name, connections, counted, used: server.used()?.since(before) })
    }
}
