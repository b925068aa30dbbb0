//! Whether recordings that somebody asks for lie within what may be played. A streamer that reads no windows has this
//! answer alone to go by.

use super::{Playable, Span};
use crate::clock::Timestamp;

/// Recordings that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Archive {
    /// It is not told which.
    Some,
    /// Those of a time.
    Of(Span),
}

/// How far whoever asks has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Nothing has been played yet.
    New,
    /// It plays by an earlier answer.
    Running,
}

impl Playable {
    /// Whether all of it may be played at `now`; of recordings that are not told, whether any may. What is asked for
    /// beyond now is not recorded yet and does not count. A session that runs goes on where only the days of
    /// retention have caught up with its beginning.
    #[must_use]
    pub fn opens(&self, archive: Archive, session: Session, now: Timestamp) -> bool {
        let Archive::Of(asked) = archive else { return !self.windows.is_empty() };
        // Of a time that is still to come its first moment is looked at.
        let ends_at = asked.ends_at.min(now).max(asked.starts_at.plus_ms(1));
        let asked = Span { ends_at, ..asked };
        let holds = |span: &Span| span.starts_at <= asked.starts_at && asked.ends_at <= span.ends_at;
        let meets = |span: &Span| span.starts_at < asked.ends_at && asked.starts_at < span.ends_at;
        match session {
            Session::New => self.windows.iter().any(holds),
            Session::Running => self.recorded.iter().any(holds) && self.windows.iter().any(meets),
        }
    }
}
