//! A request's body: read whole or piece by piece, under a cap and the request's deadline. What a handler leaves
//! unread is read and thrown away within bounds, so that a client which first writes its whole
//! body still receives the answer instead of a reset.

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::BodyExt as _;
use hyper::HeaderMap;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::EXPECT;
use tokio::time::{Instant, timeout_at};

use super::room::{Held, Room};
use super::slots::{Draining, Slot};

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
    /// Others that are half here take all the room: 503.
    #[error("too many large bodies are under way")]
    Crowded,
}

/// A body that has not been read yet.
#[derive(Debug)]
pub struct Body {
    /// None when nothing is left to read.
    incoming: Option<Incoming>,
    /// Bytes read so far.
    bytes: usize,
    deadline: Instant,
    bytes_max: usize,
    /// The client waits for `100 Continue`, which the first read sends.
    awaited: bool,
    rest: Rest,
    room: Room,
    /// Given back when the handler is done with the request.
    held: Held,
}

/// The least that a body grows by.
const GROWTH_BYTES_MIN: usize = 2 << 10;

impl Body {
    pub(super) fn new(
        incoming: Incoming,
        headers: &HeaderMap,
        deadline: Instant,
        bytes_max: usize,
        room: Room,
    ) -> (Self, Rest) {
        let incoming = Some(incoming).filter(|incoming| !incoming.is_end_stream());
        let rest = Rest(incoming.as_ref().map(|_| Arc::default()));
        let awaited = headers.get(EXPECT).is_some_and(|e| e.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let held = Held::default();
        (Self { incoming, bytes: 0, deadline, bytes_max, awaited, rest: rest.clone(), room, held }, rest)
    }

    /// Has it arrive by `deadline`, in `bytes_max` bytes.
    pub(super) fn bind(&mut self, deadline: Instant, bytes_max: usize) {
        (self.deadline, self.bytes_max) = (deadline, bytes_max);
    }

    /// The most bytes that it may have.
    #[must_use]
    pub const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// The next piece as it comes, cut by the client or the network; none at the end. The client sends on as pieces
    /// are taken, so that none of them takes room for what is half here. A declared length over the bound is
    /// refused before anything is read.
    ///
    /// # Errors
    /// [`BodyError`] for more bytes than the bound, a client that went away, or the deadline.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, BodyError> {
        let Some(incoming) = &mut self.incoming else { return Ok(None) };
        let to_come = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
        if self.bytes.saturating_add(to_come) > self.bytes_max {
            return Err(BodyError::TooLarge);
        }
        self.awaited = false;
        let read = timeout_at(self.deadline, data(incoming)).await.unwrap_or(Err(BodyError::Late));
        self.bytes += read.as_ref().map_or(0, |piece| piece.as_ref().map_or(0, Bytes::len));
        if self.bytes > self.bytes_max {
            return Err(BodyError::TooLarge);
        }
        if incoming.is_end_stream() || matches!(read, Ok(None) | Err(BodyError::Broken)) {
            self.incoming = None;
        }
        read
    }

    /// Reads it all; a second call finds nothing. Most bodies come in one piece, which is not copied then. Pieces
    /// are: each is a part of a whole read buffer, which it would keep.
    ///
    /// # Errors
    /// Those of [`Self::piece`], or want of room.
    pub async fn read(&mut self) -> Result<Bytes, BodyError> {
        let mut all = Vec::new();
        while let Some(piece) = self.piece().await? {
            if all.is_empty() && self.incoming.is_none() {
                return Ok(piece);
            }
            let bytes = all.len() + piece.len();
            if bytes > all.capacity() {
                // By a quarter at a time: what was doubled would be half empty.
                let capacity =
                    bytes.max(all.len() + (all.len() / 4).max(GROWTH_BYTES_MIN)).min(self.bytes_max);
                self.room.take(&mut self.held, capacity).map_err(|_| BodyError::Crowded)?;
                all.reserve_exact(capacity - all.len());
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }
}

/// The next frame that is data.
async fn data(incoming: &mut Incoming) -> Result<Option<Bytes>, BodyError> {
    while let Some(frame) = incoming.frame().await {
        if let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

impl Drop for Body {
    fn drop(&mut self) {
        if let (Some(incoming), Some(rest)) = (self.incoming.take(), &self.rest.0) {
            let left = if self.awaited { Left::Unsent } else { Left::Unread(incoming) };
            *rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
    }
}

/// What becomes of the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It can be kept: nothing is unread, or the end of the body is in sight.
    Kept,
    /// It has to be closed.
    Closed,
    /// It has to be closed on a client that may be sending still, even where nothing of it is here at the moment.
    ClosedOnSender,
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
    /// writing of the answer.
    pub(super) fn after(&self, deadline: Instant, slot: &Slot) -> After {
        let left =
            self.0.as_ref().and_then(|rest| rest.lock().unwrap_or_else(PoisonError::into_inner).take());
        match left {
            None => After::Kept,
            Some(Left::Unread(incoming)) if Instant::now() < deadline => {
                let in_sight = incoming.size_hint().upper().is_some_and(|bytes| bytes <= DISCARD_BYTES_MAX);
                // The task ends with the connection, which feeds it, or at the deadline.
                tokio::spawn(timeout_at(deadline, discard(incoming, slot.drain())));
                if in_sight { After::Kept } else { After::ClosedOnSender }
            }
            Some(Left::Unread(_)) => After::ClosedOnSender,
            Some(Left::Unsent) => After::Closed,
        }
    }
}

async fn discard(mut incoming: Incoming, _draining: Draining) {
    let mut bytes = 0;
    while let Some(Ok(frame)) = incoming.frame().await {
        bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
        if bytes > DISCARD_BYTES_MAX {
            return;
        }
    }
}
