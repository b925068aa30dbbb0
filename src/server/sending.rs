//! A response's body while the server sends it: until its end the connection is busy, and a piece that is too long in
//! the making ends it.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::Outgoing;
use super::slots::Slot;

pub(super) struct Sending {
    body: Outgoing,
    slot: Arc<Slot>,
    piece_timeout: Duration,
    /// Runs while the next piece is being made.
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Sending {
    pub(super) fn new(body: Outgoing, slot: Arc<Slot>, piece_timeout: Duration) -> Self {
        Self { body, slot, piece_timeout, alarm: None }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Poll::Ready(piece) = Pin::new(&mut self.body).poll_frame(cx) {
            self.alarm = None;
            return Poll::Ready(piece);
        }
        let within = self.piece_timeout;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep(within)));
        alarm.as_mut().poll(cx).map(|()| Some(Err(ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// hyper lets go of a body once it has all of it, and before the last of it is written.
impl Drop for Sending {
    fn drop(&mut self) {
        self.slot.answered();
    }
}
