//! Log lines on their way to stderr, by a thread of their own: whoever logs never waits for a pipe that nobody reads or
//! for a disk that hangs. After a line is written the next ones wait a moment for others: under load one write, and one
//! waking of the thread, carries many. What waits is bounded; beyond, lines are lost, counted, and told of once there is room.

use std::io::{self, Write, stderr};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

/// Bytes of lines that wait, at most.
const WAITING_BYTES_MAX: usize = 1 << 20;

/// How long lines wait for others, at most.
const TOGETHER: Duration = Duration::from_millis(5);

/// Bytes that are written without waiting for more.
const MANY_BYTES: usize = WAITING_BYTES_MAX / 4;

/// A buffer larger than this is not kept for the next lines.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// How long the end of the program waits for lines to be written.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// There is one stderr.
static LINES: Lines = Lines::new();

struct Lines {
    waiting: Mutex<Waiting>,
    /// Something waits, or what waits is to be written now.
    come: Condvar,
    /// All that waited was written.
    gone: Condvar,
}

struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
    has_thread: bool,
    is_writing: bool,
    /// Something was written a moment ago: what comes waits for others.
    is_resting: bool,
    /// Somebody waits for what waits to be written.
    is_flushed: bool,
}

impl Waiting {
    /// What waits is written without waiting for more.
    fn is_due(&self) -> bool {
        self.is_flushed || self.bytes.len() >= MANY_BYTES
    }
}

/// Where a subscriber writes its lines, each with one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stderr;

/// Starts the thread, once. Without one (no memory for it) whoever logs writes by himself.
pub(super) fn start() -> Stderr {
    let mut waiting = LINES.waiting();
    if !waiting.has_thread {
        waiting.has_thread = Builder::new().name("log".into()).spawn(|| LINES.run()).is_ok();
    }
    Stderr
}

/// Waits until what was logged is written, or until it is plain that nobody takes it.
pub fn flush_logs() {
    let waits =
        |waiting: &mut Waiting| waiting.has_thread && (waiting.is_writing || !waiting.bytes.is_empty());
    let mut waiting = LINES.waiting();
    waiting.is_flushed = true;
    LINES.come.notify_one();
    let waited = LINES.gone.wait_timeout_while(waiting, FLUSH_MAX, waits);
    waited.unwrap_or_else(PoisonError::into_inner).0.is_flushed = false;
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LINES.take(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    const fn new() -> Self {
        let waiting = Waiting {
            bytes: Vec::new(),
            lost: 0,
            has_thread: false,
            is_writing: false,
            is_resting: false,
            is_flushed: false,
        };
        Self { waiting: Mutex::new(waiting), come: Condvar::new(), gone: Condvar::new() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        if !waiting.has_thread {
            drop(waiting);
            return stderr().write(line);
        }
        if waiting.bytes.len() + line.len() > WAITING_BYTES_MAX {
            waiting.lost += 1;
            return Ok(line.len());
        }
        let (was_empty, was_due) = (waiting.bytes.is_empty(), waiting.is_due());
        waiting.bytes.extend_from_slice(line);
        let is_first = was_empty && !waiting.is_resting;
        let is_called = !waiting.is_writing && (is_first || waiting.is_due() && !was_due);
        drop(waiting);
        if is_called {
            self.come.notify_one();
        }
        Ok(line.len())
    }

    fn run(&self) {
        let mut lines = Vec::new();
        loop {
            let waiting = self.come.wait_while(self.waiting(), |waiting| waiting.bytes.is_empty());
            let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut lines, &mut waiting.bytes);
            let lost = std::mem::take(&mut waiting.lost);
            waiting.is_writing = true;
            drop(waiting);
            // What cannot be written (a full disk, a reader gone) is lost: there is nowhere to say so.
            let _ = stderr().write_all(&lines);
            lines.clear();
            lines.shrink_to(KEPT_BYTES_MAX);
            if lost > 0 {
                tracing::warn!(lost, "lines of the log were lost: they were not taken fast enough");
            }
            let mut waiting = self.waiting();
            (waiting.is_writing, waiting.is_resting) = (false, true);
            self.gone.notify_all();
            let rested = self.come.wait_timeout_while(waiting, TOGETHER, |waiting| !waiting.is_due());
            rested.unwrap_or_else(PoisonError::into_inner).0.is_resting = false;
        }
    }
}
