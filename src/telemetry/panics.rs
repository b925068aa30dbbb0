//! A panic is a line of the log like any other: in the format that the operator's tools read, with the
//! thread and the place. What it means for the process is [`crate::lifeline`]'s.

use std::panic::{self, PanicHookInfo};

/// Has panics logged from now on, in place of the runtime's own words on stderr.
pub fn log_panics() {
    panic::set_hook(Box::new(log));
}

fn log(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let why = info.payload_as_str().unwrap_or("no words");
    tracing::error!(thread = thread.name().unwrap_or("-"), place, why, "a panic");
}
