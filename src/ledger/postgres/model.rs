//! The protocol "send, lose the answer, look, repeat" against a server in memory, run through every order of
//! events: the writer's decisions are the real ones ([`super::course`], [`super::marks`]), the server does what
//! the statements of [`super::session`] have one do. Schemes that lack one of the protocol's parts must be
//! caught, or the model would prove nothing.

use std::collections::HashSet;
use std::sync::Arc;

use super::course::{Course, Seen, Sent, Step};
use super::marks::{Mark, Names};

/// Batches that the writer does one after the other, and what may go wrong on the way.
const BATCHES: u8 = 3;
const FAULTS: u8 = 3;

/// Commits that a standby may lack.
const LACKS_MAX: usize = 2;

/// A batch of another process that has this writer's names.
const TWINS: u8 = u8::MAX;

/// A protocol: the gateway's, or one that lacks a part.
#[derive(Clone, Copy)]
struct Scheme {
    /// A session has a name of its own; else one name serves all, and numbers are counted after the fact.
    names_are_new: bool,
    /// The server refuses a name that is there already.
    names_are_checked: bool,
    /// A session's row is committed before its first transaction.
    row_comes_first: bool,
    /// A look makes the row that is not there, and so waits for whoever is about to.
    look_makes_row: bool,
    /// A look waits for who holds the row.
    look_waits: bool,
    /// A look that came to nothing says nothing.
    silence_says_nothing: bool,
}

const OURS: Scheme = Scheme {
    names_are_new: true,
    names_are_checked: true,
    row_comes_first: true,
    look_makes_row: true,
    look_waits: true,
    silence_says_nothing: true,
};

/// What the server has committed, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Entry {
    /// A row with the number 0, where there was none.
    Row(Arc<str>),
    /// A batch, and its mark in its session's row.
    Batch(Mark, u8),
    /// A row deleted.
    Forgotten(Arc<str>),
}

/// A transaction that is open on the server and holds its session's row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Open {
    mark: Mark,
    batch: u8,
    /// Whether its COMMIT was sent, and may arrive or end at any time.
    is_asked: bool,
    /// Whether the writer still speaks to its session.
    is_attached: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    names: Names,
    /// Where all sessions share a name: the number that the next goes on from.
    counted: i64,
    session: Option<Mark>,
    course: Course,
    step: Step,
    /// Whether the transaction of a [`Step::Send`] has begun.
    has_begun: bool,
    batch: u8,
    open: Vec<Open>,
    log: Vec<Entry>,
    /// A name that another process has too, whose first transaction there is still to come.
    twin: Option<Arc<str>>,
    faults: u8,
    /// What was left of them when the batch began.
    faults_before: u8,
}

impl World {
    fn new() -> Self {
        let (names, course, step) = (Names::of(7), Course::default(), Step::Send);
        let (open, log) = (Vec::new(), Vec::new());
        let (session, has_begun, batch, counted) = (None, false, 0, 0);
        let (twin, faults, faults_before) = (None, FAULTS, FAULTS);
        Self {
            names,
            counted,
            session,
            course,
            step,
            has_begun,
            batch,
            open,
            log,
            twin,
            faults,
            faults_before,
        }
    }

    fn is_over(&self) -> bool {
        self.batch == BATCHES
    }

    /// The number in a committed row.
    fn row(&self, name: &str) -> Option<i64> {
        self.log.iter().rev().find_map(|entry| match entry {
            Entry::Row(session) if **session == *name => Some(Some(0)),
            Entry::Batch(mark, _) if *mark.session == *name => Some(Some(mark.batch)),
            Entry::Forgotten(session) if **session == *name => Some(None),
            _ => None,
        })?
    }

    fn is_held(&self, name: &str) -> bool {
        self.open.iter().any(|open| *open.mark.session == *name)
    }

    fn times(&self, batch: u8) -> usize {
        self.log.iter().filter(|entry| matches!(entry, Entry::Batch(_, done) if *done == batch)).count()
    }

    /// The same after something went wrong; none where enough has.
    fn fault(&self) -> Option<Self> {
        let faults = self.faults.checked_sub(1)?;
        Some(Self { faults, ..self.clone() })
    }

    /// The writer's end of its session is gone; what was open there is left to itself.
    fn hang_up(&mut self) {
        self.session = None;
        self.has_begun = false;
        self.open.iter_mut().for_each(|open| open.is_attached = false);
    }

    fn sent(&mut self, sent: Sent) {
        self.has_begun = false;
        // The old way: counted when the transaction has come back, and not when it was dropped before.
        self.counted += 1;
        self.step = self.course.sent(sent);
    }

    /// Gives the batch's answer, and takes up the next.
    fn answer(&mut self, is_kept: bool) -> Result<(), String> {
        if is_kept && self.times(self.batch) != 1 {
            return Err(format!("acknowledged, and there {} times", self.times(self.batch)));
        }
        if !is_kept && self.faults == self.faults_before {
            return Err("refused although nothing went wrong".to_owned());
        }
        self.batch += 1;
        (self.course, self.step, self.faults_before) = (Course::default(), Step::Send, self.faults);
        Ok(())
    }

    /// A session's beginning: its name, and its row. None where the server refuses.
    fn enter(&mut self, scheme: Scheme) -> Option<Mark> {
        if !scheme.names_are_new {
            let mark = Mark { session: "one".into(), batch: self.counted };
            if scheme.row_comes_first && self.row("one").is_none() {
                self.log.push(Entry::Row("one".into()));
            }
            return Some(mark);
        }
        let name = self.names.next();
        match self.row(&name) {
            Some(_) if scheme.names_are_checked => return None,
            None if scheme.row_comes_first => self.log.push(Entry::Row(Arc::clone(&name))),
            _ => {}
        }
        Some(Mark::before_all(name))
    }
}

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
    println!("{states} states");
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
        println!("{what}: {}", found.lines().next().unwrap_or_default());
    }
}
