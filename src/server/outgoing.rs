//! A response's body: here whole, or in pieces that are made while it is sent. The next piece is asked for when the
//! client has taken most of those before it; if one cannot be made, the connection is cut, so that nobody takes half
//! an answer for a whole one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Stream, stream};
use hyper::body::{Body, Bytes, Frame, SizeHint};

/// A body to be sent. One that is here whole is a first piece that nothing follows, and costs no allocation.
pub struct Outgoing {
    first: Bytes,
    rest: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>,
    bytes: Option<u64>,
}

impl Outgoing {
    /// Pieces as they come. `bytes`: of all of them together, where that is known. The client is told then
    /// (`Content-Length`), and cut off where fewer come; else it gets chunks, or the end of the connection as the end.
    pub fn streamed(
        bytes: Option<u64>,
        pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> Self {
        Self { first: Bytes::new(), rest: Box::pin(pieces), bytes }
    }
}

impl<B: Into<Bytes>> From<B> for Outgoing {
    fn from(whole: B) -> Self {
        let first = whole.into();
        // A box of nothing takes no memory.
        let nothing_more = Self::streamed(Some(first.len() as u64), stream::empty());
        Self { first, ..nothing_more }
    }
}

impl Default for Outgoing {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = match std::mem::take(&mut self.first) {
            first if first.is_empty() => ready!(self.rest.as_mut().poll_next(cx)),
            first => Some(Ok(first)),
        };
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.rest.size_hint().1 == Some(0)
    }

    /// Asked for before anything is sent.
    fn size_hint(&self) -> SizeHint {
        self.bytes.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
