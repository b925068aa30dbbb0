//! A double of the remote system with the activation-code API, written from its papers alone: it keeps
//! codes, services and orders, is strict about what it is sent, and goes wrong when told to. Included by
//! path into each test that needs it.
#![allow(dead_code, unreachable_pub, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const KEY: &str = "pk-test";
pub const SECRET: &str = "unit-test-partner-secret";
/// Where the calls of this region go, when the double is asked.
pub const REGION: &str = "/vn";
/// The one device there is, and whose it is.
pub const DEVICE: &str = "10001";
pub const ACCOUNT: &str = "84945989325@sdp.example";

/// How one answer goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Silence,
    Status(u16),
    HangUp,
    Garbage,
    Redirect,
    Trickle,
    Flood,
    Code(&'static str),
    Limited,
}

/// A fault of the next call whose path ends so: whether the work is done all the same, and how it is told.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub path: &'static str,
    pub works: bool,
    pub how: How,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub order_num: String,
    pub code: Option<String>,
    pub kind: String,
}

#[derive(Default)]
pub struct State {
    /// Codes not yet used, with the type each is for.
    pub codes: BTreeMap<String, String>,
    pub used: HashSet<String>,
    /// In force on the device.
    pub services: Vec<Service>,
    pub cancelled: Vec<String>,
    pub faults: VecDeque<Fault>,
    /// Paths in the order they were called, with how the parameters came.
    pub calls: Vec<String>,
    /// Whether a redemption is in the record; a slow system shows it later.
    pub record_lags: bool,
    nonces: HashSet<String>,
}

pub struct Double {
    pub address: SocketAddr,
    pub state: Arc<Mutex<State>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Double {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Double {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| serve(Arc::clone(&shared), address, request));
                tokio::spawn(async move {
                    let http = hyper::server::conn::http1::Builder::new();
                    // A connection that was hung up ends in an error, as was wanted.
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, state, serving }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn stock(&self, code: &str, kind: &str) {
        self.state.lock().unwrap().codes.insert(code.to_owned(), kind.to_owned());
    }

    pub fn fail(&self, path: &'static str, works: bool, how: How) {
        self.state.lock().unwrap().faults.push_back(Fault { path, works, how });
    }

    pub fn services(&self) -> Vec<Service> {
        self.state.lock().unwrap().services.clone()
    }

    pub fn calls(&self) -> Vec<String> {
        self.state.lock().unwrap().calls.clone()
    }
}

type Answer = hyper::Response<BoxBody<Bytes, Infallible>>;

async fn serve(
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    request: hyper::Request<Incoming>,
) -> Result<Answer, &'static str> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let is_post = request.method() == hyper::Method::POST;
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = request.into_body().collect().await.map_err(|_| "no body")?.to_bytes();
    let fault = {
        let mut state = state.lock().unwrap();
        let next = state.faults.iter().position(|fault| path.ends_with(fault.path));
        next.and_then(|at| state.faults.remove(at))
    };
    let how = parameters(&query, kind.as_deref(), &body);
    let answer = {
        let mut state = state.lock().unwrap();
        state.calls.push(format!("{path} {}", how.0));
        match fault {
            Some(Fault { works: false, .. }) => json!({}),
            _ if !is_post => said("1003", json!({})),
            _ => state.call(&path, &how.1, address),
        }
    };
    match fault {
        Some(fault) => broken(fault.how, &path).await,
        None => Ok(whole(200, &answer.to_string())),
    }
}

async fn broken(how: How, path: &str) -> Result<Answer, &'static str> {
    match how {
        How::Silence => std::future::pending().await,
        How::HangUp => Err("hung up"),
        How::Status(status) => Ok(whole(status, "<html>no JSON</html>")),
        How::Garbage => Ok(whole(200, "{\"result\":{\"orderNum\":\"77")),
        How::Code(code) => Ok(whole(200, &said(code, json!({})).to_string())),
        How::Flood => Ok(whole(200, &" ".repeat(1 << 20))),
        How::Trickle => {
            Ok(hyper::Response::new(Trickle(tokio::time::interval(Duration::from_millis(20))).boxed()))
        }
        How::Limited => {
            let mut answer = whole(429, &said("1005", json!({})).to_string());
            answer.headers_mut().insert("retry-after", hyper::header::HeaderValue::from_static("7"));
            Ok(answer)
        }
        How::Redirect => {
            let mut answer = whole(307, "");
            let elsewhere = hyper::header::HeaderValue::from_str(path).map_err(|_| "no header")?;
            answer.headers_mut().insert("location", elsewhere);
            Ok(answer)
        }
    }
}

fn whole(status: u16, text: &str) -> Answer {
    let mut answer = hyper::Response::new(Full::from(text.to_owned()).boxed());
    *answer.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    answer
}

/// A byte now and then, for ever.
struct Trickle(tokio::time::Interval);

impl Body for Trickle {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_tick(context).map(|_| Some(Ok(Frame::data(Bytes::from_static(b" ")))))
    }
}

type Sent = BTreeMap<String, String>;

