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
//! [`Surface::answer`] is every question's way. Publishing is not ours to allow: only plays are answered. Of all
//! statuses 500 alone leaves running plays as they are: so that, and never 429 or 503, is the answer wherever we cannot
//! tell now; and a session that was allowed lately is allowed again ([`recent`]).

mod answer;
mod question;
mod recent;
mod refusal;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::Method;
use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use crate::clock::{Clock, DAY_MS, Timestamp};
use crate::config::{self, Config};
use crate::ledger::read::Recorded;
use crate::ledger::{Ledger, StoreError};
use crate::server::origin::{self, Networks, Unbelieved};
use crate::server::{Bounds, Guesses, Request, Response};
use crate::service::playback::{Playable, Session, playable};
pub use crate::signature::token;
use crate::surface::{Listener, Route, Surface};
use crate::telemetry;
use answer::Allowed;
use question::Question;
use recent::{Recent, Yes};
use refusal::{Refusal, Refusals};
use token::{BadToken, Ticket};

/// A streamer that hears nothing for 3 s cuts what is playing; it is to be told within 2, the way included.
const ANSWER_MAX: Duration = Duration::from_millis(1500);

/// Questions that read the ledger at once: one fewer than it has readers, so that others are heard too.
const READING_MAX: usize = 3;

/// How long a question waits for its turn to read. Whoever gets one has the rest of [`ANSWER_MAX`] for it: else, where
/// more ask than can be told, each would get its turn when it is about to be given up.
const TURN_MAX: Duration = Duration::from_millis(700);

/// Its paths, as the OpenAPI document names them; each for the same question.
pub const ROUTES: [(Method, &str); 2] =
    [(Method::GET, "/flussonic/v1/auth"), (Method::GET, "/flussonic/v1/auth/{key}")];

