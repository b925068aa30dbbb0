//! A double of Watcher and of VSAAS.IO billing on one loopback port, written from their papers alone: it keeps
//! what it is told, is strict about what it is sent, counts calls, and goes wrong when told to. Included by
//! path into each test that needs it; the two systems and the world between them are below.
//!
//! Ids of the two systems, and of each kind, come from ranges of their own (see `state`), so that one used for
//! another is told from one that is merely unknown: such a call is refused, and noted in `refused`.
#![allow(dead_code, unreachable_pub, unused_imports, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "watcher_double/billing.rs"]
mod billing;
#[path = "watcher_double/faults.rs"]
mod faults;
#[path = "watcher_double/request.rs"]
mod request;
#[path = "watcher_double/shapes.rs"]
mod shapes;
#[path = "watcher_double/state.rs"]
mod state;
#[path = "watcher_double/watcher.rs"]
mod watcher;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use faults::{Answer, broken, whole};
pub use faults::{At, Fault, How, When};
use request::{Reply, Request, route};
pub use state::{Camera, Member, Organization, Preset, State, Tariff, User};

pub const API_KEY: &str = "unit-test-watcher-key";
pub const ADMIN: &str = "admin@example.org";
pub const PASSWORD: &str = "unit-test-billing-password";
pub const DOMAIN: &str = "000";

/// How long an answer that comes late is held back: longer than any test waits for one.
const LATE: Duration = Duration::from_secs(30);

pub struct Double {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Double {
    /// Both systems with what `State::new` says is in them.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::new()));
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| serve(Arc::clone(&shared), request));
                tokio::spawn(async move {
                    let http = hyper::server::conn::http1::Builder::new();
                    // A connection that was hung up ends in an error, as was wanted.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, state, serving }
    }

    /// Of either system: their paths are apart.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is in both, to look at and to change as their own pages would.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Has calls fail; `kind` as in [`State::count`].
    pub fn fail(&self, at: At, when: When, how: How) {
        self.state().faults.push(Fault { at, when, how, fired: 0 });
    }

    /// Has calls fail no more; returns how many did.
    pub fn heal(&self) -> usize {
        self.state().faults.drain(..).map(|fault| fault.fired).sum()
    }

    /// The settings of a provider `name` that is this double.
    pub fn settings(&self, name: &str, more: &str) -> String {
        let base = self.base_url();
        format!(
            "[providers.{name}]\nkind = 'watcher'\nbase_url = '{base}'\napi_key = '{API_KEY}'\n\
             default_preset_id = 391\nlogin_domain = 'sdp.example'\n{more}\n"
        )
    }

    /// The settings of billing beside it.
    pub fn billing_settings(&self, name: &str) -> String {
        let base = self.base_url();
        format!(
            "[providers.{name}.billing]\nbase_url = '{base}'\nuser = '{ADMIN}'\npassword = '{PASSWORD}'\n\
             domain_id = '{DOMAIN}'\nowner = '{ADMIN}'\n"
        )
    }
}

async fn serve(state: Arc<Mutex<State>>, request: hyper::Request<Incoming>) -> Result<Answer, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "no body")?.to_bytes();
    let request = Request::read(&head, &body);
    let (reply, fault) = {
        let mut state = state.lock().unwrap();
        let kind = route(&request).map_or_else(|| "unknown".to_owned(), |route| route.kind());
        state.note(&kind, &request);
        let fault = state.strike(&kind);
        let works = fault.is_none_or(|(when, _)| when == When::After);
        (if works { work(&mut state, &request) } else { Reply::empty(204) }, fault)
    };
    match fault {
        Some((_, How::Late)) => {
            tokio::time::sleep(LATE).await;
            Ok(whole(&reply))
        }
        Some((_, how)) => broken(how, &reply),
        None => Ok(whole(&reply)),
    }
}

fn work(state: &mut State, request: &Request) -> Reply {
    let reply = match route(request) {
        None => Err(Reply::refused(404, format!("no such call: {} {}", request.method, request.path))),
        Some(route) if route.is_billing => billing::call(state, &route, request),
        Some(route) => watcher::call(state, &route, request),
    };
    reply.unwrap_or_else(|refused| {
        if let Some(why) = &refused.why {
            state.refused.push(format!("{} {}: {why}", request.method, request.path));
        }
        refused
    })
}
