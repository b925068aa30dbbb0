//! Why a play is not allowed, for log and metrics; the streamer is never told. Neither stream nor token, key or
//! account is among the words.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::ledger::StoreError;
use crate::limits::{Samplers, Suppressed};
use crate::telemetry::Chain;

/// At most one log line in this time for each reason.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// A yes: by the ledger's word, and by its last one where it cannot be asked.
pub(super) const ALLOWED: &str = "allowed";
pub(super) const REMEMBERED: &str = "remembered";

/// Every word of an answer.
pub(super) const WORDS: [&str; 16] = [
    ALLOWED,
    REMEMBERED,
    "not_allowed",
    "untrusted_proxy",
    "unreadable_forward",
    "repeated_parameter",
    "key",
    "limited",
    "no_secret",
    "token",
    "token_expired",
    "unbound",
    "renamed",
    "ended",
    "archive",
    "unavailable",
];

/// Why not.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// No network of the settings holds the streamer.
    #[error("{0} is not in flussonic.allow")]
    Address(IpAddr),
    /// It says whom it forwards for, and is not believed.
    #[error(
        "{0} sent Forwarded or X-Forwarded-For but is no trusted proxy; if it is your reverse proxy, list it in \
         carrier.trusted_proxies"
    )]
    UntrustedProxy(IpAddr),
    /// A trusted proxy names nobody, or unreadably.
    #[error(
        "trusted proxy {0} sent no X-Forwarded-For that can be read: have it name whom it forwards for \
         (docs/behind-a-proxy.md)"
    )]
    UnnamedForward(IpAddr),
    /// One parameter, two values.
    #[error("a parameter was sent twice with different values")]
    Repeated,
    /// Not `flussonic.key`.
    #[error("the parameter key is missing or wrong")]
    Key,
    /// Too many wrong keys came from its address.
    #[error("too many wrong keys came from this address: it is not heard for a while")]
    Unheard,
    /// There are no tokens of ours.
    #[error("flussonic.token_secret is not set, so nobody may play")]
    NoSecret,
    /// No token, or none of ours for this stream.
    #[error("no token of ours for this stream")]
    Forged,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// The device is nobody's, or another account's by now.
    #[error("the token's device is not its account's any more")]
    Unbound,
    /// The device's camera is another by now.
    #[error("the stream is not the camera of the token's device any more")]
    Renamed,
    /// Neither a service in force nor recordings.
    #[error("nothing is in force on the device and no recordings are kept")]
    Ended,
    /// Recordings that are none of the account's windows.
    #[error("the recordings asked for are not within what the device's services give")]
    Archive,
    /// The ledger did not answer in time.
    #[error("the ledger did not answer in time")]
    Late,
    /// The ledger could not be read.
    #[error("the ledger cannot be read")]
    Ledger(#[from] StoreError),
}

/// How loudly a refusal is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A streamer is set up wrongly, or is none.
    Streamer,
    /// A viewer may not.
    Viewer,
    /// We could not tell.
    Ourselves,
}

impl Refusal {
    /// A word for a metric's label.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Address(_) => "not_allowed",
            Self::UntrustedProxy(_) => "untrusted_proxy",
            Self::UnnamedForward(_) => "unreadable_forward",
            Self::Repeated => "repeated_parameter",
            Self::Key => "key",
            Self::Unheard => "limited",
            Self::NoSecret => "no_secret",
            Self::Forged => "token",
            Self::Expired => "token_expired",
            Self::Unbound => "unbound",
            Self::Renamed => "renamed",
            Self::Ended => "ended",
            Self::Archive => "archive",
            Self::Late | Self::Ledger(_) => "unavailable",
        }
    }

    /// Whose the cause is.
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Address(_) | Self::UntrustedProxy(_) | Self::UnnamedForward(_) => Cause::Streamer,
            Self::Repeated | Self::Key | Self::Unheard | Self::NoSecret => Cause::Streamer,
            Self::Forged | Self::Expired | Self::Unbound | Self::Renamed => Cause::Viewer,
            Self::Ended | Self::Archive => Cause::Viewer,
            Self::Late | Self::Ledger(_) => Cause::Ourselves,
        }
    }

    /// Whether it is no word on the play: we have not looked, or could not.
    pub(super) fn cannot_tell(&self) -> bool {
        matches!(self, Self::Unheard | Self::Late | Self::Ledger(_))
    }

    /// Whether it follows from what the account bought, which an older ledger tells rightly only when it is brought
    /// over.
    pub(super) fn is_of_services(&self) -> bool {
        matches!(self, Self::Ended | Self::Archive)
    }
}

/// Logs refusals at a bounded rate.
pub(super) struct Refusals(Samplers<&'static str>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Samplers::new(1, LOG_EVERY))
    }

    /// Where a running session goes on by an earlier answer all the same.
    pub(super) fn log_covered(&self, refusal: &Refusal, now: Instant) {
        let (surface, reason, why) = ("flussonic", REMEMBERED, Chain(refusal));
        let Some(Suppressed(suppressed)) = self.0.admit(reason, now) else { return };
        tracing::error!(surface, reason, suppressed, %why, "a streamer is answered as it was lately");
    }

    pub(super) fn log(&self, refusal: &Refusal, now: Instant) {
        let (surface, reason, why) = ("flussonic", refusal.word(), Chain(refusal));
        let Some(Suppressed(suppressed)) = self.0.admit(reason, now) else { return };
        match refusal.cause() {
            Cause::Streamer => tracing::warn!(surface, reason, suppressed, %why, "a streamer is refused"),
            Cause::Viewer => tracing::info!(surface, reason, suppressed, %why, "a play is refused"),
            Cause::Ourselves => {
                tracing::error!(surface, reason, suppressed, %why, "a streamer is not answered")
            }
        }
    }
}