/// The surface.
pub struct Flussonic {
    ledger: Ledger,
    clock: Clock,
    settings: config::Flussonic,
    allow: Networks,
    trusted_proxies: Networks,
    keep: Keep,
    recent: Recent,
    reading: Semaphore,
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
            recent: Recent::new(settings.auth_duration_s),
            reading: Semaphore::new(READING_MAX),
            refusals: Refusals::new(),
            guesses,
            settings,
            ledger,
            clock,
        }
    }

    /// What is allowed, with a word for how that is known.
    async fn decide(
        &self,
        key: &str,
        request: &Request,
        now: Timestamp,
    ) -> Result<(&'static str, Allowed), Refusal> {
        self.admit(request)?;
        let question = Question::read(request.uri.query().unwrap_or_default()).ok_or(Refusal::Repeated)?;
        self.check_key(key, request, &question)?;
        let ticket = self.verify(&question, now)?;
        // Of an older ledger a no that follows from what was bought may be wrong as long as it is brought over.
        let is_refolding = self.ledger.is_refolding();
        let told = self.in_time(request.deadline, self.playable(&ticket, &question, now)).await;
        let told = told.map_err(|refusal| match refusal.is_of_services() && is_refolding {
            true => Refusal::Ledger(StoreError::Refolding),
            false => refusal,
        });
        let (reason, yes) = self.remember(told, &question, now)?;
        Ok((reason, Allowed::new(&yes.playable, yes.at, &ticket, &self.settings, now)))
    }

    /// What comes of a read that waits for its turn first.
    async fn in_time<T>(
        &self,
        deadline: tokio::time::Instant,
        read: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let turn = deadline.min(tokio::time::Instant::now() + TURN_MAX);
        let Ok(Ok(_turn)) = timeout_at(turn, self.reading.acquire()).await else { return Err(Refusal::Late) };
        timeout_at(deadline, read).await.unwrap_or(Err(Refusal::Late))
    }

    /// What the ledger says.
    async fn playable(
        &self,
        ticket: &Ticket,
        question: &Question<'_>,
        now: Timestamp,
    ) -> Result<Playable, Refusal> {
        let recorded = self.find(ticket, question.name(), now).await?;
        let days = |provider: &str| self.keep.days(provider);
        let playable = playable(&recorded.services, &recorded.binding, days, now).ok_or(Refusal::Ended)?;
        if question.is_within(&playable, now) { Ok(playable) } else { Err(Refusal::Archive) }
    }

    /// Remembers what the ledger said; where it could not be asked, what a running session was last allowed stands
    /// as long as it may.
    fn remember(
        &self,
        told: Result<Playable, Refusal>,
        question: &Question<'_>,
        now: Timestamp,
    ) -> Result<(&'static str, Yes), Refusal> {
        let key = recent::key(question.session_keys());
        let refusal = match told {
            Ok(playable) => {
                let yes = Yes { playable: Arc::new(playable), at: now };
                self.recent.remember(key, Arc::clone(&yes.playable), now);
                return Ok((refusal::ALLOWED, yes));
            }
            Err(refusal) => refusal,
        };
        if !refusal.cannot_tell() {
            self.recent.forget(&key);
            return Err(refusal);
        }
        let Some(yes) = self.last(&key, question, now) else { return Err(refusal) };
        self.refusals.log_covered(&refusal, Instant::now());
        Ok((refusal::REMEMBERED, yes))
    }

    /// What a running session was allowed lately, as far as it asks for no more.
    fn last(&self, key: &recent::Key, question: &Question<'_>, now: Timestamp) -> Option<Yes> {
        let yes = self.recent.find(key, now).filter(|_| question.session() == Session::Running)?;
        (yes.playable.until > now && question.is_within(&yes.playable, now)).then_some(yes)
    }

    fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let peer = request.peer;
        match origin::behind(peer, &request.headers, &self.trusted_proxies) {
            Ok(address) if self.allow.contains(address) => Ok(()),
            Ok(address) => Err(Refusal::Address(address)),
            Err(Unbelieved::Untrusted) => Err(Refusal::UntrustedProxy(peer)),
            Err(Unbelieved::Unnamed) => Err(Refusal::UnnamedForward(peer)),
        }
    }

    /// `in_path`: a key that stands there, escaped; the parameter counts where there is none.
    fn check_key(&self, in_path: &str, request: &Request, question: &Question<'_>) -> Result<(), Refusal> {
        let Some(key) = &self.settings.key else { return Ok(()) };
        let sender = self.guesses.admit(request).map_err(|_| Refusal::Unheard)?;
        let in_path: Cow<'_, [u8]> = percent_decode_str(in_path).into();
        let sent = if in_path.is_empty() { question.key().as_bytes() } else { &in_path };
        let same = key.expose_secret().as_bytes().ct_eq(sent);
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

impl Surface for Flussonic {
    type Call = ();

    const NAME: &'static str = "flussonic";
    const LISTENERS: &'static [Listener] = &[Listener::Main];

    fn routes() -> Vec<Route<()>> {
        ROUTES.into_iter().map(|(method, path)| Route::of(method, path, ())).collect()
    }

    /// A question is all in its head.
    fn bounds(&self, (): (), usual: Bounds) -> Bounds {
        Bounds { body_bytes_max: 0, timeout: usual.timeout.min(ANSWER_MAX) }
    }

    /// `key`: what stands in the path after its own.
    async fn answer(&self, (): (), [key, _]: [&str; 2], request: Request) -> Response {
        let began = Instant::now();
        let (reason, response) = match self.decide(key, &request, self.clock.now()).await {
            Ok((reason, allowed)) => {
                tracing::debug!(
                    surface = "flussonic",
                    reason,
                    took_us = began.elapsed().as_micros(),
                    "allowed"
                );
                (reason, answer::allow(&allowed))
            }
            Err(refusal) => {
                self.refusals.log(&refusal, Instant::now());
                (refusal.word(), answer::refuse(&refusal))
            }
        };
        telemetry::flussonic(reason);
        response
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
