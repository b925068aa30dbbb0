//! The client's socket as hyper sees it, with three additions: a write that stalls too long fails, a
//! client that says nothing for too long is read as gone, and the connection's slot hears when everything
//! has been written.

use std::future::Future as _;
use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::Settings;
use super::patience::{Awaited, Patience};
use super::room::{Held, Room};
use super::slots::Slot;

/// Bytes read at once. hyper makes room for as much again as one read filled of its buffer, which therefore
/// stays at its smallest.
const READ_BYTES_MAX: usize = 4 << 10;

pub(super) struct Socket {
    io: TokioIo<TcpStream>,
    slot: Arc<Slot>,
    patience: Patience,
    stall_max: Duration,
    /// Runs while a write waits for the client to read.
    stall: Option<Pin<Box<Sleep>>>,
    write_ended: bool,
    room: Room,
    /// Of the request's head that is arriving: its bytes, and what they have taken.
    head_bytes: usize,
    head: Held,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, slot: Arc<Slot>, settings: &Settings) -> Self {
        let (patience, stall_max) =
            (Patience::new(settings.idle_timeout, settings.header_timeout), settings.request_timeout);
        let (io, room, head) = (TokioIo::new(stream), settings.room.clone(), Held::default());
        Self { io, slot, patience, stall_max, stall: None, write_ended: false, room, head_bytes: 0, head }
    }

    /// Counts what has come of a head; of a request in progress the body counts for itself, and the rest of one that
    /// was answered already is kept nowhere.
    fn count(&mut self, bytes: usize) -> io::Result<()> {
        if !self.slot.awaits_head() {
            return Ok(());
        }
        self.head_bytes += bytes;
        let Self { room, head, head_bytes, .. } = self;
        room.take(head, *head_bytes).map_err(|_| ErrorKind::OutOfMemory.into())
    }

    /// The stream, if all was written and our end of it shut.
    pub(super) fn into_ended(self) -> Option<TcpStream> {
        self.write_ended.then(|| self.io.into_inner())
    }

    fn bound(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stall = None;
            return written;
        }
        let stall_max = self.stall_max;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(stall_max)));
        stall.as_mut().poll(cx).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [MaybeUninit::uninit(); READ_BYTES_MAX];
        let mut piece = ReadBuf::uninit(&mut bytes[..buf.remaining().min(READ_BYTES_MAX)]);
        let read = Pin::new(self.io.inner_mut()).poll_read(cx, &mut piece);
        if self.slot.is_idle() {
            if read.is_pending() {
                // To let go of an idle connection is no failure: as if the client had ended it, with our end shut
                // in order. A head that breaks off is one.
                return match ready!(self.patience.poll_over(cx)) {
                    Awaited::Request => Poll::Ready(Ok(())),
                    Awaited::Head => Poll::Ready(Err(ErrorKind::TimedOut.into())),
                };
            }
            if self.slot.awaits_head() {
                self.patience.hear();
            }
        }
        ready!(read)?;
        self.count(piece.filled().len())?;
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.bound(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.bound(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    /// hyper flushes the socket only once its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.slot.flushed() {
            self.patience.rest();
            (self.head_bytes, self.head) = (0, Held::default());
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.io).poll_shutdown(cx);
        self.write_ended = matches!(ended, Poll::Ready(Ok(())));
        ended
    }
}
