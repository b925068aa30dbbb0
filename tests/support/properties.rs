//! How properties are tried: how many cases, and where a case that failed is kept. Kept cases are tried
//! first from then on, by everyone: they belong into the repository, beside a named test of what was wrong.

use proptest::prelude::ProptestConfig;
use proptest::test_runner::FileFailurePersistence;

/// Tries as many cases as `SDP_GATEWAY_TEST_CASES` says, else so many; what fails is added to a file of
/// `tests/regressions`.
pub(crate) fn tried(cases: u32, kept_in: &'static str) -> ProptestConfig {
    let asked = std::env::var("SDP_GATEWAY_TEST_CASES").ok();
    let cases = asked.map_or(cases, |asked| asked.parse().expect("SDP_GATEWAY_TEST_CASES is a number"));
    let failure_persistence = Some(Box::new(FileFailurePersistence::Direct(kept_in)) as _);
    // What assumptions throw away grows with the cases, and ends no run.
    ProptestConfig { cases, failure_persistence, max_global_rejects: u32::MAX, ..ProptestConfig::default() }
}
