//! What commands print and tell, in one way for all: text of others shows its controls escaped (`ids::visible`),
//! whether it stands in a line or in JSON. A reader of standard output that has gone away (`| head`) is no
//! failure: what comes after is written nowhere. Anything else, such as a full device, makes the command end with 1
//! and is told once. Standard error is written to as far as it goes.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use crate::ids::visible;

/// What standard output failed with; nothing is written afterwards.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Standard output as commands write to it: it never fails, and remembers.
pub(super) struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        keep(|out| out.write_all(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        keep(|out| out.flush());
        Ok(())
    }
}

fn keep(write: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) {
    if LOST.get().is_none()
        && let Err(error) = write(&mut io::stdout().lock())
    {
        // The first is the one that tells.
        let _ = LOST.set(error);
    }
}

/// Prints lines, or JSON. What may hold newlines of others is a [`say`], or a cell.
pub(super) fn print(text: &str) {
    keep(|out| out.write_all(visible::lines(text).as_bytes()).and_then(|()| out.flush()));
}

/// Prints one line, whatever is in it.
pub(super) fn say(line: impl Display) {
    print(&format!("{}\n", visible::one_line(&line.to_string())));
}

/// Why nothing more can be printed, if so: whoever prints for long can stop.
pub(super) fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

/// The failure that printing was, if it was one.
pub(super) fn failure() -> Option<&'static io::Error> {
    lost().filter(|error| error.kind() != ErrorKind::BrokenPipe)
}

/// Tells something beside the output, on a line or more of its own.
pub(super) fn tell(line: impl Display) {
    // There is no other place to say that it could not be said.
    let _ = writeln!(io::stderr().lock(), "{}", visible::lines(&line.to_string()));
}
