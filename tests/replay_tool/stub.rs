//! A gateway's stand-in for the tests of replay: answers what a test tells it and remembers what came.

use std::convert::Infallible;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::FixedOffset;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use sdp_gateway::clock::{Clock, Timestamp};
use sdp_gateway::replay::{Options, ReplayError, Summary, run};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of an element, or the value of a parameter.
    pub(crate) fn field(&self, name: &str) -> String {
        let text = format!("{}{}&", self.path, self.text());
        let xml = text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once('<'));
        let param = || text.split_once(&format!("{name}=")).and_then(|(_, rest)| rest.split_once('&'));
        xml.or_else(param).map(|(value, _)| value.to_owned()).unwrap_or_default()
    }
}

/// What a stub answers: a status and a body.
pub(crate) type Answer = (u16, Vec<u8>);

/// A listening stub.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stub {
    /// Answers each request with what `answer` says, after `delay`.
    pub(crate) async fn start(
        delay: Duration,
        answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), Arc::clone(&seen));
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                let service = service_fn(move |request| {
                    let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                    async move {
                        let seen = see(request, connection).await;
                        tokio::time::sleep(delay).await;
                        let (status, body) = answer(&seen);
                        all.lock().unwrap().push(seen);
                        let mut response = Response::new(Full::<Bytes>::from(body));
                        *response.status_mut() = status.try_into().unwrap();
                        Ok::<_, Infallible>(response)
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, seen }
    }

    /// Echoes the ids of a notify as the gateway does.
    pub(crate) async fn echoing() -> Self {
        Self::start(Duration::ZERO, |seen| (200, reply(&seen.field("queueID"), &seen.field("msisdn")))).await
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Options that replay `path` here.
    pub(crate) fn options(&self, path: &Path) -> Options {
        Options {
            paths: vec![path.to_owned()],
            target: format!("http://{}", self.address),
            concurrency: 1,
            rate: None,
            repeat: 1,
            fresh: false,
            report: None,
            dry_run: false,
            json: false,
            utc_offset: FixedOffset::east_opt(7 * 3600).unwrap(),
            timeout: Duration::from_secs(5),
        }
    }
}

async fn see(request: Request<Incoming>, connection: usize) -> Seen {
    let (parts, body) = request.into_parts();
    let body: Bytes = body.collect().await.unwrap().to_bytes();
    Seen {
        method: parts.method.to_string(),
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: body.to_vec(),
        connection,
    }
}

/// The answer to a notify.
pub(crate) fn reply(queue: &str, number: &str) -> Vec<u8> {
    format!("<ACCESSGW><COMMAND><error_id>0</error_id><queueID>{queue}</queueID><msisdn>{number}</msisdn></COMMAND></ACCESSGW>").into()
}

/// A notify.
pub(crate) fn notify(queue: &str, number: &str, more: &str) -> String {
    format!(
        "<ACCESSGW><COMMAND>\n <queueID>{queue}</queueID><msisdn>{number}</msisdn>{more}</COMMAND></ACCESSGW>"
    )
}

/// Writes the files of a fixture.
pub(crate) fn fixture(folder: &Path, name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(&path).unwrap();
    for (file, bytes) in files {
        std::fs::write(path.join(file), bytes).unwrap();
    }
    path
}

/// A fixture of a notify that expects to be echoed.
pub(crate) fn echo_fixture(folder: &Path, name: &str, queue: &str, number: &str) -> PathBuf {
    let request = notify(queue, number, "");
    fixture(folder, name, &[("request.xml", request.as_bytes()), ("reply.xml", &reply(queue, number))])
}

/// The time of every test: 2026-11-21T03:00:00Z, 10:00 in Hanoi.
pub(crate) const NOW: &str = "2026-11-21T03:00:00Z";

/// Replays and answers the summary with everything that was printed.
pub(crate) async fn replay(options: Options) -> (Result<Summary, ReplayError>, String) {
    replay_at(options, NOW).await
}

pub(crate) async fn replay_at(options: Options, now: &str) -> (Result<Summary, ReplayError>, String) {
    let now = Timestamp::from_rfc3339(now).unwrap();
    let printed = Printed::default();
    let result = run(options, Clock::from_fn(move || now), Box::new(printed.clone())).await;
    let text = String::from_utf8(printed.0.lock().unwrap().clone()).unwrap();
    (result, text)
}

#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
