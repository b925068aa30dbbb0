//! What can be the matter at Watcher, and how it is said.

use crate::ids::vsaas::OrganizationId;
use crate::providers::Difference;
use crate::providers::watcher::CameraChange;

/// What can be the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
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

impl What {
    /// The same of a camera, by its name, or of a user, by what it logs in with.
    pub(super) fn of(self, on: &str) -> Difference {
        let is_mendable = match self {
            Self::Camera(_) | Self::Unassigned | Self::Unseeing(_) | Self::Seeing => true,
            Self::Elsewhere(_) | Self::Missing | Self::Refused | Self::BadPreset => false,
        };
        Difference { on: on.to_owned(), word: self.word(), what: self.to_string(), is_mendable }
    }

    /// Its word in the metric.
    fn word(self) -> &'static str {
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
