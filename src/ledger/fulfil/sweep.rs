//! What begins and ends by itself on devices, written down in its time, and orders whose time is over. A sweep that
//! comes late changes no outcome, only when providers hear of it.

use std::collections::BTreeSet;

use super::holding::{Holding, Holds, states};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn};
use crate::ledger::commit::Deed;
use crate::ledger::records::Records;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::nonce::NonceRow;
use crate::ledger::{Ledger, NotKept, Rules, StoreError};

/// Holdings in one commit: each writes a few rows, and notices wait for the commit.
const TOGETHER: usize = 64;

/// Holdings to bring up to date.
struct Tick {
    on: On,
    now: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    Number(Msisdn),
    Device(DeviceId),
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swept {
    /// Numbers, and devices without one, that were brought up to date.
    pub holdings: usize,
    /// Whether it stopped at its bound, and there may be more.
    pub more: bool,
}

impl Deed for Tick {
    type Answer = ();

    fn locks(&self) -> Vec<Lock> {
        vec![match &self.on {
            On::Number(number) => Lock::number(number),
            On::Device(device) => Lock::device(device),
        }]
    }

    fn may_owe(&self, _: &()) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<(), StoreError> {
        tick(store, self)
    }
}

/// Nonces to forget whose time is over by then.
struct Purge(Timestamp);

impl Deed for Purge {
    type Answer = ();

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<(), StoreError> {
        store.purge(&NonceRow::OLD, self.0)
    }
}

fn tick(store: &mut impl Holds, tick: &Tick) -> Result<(), StoreError> {
    let mut holding = match &tick.on {
        On::Number(number) => {
            let states = states(store, number)?;
            Holding::of_number(store, number, &states, tick.now)?
        }
        On::Device(device) => match store.get::<DeviceRow>(device.as_str())? {
            Some(row) => Holding::of_device(store, row, tick.now)?,
            None => return Ok(()),
        },
    };
    holding.now.advance(tick.now);
    holding.save(store)
}

impl Ledger {
    /// Brings up to date what is due by `now`, on up to `devices_max` devices, and as many orders, in small commits;
    /// and forgets nonces whose time is over.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; those before it are done.
    pub async fn sweep(&self, now: Timestamp, devices_max: u32) -> Result<Swept, NotKept> {
        let due = self.due_devices(now, devices_max).await?;
        let more = due.len() >= usize::try_from(devices_max).unwrap_or(usize::MAX);
        let on = |(device, number): (DeviceId, Option<Msisdn>)| number.map_or(On::Device(device), On::Number);
        let all: BTreeSet<On> = due.into_iter().map(on).collect();
        let holdings = all.len();
        let mut ticks = all.into_iter().map(|on| Tick { on, now }).peekable();
        while ticks.peek().is_some() {
            self.write_all(ticks.by_ref().take(TOGETHER)).await?;
        }
        if self.has_old_nonces(now).await? {
            self.write(Purge(now)).await?;
        }
        let more = self.close_orders(now, devices_max).await? || more;
        Ok(Swept { holdings, more })
    }
}
