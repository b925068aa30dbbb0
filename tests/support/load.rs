//! Carriers' traffic while something happens to the gateway or below it.
#![allow(dead_code, reason = "no test uses all of it")]

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::gateway::PATIENCE;
use crate::kit::{Book, Dice, Line, until};

/// The most notices of one line.
const NOTICES_MAX: usize = 2000;

/// How long a carrier waits after a refusal; shorter than `Retry-After` says, to meet the recovery.
const AFTER_REFUSAL: Duration = Duration::from_millis(20);

/// What all lines of a load share.
#[derive(Default)]
pub(crate) struct Load {
    over: AtomicBool,
    acknowledged: AtomicU64,
    refused: AtomicU64,
}

/// Ends the load also where what it runs beside panics.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Load {
    /// Runs so many lines of `traffic`, each with a seed of its own whose
    /// remainder by `lines` is the line's number, for as long as `meanwhile` takes.
    pub(crate) fn during<T>(
        lines: u64,
        dice: &mut Dice,
        traffic: impl Fn(&Self, u64) + Sync,
        meanwhile: impl FnOnce(&Self) -> T,
    ) -> T {
        let load = Self::default();
        std::thread::scope(|scope| {
            for line in 0..lines {
                let (load, traffic, seed) = (&load, &traffic, dice.below(u64::MAX >> 24) * lines + line);
                scope.spawn(move || traffic(load, seed));
            }
            let _over = Over(&load.over);
            meanwhile(&load)
        })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Notices answered 0 so far, repeats included.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Notices answered 503 so far.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// One connection's traffic until the load is over or the connection breaks: three new notices to one
    /// repeat, of its own or another's.
    pub(crate) fn traffic(&self, book: &Book, to: SocketAddr, seed: u64) -> io::Result<()> {
        let mut dice = Dice::new(seed);
        let mut line = Line::open(to)?;
        for _ in 0..NOTICES_MAX {
            if self.is_over() {
                break;
            }
            let earlier = if dice.below(4) == 0 { book.earlier(&mut dice) } else { None };
            let queue_id = earlier.unwrap_or_else(|| book.draw(&mut dice));
            self.send(book, &mut line, queue_id)?;
        }
        Ok(())
    }

    /// The same for as long as the load lasts, to wherever the gateway is then: where a connection breaks,
    /// there comes a new one.
    pub(crate) fn stubborn_traffic(&self, book: &Book, to: impl Fn() -> SocketAddr, mut seed: u64) {
        while !self.is_over() {
            seed += 1;
            if self.traffic(book, to(), seed).is_err() {
                std::thread::sleep(AFTER_REFUSAL);
            }
        }
    }

    /// Waits until so many more notices are acknowledged.
    pub(crate) fn until_more(&self, notices: u64) {
        let enough = self.acknowledged() + notices;
        until("more notices acknowledged", PATIENCE, || (self.acknowledged() >= enough).then_some(()));
    }

    /// Sends one, and counts its answer.
    pub(crate) fn send(&self, book: &Book, line: &mut Line, queue_id: u64) -> io::Result<()> {
        if book.send(line, queue_id)?.status == 200 {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
        } else {
            self.refused.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(AFTER_REFUSAL);
        }
        Ok(())
    }
}
