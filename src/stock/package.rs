//! What a code must say of its package for its provider to be able to carry it out.

use crate::config::{Mode, Provider};

/// What a provider needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackageRule {
    /// Any package, or none.
    Free,
    /// One: it is what is ordered there.
    Needed,
    /// A preset's number, or none.
    Preset,
}

impl PackageRule {
    /// The rule of a provider of the settings.
    #[must_use]
    pub fn of(provider: &Provider) -> Self {
        if provider.watcher().is_some() {
            return Self::Preset;
        }
        match provider.activation() {
            Some(remote) if remote.mode == Mode::Order => Self::Needed,
            _ => Self::Free,
        }
    }

    /// Whether a code of this package can ever be redeemed.
    ///
    /// # Errors
    /// Why not, to follow the column's name.
    pub fn check(self, package: Option<&str>) -> Result<(), &'static str> {
        let is_preset = |text: &str| text.parse::<i64>().is_ok_and(|preset| preset > 0);
        match (self, package) {
            (Self::Needed, None) => Err("is missing: the provider places orders, and this is what it orders"),
            (Self::Preset, Some(text)) if !is_preset(text) => {
                Err("is not a preset of the provider: a whole number, 1 or more")
            }
            _ => Ok(()),
        }
    }
}
