//! What a gateway says of itself before it does anything: what it is, what it was made of, and loudly what is not as
//! it usually is.

use crate::config::{Config, FailedResult};

/// Where the settings came from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The settings file; none: defaults and environment alone.
    pub settings: Option<String>,
}

/// The first lines of the log.
pub fn tell_start(config: &Config, sources: &Sources) {
    let version = env!("CARGO_PKG_VERSION");
    let settings = sources.settings.as_deref().unwrap_or("none, the defaults");
    let catalog = config.catalog.place();
    let ledger = &config.ledger.url;
    tracing::info!(version, settings, catalog, %ledger, pid = std::process::id(), "sdp-gateway starts");
    for what in unusual(config) {
        tracing::warn!("{what}");
    }
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
}

/// What an operator may have set for a while, and forgotten.
fn unusual(config: &Config) -> Vec<&'static str> {
    let carrier = &config.carrier;
    let all = [
        (
            carrier.record_only,
            "carrier.record_only is on: notices are kept and acknowledged, and NONE is applied",
        ),
        (
            carrier.failed_result == FailedResult::Apply,
            "carrier.failed_result is apply: notices with a resultCode other than 0 subscribe and cancel",
        ),
        (
            carrier.failed_result == FailedResult::Ignore,
            "carrier.failed_result is ignore: notices with a resultCode other than 0 are kept without effect",
        ),
        (
            !config.worker.enabled,
            "worker.enabled is off: nothing is sent to providers unless `work` runs elsewhere",
        ),
        (
            config.carrier.allow.iter().any(|network| network.prefix_len() == 0),
            "carrier.allow lets every address post notices",
        ),
    ];
    all.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect()
}
