//! Requests that partners sign: whether one is a partner's, lately and once. What the surfaces that apps call have in
//! common, up to what is asked; leaves that, and every answer's words, to them.
//!
//! ```text
//! admit    the address, where too many wrong signatures came from it
//! read     the body, as it arrived, and its parameters        params
//! verify   key, signature, two readings, time                 check
//! may_ask  the partner's limit
//! once     the ledger's word on the nonce; once_here, this process's, where a repetition does no harm
//! ```

pub mod check;
mod compact;
pub mod params;
mod recent;
mod unheard;
mod wrong_codes;

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Timestamp;
use crate::config;
use crate::ledger::Ledger;
use crate::ledger::fulfil::{NonceUse, Seen};
use crate::limits::{Block, Limited, Limiter, Samplers, Suppressed};
use crate::server::{BodyError, Guesses, Request};
use crate::telemetry::Chain;
use crate::wire::content::{Content, Sent, Unopened};
use check::Verified;
use params::{Params, Unreadable};
use recent::Recent;
pub use unheard::Unheard;
pub use wrong_codes::WrongCodes;

/// At most one log line in this time for each kind of refusal that anybody can bring about.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// What tells one surface whose a request is.
pub struct Verifier {
    surface: &'static str,
    word: fn(Unheard) -> &'static str,
    ledger: Ledger,
    partners: Vec<config::Partner>,
    rules: config::Activation,
    limiter: Arc<Limiter<String>>,
    guesses: Guesses,
    recent: Recent,
    logged: Samplers<&'static str>,
}

/// What it is built from beside the settings.
pub struct Parts {
    /// Nonces.
    pub ledger: Ledger,
    /// Requests a second by partner, shared with its other surfaces.
    pub limiter: Arc<Limiter<String>>,
    /// Who signs wrongly.
    pub guesses: Guesses,
}

impl Verifier {
    /// For the surface of that name, whose answers have this `word` for what is not heard; `rules`: of time and nonce.
    #[must_use]
    pub fn new(
        surface: &'static str,
        word: fn(Unheard) -> &'static str,
        partners: &[config::Partner],
        rules: config::Activation,
        Parts { ledger, limiter, guesses }: Parts,
    ) -> Self {
        let partners = partners.iter().filter(|partner| partner.key.is_some()).cloned().collect();
        let logged = Samplers::new(1, LOG_EVERY);
        let recent = Recent::default();
        Self { surface, word, ledger, partners, rules, limiter, guesses, recent, logged }
    }

    /// Whether the caller is heard, and who it is.
    ///
    /// # Errors
    /// [`Unheard::Limited`].
    pub fn admit(&self, request: &Request) -> Result<Block, Unheard> {
        self.guesses.admit(request).map_err(|limited| self.over("address", &limited, &request.peer))
    }

    /// Reads what was sent: `parse` finds the parameters in the query and in what the body holds.
    ///
    /// # Errors
    /// [`Unheard`], where nothing can be read.
    pub async fn read(
        &self,
        request: &mut Request,
        sender: Block,
        parse: fn(Option<&str>, &Content<'_>) -> Result<Params, Unreadable>,
    ) -> Result<Params, Unheard> {
        let max = request.body.bytes_max();
        let body = request.body.read().await.map_err(|error| match error {
            BodyError::TooLarge => Unheard::TooLarge,
            BodyError::Broken => Unheard::Unreadable,
            BodyError::Late | BodyError::Crowded => Unheard::Unavailable,
        })?;
        let (content_type, content_encoding) = (request.content_type(), request.content_encoding());
        let (content_type, content_encoding) = (content_type.as_deref(), content_encoding.as_deref());
        let parsed = match (Sent { content_type, content_encoding, body: &body }).open(max) {
            Ok(content) => parse(request.uri.query(), &content),
            Err(Unopened::TooLarge) => return Err(Unheard::TooLarge),
            Err(Unopened::UnknownCoding) => return Err(Unheard::Coding),
            Err(Unopened::Unreadable(_)) => Err(Unreadable),
        };
        parsed.map_err(|Unreadable| self.strike(sender, Unheard::Unreadable))
    }

    /// Whose request it is, by all that the ledger need not be asked about.
    ///
    /// # Errors
    /// [`Unheard`], as the first check that fails has it.
    pub fn verify(&self, params: &Params, sender: Block, now: Timestamp) -> Result<Verified<'_>, Unheard> {
        check::verify(params, &self.partners, &self.rules, now).map_err(|unheard| match unheard {
            Unheard::Unsigned => self.strike(sender, unheard),
            // One that is merely stale is its partner's, whose clock may be wrong: no guess.
            _ => unheard,
        })
    }

    /// Whether the partner may ask as often.
    ///
    /// # Errors
    /// [`Unheard::Limited`].
    pub fn may_ask(&self, partner: &config::Partner) -> Result<(), Unheard> {
        let limited = self.limiter.check(&partner.name);
        limited.map_err(|limited| self.over("partner", &limited, &partner.name))
    }

    /// Whether the partner has not asked this before, as far as this process remembers: for what is everybody's and
    /// changes nothing.
    ///
    /// # Errors
    /// [`Unheard::Repeated`].
    pub fn once_here(
        &self,
        partner: &str,
        call: &str,
        nonce: Option<check::NonceUse>,
        now: Timestamp,
    ) -> Result<(), Unheard> {
        let Some(check::NonceUse { nonce, signature, until }) = nonce else { return Ok(()) };
        let is_new = self.recent.is_new((partner, call, signature, nonce), until, now);
        is_new.then_some(()).ok_or(Unheard::Repeated)
    }

    /// Whether the partner has not asked this before. `call`: a word for what is asked.
    ///
    /// # Errors
    /// [`Unheard`].
    pub async fn once(
        &self,
        partner: &str,
        call: &str,
        nonce: Option<check::NonceUse>,
        now: Timestamp,
    ) -> Result<(), Unheard> {
        let Some(check::NonceUse { nonce, signature, until }) = nonce else { return Ok(()) };
        let (partner, call) = (partner.to_owned(), call.to_owned());
        let used = NonceUse { partner, call, signature, nonce, until, now };
        match self.ledger.write(used).await.map_err(|error| self.unavailable(&error))? {
            Seen::Fresh => Ok(()),
            Seen::Before => Err(Unheard::Repeated),
        }
    }

    /// `kind`: which limit; each has log lines of its own.
    pub fn over(&self, kind: &'static str, limited: &Limited, who: &dyn Display) -> Unheard {
        if let Some(Suppressed(suppressed)) = self.logged.admit(kind, Instant::now()) {
            tracing::warn!(surface = self.surface, kind, %who, suppressed, "over a limit of [limits]");
        }
        Unheard::Limited(limited.retry_after_s())
    }

    /// We could not; the chain is for the log alone.
    fn unavailable(&self, error: &(dyn std::error::Error + 'static)) -> Unheard {
        tell(self.surface, error);
        Unheard::Unavailable
    }

    fn strike(&self, sender: Block, unheard: Unheard) -> Unheard {
        self.guesses.wrong(sender);
        if let Some(Suppressed(suppressed)) = self.logged.admit("unsigned", Instant::now()) {
            let code = (self.word)(unheard);
            tracing::warn!(%sender, code, suppressed, "a request that no partner signed");
        }
        unheard
    }
}

/// Logs why a surface could not answer a request.
pub fn tell(surface: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error = %Chain(error), "a request of the {surface} surface could not be answered");
}
