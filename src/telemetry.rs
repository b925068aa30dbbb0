//! What operators see: log lines on stderr and metrics for a scrape. Names of metrics live in
//! [`names`] only. Knows nothing of what the numbers mean to a surface; it is told values.
//! Labels never hold a subscriber's number, an id or a key: they are words of ours, and the names that the
//! settings give providers.

mod chain;
mod lines;
mod logs;
mod meters;
pub mod names;
mod outbox;
mod panics;
mod process;
mod recorder;
mod zero;

pub use chain::Chain;
pub use lines::flush_logs;
pub use logs::{BadLogSettings, LogFormat, init_logs, is_log_level};
pub use meters::{
    CarrierMessage, CarrierMeters, LedgerMeters, ServerMeters, SurfaceMeters, activation, below_http,
    codes_unused, flussonic, parked, payment_callback, payments_kept, prepared, vas, would_be,
};
pub use outbox::{
    breaker_open, drift, odd_rows, oldest_due, room, task_attempt, task_sent, tasks, tasks_waiting,
};
pub use panics::log_panics;
pub use process::process;
pub use recorder::{BadRecorder, Recorder};
pub use zero::{
    zero_activation, zero_callbacks, zero_flussonic, zero_prepared, zero_provider, zero_refused, zero_vas,
};
