//! The protocol "send, lose the answer, look, repeat" against a server in memory, run through every order of
//! events: the writer's decisions are the real ones ([`super::course`], [`super::marks`]), the server does what
//! the statements of [`super::session`] have one do. Schemes that lack one of the protocol's parts must be
//! caught, or the model would prove nothing.

mod world;

use std::collections::HashSet;
use std::sync::Arc;

use super::course::{Seen, Sent, Step};
use super::marks::Mark;
use world::{Entry, OURS, Open, Scheme, World};

/// Commits that a standby may lack.
const LACKS_MAX: usize = 2;

/// A batch of another process that has this writer's names.
const TWINS: u8 = u8::MAX;

/// All that may come next.
fn successors(world: &World, scheme: Scheme) -> Result<Vec<World>, String> {
    let mut next = Vec::new();
    if world.is_over() {
        return Ok(next);
    }
    match &world.step {
        Step::Happened | Step::GivenUp => {
            let mut answered = world.clone();
            let is_kept = world.step == Step::Happened;
            if !is_kept {
                // Then its writes may be tried one by one.
                let may_land = world.open.iter().any(|open| open.batch == world.batch && open.is_asked);
                if may_land || world.times(world.batch) > 0 {
                    return Err("given up as certainly not done".to_owned());
                }
            }
            answered.answer(is_kept)?;
            return Ok(vec![answered]);
        }
        Step::Send if world.session.is_none() => open(world, scheme, &mut next),
        Step::Send if !world.has_begun => begin(world, &mut next),
        Step::Send => commit(world, &mut next),
        Step::Look(mark) => look(world, mark, scheme, &mut next),
    }
    if let Some(mut late) = world.fault() {
        late.open.iter_mut().filter(|open| open.is_attached).for_each(|open| open.is_asked = true);
        late.hang_up();
        late.answer(false)?;
        next.push(late);
    }
    server(world, &mut next);
    Ok(next)
}

/// The writer opens a session, or fails to.
fn open(world: &World, scheme: Scheme, next: &mut Vec<World>) {
    let mut entered = world.clone();
    match entered.enter(scheme) {
        Some(mark) => entered.session = Some(mark),
        None => entered.sent(Sent::Failed { may_pass: true }),
    }
    next.push(entered);
    // No connection; or the row is there, and nobody heard of it.
    for is_heard in [true, false] {
        let Some(mut failed) = world.fault() else { continue };
        if is_heard {
            failed.names.next();
        } else {
            failed.enter(scheme);
        }
        failed.sent(Sent::Failed { may_pass: true });
        next.push(failed);
    }
    // A process that was copied as it ran has this name too, and was first.
    if let Some(mut second) = world.fault().filter(|world| scheme.names_are_new && world.twin.is_none()) {
        let name = second.names.clone().next();
        if second.row(&name).is_none() {
            second.twin = Some(Arc::clone(&name));
            second.log.push(Entry::Row(name));
            next.push(second);
        }
    }
}

/// The transaction begins: it holds its session's row, and is marked there.
fn begin(world: &World, next: &mut Vec<World>) {
    let Some(session) = &world.session else { return };
    let is_held = world.is_held(&session.session);
    let begun = |world: &World| {
        let mut world = world.clone();
        let mark = world.session.as_mut().map(|mark| mark.next().clone());
        let batch = world.batch;
        world.open.extend(mark.map(|mark| Open { mark, batch, is_asked: false, is_attached: true }));
        world.has_begun = true;
        world
    };
    // While another holds it, it waits.
    if !is_held {
        next.push(begun(world));
    }
    let Some(fault) = world.fault() else { return };
    for may_pass in [true, false] {
        let mut refused = fault.clone();
        refused.session.as_mut().map(Mark::next);
        refused.sent(Sent::Failed { may_pass });
        next.push(refused);
    }
    let mut cut = if is_held { fault } else { begun(&fault) };
    cut.hang_up();
    cut.sent(Sent::Failed { may_pass: true });
    next.push(cut);
}

/// The commit is asked for.
fn commit(world: &World, next: &mut Vec<World>) {
    let Some(mark) = world.session.clone() else { return };
    let place = world.open.iter().position(|open| open.is_attached);
    if let Some(place) = place {
        let mut done = world.clone();
        let open = done.open.remove(place);
        done.log.push(Entry::Batch(open.mark, open.batch));
        done.sent(Sent::Committed);
        next.push(done);
    }
    for may_pass in [true, false] {
        let (Some(mut refused), Some(place)) = (world.fault(), place) else { continue };
        refused.open.remove(place);
        refused.sent(Sent::Failed { may_pass });
        next.push(refused);
    }
    // Cut before it arrives, while it is under way, or after; or the server was gone before.
    let cut = if place.is_some() { world.fault() } else { Some(world.clone()) };
    if let Some(mut cut) = cut {
        cut.open.iter_mut().filter(|open| open.is_attached).for_each(|open| open.is_asked = true);
        cut.hang_up();
        cut.sent(Sent::Unknown(mark));
        next.push(cut);
    }
}

