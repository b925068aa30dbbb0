//! Odd times: what a carrier's clock or a human's hand wrote wrong. They count as absent, and are told.

use std::fmt;

/// A notice's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeField {
    /// `startTime`.
    StartTime,
    /// `startTimeCP`.
    StartTimeCp,
    /// `subcribeTime`.
    SubscribeTime,
    /// `expiredTime`.
    ExpiredTime,
    /// `updateTime`.
    UpdateTime,
}

impl TimeField {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::StartTime, Self::StartTimeCp, Self::SubscribeTime, Self::ExpiredTime, Self::UpdateTime];

    /// The carrier's name for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartTime => "startTime",
            Self::StartTimeCp => "startTimeCP",
            Self::SubscribeTime => "subcribeTime",
            Self::ExpiredTime => "expiredTime",
            Self::UpdateTime => "updateTime",
        }
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// A notice's times that are not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Odd(u8);

impl Odd {
    /// Whether this one is not believed.
    #[must_use]
    pub fn has(self, field: TimeField) -> bool {
        self.0 & field.bit() != 0
    }

    /// Whether all are believed.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Those that are not.
    pub fn fields(self) -> impl Iterator<Item = TimeField> {
        TimeField::ALL.into_iter().filter(move |field| self.has(*field))
    }

    /// Believes a time no more, on a condition.
    pub fn mark_if(&mut self, is_odd: bool, field: TimeField) {
        if is_odd {
            self.0 |= field.bit();
        }
    }

    /// As the ledger spells it: nothing, or the carrier's names with commas between.
    #[must_use]
    pub fn spelled(self) -> Option<String> {
        (!self.is_none()).then(|| self.to_string())
    }

    /// Reads that back; names that are none are left out.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        let mut odd = Self::default();
        for name in text.unwrap_or_default().split(',') {
            if let Some(field) = TimeField::ALL.into_iter().find(|field| field.as_str() == name) {
                odd.mark_if(true, field);
            }
        }
        odd
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields().map(TimeField::as_str).collect();
        f.write_str(&names.join(","))
    }
}
