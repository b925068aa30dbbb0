//! The camera apps' surface: what is sold, orders, coupons, vouchers and transfers, as methods of one name each (contract
//! section 6).
//!
//! ```text
//! signed    what arrived, as it arrived; who signed it, once and lately
//! method    which method it is, and who does it
//! ask       its parameters by name and type
//! devices   whose a device is
//! packages, promotions, coupons, orders, payments, transfers, vouchers: a file for each noun
//! callbacks what payment providers tell us by requests of their own
//! answer    the envelope
//! ```
//!
//! [`Surface::answer`] is every request's way. The first check that fails decides, in this order: key and signature,
//! two readings, time and nonce, the method, its parameters, the device, what the method itself says.

mod answer;
mod ask;
mod callbacks;
mod code;
mod coupons;
mod devices;
mod method;
mod orders;
mod packages;
mod payments;
mod promotions;
mod refusal;
mod transfers;
mod vouchers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::{HeaderMap, Method as Verb};
use serde_json::Value;
use tokio::time::timeout_at;

use crate::clock::{Clock, Timestamp, Zone};
use crate::config;
use crate::ids::{DeviceId, UserAccount};
use crate::json;
use crate::ledger::Ledger;
use crate::limits::{Block, Samplers};
use crate::payments::{PayType, Payments};
use crate::providers;
use crate::server::{Request, Response};
use crate::signed::check::Verified;
use crate::signed::params::Params;
use crate::signed::{self, Verifier, WrongCodes};
use crate::surface::{Listener, Route, Surface};
use crate::telemetry;
use ask::Ask;
pub use code::Code;
pub use method::Method;
use refusal::Refusal;

/// Where methods are called.
pub const PATH: &str = "/vas/v1/{method}";

/// At most one log line in this time for callbacks of each kind that are not believed.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The camera apps' surface.
pub struct Vas {
    ledger: Ledger,
    clock: Clock,
    verifier: Verifier,
    /// By whose calendar days are counted where an app names none.
    zone: Zone,
    wrong_codes: WrongCodes,
    /// The remote providers that can stop and resume what was paid.
    pausing: Arc<BTreeSet<String>>,
    payments: Arc<Payments>,
    /// How long an order can be paid.
    order_ttl_ms: i64,
    /// What we are known by outside; none: as apps call us.
    public_url: Option<String>,
    /// Callbacks that are not believed, by way; anybody can bring them about.
    unproven: Samplers<&'static str>,
}

/// The calls there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A method, which the path names.
    Method,
    /// A payment provider tells us something.
    Paid(PayType),
    /// A path that there is none for.
    Nothing,
}

/// Who asks about what, as far as it is known; for the log.
#[derive(Default)]
struct Asker<'a> {
    partner: Option<&'a str>,
    device: Option<DeviceId>,
    account: Option<UserAccount>,
}

impl Vas {
    /// Builds the surface. Time and nonce are always needed here.
    #[must_use]
    pub fn new(
        config: &config::Config,
        signed: signed::Parts,
        clock: Clock,
        payments: Arc<Payments>,
    ) -> Self {
        let names: Vec<_> = Method::ALL.iter().map(|method| method.name()).chain([Method::UNKNOWN]).collect();
        telemetry::zero_vas(&names, &Code::ALL.map(Code::word));
        payments::zero();
        callbacks::zero();
        let word = |unheard| Refusal::from(unheard).code().word();
        let rules = config::Activation { require_nonce: true, ..config.activation.clone() };
        let (ledger, zone) = (signed.ledger.clone(), Zone::Fixed(config.carrier.utc_offset));
        let verifier = Verifier::new(Self::NAME, word, &config.partner, rules, signed);
        let wrong_codes = WrongCodes::new(config.limits.bad_code_per_minute);
        let pausing = providers::those(&config.providers, |can| can.keeps_state).map(str::to_owned).collect();
        Self {
            ledger,
            clock,
            verifier,
            zone,
            wrong_codes,
            pausing: Arc::new(pausing),
            payments,
            order_ttl_ms: i64::from(config.vas.order_ttl_s) * 1000,
            public_url: config.server.public_url.clone(),
            unproven: Samplers::new(1, LOG_EVERY),
        }
    }

