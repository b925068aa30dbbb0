//! Series that are there from the start, at 0: an alarm on a rise needs to have seen what it rose from.

use metrics::{counter, gauge, histogram};

use super::names;

/// What may become of a notice and of a check, by the answer's `error_id`. Repeats of an unreadable one too.
const MESSAGES: [(&str, &str, &[&str]); 4] = [
    ("notify", "0", &["applied", "no_change", "superseded", "ignored", "discarded", "parked", "repeated"]),
    (
        "notify",
        "1",
        &[
            "parked",
            "repeated",
            "failed",
            "late",
            "queue_full",
            "limited",
            "refused",
            "forbidden",
            "unauthorized",
        ],
    ),
    ("check", "0", &["yes", "no"]),
    (
        "check",
        "1",
        &["unknown_offer", "unreadable", "failed", "limited", "refused", "forbidden", "unauthorized"],
    ),
];

/// What may come of an attempt at a task.
const CLASSES: [&str; 7] = ["done", "again", "never", "unknown", "waits", "denied", "bad_code"];

/// What may differ at a provider that keeps a state, and what may become of it.
const DRIFTS: [&str; 8] =
    ["enabled", "preset", "unassigned", "elsewhere", "missing", "refused", "bad_preset", "user"];
const DRIFT_ENDS: [&str; 3] = ["told", "mended", "failed"];

/// Of the carrier's messages.
pub(super) fn messages() {
    for (surface, answer, outcomes) in MESSAGES {
        for outcome in outcomes {
            let labels = [("surface", surface), ("outcome", *outcome), ("answer", answer)];
            counter!(names::CARRIER_MESSAGES, &labels).absolute(0);
        }
    }
}

/// Of callers that are turned away, by these reasons.
pub fn zero_refused(reasons: &[&'static str]) {
    for reason in reasons {
        counter!(names::CARRIER_REFUSED, "reason" => *reason).absolute(0);
    }
}

/// Of streamers' answers, by these reasons.
pub fn zero_flussonic(reasons: &[&'static str]) {
    for reason in reasons {
        counter!(names::FLUSSONIC_ANSWERS, "reason" => *reason).absolute(0);
    }
}

/// Of the activation surface, by these calls and codes.
pub fn zero_activation(calls: &[&'static str], codes: &[&'static str]) {
    for call in calls {
        let _ = histogram!(names::ACTIVATION_REQUEST_SECONDS, "call" => *call);
        for code in codes {
            counter!(names::ACTIVATION_REQUESTS, "call" => *call, "code" => *code).absolute(0);
        }
    }
}

/// Of the camera apps' surface, by these methods and codes.
pub fn zero_vas(methods: &[&'static str], codes: &[&'static str]) {
    for method in methods {
        let _ = histogram!(names::VAS_REQUEST_SECONDS, "method" => *method);
        for code in codes {
            counter!(names::VAS_REQUESTS, "method" => *method, "code" => *code).absolute(0);
        }
    }
}

/// Of payments, by the ways in which they are made and the ends of preparing one.
pub fn zero_prepared(ways: &[&'static str], ends: &[&'static str]) {
    for way in ways {
        for end in ends {
            counter!(names::PAYMENTS_PREPARED, "way" => *way, "end" => *end).absolute(0);
        }
    }
}

/// Of callbacks of payment providers, by way and what may become of them.
pub fn zero_callbacks(ways: &[&'static str], becomes: &[&'static str]) {
    for way in ways {
        for became in becomes {
            counter!(names::PAYMENT_CALLBACKS, "way" => *way, "became" => *became).absolute(0);
        }
    }
}

/// Of a provider; of one that keeps a state also what may differ there.
pub fn zero_provider(provider: &str, keeps_state: bool) {
    let name = || provider.to_owned();
    for class in CLASSES {
        counter!(names::TASK_ATTEMPTS, "provider" => name(), "class" => class).absolute(0);
    }
    let _ = histogram!(names::TASK_SEND_SECONDS, "provider" => name());
    gauge!(names::PROVIDER_BREAKER_OPEN, "provider" => name()).set(0.0);
    gauge!(names::TASKS_WAITING, "provider" => name()).set(0.0);
    if keeps_state {
        counter!(names::PROVIDER_ODD_ROWS, "provider" => name()).absolute(0);
    }
    for what in DRIFTS.iter().filter(|_| keeps_state) {
        for end in DRIFT_ENDS {
            counter!(names::DRIFT, "provider" => name(), "what" => *what, "end" => end).absolute(0);
        }
    }
}
