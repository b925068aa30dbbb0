//! Reads for people and partners: through a pool of their own, one SQL text for every engine, never
//! waiting for the writer. Each sees all that was committed before it began.

mod cameras;
mod codes;
mod devices;
mod holdings;
mod notices;
mod playback;
mod rows;
mod stats;
mod tasks;
mod wanted;

use std::sync::Arc;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};

use super::StoreError;
use super::sqlite::Place;
pub use cameras::{OnCamera, Served};
pub use codes::CodeCount;
pub use devices::{Device, OnDevice};
pub use notices::{Filter, Kept, Page};
pub use playback::Recorded;
pub use stats::Stats;
pub use tasks::{Depth, TaskFilter};

/// Connections for reading. Requests beyond wait for one, up to [`WAIT`].
const CONNECTIONS: u32 = 4;

/// How long a read waits for a connection.
const WAIT: std::time::Duration = std::time::Duration::from_secs(5);

fn options() -> AnyPoolOptions {
    sqlx::any::install_default_drivers();
    AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT)
}

/// The pool of an embedded ledger. The writer owns every write transaction; this cannot even try.
/// Nor does it read from another file that took the ledger's place meanwhile.
pub(super) async fn sqlite(address: &str, place: &Arc<Place>) -> Result<AnyPool, StoreError> {
    let place = Arc::clone(place);
    let options = options().after_connect(move |connection, _| {
        let place = Arc::clone(&place);
        Box::pin(async move {
            place.check().map_err(|error| sqlx::Error::Configuration(error.into()))?;
            connection.execute("PRAGMA query_only = ON").await.map(drop)
        })
    });
    Ok(options.connect(address).await?)
}

/// The same on a server. A transaction sees one moment, as it does on SQLite. A standby is refused:
/// it may not know yet what was acknowledged.
pub(super) async fn postgres(address: &str) -> Result<AnyPool, StoreError> {
    // Whatever host the pool follows to, what a session is told is the same.
    let told: std::sync::Arc<str> = address.into();
    let options = options().after_connect(move |connection, _| {
        let told = std::sync::Arc::clone(&told);
        Box::pin(async move { super::postgres::tell_reading(connection, &told).await })
    });
    // Lazily: at a start the writer has connected already, and later a failover may be under way.
    Ok(options.connect_lazy(address)?)
}
