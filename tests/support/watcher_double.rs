//! A double of Watcher and of VSAAS.IO billing on one loopback port, written from their papers alone: it keeps
//! what it is told, is strict about what it is sent, counts calls, and goes wrong when told to. Included by
//! path into each test that needs it; the two systems and the world between them are below.
//!
//! Ids of the two systems, and of each kind, come from ranges of their own (see `state`), so that one used for
//! another is told from one that is merely unknown: such a call is refused, and noted in `refused`.
//!
//! ```text
//! request        what is asked, and which call it is: strict; a reply
//! watcher        Watcher: its keys, cameras
//! people         users, members, rights in folders
//! homes          organizations, presets, folders
//! lists          what is searched for, sorted, and given in pages
//! billing        VSAAS.IO billing
//! shapes         answers, as in the papers' samples
//! odd            rows that are not as in the samples
//! faults         how calls go wrong
//! at_once        calls at once
//! state, rows    what is in both; index, grams, watched: found without walking through it
//! ```
#![allow(dead_code, unreachable_pub, unused_imports, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "watcher_double/at_once.rs"]
mod at_once;
#[path = "watcher_double/billing.rs"]
mod billing;
#[path = "watcher_double/faults.rs"]
mod faults;
#[path = "watcher_double/grams.rs"]
mod grams;
#[path = "watcher_double/homes.rs"]
mod homes;
#[path = "watcher_double/index.rs"]
mod index;
#[path = "watcher_double/lists.rs"]
mod lists;
#[path = "watcher_double/odd.rs"]
mod odd;
#[path = "watcher_double/people.rs"]
mod people;
#[path = "watcher_double/request.rs"]
mod request;
#[path = "watcher_double/rows.rs"]
mod rows;
#[path = "watcher_double/shapes.rs"]
mod shapes;
#[path = "watcher_double/state.rs"]
mod state;
#[path = "watcher_double/watched.rs"]
mod watched;
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

use at_once::UnderWay;
use faults::{Answer, broken, whole};
pub use faults::{At, Fault, How, Rewrite, WORDS, When};
pub use odd::{Odd, Oddness, Rows, Shown};
use request::{Reply, Request, route};
pub use state::{Camera, Key, Member, Organization, Preset, Rights, Sorting, State, Tariff, Thing, User};
pub use watched::Watched;

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
    let kind = route(&request).map_or_else(|| "unknown".to_owned(), |route| route.kind());
    let under_way = UnderWay::begin(&state);
    let (reply, fault, delay, words, rewritten) = {
        let mut state = state.lock().unwrap();
        state.renew();
        state.note(&kind, &request);
        let fault = state.strike(&kind);
        let reply = answer(&mut state, &request, fault);
        let rewritten = state.rewrite.map(|rewrite| faults::rewritten(rewrite, &kind, &reply));
        (reply, fault, state.delay, state.words.clone(), rewritten)
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    under_way.wait(&kind).await;
    match fault {
        Some((_, How::Late)) => {
            tokio::time::sleep(LATE).await;
            Ok(whole(&reply))
        }
        Some((_, how)) => broken(how, &request.path, &words, &reply),
        None => Ok(rewritten.unwrap_or_else(|| whole(&reply))),
    }
}

/// Does what is asked, as far as the fault lets it.
fn answer(state: &mut State, request: &Request, fault: Option<(When, How)>) -> Reply {
    match fault {
        Some((When::Before, how @ (How::Ignored | How::Partly))) => work(state, request, Some(how)),
        Some((When::After, How::Ignored | How::Partly)) => {
            // What it would say if it had not listened; then it does what it was told.
            let stale = work(state, request, Some(How::Ignored));
            if request.method == "PUT" {
                work(state, request, None);
            }
            stale
        }
        Some((When::Before, _)) => Reply::empty(204),
        Some((When::After, _)) | None => work(state, request, None),
    }
}

/// `deaf` is how a change is overheard, where it is.
fn work(state: &mut State, request: &Request, deaf: Option<How>) -> Reply {
    let reply = match route(request) {
        None => Err(Reply::refused(404, format!("no such call: {} {}", request.method, request.path))),
        Some(route) if route.is_billing => billing::call(state, &route, request),
        Some(route) => watcher::call(state, &route, request, deaf),
    };
    reply.unwrap_or_else(|refused| {
        if let Some(why) = &refused.why {
            state.refused.push(format!("{} {}: {why}", request.method, request.path));
        }
        refused
    })
}
