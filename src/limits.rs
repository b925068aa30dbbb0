//! How often somebody may ask, and how often we log about it. Who is being limited, and what the
//! refusal looks like on the wire, is left to the surfaces.

mod block;
mod keyed;
mod sampler;
mod strikes;

pub use block::Block;
pub use keyed::{KEYS_MAX, Limited, Limiter};
pub use sampler::{Sampler, Samplers, Suppressed};
pub use strikes::Strikes;
