//! How often somebody may ask, and how often we log about it. Who is being limited, and what the
//! refusal looks like on the wire, is left to the surfaces.

mod keyed;
mod sampler;
mod strikes;

pub use keyed::{KEYS_MAX, Limited, Limiter};
pub use sampler::{Sampler, Suppressed};
pub use strikes::Strikes;