    async fn handle<'a>(
        &'a self,
        method: Option<Method>,
        request: &mut Request,
        asker: &mut Asker<'a>,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let sender = self.verifier.admit(request)?;
        if request.method != Verb::POST {
            return Err(Refusal::NotPosted);
        }
        let params = self.verifier.read(request, sender, Params::object).await?;
        // In a box of its own: while its body is on its way, a request has no room for what comes then.
        Box::pin(self.judge(method, &params, &request.headers, sender, asker, now)).await
    }

    async fn judge<'a>(
        &'a self,
        method: Option<Method>,
        params: &Params,
        headers: &HeaderMap,
        sender: Block,
        asker: &mut Asker<'a>,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let Verified { partner, nonce } = self.verifier.verify(params, sender, now)?;
        let ask = Ask::new(partner, params, headers);
        *asker =
            Asker { partner: Some(&partner.name), device: ask.device().ok(), account: ask.account().ok() };
        // Under whichever of its names, it is the same.
        let path = format!("vas/{}", name(method));
        self.verifier.may_ask(partner)?;
        if method.is_some_and(Method::is_everybodys) {
            self.verifier.once_here(&partner.name, &path, nonce, now)?;
        } else {
            self.verifier.once(&partner.name, &path, nonce, now).await?;
        }
        self.carry_out(method.ok_or(Code::NoMethod)?, &ask, now).await
    }
}

impl Surface for Vas {
    type Call = Call;

    const NAME: &'static str = "vas";
    const LISTENERS: &'static [Listener] = &[Listener::Main];
    const ELSEWHERE: Option<(&'static str, Call)> = Some(("/vas/v1/", Call::Nothing));

    fn routes() -> Vec<Route<Call>> {
        let called = callbacks::ways().map(|(way, path)| Route::whatever_the_method(path, Call::Paid(way)));
        called.chain([Route::whatever_the_method(PATH, Call::Method)]).collect()
    }

    /// By the request's deadline at the latest: what was begun by then is carried out all the same, and the app has to
    /// look.
    async fn answer(&self, call: Call, [method, _]: [&str; 2], mut request: Request) -> Response {
        let (began, now, deadline) = (Instant::now(), self.clock.now(), request.deadline);
        let request_id = json::request_id();
        match call {
            Call::Nothing => return answer::render(&Err(Refusal::NoPath), &request_id),
            Call::Paid(way) => return self.called_back(way, &mut request, now).await,
            Call::Method => {}
        }
        let (mut asker, method) = (Asker::default(), Method::named(method));
        let answered = timeout_at(deadline, self.handle(method, &mut request, &mut asker, now)).await;
        let told = answered.unwrap_or(Err(Refusal::Code(Code::System)));
        let (method, code, took) = (name(method), answer::code(&told).word(), began.elapsed());
        telemetry::vas(method, code, took);
        if !matches!(told, Err(Refusal::Limited(_))) {
            asker.tell(method, code, &request_id, took.as_micros());
        }
        answer::render(&told, &request_id)
    }
}

impl Asker<'_> {
    /// What a partner asked is told in the log.
    fn tell(&self, method: &str, code: &str, request_id: &str, took_us: u128) {
        let Self { partner: Some(partner), device, account } = self else { return };
        let device = device.as_ref().map(tracing::field::display);
        let account = account.as_ref().map(tracing::field::display);
        let surface = Vas::NAME;
        tracing::info!(surface, method, partner, device, account, code, request_id, took_us, "answered");
    }
}

fn name(method: Option<Method>) -> &'static str {
    method.map_or(Method::UNKNOWN, Method::name)
}

/// We could not; the chain is for the log alone.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    signed::tell(Vas::NAME, error);
    Refusal::Code(Code::System)
}
