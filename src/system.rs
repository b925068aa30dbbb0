//! What the operating system is asked for at start, and what it gives.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are no client's connection: the ledger's, the providers', logs, listeners.
const OTHER_DESCRIPTORS: u64 = 512;

/// Raises the soft limit of open descriptors to the hard one, which is there to be used: the soft one is small
/// for the sake of programs that cannot bear large numbers.
pub fn raise_descriptors() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, soft = current, hard = maximum, "the limit of open descriptors stays as it is");
    }
}

/// How many client connections the limit of open descriptors leaves room for; none: as many as there may be.
#[must_use]
pub fn connections_possible() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile).current;
    limit.map(|limit| limit.saturating_sub(OTHER_DESCRIPTORS))
}
