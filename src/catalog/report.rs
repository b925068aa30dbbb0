//! What every table of a catalog file is checked for, and where the faults go. Leaves what is a table's own to `check`
//! and `check_shop`.

use super::source::Source;
use crate::config::Faults;

/// No period, grace or keeping is longer; ten years.
pub(super) const DAYS_MAX: u32 = 3650;

/// Where the faults of one table go.
pub(super) struct Report<'a> {
    pub(super) source: &'a Source,
    pub(super) faults: &'a mut Faults,
}

impl Report<'_> {
    pub(super) fn fault(&mut self, key: &str, what: impl Into<String>) {
        self.faults.push(self.source.place(key), self.source.key(key), what);
    }

    /// A value that was refused is not missing.
    pub(super) fn required<T>(&mut self, key: &str, value: Option<&T>) {
        if value.is_none() && !self.source.has(key) {
            self.fault(key, "is missing");
        }
    }

    pub(super) fn range(&mut self, key: &str, value: Option<u32>, min: u32, max: u32) {
        if let Some(value) = value.filter(|value| !(min..=max).contains(value)) {
            self.fault(key, format!("{value} is not from {min} to {max}"));
        }
    }

    /// Messages are trimmed before they are compared, so nothing could ever equal a padded text; nor can
    /// they have U+0000, which not every database keeps.
    pub(super) fn text(&mut self, key: &str, value: Option<&String>) {
        if value.is_some_and(|text| text.contains('\0')) {
            self.fault(key, "has the character U+0000");
        }
        match value.map(|text| (text.is_empty(), text.trim() == text)) {
            Some((true, _)) => self.fault(key, "is empty"),
            Some((_, false)) => self.fault(key, "has blanks around it"),
            _ => {}
        }
    }
}

/// Whether it is fit for a name of ours.
pub(super) fn is_id(id: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(fit)
}