/// A new session looks.
fn look(world: &World, mark: &Mark, scheme: Scheme, next: &mut Vec<World>) {
    let name = &mark.session;
    let waits = scheme.look_waits && (world.row(name).is_some() || scheme.look_makes_row);
    if !(waits && world.is_held(name)) {
        let mut told = world.clone();
        told.session = told.enter(scheme);
        if scheme.look_makes_row && told.row(name).is_none() {
            told.log.push(Entry::Row(Arc::clone(name)));
        }
        let is_there = told.row(name) == Some(mark.batch);
        let seen = match told.session {
            Some(_) if is_there => Seen::Committed,
            Some(_) => Seen::NotCommitted,
            None => Seen::Nothing,
        };
        told.step = told.course.seen(seen);
        next.push(told);
    }
    if let Some(mut lost) = world.fault() {
        lost.names.next();
        let seen = if scheme.silence_says_nothing { Seen::Nothing } else { Seen::NotCommitted };
        lost.step = lost.course.seen(seen);
        next.push(lost);
    }
}

/// What the server and others do meanwhile.
fn server(world: &World, next: &mut Vec<World>) {
    // What was left to itself is undone, or lands after all.
    for place in 0..world.open.len() {
        if world.open[place].is_attached {
            continue;
        }
        let mut undone = world.clone();
        let open = undone.open.remove(place);
        if open.is_asked {
            let mut landed = undone.clone();
            landed.log.push(Entry::Batch(open.mark, open.batch));
            next.push(landed);
        }
        next.push(undone);
    }
    // The other process's first transaction of a name that it shares.
    if let Some(name) = world.twin.clone().filter(|name| !world.is_held(name)) {
        let mut other = World { twin: None, ..world.clone() };
        other.log.push(Entry::Batch(Mark { session: name, batch: 1 }, TWINS));
        next.push(other);
    }
    let Some(fault) = world.fault() else { return };
    // A standby takes over that lacks the newest commits: nothing is open there.
    for lacks in 0..=LACKS_MAX.min(world.log.len()) {
        let mut other = World { twin: None, ..fault.clone() };
        other.log.truncate(world.log.len() - lacks);
        other.open.clear();
        if !world.has_begun {
            other.session = None;
        }
        next.push(other);
    }
    // Rows of those who have written nothing for long are forgotten.
    if let Some(mark) = world.session.as_ref().filter(|mark| !world.is_held(&mark.session)) {
        let mut forgotten = fault;
        forgotten.log.push(Entry::Forgotten(Arc::clone(&mark.session)));
        next.push(forgotten);
    }
}

/// Runs a scheme through every order of events; how many states it has been in, or what went wrong in one.
fn explore(scheme: Scheme) -> Result<usize, String> {
    let mut seen = HashSet::from([World::new()]);
    let mut ahead: Vec<World> = seen.iter().cloned().collect();
    while let Some(world) = ahead.pop() {
        let next = successors(&world, scheme).map_err(|what| format!("{what}: {world:#?}"))?;
        if next.is_empty() && !world.is_over() {
            return Err(format!("stuck: {world:#?}"));
        }
        ahead.extend(next.into_iter().filter(|world| seen.insert(world.clone())));
    }
    Ok(seen.len())
}

#[test]
fn no_order_of_events_loses_doubles_or_denies_anything() {
    let states = explore(OURS).unwrap_or_else(|what| panic!("{what}"));
    assert!(states > 100_000, "too little was tried: {states} states");
}

#[test]
fn a_protocol_that_lacks_a_part_is_caught() {
    for (what, scheme) in [
        ("numbers that go back", Scheme { names_are_new: false, ..OURS }),
        (
            "a row of the first commit's making",
            Scheme { row_comes_first: false, look_makes_row: false, ..OURS },
        ),
        ("a row that was forgotten", Scheme { look_makes_row: false, ..OURS }),
        ("a look that does not wait", Scheme { look_waits: false, ..OURS }),
        ("silence taken for a no", Scheme { silence_says_nothing: false, ..OURS }),
        ("a name that two have", Scheme { names_are_checked: false, ..OURS }),
    ] {
        let found = explore(scheme).expect_err(what);
        assert!(found.starts_with("acknowledged, and there "), "{what}: {found}");
    }
}
