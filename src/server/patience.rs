//! How long a connection waits for its client: for the first bytes of a next request, and then for the
//! rest of its head. Waiting for a body is the request's own deadline.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// What a connection waits for while no request is in hand, and until when.
pub(super) struct Patience {
    idle: Duration,
    head: Duration,
    awaited: Awaited,
    until: Instant,
    /// Rings at `until` or earlier: it is set anew when it has rung, not with every request.
    alarm: Option<Pin<Box<Sleep>>>,
}

/// What is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// A request, of which nothing is here: the connection lies idle.
    Request,
    /// The rest of a head; on a new connection also its first byte.
    Head,
}

impl Patience {
    /// That of a new connection, whose client called us to say something.
    pub(super) fn new(idle: Duration, head: Duration) -> Self {
        Self { idle, head, awaited: Awaited::Head, until: Instant::now() + head, alarm: None }
    }

    /// The last answer is written: a next request may come.
    pub(super) fn rest(&mut self) {
        self.awaited = Awaited::Request;
        self.until = Instant::now() + self.idle;
    }

    /// Something came.
    pub(super) fn hear(&mut self) {
        if self.awaited == Awaited::Request {
            self.awaited = Awaited::Head;
            self.until = Instant::now() + self.head;
        }
    }

    /// Ready when it did not come in time, with what did not.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Awaited> {
        let until = self.until;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.deadline() > until {
            alarm.as_mut().reset(until);
        }
        loop {
            ready!(alarm.as_mut().poll(cx));
            if alarm.deadline() >= until {
                return Poll::Ready(self.awaited);
            }
            alarm.as_mut().reset(until);
        }
    }
}
