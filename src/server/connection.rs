//! One connection from accept to close: hyper reads and writes, this decides when it ends.

use std::error::Error;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, Connection};
use hyper::service::{Service, service_fn};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;

use super::accept::stopped;
use super::fault::Faults;
use super::request::{Request, answer};
use super::sending::Sending;
use super::slots::Slot;
use super::socket::Socket;
use super::{Answering, Settings};

/// The longest head of a request, in bytes; longer ones are answered 431. hyper's own bound of 100
/// header lines stands beside it.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// How long a stop still takes what clients sent before it and the runtime has not heard of yet.
pub(super) const LAST_CALL: Duration = Duration::from_millis(20);

/// How long, and for how many bytes, a client may go on sending after our last answer. Closing on
/// unread bytes would reset the connection and may destroy the answer in the client's hands.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 4 << 20;

/// What all requests of one connection share.
pub(super) struct Link {
    pub(super) slot: Arc<Slot>,
    pub(super) peer: IpAddr,
    pub(super) settings: Arc<Settings>,
    faults: Arc<Faults>,
    closing: AtomicBool,
    on_sender: AtomicBool,
}

impl Link {
    pub(super) fn new(slot: Slot, peer: IpAddr, settings: Arc<Settings>, faults: Arc<Faults>) -> Self {
        Self {
            slot: Arc::new(slot),
            peer,
            settings,
            faults,
            closing: AtomicBool::new(false),
            on_sender: AtomicBool::new(false),
        }
    }

    /// The last answer was given before the end of its request was seen.
    pub(super) fn closes_on_sender(&self) {
        self.on_sender.store(true, Ordering::Relaxed);
    }

    /// Whether the next answer is the last on this connection.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

pub(super) async fn run<H, F>(stream: TcpStream, link: Link, stop: watch::Receiver<bool>, handler: H)
where
    H: Fn(Request) -> F + Clone + Send + 'static,
    F: Into<Answering> + 'static,
{
    let link = Arc::new(link);
    let socket = Socket::new(stream, Arc::clone(&link.slot), &link.settings);
    let shared = Arc::clone(&link);
    let service = service_fn(move |request| answer(handler.clone(), Arc::clone(&shared), request));
    // Not `pipeline_flush`: with it an answer waits until the bytes after its request are
    // understood, and is lost when the connection closes on them.
    let mut connection = Builder::new()
        .half_close(true)
        // The socket's own patience tells an idle connection from a slow head; hyper's does not.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(socket, service);
    if let Ended::Done(result) = drive(&mut connection, &link, stop).await {
        let parts = connection.into_parts();
        if let Err(error) = result {
            link.faults.note(link.peer, &error, &parts.read_buf);
        }
        if let Some(stream) = parts.io.into_ended() {
            let sends = link.on_sender.load(Ordering::Relaxed) || !parts.read_buf.is_empty();
            linger(&stream, sends).await;
        }
    }
}

enum Ended {
    /// hyper is done with it. An error is the client's: it went away, sent junk or let a deadline pass.
    Done(hyper::Result<()>),
    /// We close it with no request in progress.
    Dropped,
}

async fn drive<S>(connection: &mut Connection<Socket, S>, link: &Link, stop: watch::Receiver<bool>) -> Ended
where
    S: Service<hyper::Request<Incoming>, Response = hyper::Response<Sending>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
{
    // `biased`: what the client sent before the signal is looked at before the signal.
    tokio::select! {
        biased;
        result = &mut *connection => return Ended::Done(result),
        () = link.slot.evicted() => {}
        () = stopped(stop) => {
            link.closing.store(true, Ordering::Relaxed);
            if let Ok(result) = timeout(LAST_CALL, &mut *connection).await {
                return Ended::Done(result);
            }
        }
    }
    if link.slot.is_idle() {
        return Ended::Dropped;
    }
    link.closing.store(true, Ordering::Relaxed);
    Pin::new(&mut *connection).graceful_shutdown();
    Ended::Done(connection.await)
}

/// Reads on for a moment if the client is still sending, or was when it was answered.
async fn linger(stream: &TcpStream, already: bool) {
    let mut scratch = vec![0; 16 << 10];
    let sending = already || stream.try_read(&mut scratch).is_ok_and(|bytes| bytes > 0);
    if sending {
        let _ = timeout(LINGER, discard(stream, &mut scratch)).await;
    }
}

async fn discard(stream: &TcpStream, scratch: &mut [u8]) {
    let mut bytes = 0;
    while bytes < LINGER_BYTES_MAX && stream.readable().await.is_ok() {
        match stream.try_read(scratch) {
            Ok(0) => return,
            Ok(read) => bytes += read,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
