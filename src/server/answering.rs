//! An answer under way, and what it may take: a listener has usual bounds, a route may have its own.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::Response;

/// What one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of its body, as they come.
    pub body_bytes_max: usize,
    /// From its head's arrival to the answer, body included.
    pub timeout: Duration,
}

/// What a handler begins with a request. Any future of a response is one, within the listener's own time.
pub struct Answering {
    /// Where it is not the listener's.
    pub(super) deadline: Option<Instant>,
    /// In a box of its own: an idle connection has room for a pointer, and a request for its own answering instead of
    /// the largest.
    pub(super) answer: Pin<Box<dyn Future<Output = Response> + Send>>,
}

impl Answering {
    /// With a deadline of its own, such as the request got by [`super::Request::within`].
    pub fn until(deadline: Instant, answer: impl Future<Output = Response> + Send + 'static) -> Self {
        Self { deadline: Some(deadline), ..Self::from(answer) }
    }
}

impl<F: Future<Output = Response> + Send + 'static> From<F> for Answering {
    fn from(answer: F) -> Self {
        Self { deadline: None, answer: Box::pin(answer) }
    }
}
