//! The activation surface: codes redeemed, and what was redeemed and is in force on a device, in the
//! grammar that camera apps speak already (contract section 5).
//!
//! ```text
//! signed   what arrived, as it arrived; who signed it, once and lately
//! check    what is asked
//! spend    a code becomes a service; a remote provider's is redeemed there first (remote)
//! look     the codes redeemed on a device, and what is in force there
//! answer   the envelope
//! ```
//!
//! [`Surface::answer`] is every request's way. Check, redeem and answer need no ledger.

pub mod answer;
pub mod check;
mod code;
mod look;
pub mod redeem;
mod remote;
mod spend;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use hyper::Method;
use tokio::time::timeout_at;

use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::ledger::Ledger;
use crate::limits::Block;
use crate::server::{Request, Response};
use crate::signed::check::Verified;
use crate::signed::params::Params;
use crate::signed::{self, Verifier, WrongCodes};
use crate::surface::{Listener, Route, Surface};
use crate::telemetry;
use crate::worker::Sender;
use answer::{Refusal, Told};
use check::Ask;
pub use code::ResultCode;
use remote::Remotes;

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

/// The activation surface.
pub struct Activation {
    ledger: Ledger,
    clock: Clock,
    verifier: Verifier,
    wrong_codes: WrongCodes,
    remotes: Remotes,
    pausing: Arc<BTreeSet<String>>,
}

/// What the surface is built from beside the settings.
pub struct Parts {
    /// Whose requests are.
    pub signed: signed::Parts,
    /// The time.
    pub clock: Clock,
    /// The way to those who redeem codes of their own.
    pub sender: Sender,
    /// The providers for whose services codes are ours alone.
    pub pausing: BTreeSet<String>,
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
    pub fn new(config: &config::Config, Parts { signed, clock, sender, pausing }: Parts) -> Self {
        telemetry::zero_activation(&Call::ALL.map(Call::word), &ResultCode::ALL.map(ResultCode::word));
        let (ledger, rules) = (signed.ledger.clone(), config.activation.clone());
        let word = |unheard| ResultCode::from(unheard).word();
        Self {
            remotes: Remotes::new(config, ledger.clone(), clock.clone(), sender),
            pausing: Arc::new(pausing),
            verifier: Verifier::new(Self::NAME, word, &config.partner, rules, signed),
            wrong_codes: WrongCodes::new(config.limits.bad_code_per_minute),
            ledger,
            clock,
        }
    }

    async fn handle<'a>(
        &'a self,
        call: Call,
        request: &mut Request,
        asker: &mut Asker<'a>,
        now: Timestamp,
    ) -> Result<Told, Refusal> {
        let sender = self.verifier.admit(request)?;
        // A body of a GET counts too: senders are known that put parameters there.
        if request.method != Method::GET && request.method != Method::POST {
            return Err(Refusal::Method);
        }
        let params = self.verifier.read(request, sender, Params::read).await?;
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
        let Verified { partner, nonce } = self.verifier.verify(params, sender, now)?;
        asker.partner = Some(&partner.name);
        self.verifier.may_ask(partner)?;
        self.verifier.once(&partner.name, call.word(), nonce, now).await?;
        let ask = check::ask(call, params).map_err(Refusal::Code)?;
        let user_account = ask.user_account.within(partner.tenant.as_ref());
        let ask = asker.ask.insert(Ask { user_account, ..ask });
        match call {
            Call::Redeem => self.try_code(ask, now).await,
            Call::UsageRecord => self.usage(ask, now).await,
            Call::Effect => self.effect(ask, now).await,
        }
    }

    /// Redeems, as long as not too many codes were wrong.
    async fn try_code(&self, ask: &Ask, now: Timestamp) -> Result<Told, Refusal> {
        let heard = self.wrong_codes.check(Some(&ask.device_id), &ask.user_account);
        heard.map_err(|limited| self.verifier.over("codes", &limited, &ask.device_id))?;
        let told = self.redeem(ask, now).await;
        if told == Err(Refusal::Code(ResultCode::CodeInvalid)) {
            self.wrong_codes.count(Some(&ask.device_id), &ask.user_account);
        }
        told
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

/// We could not; the chain is for the log alone.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    signed::tell(Activation::NAME, error);
    Refusal::Code(ResultCode::System)
}