fn parameters(query: &str, kind: Option<&str>, body: &[u8]) -> (&'static str, Sent) {
    let form = |text: &[u8]| form_urlencoded::parse(text).into_owned().collect();
    match kind {
        Some("application/x-www-form-urlencoded") if query.is_empty() => ("form", form(body)),
        Some("application/json") if query.is_empty() => {
            ("json", serde_json::from_slice(body).expect("flat JSON"))
        }
        None if body.is_empty() => ("query", form(query.as_bytes())),
        _ => ("mixed", Sent::new()),
    }
}

fn said(code: &str, result: Value) -> Value {
    json!({ "result": result, "t": 1_621_925_563_544_u64, "resultCode": code })
}

const SIGNED: [&str; 6] =
    ["partnerKey", "signature", "signatureMethod", "signatureNonce", "signatureVersion", "timestamp"];
const OF_DEVICE: [&str; 5] = ["deviceID", "lngType", "phoneType", "sourceApp", "userAccount"];

impl State {
    fn call(&mut self, path: &str, sent: &Sent, address: SocketAddr) -> Value {
        let name = path.strip_prefix(REGION).unwrap_or(path);
        let mut wanted: Vec<&str> = match name {
            "/v2/third/sdk/redirect" => vec!["sourceApp", "countryCode"],
            "/v3/third/sdk/actCode/service" => [&OF_DEVICE[..], &["actCode", "type"]].concat(),
            "/v3/third/sdk/actCode/usage/record" | "/v3/third/sdk/device/services/effect" => {
                OF_DEVICE.to_vec()
            }
            "/v3/third/sdk/order/create" => {
                vec!["sourceApp", "userAccount", "deviceID", "packageId", "quantity", "orderType", "orderNum"]
            }
            "/v3/third/sdk/order/cancel" => vec!["sourceApp", "userAccount", "orderType", "orderNum"],
            _ => return said("1003", json!({})),
        };
        wanted.extend(SIGNED);
        wanted.sort_unstable();
        if sent.keys().collect::<Vec<_>>() != wanted || sent.values().any(String::is_empty) {
            return said("1003", json!({}));
        }
        if !self.is_signed(sent) {
            return said("1023", json!({}));
        }
        let own = |name: &str, is: &str| sent.get(name).is_none_or(|sent| sent == is);
        if !own("deviceID", DEVICE) || !own("userAccount", ACCOUNT) {
            return said("1007", json!({}));
        }
        self.work(name, sent, address)
    }

    fn is_signed(&mut self, sent: &Sent) -> bool {
        let pairs = sent.iter().filter(|(name, _)| *name != "signature");
        let string: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(string.join("&").as_bytes());
        let right = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
        let is_now = sent["timestamp"].parse::<u128>().is_ok_and(|at| at.abs_diff(now) < 300_000);
        let fixed = sent["signatureVersion"] == "1.0" && sent["signatureMethod"] == "HMAC-SHA1";
        let fresh = self.nonces.insert(sent["signatureNonce"].clone());
        fixed && is_now && fresh && sent["partnerKey"] == KEY && sent["signature"] == right
    }

    fn work(&mut self, name: &str, sent: &Sent, address: SocketAddr) -> Value {
        match name {
            "/v2/third/sdk/redirect" => said(
                "1001",
                json!({"countryCode": sent["countryCode"], "apiServer": format!("http://{address}{REGION}/")}),
            ),
            "/v3/third/sdk/actCode/service" => self.redeem(&sent["actCode"], &sent["type"]),
            "/v3/third/sdk/actCode/usage/record" => {
                let redeemed = self.services.iter().rev().filter(|_| !self.record_lags);
                let row = |service: &Service| {
                    let code = service.code.as_ref()?;
                    Some(
                        json!({"orderNum": service.order_num, "actCode": code, "useTime": 1, "type": service.kind}),
                    )
                };
                said("1001", json!({ "data": redeemed.filter_map(row).collect::<Vec<_>>() }))
            }
            "/v3/third/sdk/device/services/effect" => {
                let row = |service: &Service| json!({"orderNum": service.order_num, "serverStartTime": 1, "serverEndTime": 2, "type": service.kind});
                said("1001", json!({ "data": self.services.iter().map(row).collect::<Vec<_>>() }))
            }
            "/v3/third/sdk/order/create" => {
                // Nothing here keeps a number from being ordered twice: the client has to.
                let service = Service {
                    order_num: sent["orderNum"].clone(),
                    code: None,
                    kind: sent["orderType"].clone(),
                };
                self.services.push(service);
                json!({ "resultCode": "1001" })
            }
            _ => match self.services.iter().position(|service| service.order_num == sent["orderNum"]) {
                Some(at) => {
                    self.cancelled.push(self.services.remove(at).order_num);
                    json!({ "resultCode": "1001" })
                }
                None => json!({ "resultCode": "4001" }),
            },
        }
    }

    fn redeem(&mut self, code: &str, kind: &str) -> Value {
        if self.used.contains(code) {
            return said("1067", json!({}));
        }
        if self.codes.get(code).map(String::as_str) != Some(kind) {
            return said("1068", json!({}));
        }
        self.codes.remove(code);
        self.used.insert(code.to_owned());
        let order_num = format!("M{:05}", self.services.len() + 1);
        self.services.push(Service {
            order_num: order_num.clone(),
            code: Some(code.to_owned()),
            kind: kind.to_owned(),
        });
        said("1001", json!({ "orderNum": order_num }))
    }
}
