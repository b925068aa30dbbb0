//! An operator's grant of a package that is known to the fold.
//!
//! An operator's own rows stand among the others by the moment at which they were given. But a carrier renews by a
//! register with the time of the run's first one, which stands before them, whatever it was sent for. So a *grant* of a
//! package that is known says no more than what the operator knew: "what ends at K shall end at U". A later end than K
//! that stands before it is news of the carrier's, sold since, and goes on to hold:
//!
//! ```text
//!                 known to the operator       known today
//!   register      1 May  until  8 May         1 May  until  8 May
//!   renewal                                   1 May  until 15 May   (came on 8 May)
//!   grant         5 May  until 10 May         5 May  until 10 May   K = 8 May: the 15th is news, and stands
//!                 in force until 10 May       in force until 15 May
//! ```
//!
//! A grant never shortens what is news, and of a run in force it moves nothing but the end: its regID, its renewing and
//! its rights' names stay. A grant after an operator's *end* brings such news back too; after the carrier's own cancel
//! nothing does. The end itself ends whatever stands before it.

use super::decide::{become_other, lapse, replace_others};
use super::notice::Own;
use super::told::Told;
use super::{ServiceState, Subscription};

/// Grants what stands at `place`; `new` is what the grant alone would make. Tells whether anything is other than before.
pub(super) fn grant(
    state: &mut ServiceState,
    told: &Told<'_>,
    place: usize,
    own: Own,
    mut new: Subscription,
) -> bool {
    let (at, package_id) = (new.updated_at, new.terms.package_id.clone());
    let replaced = new.terms.exclusive && replace_others(state, &new.terms, at);
    let held = &mut state.subscriptions[place];
    let goes_on = held.state(at).is_in_force();
    let (Some(old), Some(run)) = (held.run.clone(), &mut new.run) else {
        return become_other(held, new) | replaced;
    };
    let is_news = Some(old.expires_at) > own.known_end;
    let comes_back = is_news && at < old.expires_at && told.is_ended_by_operator(&package_id);
    if goes_on && is_news && run.expires_at <= old.expires_at {
        return replaced;
    }
    if goes_on || comes_back {
        let shortens = !is_news && run.expires_at < old.expires_at;
        run.auto_renew = old.auto_renew && !shortens;
        run.expires_at = if is_news { run.expires_at.max(old.expires_at) } else { run.expires_at };
        run.lapses_at = lapse(&run.terms, run.expires_at, run.auto_renew);
        (new.channel, new.reg_id) = (held.channel.clone(), held.reg_id.clone());
    }
    if goes_on {
        (run.founder, run.starts_at) = (old.founder, old.starts_at);
    } else {
        state.past.push(old);
    }
    become_other(held, new) | replaced
}
