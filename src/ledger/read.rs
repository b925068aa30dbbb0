//! Reads for people and partners: through a pool of their own ([`super::pool`]), one SQL text for every engine, never
//! waiting for the writer. Each sees all that was committed before it began.

mod bought;
mod cameras;
mod codes;
mod devices;
mod holdings;
mod notices;
mod orders;
mod paid;
mod playback;
mod rows;
mod stats;
mod tasks;
mod wanted;

pub use super::tables::transfer::Moved;
pub use cameras::{OnCamera, Served};
pub use codes::CodeCount;
pub use devices::{Device, OnDevice};
pub use notices::{Filter, Kept, Page};
pub use orders::{OrderPage, Orders, Payments};
pub use paid::Paid;
pub use playback::Recorded;
pub use stats::Stats;
pub use tasks::{Depth, TaskFilter};
