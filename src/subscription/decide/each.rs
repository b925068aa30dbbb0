//! The fold, and what each notice did in it: by one walk, where a long history asked notice by notice would take its
//! length squared.

use std::collections::HashSet;

use super::{Effect, Event, apply};
use crate::subscription::told::Told;
use crate::subscription::{ServiceState, order};

/// What a service's notices make of it, and what each of them did in that, in their order here: its effect, and whether it is
/// [superseded](super::is_superseded). None of one that does not stand in it.
#[must_use]
pub fn fold_each(
    service_id: &str,
    events: &[Event],
    disorder_ms: i64,
) -> (ServiceState, Vec<Option<(Effect, bool)>>) {
    let (mut state, mut told) = (ServiceState::default(), Told::default());
    let stands = |event: &Event| event.change.services().contains(&service_id);
    let of_service = events.iter().enumerate().filter(|(_, event)| stands(event)).collect();
    let sorted: Vec<(usize, &Event)> = order::sort(of_service, disorder_ms, |(_, event)| &event.place);
    let mut each = vec![None; events.len()];
    for (at, event) in &sorted {
        each[*at] = Some((apply(&mut state, &mut told, service_id, event), false));
    }
    // From the end: of what packages any later notice speaks; none of them, or all.
    let (mut any_later, mut all, mut later) = (false, false, HashSet::new());
    for (at, event) in sorted.iter().rev() {
        let packages = event.change.packages(service_id);
        if let Some((_, is_superseded)) = &mut each[*at] {
            *is_superseded = match &packages {
                Some(packages) => all || packages.iter().any(|package| later.contains(package)),
                None => any_later,
            };
        }
        if event.place.at.is_some() {
            any_later = true;
            all |= packages.is_none();
            later.extend(packages.into_iter().flatten());
        }
    }
    (state, each)
}
