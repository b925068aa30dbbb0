//! An error with all it was caused by, on one line.

use std::error::Error;
use std::fmt;

use crate::ids::visible;

/// Displays an error and its sources, outermost first. For the log, where a failure is handled.
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(self.0))?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {}", line(error))?;
            source = error.source();
        }
        Ok(())
    }
}

/// A server's detail and hint come on lines of their own; a log line is one. What it says may be a caller's words.
fn line(error: &dyn Error) -> String {
    visible::one_line(&error.to_string().replace('\n', "; ")).into_owned()
}
