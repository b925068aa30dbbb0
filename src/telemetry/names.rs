//! Every metric of the gateway: name, kind, unit and help, in one table. A metric that is not here
//! does not exist; handles for them are in `meters`.

use metrics::Unit;

/// What a metric is, and for a histogram its upper bounds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts of values up to each of these bounds.
    Histogram(&'static [f64]),
}

/// One row of the table.
#[derive(Debug)]
pub struct Metric {
    /// Begins with `sdp_gateway_`, ends with the unit, counters with `_total`.
    pub name: &'static str,
    /// Counter, gauge or histogram.
    pub kind: Kind,
    /// What one is.
    pub unit: Unit,
    /// One sentence, and the labels.
    pub help: &'static str,
}

/// Bounds for durations: half a millisecond to the longest a request may last.
pub const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0];

/// Bounds for the number of notices in one commit.
pub const BATCH: &[f64] =
    &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0];

macro_rules! metrics_table {
    ($($(#[$doc:meta])* $ident:ident = $name:literal, $kind:expr, $unit:ident, $help:literal;)*) => {
        $($(#[$doc])* pub const $ident: &str = concat!("sdp_gateway_", $name);)*

        /// Every metric there is.
        pub const ALL: &[Metric] =
            &[$(Metric { name: $ident, kind: $kind, unit: Unit::$unit, help: $help }),*];
    };
}

metrics_table! {
    /// Answers on the carrier surface.
    CARRIER_MESSAGES = "carrier_messages_total", Kind::Counter, Count,
        "Messages of the carrier by surface (notify, check), outcome and answer.";
    /// Time to answer on the carrier surface.
    CARRIER_MESSAGE_SECONDS = "carrier_message_seconds", Kind::Histogram(SECONDS), Seconds,
        "Time from the head of a message to its answer, by surface.";
    /// Callers turned away before their message was looked at.
    CARRIER_REFUSED = "carrier_refused_total", Kind::Counter, Count,
        "Requests refused because of who sent them, by reason.";
    /// Times that are not believed.
    NOTICES_ODD = "notices_odd_total", Kind::Counter, Count,
        "New notices with a time that is not believed and taken as absent, by its field.";
    /// QueueIDs that several notices have.
    QUEUE_ID_REUSED = "queue_id_reused_total", Kind::Counter, Count,
        "New notices with the queueID of another number's notice, or of the same number's of another kind.";
    /// QueueIDs that count anew.
    QUEUE_ID_WENT_BACK = "queue_id_went_back_total", Kind::Counter, Count,
        "New notices with a lower queueID than an older one of the same service of theirs, beyond the disorder that is allowed for.";
    /// Notices kept but not applied.
    NOTICES_PARKED = "notices_parked", Kind::Gauge, Count,
        "Parked notices in the ledger, by reason; counted at the scrape.";
    /// Notices kept without effect.
    NOTICES_WOULD_BE = "notices_would_be", Kind::Gauge, Count,
        "Notices kept without effect (record_only), by what would become of them (applied, ignored, held, unmapped, ambiguous); counted at the scrape.";
    /// Notices sharing one commit.
    LEDGER_COMMIT_NOTICES = "ledger_commit_notices", Kind::Histogram(BATCH), Count,
        "How many notices shared one commit.";
    /// Time of one commit.
    LEDGER_COMMIT_SECONDS = "ledger_commit_seconds", Kind::Histogram(SECONDS), Seconds,
        "Time of one commit, from its first statement until it was on disk.";
    /// Notices waiting for a commit.
    LEDGER_QUEUE_DEPTH = "ledger_queue_depth", Kind::Gauge, Count,
        "Notices waiting for a commit.";
    /// Commits that failed.
    LEDGER_COMMIT_FAILURES = "ledger_commit_failures_total", Kind::Counter, Count,
        "Commits that failed; their notices were answered with an error.";
    /// Open client connections.
    CONNECTIONS_OPEN = "connections_open", Kind::Gauge, Count,
        "Open client connections on all listeners.";
    /// Connections closed at once.
    CONNECTIONS_REFUSED = "connections_refused_total", Kind::Counter, Count,
        "Connections closed at once, by reason: total (every place busy) or address (one has too many).";
    /// Idle connections that made room.
    CONNECTIONS_EVICTED = "connections_evicted_total", Kind::Counter, Count,
        "Idle connections closed to make room for a new one.";
    /// Failed accepts.
    ACCEPT_ERRORS = "accept_errors_total", Kind::Counter, Count,
        "Connections that could not be accepted, such as for want of file descriptors.";
    /// Handlers that panicked.
    HANDLER_PANICS = "handler_panics_total", Kind::Counter, Count,
        "Connections lost to a panic of our own; each is a bug.";
    /// Requests answered 503 by the server itself.
    REQUESTS_OVERDUE = "requests_overdue_total", Kind::Counter, Count,
        "Requests answered 503 because no handler answered before the deadline.";
    /// What fails below HTTP.
    BELOW_HTTP = "below_http_total", Kind::Counter, Count,
        "Connections that ended below HTTP by kind (tls, http2, proxy_protocol, too_many_headers, large_head, request_line, header, slow_head, broken_off, crowded).";
    /// Answers of the other surfaces.
    REQUESTS = "requests_total", Kind::Counter, Count,
        "Answers by surface (carrier, partner, activation, vas, flussonic, admin) and class of status (2xx to 5xx).";
    /// Tasks by state.
    TASKS = "tasks", Kind::Gauge, Count,
        "Tasks owed to providers by state (due, running, dead); counted at the scrape.";
    /// Tasks that wait for something else than their time.
    TASKS_WAITING = "tasks_waiting", Kind::Gauge, Count,
        "Tasks that wait for a code in stock or for credentials that are accepted (their note says which), by provider; counted at the scrape.";
    /// How late the outbox is.
    TASK_OLDEST_DUE_SECONDS = "task_oldest_due_seconds", Kind::Gauge, Seconds,
        "How long the task that is most overdue has been due; 0 where none is. Counted at the scrape.";
    /// Attempts at tasks.
    TASK_ATTEMPTS = "task_attempts_total", Kind::Counter, Count,
        "Attempts at tasks by provider and class (done, again, never, unknown, waits for stock, denied, bad_code).";
    /// Time of one attempt.
    TASK_SEND_SECONDS = "task_send_seconds", Kind::Histogram(SECONDS), Seconds,
        "Time of one attempt at a task with all its calls, by provider.";
    /// What differs at providers that keep a state.
    DRIFT = "drift_total", Kind::Counter, Count,
        "What was found to differ at a provider from what is in force, by provider, what (enabled, preset, unassigned, elsewhere, missing, refused, bad_preset, user) and end (told, mended, failed).";
    /// Rows of lists.
    PROVIDER_ODD_ROWS = "provider_odd_rows_total", Kind::Counter, Count,
        "Rows of a provider's lists that could not be read and were left out, by provider.";
    /// How full organizations are.
    PROVIDER_ROOM_USED = "provider_room_used", Kind::Gauge, Count,
        "What the organization has that all subscribers share, as last looked at, by provider and what (users, cameras).";
    /// What they may hold.
    PROVIDER_ROOM_LIMIT = "provider_room_limit", Kind::Gauge, Count,
        "What that organization may have, by provider and what (users, cameras); absent where there is no limit.";
    /// Breakers.
    PROVIDER_BREAKER_OPEN = "provider_breaker_open", Kind::Gauge, Count,
        "Whether nothing is sent to a provider for a while, since it failed again and again: 1 or 0, by provider.";
    /// Answers of the activation surface.
    ACTIVATION_REQUESTS = "activation_requests_total", Kind::Counter, Count,
        "Answers of the activation surface by call (redeem, usage_record, effect) and result code.";
    /// Time to answer on the activation surface.
    ACTIVATION_REQUEST_SECONDS = "activation_request_seconds", Kind::Histogram(SECONDS), Seconds,
        "Time from the head of a request of the activation surface to its answer, by call.";
    /// Answers of the camera apps' surface.
    VAS_REQUESTS = "vas_requests_total", Kind::Counter, Count,
        "Answers of the camera apps' surface by method (unknown where there is none of that name) and code.";
    /// Time to answer on the camera apps' surface.
    VAS_REQUEST_SECONDS = "vas_request_seconds", Kind::Histogram(SECONDS), Seconds,
        "Time from the head of a request of the camera apps' surface to its answer, by method.";
    /// What apps pay with.
    PAYMENTS_PREPARED = "payments_prepared_total", Kind::Counter, Count,
        "What apps were given to pay with, by way (sdp, alipay, wechat) and end (done, or why not).";
    /// Callbacks of payment providers.
    PAYMENT_CALLBACKS = "payment_callbacks_total", Kind::Counter, Count,
        "Callbacks of payment providers by way (alipay, wechat) and what became of them (settled, repeated, other, failed; kept: unknown_order, order_closed, order_paid, order_refunded, other_amount; not believed: unsigned, stale, unknown_serial, signature, sealed, merchant, unreadable).";
    /// Payments that nothing was given for.
    PAYMENTS_KEPT = "payments_kept", Kind::Gauge, Count,
        "Payments that were proven, settled no order and are not marked as paid back, by why (unknown_order, order_closed, order_paid, order_refunded, other_amount); counted at the scrape.";
    /// Answers to streamers.
    FLUSSONIC_ANSWERS = "flussonic_answers_total", Kind::Counter, Count,
        "Answers to streamers that ask whether somebody may play, by reason (allowed, or why not).";
    /// Codes in stock.
    CODES_UNUSED = "codes_unused", Kind::Gauge, Count,
        "Activation codes in stock by kind (cloud, ai, 4g); counted at the scrape.";
    /// When the process started.
    START_TIME_SECONDS = "start_time_seconds", Kind::Gauge, Seconds,
        "When the process started, in seconds since 1970.";
    /// What runs.
    BUILD_INFO = "build_info", Kind::Gauge, Count,
        "Always 1; its labels say what runs (version, profile: release or debug).";
    /// CPU time.
    PROCESS_CPU_SECONDS = "process_cpu_seconds_total", Kind::Counter, Seconds,
        "CPU time of the process, user and system, in whole seconds; read at the scrape, as those that follow.";
    /// Memory in use.
    PROCESS_RESIDENT_BYTES = "process_resident_memory_bytes", Kind::Gauge, Bytes,
        "Memory of the process that is in RAM.";
    /// Address space.
    PROCESS_VIRTUAL_BYTES = "process_virtual_memory_bytes", Kind::Gauge, Bytes,
        "Address space of the process.";
    /// Threads.
    PROCESS_THREADS = "process_threads", Kind::Gauge, Count,
        "Threads of the process.";
    /// Open descriptors.
    PROCESS_OPEN_FDS = "process_open_fds", Kind::Gauge, Count,
        "File descriptors that are open.";
    /// Its bound.
    PROCESS_MAX_FDS = "process_max_fds", Kind::Gauge, Count,
        "How many may be open (the soft limit).";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_the_grammar() {
        for metric in ALL {
            let rest = metric.name.strip_prefix("sdp_gateway_").expect("the prefix");
            assert!(rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{rest}");
            assert_eq!(rest.ends_with("_total"), matches!(metric.kind, Kind::Counter), "{rest}");
            assert!(metric.help.ends_with('.'), "{rest}");
        }
    }

    #[test]
    fn no_name_twice() {
        let mut names: Vec<_> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
