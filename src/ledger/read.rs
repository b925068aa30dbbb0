//! Reads for people and partners: through a pool of their own, one SQL text for every engine, never
//! waiting for the writer. Each sees all that was committed before it began.

mod holdings;
mod notices;
mod stats;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};

use super::StoreError;
pub use notices::{Filter, Kept, Page};
pub use stats::Stats;

/// Connections for reading. Requests beyond wait for one, up to [`WAIT`].
const CONNECTIONS: u32 = 4;

/// How long a read waits for a connection.
const WAIT: std::time::Duration = std::time::Duration::from_secs(5);

pub(super) async fn pool(url: &str) -> Result<AnyPool, StoreError> {
    sqlx::any::install_default_drivers();
    let options = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT);
    // The writer owns every write transaction; this pool cannot even try.
    let options = options.after_connect(|connection, _| {
        Box::pin(async move { connection.execute("PRAGMA query_only = ON").await.map(drop) })
    });
    Ok(options.connect(url).await?)
}
