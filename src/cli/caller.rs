//! Whoever runs a command that puts something right: their name, and whether they mean it.

use std::io::{self, BufRead, IsTerminal};

use super::{Failure, tell, told};
use crate::config;
use crate::ledger::By;

/// Who runs the command, and why.
pub(super) fn by(why: Option<&str>) -> By {
    let login = config::login().unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
    By::command(&login, why.map(str::to_owned))
}

/// Goes on only where they said so beforehand, or say so on a terminal. `what` is what is about to happen.
///
/// # Errors
/// [`Failure::Usage`] where there is nobody to ask; [`Failure::Told`] where they do not want it.
pub(super) fn consent(is_given: bool, what: &str) -> Result<(), Failure> {
    if is_given {
        return Ok(());
    }
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(Failure::Usage(format!("{what}; with --yes it is done without a question")));
    }
    tell(format!("{what}: go on? [y/N]"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(told("nothing was done")),
    }
}
