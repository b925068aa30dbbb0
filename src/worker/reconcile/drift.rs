//! What a comparison finds, what became of it, and how it is said.

use crate::ids::vsaas::OrganizationId;
use crate::providers::watcher::CameraChange;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The camera's name, or the user's login.
    pub on: String,
    /// What is the matter.
    pub what: What,
    /// What became of it.
    pub end: End,
}

/// What can be the matter.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A camera is not as it should be.
    Camera(CameraChange),
    /// A camera is still in the default organization, and is to be moved to its subscriber's.
    Unassigned,
    /// A camera is in another organization than its subscriber.
    Elsewhere(OrganizationId),
    /// Watcher has no such camera.
    Missing,
    /// Watcher does not let us look at it.
    Refused,
    /// The settings of what is carried there name no preset.
    BadPreset,
    /// A subscriber who is served cannot look: no user, disabled, no member, without rights, or in the default
    /// organization.
    Unseeing(&'static str),
    /// A user can log in whose subscriber is served no more.
    Seeing,
}

/// What became of a drift.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It was told of: nothing else was asked for, or nothing can be done by a call.
    Told,
    /// It was mended.
    Mended,
    /// It was to be mended, and was not.
    Failed(String),
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Cameras in the list.
    pub cameras: u64,
    /// Those of them that are none of our devices'.
    pub unknown: u64,
    /// Those that a task is under way for.
    pub in_progress: u64,
    /// Rows of any list that could not be read.
    pub odd: u64,
    /// Users looked at.
    pub users: u64,
    /// What was not as it should be.
    pub drifted: u64,
    /// What of that was mended.
    pub mended: u64,
    /// What could not be.
    pub failed: u64,
}

impl What {
    /// Its word in the metric.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Camera(CameraChange { preset_id: None, .. }) => "enabled",
            Self::Camera(_) => "preset",
            Self::Unassigned => "unassigned",
            Self::Elsewhere(_) => "elsewhere",
            Self::Missing => "missing",
            Self::Refused => "refused",
            Self::BadPreset => "bad_preset",
            Self::Unseeing(_) | Self::Seeing => "user",
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Camera(change) => {
                let enabled = change.enabled.map(|on| if on { "be enabled" } else { "be disabled" });
                let preset = change.preset_id.map(|preset| format!("have preset {preset}"));
                let all: Vec<&str> = enabled.into_iter().chain(preset.as_deref()).collect();
                write!(f, "should {}", all.join(" and "))
            }
            Self::Unassigned => f.write_str("is in the default organization, and should be its subscriber's"),
            Self::Elsewhere(other) => {
                write!(f, "is in organization {other}, which is not its subscriber's: move it in Watcher")
            }
            Self::Missing => f.write_str("is not in Watcher"),
            Self::Refused => f.write_str("cannot be looked at"),
            Self::BadPreset => f.write_str("the preset_id of its offer is no id"),
            Self::Unseeing(why) => write!(f, "is served and cannot look: {why}"),
            Self::Seeing => f.write_str("is served no more and can log in"),
        }
    }
}

impl End {
    /// Its word in the metric.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Mended => "mended",
            Self::Failed(_) => "failed",
        }
    }
}
