//! What a camera should be like: a rule without calls, for tasks and for whoever compares whole lists.

use serde_json::Value;

use super::Keeper;
use crate::clock::{DAY_MS, Timestamp};
use crate::config::{Suspend, WatcherRemote};
use crate::ids::vsaas::PresetId;
use crate::providers::watcher::{Camera, CameraChange};
use crate::service::wanted::Wanted;

/// The names of a preset in a grant's settings; a code's package comes under the second.
const PRESET_NAMES: [&str; 2] = ["preset_id", "package_id"];

/// The settings of what is carried name something as a preset that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the grant's preset_id is no id of a preset")]
pub(super) struct BadPreset;

/// What a camera should be like; what is none may be as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Should {
    /// Whether it records.
    pub(super) enabled: Option<bool>,
    /// What it records, and how long that is kept.
    pub(super) preset_id: Option<PresetId>,
    /// When that will be something else by itself.
    pub(super) until: Option<Timestamp>,
}

impl Should {
    /// What has to be changed of a camera for it to be so; none where it is.
    pub(super) fn differs(&self, camera: &Camera) -> Option<CameraChange> {
        let enabled = self.enabled.filter(|enabled| camera.enabled != Some(*enabled));
        let preset_id = self.preset_id.filter(|preset| camera.preset_id != Some(*preset));
        let change = CameraChange { enabled, preset_id, ..CameraChange::default() };
        (change != CameraChange::default()).then_some(change)
    }
}

impl Keeper {
    /// What a camera should be like at `now`.
    ///
    /// # Errors
    /// [`BadPreset`].
    pub(super) fn should(&self, wanted: &Wanted, now: Timestamp) -> Result<Should, BadPreset> {
        should(&self.settings, wanted, now)
    }
}

/// Who is served is recorded, with the offer's preset. Who is no more is not, from that moment on; the preset
/// stays until recordings need not be kept any longer, since a smaller one deletes them, and while paid
/// time waits to go on. Where nothing ever ran a camera is none of our business.
fn should(settings: &WatcherRemote, wanted: &Wanted, now: Timestamp) -> Result<Should, BadPreset> {
    if !wanted.carried.is_nothing() {
        let preset_id = wanted.carried.setting(&PRESET_NAMES).map(preset).transpose()?;
        return Ok(Should { enabled: Some(true), preset_id, until: None });
    }
    let Some(ended_at) = wanted.ended_at.filter(|_| !wanted.is_anothers) else {
        return Ok(Should::default());
    };
    let kept_until = ended_at.plus_ms(i64::from(settings.retention_keep_days).saturating_mul(DAY_MS));
    let is_kept = wanted.waits || now < kept_until;
    Ok(Should {
        enabled: (settings.suspend == Suspend::Camera).then_some(false),
        preset_id: (!is_kept).then_some(settings.default_preset_id),
        until: (is_kept && !wanted.waits).then_some(kept_until),
    })
}

fn preset(value: &Value) -> Result<PresetId, BadPreset> {
    serde_json::from_value(value.clone()).map_err(|_| BadPreset)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{Provider, ProviderKind};
    use crate::service::wanted::Carried;

    const DEFAULT: PresetId = PresetId(391);

    fn settings(suspend: Suspend) -> WatcherRemote {
        let provider = Provider {
            kind: ProviderKind::Watcher,
            base_url: Some("http://127.0.0.1:1".to_owned()),
            api_key: Some("not-a-real-key".to_owned().into()),
            default_preset_id: Some(391),
            login_domain: Some("sdp.example".to_owned()),
            suspend: Some(suspend),
            retention_keep_days: Some(7),
            ..Provider::default()
        };
        provider.watcher().expect("its settings")
    }

    fn carried(of: serde_json::Value) -> Wanted {
        let settings = serde_json::from_value::<Vec<_>>(of).expect("settings");
        Wanted { carried: Carried::from(settings), ..Wanted::default() }
    }

    fn check(suspend: Suspend, wanted: &Wanted, day: i64, enabled: Option<bool>, preset: Option<i64>) {
        let told = should(&settings(suspend), wanted, Timestamp(day * DAY_MS)).expect("an id");
        assert_eq!((told.enabled, told.preset_id), (enabled, preset.map(PresetId)), "{wanted:?}");
    }

    #[test]
    fn who_is_served_is_recorded_as_the_leading_service_says() {
        for (of, preset) in [
            (json!([{"preset_id": 393}]), Some(393)),
            (json!([{"preset_id": "394"}, {"preset_id": 393}]), Some(394)),
            (json!([{}, {"preset_id": 393}]), Some(393)),
            (json!([{"package_id": "395"}]), Some(395)),
            (json!([{}]), None),
        ] {
            check(Suspend::Camera, &carried(of), 0, Some(true), preset);
        }
        for bad in [json!([{"preset_id": "gold"}]), json!([{"preset_id": 0}]), json!([{"preset_id": null}])] {
            assert_eq!(should(&settings(Suspend::Camera), &carried(bad), Timestamp(0)), Err(BadPreset));
        }
    }

    #[test]
    fn recordings_outlive_the_end_by_their_days() {
        let ended = Wanted { ended_at: Some(Timestamp(10 * DAY_MS)), ..Wanted::default() };
        check(Suspend::Camera, &ended, 10, Some(false), None);
        check(Suspend::Camera, &ended, 16, Some(false), None);
        check(Suspend::Camera, &ended, 17, Some(false), Some(DEFAULT.0));
        check(Suspend::User, &ended, 10, None, None);
        check(Suspend::User, &ended, 17, None, Some(DEFAULT.0));
        let until = |wanted: &Wanted| should(&settings(Suspend::Camera), wanted, Timestamp(10 * DAY_MS));
        assert_eq!(until(&ended).expect("an id").until, Some(Timestamp(17 * DAY_MS)));
        let waits = Wanted { waits: true, ..ended.clone() };
        check(Suspend::Camera, &waits, 99, Some(false), None);
        check(Suspend::Camera, &Wanted { is_anothers: true, ..ended }, 99, None, None);
        check(Suspend::Camera, &Wanted::default(), 99, None, None);
    }
}
