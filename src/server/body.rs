//! A request's body: read whole under a cap and the request's deadline. What a handler leaves
//! unread is read and thrown away within bounds, so that a client which first writes its whole
//! body still receives the answer instead of a reset.

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::EXPECT;
use tokio::time::{Instant, timeout_at};

/// How much unread body is read and thrown away before the connection is closed on the client.
const DISCARD_BYTES_MAX: u64 = 4 << 20;

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// Larger than asked for: 413.
    #[error("the body is too large")]
    TooLarge,
    /// The client went away in the middle, or framed it wrongly: 400.
    #[error("the body broke off")]
    Broken,
    /// Not here by the request's deadline: 408 or 503.
    #[error("the body did not arrive in time")]
    Late,
}

/// A body that has not been read yet.
#[derive(Debug)]
pub struct Body {
    source: Source,
    deadline: Option<Instant>,
    bytes_max: usize,
    /// The client waits for `100 Continue`, which the first read sends.
    awaited: bool,
    rest: Rest,
}

#[derive(Debug)]
enum Source {
    Whole(Bytes),
    Wire(Incoming),
}

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        headers: &HeaderMap,
        deadline: Instant,
        bytes_max: usize,
    ) -> (Self, Rest) {
        let whole = incoming.is_end_stream();
        let rest = if whole { Rest(None) } else { Rest(Some(Arc::default())) };
        let source = if whole { Source::Whole(Bytes::new()) } else { Source::Wire(incoming) };
        let awaited = headers.get(EXPECT).is_some_and(|e| e.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        (Self { source, deadline: Some(deadline), bytes_max, awaited, rest: rest.clone() }, rest)
    }

    /// A body that is here already, for calling a handler without a socket.
    #[must_use]
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        let source = Source::Whole(bytes.into());
        Self { source, deadline: None, bytes_max: usize::MAX, awaited: false, rest: Rest(None) }
    }

    /// The cap of the listener's settings, for handlers without one of their own.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// Reads it all; a second call finds nothing. A declared length over `max` bytes is refused
    /// before anything is read.
    ///
    /// # Errors
    /// [`BodyError`] for more than `max` bytes, a client that went away, or the deadline.
    pub async fn read(&mut self, max: usize) -> Result<Bytes, BodyError> {
        let incoming = match &mut self.source {
            Source::Whole(bytes) if bytes.len() > max => return Err(BodyError::TooLarge),
            Source::Whole(bytes) => return Ok(std::mem::take(bytes)),
            Source::Wire(incoming) => incoming,
        };
        if incoming.size_hint().lower() > max as u64 {
            return Err(BodyError::TooLarge);
        }
        self.awaited = false;
        let read = match self.deadline {
            Some(deadline) => {
                timeout_at(deadline, collect(incoming, max)).await.unwrap_or(Err(BodyError::Late))
            }
            None => collect(incoming, max).await,
        };
        if matches!(read, Ok(_) | Err(BodyError::Broken)) {
            self.source = Source::Whole(Bytes::new());
        }
        read
    }
}

/// Most bodies come in one piece, which is not copied then.
async fn collect(incoming: &mut Incoming, max: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut all = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(piece) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if first.len().max(all.len()) + piece.len() > max {
            return Err(BodyError::TooLarge);
        }
        if first.is_empty() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

impl Drop for Body {
    fn drop(&mut self) {
        let unread = std::mem::replace(&mut self.source, Source::Whole(Bytes::new()));
        if let (Source::Wire(incoming), Some(rest)) = (unread, &self.rest.0) {
            let left = if self.awaited { Left::Unsent } else { Left::Unread(incoming) };
            *rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
    }
}

/// Where a dropped body leaves what was not read of it.
#[derive(Debug, Clone)]
pub(super) struct Rest(Option<Arc<Mutex<Option<Left>>>>);

#[derive(Debug)]
enum Left {
    Unread(Incoming),
    /// The client was never told to go on, so nothing need be read.
    Unsent,
}

impl Rest {
    /// To be called when the answer is ready: starts throwing away what is unread, beside the
    /// writing of the answer. Says whether the connection can be kept, as it can when the end of
    /// the body is in sight.
    pub(super) fn settle(&self, deadline: Instant) -> bool {
        let left =
            self.0.as_ref().and_then(|rest| rest.lock().unwrap_or_else(PoisonError::into_inner).take());
        match left {
            None => true,
            Some(Left::Unread(incoming)) if Instant::now() < deadline => {
                let in_sight = incoming.size_hint().upper().is_some_and(|bytes| bytes <= DISCARD_BYTES_MAX);
                // The task ends with the connection, which feeds it, or at the deadline.
                tokio::spawn(timeout_at(deadline, discard(incoming)));
                in_sight
            }
            Some(Left::Unread(_) | Left::Unsent) => false,
        }
    }
}

async fn discard(mut incoming: Incoming) {
    let mut bytes = 0;
    while let Some(Ok(frame)) = incoming.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        if bytes > DISCARD_BYTES_MAX {
            return;
        }
    }
}
