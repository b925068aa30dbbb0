//! Odd times: what a carrier's clock or a human's hand wrote wrong. They count as absent, and are told.

use std::fmt;

use super::notice::{Notice, RegType};
use crate::clock::{DAY_MS, Timestamp};

/// A `subcribeTime` later than this after the notice's first receipt is odd.
const AHEAD_MAX_MS: i64 = DAY_MS;

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

fn is_ahead(subscribe_at: Timestamp, received_at: Timestamp) -> bool {
    subscribe_at > received_at.plus_ms(AHEAD_MAX_MS)
}

/// A notice of which only what was read is left, from before odd times were told: those of its times that show by
/// themselves that they cannot be meant are not believed. Of a register's `startTime` nothing is left beside a
/// `subcribeTime`.
#[must_use]
pub fn doubted(mut notice: Notice, received_at: Timestamp) -> Notice {
    let content = &notice.content;
    if content.reg_type != RegType::Register {
        return notice;
    }
    if content.subscribe_at.is_none() {
        notice.start_at = notice.event_at;
    }
    let ahead = content.subscribe_at.is_some_and(|at| is_ahead(at, received_at));
    if ahead {
        notice.event_at = notice.start_at;
    }
    let start = notice.event_at.unwrap_or(received_at);
    notice.odd.mark_if(ahead, TimeField::SubscribeTime);
    notice.odd.mark_if(content.expire_at.is_some_and(|at| at <= start), TimeField::ExpiredTime);
    notice
}

/// A notice's times as read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// `startTime`.
    pub start_at: Option<Timestamp>,
    /// `subcribeTime`.
    pub subscribe_at: Option<Timestamp>,
    /// `expiredTime`.
    pub expire_at: Option<Timestamp>,
    /// `updateTime`.
    pub update_at: Option<Timestamp>,
    /// Those that were sent and cannot be read.
    pub odd: Odd,
}

impl Times {
    /// Believes those no more that cannot be meant beside the others, or in what was first received at `received_at`.
    pub(super) fn doubted(mut self, reg_type: RegType, received_at: Timestamp) -> Self {
        let ahead = self.subscribe_at.is_some_and(|at| is_ahead(at, received_at));
        self.odd.mark_if(ahead, TimeField::SubscribeTime);
        let start = self.subscribe_at.filter(|_| !ahead).or(self.start_at).unwrap_or(received_at);
        let is_over = reg_type == RegType::Register && self.expire_at.is_some_and(|at| at <= start);
        self.odd.mark_if(is_over, TimeField::ExpiredTime);
        self
    }

    /// When it happened.
    pub(super) fn event_at(&self, reg_type: RegType) -> Option<Timestamp> {
        let happened = match reg_type {
            RegType::Cancel => self.update_at,
            _ => self.subscribe_at.filter(|_| !self.odd.has(TimeField::SubscribeTime)),
        };
        happened.or(self.start_at)
    }
}
