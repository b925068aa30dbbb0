//! The client's socket as hyper sees it, with three additions: a write that stalls too long fails, a
//! client that says nothing for too long is read as gone, and the connection's slot hears when everything
//! has been written.

use std::future::Future as _;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::Settings;
use super::patience::{Awaited, Patience};
use super::slots::Slot;

pub(super) struct Socket {
    io: TokioIo<TcpStream>,
    slot: Arc<Slot>,
    patience: Patience,
    stall_max: Duration,
    /// Runs while a write waits for the client to read.
    stall: Option<Pin<Box<Sleep>>>,
    write_ended: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, slot: Arc<Slot>, settings: &Settings) -> Self {
        Self {
            io: TokioIo::new(stream),
            slot,
            patience: Patience::new(settings.idle_timeout, settings.header_timeout),
            stall_max: settings.request_timeout,
            stall: None,
            write_ended: false,
        }
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
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.io).poll_read(cx, buf);
        if !self.slot.is_idle() {
            return read;
        }
        if read.is_ready() {
            self.patience.hear();
            return read;
        }
        // To let go of an idle connection is no failure: as if the client had ended it, with our end shut
        // in order. A head that breaks off is one.
        match ready!(self.patience.poll_over(cx)) {
            Awaited::Request => Poll::Ready(Ok(())),
            Awaited::Head => Poll::Ready(Err(ErrorKind::TimedOut.into())),
        }
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
        }
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let ended = Pin::new(&mut self.io).poll_shutdown(cx);
        self.write_ended = matches!(ended, Poll::Ready(Ok(())));
        ended
    }
}
