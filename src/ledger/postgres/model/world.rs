//! The state of the model: one writer, one server, and what else may write there.

use std::sync::Arc;

use crate::ledger::postgres::course::{Course, Sent, Step};
use crate::ledger::postgres::marks::{Mark, Names};

/// Batches that the writer does one after the other, and what may go wrong on the way.
pub(super) const BATCHES: u8 = 3;
pub(super) const FAULTS: u8 = 3;

/// A protocol: the gateway's, or one that lacks a part.
#[derive(Clone, Copy)]
pub(super) struct Scheme {
    /// A session has a name of its own; else one name serves all, and numbers are counted after the fact.
    pub(super) names_are_new: bool,
    /// The server refuses a name that is there already.
    pub(super) names_are_checked: bool,
    /// A session's row is committed before its first transaction.
    pub(super) row_comes_first: bool,
    /// A look makes the row that is not there, and so waits for whoever is about to.
    pub(super) look_makes_row: bool,
    /// A look waits for who holds the row.
    pub(super) look_waits: bool,
    /// A look that came to nothing says nothing.
    pub(super) silence_says_nothing: bool,
}

pub(super) const OURS: Scheme = Scheme {
    names_are_new: true,
    names_are_checked: true,
    row_comes_first: true,
    look_makes_row: true,
    look_waits: true,
    silence_says_nothing: true,
};

/// What the server has committed, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    /// A row with the number 0, where there was none.
    Row(Arc<str>),
    /// A batch, and its mark in its session's row.
    Batch(Mark, u8),
    /// A row deleted.
    Forgotten(Arc<str>),
}

/// A transaction that is open on the server and holds its session's row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Open {
    pub(super) mark: Mark,
    pub(super) batch: u8,
    /// Whether its COMMIT was sent, and may arrive or end at any time.
    pub(super) is_asked: bool,
    /// Whether the writer still speaks to its session.
    pub(super) is_attached: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) names: Names,
    /// Where all sessions share a name: the number that the next goes on from.
    pub(super) counted: i64,
    pub(super) session: Option<Mark>,
    pub(super) course: Course,
    pub(super) step: Step,
    /// Whether the transaction of a [`Step::Send`] has begun.
    pub(super) has_begun: bool,
    pub(super) batch: u8,
    pub(super) open: Vec<Open>,
    pub(super) log: Vec<Entry>,
    /// A name that another process has too, whose first transaction there is still to come.
    pub(super) twin: Option<Arc<str>>,
    pub(super) faults: u8,
    /// What was left of them when the batch began.
    pub(super) faults_before: u8,
}

impl World {
    pub(super) fn new() -> Self {
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

    pub(super) fn is_over(&self) -> bool {
        self.batch == BATCHES
    }

    /// The number in a committed row.
    pub(super) fn row(&self, name: &str) -> Option<i64> {
        self.log.iter().rev().find_map(|entry| match entry {
            Entry::Row(session) if **session == *name => Some(Some(0)),
            Entry::Batch(mark, _) if *mark.session == *name => Some(Some(mark.batch)),
            Entry::Forgotten(session) if **session == *name => Some(None),
            _ => None,
        })?
    }

    pub(super) fn is_held(&self, name: &str) -> bool {
        self.open.iter().any(|open| *open.mark.session == *name)
    }

    pub(super) fn times(&self, batch: u8) -> usize {
        self.log.iter().filter(|entry| matches!(entry, Entry::Batch(_, done) if *done == batch)).count()
    }

    /// The same after something went wrong; none where enough has.
    pub(super) fn fault(&self) -> Option<Self> {
        let faults = self.faults.checked_sub(1)?;
        Some(Self { faults, ..self.clone() })
    }

    /// The writer's end of its session is gone; what was open there is left to itself.
    pub(super) fn hang_up(&mut self) {
        self.session = None;
        self.has_begun = false;
        self.open.iter_mut().for_each(|open| open.is_attached = false);
    }

    pub(super) fn sent(&mut self, sent: Sent) {
        self.has_begun = false;
        // The old way: counted when the transaction has come back, and not when it was dropped before.
        self.counted += 1;
        self.step = self.course.sent(sent);
    }

    /// Gives the batch's answer, and takes up the next.
    pub(super) fn answer(&mut self, is_kept: bool) -> Result<(), String> {
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
    pub(super) fn enter(&mut self, scheme: Scheme) -> Option<Mark> {
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
