//! Which gateways run on this ledger, and what each judges notices by: so that a command beside them judges as they
//! do, or says that it would not. A gateway writes its row when it starts, when other rules come into force, every so
//! often, and when it stops. One that was killed is taken to run for [`GONE_AFTER_MS`]; where it starts again it
//! takes over its own row.

use super::commit::Deed;
use super::records::Records;
use super::store::{Lock, Store};
pub use super::tables::gateway::Gateway;
use super::{Ledger, NotKept, Rules, StoreError};
use crate::clock::{DAY_MS, Timestamp};

/// A gateway that has said nothing for so long is gone, in milliseconds: it says something several times in that.
const GONE_AFTER_MS: i64 = 60_000;

/// Rows of gateways are forgotten after so long, in milliseconds.
const FORGOTTEN_AFTER_MS: i64 = 30 * DAY_MS;

/// Says that it runs, or has stopped.
impl Deed for Gateway {
    type Answer = ();

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::text(&self.name)]
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<(), StoreError> {
        say(store, self)
    }
}

/// Writes a gateway's row. What came into force earlier, and is in force still, keeps its time.
fn say(store: &mut impl Store, gateway: &Gateway) -> Result<(), StoreError> {
    let known: Option<Gateway> = store.get(&gateway.name)?;
    let same = known.filter(|known| known.rules == gateway.rules && known.seen_at > Timestamp(0));
    let since = same.map_or(gateway.since, |known| known.since);
    store.save(&Gateway { since, ..gateway.clone() })?;
    // Of one that has stopped nothing is forgotten by its stop.
    match gateway.seen_at {
        Timestamp(0) => Ok(()),
        seen_at => store.purge(&Gateway::OLD, seen_at.plus_ms(-FORGOTTEN_AFTER_MS)),
    }
}

impl Ledger {
    /// Says that the gateway of this name runs, and by which rules.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn announce(&self, name: &str) -> Result<(), NotKept> {
        self.say(name, self.0.clock.now()).await
    }

    /// Says that it has stopped.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn leave(&self, name: &str) -> Result<(), NotKept> {
        self.say(name, Timestamp(0)).await
    }

    async fn say(&self, name: &str, seen_at: Timestamp) -> Result<(), NotKept> {
        let rules = self.0.rules.load_full();
        let gateway = Gateway {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules: rules.fingerprint().to_owned(),
            offers: u32::try_from(rules.catalog.offers().len()).unwrap_or(u32::MAX),
            since: self.0.clock.now(),
            seen_at,
        };
        self.write(gateway).await
    }

    /// The gateways that run on this ledger now, by name.
    ///
    /// # Errors
    /// The engine's.
    pub async fn gateways(&self) -> Result<Vec<Gateway>, StoreError> {
        let since = self.0.clock.now().plus_ms(-GONE_AFTER_MS);
        self.select("WHERE seen_at > $1 ORDER BY name", vec![since.into()]).await
    }

    /// The fingerprint of what this process judges by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.rules.load().fingerprint().to_owned()
    }
}
