//! How often a test of crashes and breaks does what it does: a few times in the ordinary suite, as often as
//! `SDP_GATEWAY_TEST_ROUNDS` says in a long run.
#![allow(dead_code, reason = "no test uses all of it")]

/// The most that may be asked for.
const ROUNDS_MAX: u64 = 1000;

/// So many rounds are asked for, if any are.
pub(crate) fn asked() -> Option<u64> {
    let asked = std::env::var("SDP_GATEWAY_TEST_ROUNDS").ok();
    let asked = asked.map(|text| text.parse().expect("SDP_GATEWAY_TEST_ROUNDS is a number"));
    asked.map(|rounds: u64| rounds.min(ROUNDS_MAX))
}

/// As many rounds as are asked for, else so many, in parts of at most so many: each part begins with an empty
/// ledger, since every round looks at all that is in it.
pub(crate) fn parts(usual: u64, of: u64) -> impl Iterator<Item = u64> {
    let rounds = asked().unwrap_or(usual);
    (0..rounds).step_by(usize::try_from(of).expect("a few")).map(move |done| of.min(rounds - done))
}
