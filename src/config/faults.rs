//! What is wrong with settings or a catalog, all of it at once. Leaves finding it to the readers.

use std::fmt;

/// One thing an operator has to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file and the line (`settings.toml:3`), or the environment variable, it is written in.
    pub place: String,
    /// The key (`server.listen`); empty for the whole file.
    pub key: String,
    /// What is wrong; never a secret.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.place, self.what),
            key => write!(f, "{}: {key}: {}", self.place, self.what),
        }
    }
}

/// All faults found, one a line when displayed. As an error it is never empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl Faults {
    /// Notes one more.
    pub fn push(&mut self, place: impl Into<String>, key: impl Into<String>, what: impl Into<String>) {
        self.0.push(Fault { place: place.into(), key: key.into(), what: what.into() });
    }

    /// `Ok` when nothing was found.
    ///
    /// # Errors
    /// The faults, when there are any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.0.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
