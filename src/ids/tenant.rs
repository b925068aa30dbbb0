//! Tenants: businesses on one gateway that see nothing of each other. Whose a device or an account is follows from
//! the account's name in full ([`UserAccount::within`](super::UserAccount::within)).

use std::fmt;

/// A tenant's name: 1 to 64 of `a-z 0-9 . - _`. Names compare lower-cased and are kept so. It has no `/`, so that an
/// account's name behind it can be told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tenant(String);

/// The text is no tenant's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to 64 of A-Z a-z 0-9 . - _")]
pub struct BadTenant;

const BYTES_MAX: usize = 64;

impl Tenant {
    /// Checks a name and lower-cases it.
    ///
    /// # Errors
    /// [`BadTenant`] for another length or another character.
    pub fn parse(text: &str) -> Result<Self, BadTenant> {
        let fits = (1..=BYTES_MAX).contains(&text.len());
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if fits && text.bytes().all(allowed) { Ok(Self(text.to_ascii_lowercase())) } else { Err(BadTenant) }
    }

    /// The name, lower-cased.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
