//! Handles for counting, made once per owner so that the hot path looks nothing up. A handle made
//! before the recorder is installed counts nothing, so make them while building the app.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};

use super::names;

/// What the server counts about connections, shared by all listeners.
#[derive(Clone)]
pub struct ServerMeters {
    /// Open connections.
    pub connections_open: Gauge,
    /// Refused because every place was busy.
    pub refused_total: Counter,
    /// Refused because one address had too many.
    pub refused_address: Counter,
    /// Idle connections closed to make room.
    pub evicted: Counter,
    /// Failed accepts.
    pub accept_errors: Counter,
    /// Connections lost to a panic.
    pub panics: Counter,
    /// Requests no handler answered in time.
    pub overdue: Counter,
}

impl ServerMeters {
    /// Handles on the recorder installed now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            connections_open: gauge!(names::CONNECTIONS_OPEN),
            refused_total: counter!(names::CONNECTIONS_REFUSED, "reason" => "total"),
            refused_address: counter!(names::CONNECTIONS_REFUSED, "reason" => "address"),
            evicted: counter!(names::CONNECTIONS_EVICTED),
            accept_errors: counter!(names::ACCEPT_ERRORS),
            panics: counter!(names::HANDLER_PANICS),
            overdue: counter!(names::REQUESTS_OVERDUE),
        }
    }
}

impl Default for ServerMeters {
    fn default() -> Self {
        Self::new()
    }
}

/// Which message of the carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarrierMessage {
    /// Register, cancel.
    Notify,
    /// May this number register?
    Check,
}

/// What the carrier surface counts.
pub struct CarrierMeters {
    notify_seconds: Histogram,
    check_seconds: Histogram,
    messages: RwLock<Vec<(Message, Counter)>>,
    /// Notices whose queueID another one has.
    pub queue_id_reused: Counter,
    /// Notices that are newer by far than their queueID is.
    pub queue_id_went_back: Counter,
}

/// What answers are counted by.
type Message = (CarrierMessage, &'static str, &'static str);

impl CarrierMeters {
    /// Handles on the recorder installed now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            notify_seconds: histogram!(names::CARRIER_MESSAGE_SECONDS, "surface" => "notify"),
            check_seconds: histogram!(names::CARRIER_MESSAGE_SECONDS, "surface" => "check"),
            messages: RwLock::default(),
            queue_id_reused: counter!(names::QUEUE_ID_REUSED),
            queue_id_went_back: counter!(names::QUEUE_ID_WENT_BACK),
        }
    }

    /// So many notices, none as a rule, with a time that is not believed.
    pub fn odd(&self, field: &'static str, more: u64) {
        counter!(names::NOTICES_ODD, "field" => field).increment(more);
    }

    /// One answered message: what became of it, how it was answered, and how long it took.
    pub fn message(
        &self,
        message: CarrierMessage,
        outcome: &'static str,
        answer: &'static str,
        took: Duration,
    ) {
        let (name, seconds) = match message {
            CarrierMessage::Notify => ("notify", &self.notify_seconds),
            CarrierMessage::Check => ("check", &self.check_seconds),
        };
        seconds.record(took);
        let message = (message, outcome, answer);
        let known = self.messages.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = known.iter().find(|(known, _)| *known == message) {
            return counter.increment(1);
        }
        drop(known);
        let counter =
            counter!(names::CARRIER_MESSAGES, "surface" => name, "outcome" => outcome, "answer" => answer);
        counter.increment(1);
        // As many as there are outcomes and answers, all words of ours.
        self.messages.write().unwrap_or_else(PoisonError::into_inner).push((message, counter));
    }

    /// One caller turned away.
    pub fn refused(&self, reason: &'static str) {
        counter!(names::CARRIER_REFUSED, "reason" => reason).increment(1);
    }
}

impl Default for CarrierMeters {
    fn default() -> Self {
        Self::new()
    }
}

/// What the ledger's writer counts.
#[derive(Clone)]
pub struct LedgerMeters {
    commit_notices: Histogram,
    commit_seconds: Histogram,
    /// Notices waiting for a commit.
    pub queue_depth: Gauge,
    /// Failed commits.
    pub commit_failures: Counter,
}

