//! The activation surface: codes redeemed, and what was redeemed and is in force on a device, in the
//! grammar that camera apps speak already (contract section 5).
//!
//! ```text
//! params   what arrived, as it arrived
//! check    who signed it, once and lately: verify, then (the ledger's word on the nonce) ask
//! spend    a code becomes a service; a remote provider's is redeemed there first (remote)
//! look     the codes redeemed on a device, and what is in force there
//! answer   the envelope
//! ```
//!
//! [`Surface::answer`] is every request's way. Params, check, redeem and answer need no ledger.

pub mod answer;
pub mod check;
mod code;
mod look;
pub mod params;
pub mod redeem;
mod remote;
mod spend;
mod wrong_codes;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use tokio::time::timeout_at;

use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::ledger::Ledger;
use crate::ledger::fulfil::{NonceUse, Seen};
use crate::limits::{Block, Limited, Limiter, Samplers, Suppressed};
use crate::server::{BodyError, Guesses, Request, Response};
use crate::surface::{Listener, Route, Surface};
use crate::telemetry::{self, Chain};
use crate::wire::content::{Sent, Unopened};
use crate::worker::Sender;
use answer::{Refusal, Told};
use check::{Ask, Nonce, Verified};
pub use code::ResultCode;
use params::Params;
use remote::Remotes;
use wrong_codes::WrongCodes;

/// The calls there are; each takes POST and GET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A code for a device.
    Redeem,
    /// The codes redeemed on a device, newest first.
    UsageRecord,
    /// What is in force on a device now.
    Effect,
}

/// The paths, and the call each is for.
pub const PATHS: [(&str, Call); 3] = [
    ("/v3/third/sdk/actCode/service", Call::Redeem),
    ("/v3/third/sdk/actCode/usage/record", Call::UsageRecord),
    ("/v3/third/sdk/device/services/effect", Call::Effect),
];

/// At most one log line in this time for each kind of refusal that anybody can bring about.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The activation surface.
pub struct Activation {
    ledger: Ledger,
    clock: Clock,
    partners: Vec<config::Partner>,
    rules: config::Activation,
    limiter: Arc<Limiter<String>>,
    guesses: Guesses,
    wrong_codes: WrongCodes,
    remotes: Remotes,
    pausing: Arc<BTreeSet<String>>,
    logged: Samplers<&'static str>,
}

/// What the surface is built from beside the settings.
pub struct Parts {
    /// Devices, codes and nonces.
    pub ledger: Ledger,
    /// The time.
    pub clock: Clock,
    /// The way to those who redeem codes of their own.
    pub sender: Sender,
    /// The providers for whose services codes are ours alone.
    pub pausing: BTreeSet<String>,
    /// Requests a second by partner, shared with its other surfaces.
    pub limiter: Arc<Limiter<String>>,
    /// Who signs wrongly.
    pub guesses: Guesses,
}

/// Who asks about what, as far as it is known; for the log.
#[derive(Default)]
struct Asker<'a> {
    partner: Option<&'a str>,
    ask: Option<Ask>,
}

impl Activation {
    /// Builds the surface.
    #[must_use]
    pub fn new(config: &config::Config, parts: Parts) -> Self {
        let Parts { ledger, clock, sender, pausing, limiter, guesses } = parts;
        telemetry::zero_activation(&Call::ALL.map(Call::word), &ResultCode::ALL.map(ResultCode::word));
        Self {
            remotes: Remotes::new(config, ledger.clone(), clock.clone(), sender),
            pausing: Arc::new(pausing),
            partners: config.partner.iter().filter(|partner| partner.key.is_some()).cloned().collect(),
            rules: config.activation.clone(),
            wrong_codes: WrongCodes::new(config.limits.bad_code_per_minute),
            logged: Samplers::new(1, LOG_EVERY),
            guesses,
            ledger,
            clock,
            limiter,
        }
    }

