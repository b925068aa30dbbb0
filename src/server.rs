//! Serves HTTP/1 on a listener: connection caps, deadlines, bodies, a graceful stop. Hands each
//! request to one function and knows nothing of paths, settings files or grammars; TLS is the
//! reverse proxy's. Bodies come and go whole or piece by piece.
//!
//! Framing faults are answered by hyper (400, 414, 431) and close the connection; `fault` tells of them. A request with
//! both `Content-Length` and `Transfer-Encoding` is read as chunked and its connection closed, so
//! nothing after it is ever taken for a request.

mod accept;
mod answering;
mod body;
mod connection;
mod fault;
mod guesses;
mod listen;
pub mod origin;
mod outgoing;
mod patience;
mod request;
mod room;
mod sending;
mod slots;
mod socket;

use std::time::Duration;

pub use accept::serve;
pub use answering::{Answering, Bounds};
pub use body::{Body, BodyError};
pub use guesses::Guesses;
pub use listen::{adopt, bind};
use origin::Networks;
pub use outgoing::Outgoing;
pub use request::Request;
pub use room::Room;

/// What a handler answers. A `Connection: close` among its headers is honoured.
pub type Response = hyper::Response<Outgoing>;

/// Bounds of one listener.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bytes of a body, unless a route has its own bound.
    pub body_bytes_max: usize,
    /// How long a request's head may take, from its first byte; of a connection's first request, from the
    /// connection's.
    pub header_timeout: Duration,
    /// How long a kept connection may lie idle between two requests. Proxies keep theirs for a minute or so;
    /// whoever lets go later never lets go of one that the other side is just about to use.
    pub idle_timeout: Duration,
    /// From the head's arrival to the answer, body included, unless a route has its own time; also how long a write
    /// may stall, and how long the next piece of an answer may be in the making.
    pub request_timeout: Duration,
    /// Open connections. When reached, the one idle longest makes room; when none is idle, the
    /// new one is closed.
    pub connections_max: usize,
    /// Open connections of one address, likewise.
    pub connections_per_address_max: usize,
    /// Addresses that many clients share, proxies': held to the first bound alone.
    pub shared_addresses: Networks,
    /// For heads and bodies that are not whole yet; all listeners share it.
    pub room: Room,
    /// How long a stop waits for requests in progress.
    pub shutdown_timeout: Duration,
}
