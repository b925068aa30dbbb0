//! The pool that reads go through.

use std::sync::Arc;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};

use super::sqlite::Place;
use super::{StoreError, postgres};

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
    let told: Arc<str> = address.into();
    let options = options().after_connect(move |connection, _| {
        let told = Arc::clone(&told);
        Box::pin(async move { postgres::tell_reading(connection, &told).await })
    });
    // Lazily: at a start the writer has connected already, and later a failover may be under way.
    Ok(options.connect_lazy(address)?)
}