    async fn handle<'a>(
        &'a self,
        call: Call,
        request: &mut Request,
        asker: &mut Asker<'a>,
        now: Timestamp,
    ) -> Result<Told, Refusal> {
        let sender = self.admit(request)?;
        let params = parse(request).await?.map_err(|_| self.strike(sender, ResultCode::Parameter))?;
        // In a box of its own: while its body is on its way, a request has no room for what comes then.
        Box::pin(self.carry_out(call, &params, sender, asker, now)).await
    }

    async fn carry_out<'a>(
        &'a self,
        call: Call,
        params: &Params,
        sender: Block,
        asker: &mut Asker<'a>,
        now: Timestamp,
    ) -> Result<Told, Refusal> {
        let verified = check::verify(params, &self.partners, &self.rules, now);
        // One that is merely stale is its partner's, whose clock may be wrong: no guess.
        let Verified { partner, nonce } =
            verified.map_err(|code| match check::signer(params, &self.partners) {
                None => self.strike(sender, code),
                Some(_) => Refusal::Code(code),
            })?;
        asker.partner = Some(&partner.name);
        self.limiter.check(&partner.name).map_err(|limited| self.over("partner", &limited, &partner.name))?;
        let nonce = self.use_nonce(&partner.name, call, nonce, now).await?;
        let ask = check::ask(call, params, nonce).map_err(Refusal::Code)?;
        let user_account = ask.user_account.within(partner.tenant.as_ref());
        let ask = asker.ask.insert(Ask { user_account, ..ask });
        match call {
            Call::Redeem => self.try_code(ask, now).await,
            Call::UsageRecord => self.usage(ask, now).await,
            Call::Effect => self.effect(ask, now).await,
        }
    }

    /// Whether the caller is heard, and who it is.
    fn admit(&self, request: &Request) -> Result<Block, Refusal> {
        self.guesses.admit(request).map_err(|limited| self.over("address", &limited, &request.peer))
    }

    /// Redeems, as long as not too many codes were wrong.
    async fn try_code(&self, ask: &Ask, now: Timestamp) -> Result<Told, Refusal> {
        let heard = self.wrong_codes.check(ask);
        heard.map_err(|limited| self.over("codes", &limited, &ask.device_id))?;
        let told = self.redeem(ask, now).await;
        if told == Err(Refusal::Code(ResultCode::CodeInvalid)) {
            self.wrong_codes.count(ask);
        }
        told
    }

    /// `kind`: which limit; each has log lines of its own.
    fn over(&self, kind: &'static str, limited: &Limited, who: &dyn Display) -> Refusal {
        if let Some(Suppressed(suppressed)) = self.logged.admit(kind, Instant::now()) {
            tracing::warn!(surface = "activation", kind, %who, suppressed, "over a limit of [limits]");
        }
        Refusal::Limited(limited.retry_after_s())
    }

    fn strike(&self, sender: Block, code: ResultCode) -> Refusal {
        self.guesses.wrong(sender);
        if let Some(Suppressed(suppressed)) = self.logged.admit("unsigned", Instant::now()) {
            tracing::warn!(%sender, code = code.word(), suppressed, "a request that no partner signed");
        }
        Refusal::Code(code)
    }

    async fn use_nonce(
        &self,
        partner: &str,
        call: Call,
        nonce: Option<check::NonceUse>,
        now: Timestamp,
    ) -> Result<Nonce, Refusal> {
        let Some(check::NonceUse { nonce, signature, until }) = nonce else { return Ok(Nonce::Fresh) };
        let (partner, call) = (partner.to_owned(), call.word().to_owned());
        let used = NonceUse { partner, call, signature, nonce, until, now };
        match self.ledger.write(used).await.map_err(|error| unavailable(&error))? {
            Seen::Fresh => Ok(Nonce::Fresh),
            Seen::Before => Ok(Nonce::Seen),
        }
    }
}

impl Surface for Activation {
    type Call = Call;

    const NAME: &'static str = "activation";
    const LISTENERS: &'static [Listener] = &[Listener::Main];

    fn routes() -> Vec<Route<Call>> {
        PATHS.into_iter().map(|(path, call)| Route::whatever_the_method(path, call)).collect()
    }

    /// By the request's deadline at the latest: what was begun by then is carried out all the same, and the sender
    /// has to look.
    async fn answer(&self, call: Call, _: [&str; 2], mut request: Request) -> Response {
        let (began, now, deadline) = (Instant::now(), self.clock.now(), request.deadline);
        let mut asker = Asker::default();
        let answered = timeout_at(deadline, self.handle(call, &mut request, &mut asker, now)).await;
        let told = answered.unwrap_or(Err(Refusal::Code(ResultCode::System)));
        let code = answer::code(&told);
        let took = began.elapsed();
        telemetry::activation(call.word(), code.word(), took);
        if let Asker { partner: Some(partner), ask } = asker
            && !matches!(told, Err(Refusal::Limited(_)))
        {
            let (device, account) = ask.as_ref().map(|ask| (&ask.device_id, &ask.user_account)).unzip();
            let (device, account) =
                (device.map(tracing::field::display), account.map(tracing::field::display));
            let (call, code, took_us) = (call.word(), code.word(), took.as_micros());
            tracing::info!(surface = "activation", call, partner, device, account, code, took_us, "answered");
        }
        answer::render(told, now)
    }
}

impl Call {
    const ALL: [Self; 3] = [Self::Redeem, Self::UsageRecord, Self::Effect];

    fn word(self) -> &'static str {
        match self {
            Self::Redeem => "redeem",
            Self::UsageRecord => "usage_record",
            Self::Effect => "effect",
        }
    }
}

/// Reads what was sent. A body of a GET counts too: senders are known that put parameters there.
async fn parse(request: &mut Request) -> Result<Result<Params, params::Unreadable>, Refusal> {
    if request.method != Method::GET && request.method != Method::POST {
        return Err(Refusal::Method);
    }
    let max = request.body.bytes_max();
    let body = request.body.read().await.map_err(|error| match error {
        BodyError::TooLarge => Refusal::TooLarge,
        BodyError::Broken => Refusal::Code(ResultCode::Parameter),
        BodyError::Late | BodyError::Crowded => Refusal::Code(ResultCode::System),
    })?;
    let (content_type, content_encoding) = (request.content_type(), request.content_encoding());
    let (content_type, content_encoding) = (content_type.as_deref(), content_encoding.as_deref());
    match (Sent { content_type, content_encoding, body: &body }).open(max) {
        Ok(content) => Ok(Params::read(request.uri.query(), &content)),
        Err(Unopened::TooLarge) => Err(Refusal::TooLarge),
        Err(Unopened::UnknownCoding) => Err(Refusal::Coding),
        Err(Unopened::Unreadable(_)) => Ok(Err(params::Unreadable)),
    }
}

/// We could not; the chain is for the log alone.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::error!(error = %Chain(error), "a request of the activation surface could not be answered");
    Refusal::Code(ResultCode::System)
}
