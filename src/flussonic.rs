//! What a streamer asks us: may this token play that stream (Flussonic's authorization backend)? Only a token of
//! ours says yes, and only while what its account bought is in force or its recordings are kept.
//!
//! ```text
//! admit    the streamer's address, its question read once, its key
//! verify   the token: ours, for this stream, in time        signature/token
//! find     the device with its services and their past      ledger/read
//! decide   which recordings, until when                     service/playback
//! render   200 with the windows, 403 without a word, 500    answer
//! ```
//!
//! [`Flussonic::answer`] is every question's way. Publishing is not ours to allow: only plays are answered.

mod answer;
mod question;
mod refusal;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use tokio::time::timeout_at;

use crate::clock::{Clock, DAY_MS, Timestamp};
use crate::config::{self, Config};
use crate::ledger::Ledger;
use crate::ledger::read::Recorded;
use crate::server::origin::{self, Networks, Unbelieved};
use crate::server::{Guesses, Request, Response};
use crate::service::playback::playable;
pub use crate::signature::token;
use crate::telemetry::{self, StatusClass};
use answer::Allowed;
use question::Question;
use refusal::{Refusal, Refusals};
use token::{BadToken, Ticket};

/// A streamer that hears nothing for longer may cut what is playing.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// The surface.
pub struct Flussonic {
    ledger: Ledger,
    clock: Clock,
    settings: config::Flussonic,
    allow: Networks,
    trusted_proxies: Networks,
    keep: Keep,
    refusals: Refusals,
    guesses: Guesses,
}

/// For how many days recordings are kept after a service's end.
struct Keep {
    by_provider: BTreeMap<String, u32>,
    /// Of a provider that the settings have no more.
    otherwise: u32,
}

impl Flussonic {
    /// Builds the surface. Where the settings have no secret for tokens it lets nobody play: a streamer that
    /// is told so early is better than one that is not.
    #[must_use]
    pub fn new(config: &Config, guesses: Guesses, ledger: Ledger, clock: Clock) -> Self {
        let settings = config.flussonic.clone();
        telemetry::zero_flussonic(&refusal::WORDS);
        Self {
            allow: Networks::new(settings.allow.clone()),
            trusted_proxies: Networks::new(config.carrier.trusted_proxies.clone()),
            keep: Keep::new(config),
            refusals: Refusals::new(),
            guesses,
            settings,
            ledger,
            clock,
        }
    }

    /// Answers one question, within [`ANSWER_MAX`].
    pub async fn answer(&self, request: Request) -> Response {
        let began = Instant::now();
        let until = request.deadline.min(tokio::time::Instant::now() + ANSWER_MAX);
        let judged = timeout_at(until, self.judge(&request, self.clock.now())).await;
        let judged = judged.unwrap_or(Err(Refusal::Late));
        let reason = judged.as_ref().map_or_else(Refusal::word, |_| "allowed");
        telemetry::flussonic(reason);
        let response = match judged {
            Ok(allowed) => {
                tracing::debug!(surface = "flussonic", took_us = began.elapsed().as_micros(), "allowed");
                answer::allow(&allowed)
            }
            Err(refusal) => {
                self.refusals.log(&refusal, Instant::now());
                answer::refuse(&refusal)
            }
        };
        telemetry::request("flussonic", StatusClass::of(response.status().as_u16()));
        response
    }

    async fn judge(&self, request: &Request, now: Timestamp) -> Result<Allowed, Refusal> {
        self.admit(request)?;
        let question = Question::read(request.uri.query().unwrap_or_default()).ok_or(Refusal::Repeated)?;
        self.check_key(request, &question)?;
        let ticket = self.verify(&question, now)?;
        let recorded = self.find(&ticket, question.name(), now).await?;
        let days = |provider: &str| self.keep.days(provider);
        let playable = playable(&recorded.services, &recorded.binding, days, now).ok_or(Refusal::Ended)?;
        Ok(Allowed::new(playable, &ticket, &self.settings, now))
    }

    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let peer = request.peer;
        match origin::behind(peer, &request.headers, &self.trusted_proxies) {
            Ok(address) if self.allow.hold(address) => Ok(()),
            Ok(address) => Err(Refusal::Address(address)),
            Err(Unbelieved::Untrusted) => Err(Refusal::UntrustedProxy(peer)),
            Err(Unbelieved::Unnamed) => Err(Refusal::UnnamedForward(peer)),
        }
    }

    fn check_key(&self, request: &Request, question: &Question<'_>) -> Result<(), Refusal> {
        let Some(key) = &self.settings.key else { return Ok(()) };
        let sender = self.guesses.admit(request).map_err(|_| Refusal::Unheard)?;
        let same = key.expose_secret().as_bytes().ct_eq(question.key().as_bytes());
        if bool::from(same) {
            return Ok(());
        }
        self.guesses.wrong(sender);
        Err(Refusal::Key)
    }

    fn verify(&self, question: &Question<'_>, now: Timestamp) -> Result<Ticket, Refusal> {
        let secret = self.settings.token_secret.as_ref().ok_or(Refusal::NoSecret)?;
        token::verify(secret, question.name(), question.token(), now).map_err(|bad| match bad {
            BadToken::Forged => Refusal::Forged,
            BadToken::Expired => Refusal::Expired,
        })
    }

    /// The ticket's device, if it is still its account's and what the stream is of.
    async fn find(&self, ticket: &Ticket, stream: &str, now: Timestamp) -> Result<Recorded, Refusal> {
        let found = self.ledger.recorded(&ticket.device, self.keep.oldest_end(now), now).await?;
        let found = found.filter(|recorded| recorded.binding.account == ticket.account);
        let found = found.ok_or(Refusal::Unbound)?;
        let camera = found.camera.as_deref().unwrap_or(ticket.device.as_str());
        if camera == stream { Ok(found) } else { Err(Refusal::Renamed) }
    }
}

impl Keep {
    fn new(config: &Config) -> Self {
        let days = |name: &String| (name.clone(), config.keep_days_after_end(name));
        Self {
            by_provider: config.providers.keys().map(days).collect(),
            otherwise: config.keep_days_after_end(""),
        }
    }

    fn days(&self, provider: &str) -> u32 {
        self.by_provider.get(provider).copied().unwrap_or(self.otherwise)
    }

    /// Of what ended before that nobody keeps anything.
    fn oldest_end(&self, now: Timestamp) -> Timestamp {
        let days = self.by_provider.values().copied().max().unwrap_or(0).max(self.otherwise);
        now.plus_ms(-i64::from(days).saturating_mul(DAY_MS))
    }
}
