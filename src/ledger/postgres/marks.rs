//! What transactions go by: a mark that no other has, of whatever session, writer, process or server, so that
//! one whose answer was lost can be asked for. Free of I/O.

use std::sync::Arc;

/// The names of one writer's sessions. A name is given before anything is sent under it, and never again: an
/// attempt that is given up takes its session's name with it, and whatever still lands of it is nobody else's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Names {
    writer: u64,
    given: u64,
}

/// Which transaction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Mark {
    /// The name of its session.
    pub(super) session: Arc<str>,
    /// The so-many-th there.
    pub(super) batch: i64,
}

impl Names {
    /// Of a writer with this random number. A process that was copied as it ran has the same; the server then
    /// refuses the second session of a name.
    pub(super) fn of(writer: u64) -> Self {
        Self { writer, given: 0 }
    }

    /// The next session's. Hexadecimal digits and a dot.
    pub(super) fn next(&mut self) -> Arc<str> {
        self.given += 1;
        format!("{:016x}.{:x}", self.writer, self.given).into()
    }
}

impl Mark {
    /// What a session's row says before its first transaction.
    pub(super) fn before_all(session: Arc<str>) -> Self {
        Self { session, batch: 0 }
    }

    /// The next transaction's of the same session.
    pub(super) fn next(&mut self) -> &Self {
        self.batch += 1;
        self
    }
}