impl LedgerMeters {
    /// Handles on the recorder installed now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            commit_notices: histogram!(names::LEDGER_COMMIT_NOTICES),
            commit_seconds: histogram!(names::LEDGER_COMMIT_SECONDS),
            queue_depth: gauge!(names::LEDGER_QUEUE_DEPTH),
            commit_failures: counter!(names::LEDGER_COMMIT_FAILURES),
        }
    }

    /// One commit that is on disk: how many notices it held and how long it took.
    pub fn committed(&self, notices: u32, took: Duration) {
        self.commit_notices.record(notices);
        self.commit_seconds.record(took);
    }
}

impl Default for LedgerMeters {
    fn default() -> Self {
        Self::new()
    }
}

/// The answers of a surface, by the first digit of their status.
#[derive(Clone)]
pub struct SurfaceMeters([Counter; 4]);

impl SurfaceMeters {
    /// Handles on the recorder installed now. The series are there from the start, at 0.
    #[must_use]
    pub fn new(surface: &'static str) -> Self {
        Self(["2xx", "3xx", "4xx", "5xx"].map(|class| {
            let counter = counter!(names::REQUESTS, "surface" => surface, "class" => class);
            counter.absolute(0);
            counter
        }))
    }

    /// One answer. Anything below 200 or above 499 counts as `5xx`, since we send no informational answers.
    pub fn answered(&self, status: u16) {
        let [done, elsewhere, refused, failed] = &self.0;
        let counter = match status {
            200..=299 => done,
            300..=399 => elsewhere,
            400..=499 => refused,
            _ => failed,
        };
        counter.increment(1);
    }
}

/// So many connections more that ended below HTTP in this way.
pub fn below_http(kind: &'static str, connections: u64) {
    counter!(names::BELOW_HTTP, "kind" => kind).increment(connections);
}

/// How many notices are parked for this reason, as counted at a scrape.
pub fn parked(reason: &'static str, notices: u32) {
    gauge!(names::NOTICES_PARKED, "reason" => reason).set(notices);
}

/// How many notices are kept without effect that would become this, as counted at a scrape.
pub fn would_be(word: &'static str, notices: u32) {
    gauge!(names::NOTICES_WOULD_BE, "would_be" => word).set(notices);
}

/// One answer of the activation surface.
pub fn activation(call: &'static str, code: &'static str, took: Duration) {
    counter!(names::ACTIVATION_REQUESTS, "call" => call, "code" => code).increment(1);
    histogram!(names::ACTIVATION_REQUEST_SECONDS, "call" => call).record(took);
}

/// One answer of the camera apps' surface.
pub fn vas(method: &'static str, code: &'static str, took: Duration) {
    counter!(names::VAS_REQUESTS, "method" => method, "code" => code).increment(1);
    histogram!(names::VAS_REQUEST_SECONDS, "method" => method).record(took);
}

/// An app was given what to pay with, or not.
pub fn prepared(way: &'static str, end: &'static str) {
    counter!(names::PAYMENTS_PREPARED, "way" => way, "end" => end).increment(1);
}

/// One callback of a payment provider.
pub fn payment_callback(way: &'static str, became: &'static str) {
    counter!(names::PAYMENT_CALLBACKS, "way" => way, "became" => became).increment(1);
}

/// How many payments are kept for this reason, as counted at a scrape.
pub fn payments_kept(why: &'static str, payments: u32) {
    gauge!(names::PAYMENTS_KEPT, "why" => why).set(payments);
}

/// One answer to a streamer that asked whether somebody may play.
pub fn flussonic(reason: &'static str) {
    counter!(names::FLUSSONIC_ANSWERS, "reason" => reason).increment(1);
}

/// How many codes of this kind are in stock, as counted at a scrape.
pub fn codes_unused(kind: &'static str, codes: u32) {
    gauge!(names::CODES_UNUSED, "kind" => kind).set(codes);
}
