//! A server in a thread and a client on a plain blocking socket.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use sdp_gateway::server::origin::Networks;
use sdp_gateway::server::{Answering, BodyError, Outgoing, Request, Response, Room, Settings, bind, serve};
use tokio::net::TcpSocket;
use tokio::sync::watch;

use crate::streams;

/// Longer than anything here should take on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const BODY_MAX: usize = 64 << 10;

pub(crate) fn settings() -> Settings {
    Settings {
        body_bytes_max: BODY_MAX,
        header_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        request_timeout: PATIENCE,
        connections_max: 100,
        connections_per_address_max: 100,
        shared_addresses: Networks::new(Vec::new()),
        room: Room::new(1 << 20),
        shutdown_timeout: PATIENCE,
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(settings: Settings) -> Self {
        let (told, address) = std::sync::mpsc::channel();
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = bind(([127, 0, 0, 1], 0).into()).expect("a port");
                told.send(listener.local_addr().expect("an address")).expect("a listener");
                serve(listener, settings, stopped, handle).await;
            });
        });
        Self { address: address.recv().expect("an address"), stop, thread: Some(thread) }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(TcpStream::connect(self.address).expect("a connection"))
    }

    /// A client whose own address is `127.0.0.last`.
    pub(crate) fn client_from(&self, last: u8) -> Client {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let stream = runtime.block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.bind(([127, 0, 0, last], 0).into()).expect("an address");
            socket.connect(self.address).await.expect("a connection").into_std().expect("a stream")
        });
        stream.set_nonblocking(false).expect("blocking");
        Client::new(stream)
    }

    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether `serve` has returned within `PATIENCE`.
    pub(crate) fn has_ended(&self) -> bool {
        eventually(|| self.thread.as_ref().is_none_or(JoinHandle::is_finished))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take()
            && !std::thread::panicking()
        {
            thread.join().expect("the server");
        }
    }
}

pub(crate) fn eventually(holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    holds()
}

fn handle(request: Request) -> Answering {
    if request.uri.path().starts_with("/streams/") { streams::handle(request) } else { reply(request).into() }
}

async fn reply(mut request: Request) -> Response {
    match request.uri.path() {
        "/echo" => request.body.read().await.map_or_else(refuse, |body| answer(200, body)),
        "/refuse" => answer(403, "refused"),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(400)).await;
            answer(200, "slow")
        }
        "/stuck" => std::future::pending().await,
        "/panic" => panic!("as the test asked"),
        "/big" => answer(200, vec![b'x'; 32 << 20]),
        "/peer" => answer(200, request.peer.to_string()),
        other => answer(200, other.to_owned()),
    }
}

pub(crate) fn refuse(error: BodyError) -> Response {
    match error {
        BodyError::TooLarge => answer(413, "too large"),
        BodyError::Broken => answer(400, "broken"),
        BodyError::Late => answer(408, "late"),
        BodyError::Crowded => answer(503, "crowded"),
    }
}

pub(crate) fn answer(status: u16, body: impl Into<Outgoing>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

/// What came back: status, head in lower case, body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn closes(&self) -> bool {
        self.head.contains("connection: close")
    }
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, unread: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).expect("to send");
        self
    }

    /// Sends what the server may refuse to take.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    pub(crate) fn end_writing(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).expect("to half-close");
        self
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(get(path)).answer()
    }

    /// Starts a request and returns once its handler has it in hand: it asked for the body.
    #[track_caller]
    pub(crate) fn begin(&mut self) -> &mut Self {
        self.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        assert_eq!(self.answer().status, 100);
        self
    }

    /// Sends what the request begun still lacks.
    #[track_caller]
    pub(crate) fn finish(&mut self) -> Answer {
        self.send("done").answer()
    }

    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("an answer before the end of the connection")
    }

    /// One answer, or nothing when the connection ends before its head is complete.
    pub(crate) fn try_answer(&mut self) -> Option<Answer> {
        let end = self.fill_until(|bytes| bytes.windows(4).position(|four| four == b"\r\n\r\n"))?;
        let head: Vec<u8> = self.unread.drain(..end + 4).collect();
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        self.fill_until(|bytes| (bytes.len() >= length).then_some(length)).expect("the whole body");
        let body = self.unread.drain(..length).collect::<Vec<u8>>();
        Some(Answer { status, head, body: String::from_utf8_lossy(&body).into_owned() })
    }

    /// The rest of an answer in chunks, of which a head is read; nothing where it breaks off.
    pub(crate) fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let line = self.fill_until(|bytes| bytes.windows(2).position(|two| two == b"\r\n"))?;
            let size = String::from_utf8_lossy(&self.unread[..line]).into_owned();
            let size = usize::from_str_radix(&size, 16).expect("a size");
            let end = line + 2 + size + 2;
            self.fill_until(|bytes| (bytes.len() >= end).then_some(end))?;
            all.extend(self.unread.drain(..end).skip(line + 2).take(size));
            if size == 0 {
                return Some(all);
            }
        }
    }

    /// What comes until the connection ends.
    pub(crate) fn remainder(&mut self) -> Vec<u8> {
        let _ = self.fill_until(|_| None);
        std::mem::take(&mut self.unread)
    }

    /// Whether the server has closed, with nothing more to read.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.fill_until(|bytes| (!bytes.is_empty()).then_some(0)).is_none()
    }

    fn fill_until(&mut self, found: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
        loop {
            if let Some(at) = found(&self.unread) {
                return Some(at);
            }
            let mut piece = [0; 16 << 10];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(read) => self.unread.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("reading: {error}"),
            }
        }
    }
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}
