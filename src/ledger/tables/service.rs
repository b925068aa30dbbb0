//! The table of services: [`Service`] as the rules have it.

use super::{Cell, Cells, Record, Table, Type};
use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::StoreError;
use crate::service::hold::{Hold, Paid, Window};
use crate::service::source::{ServiceId, Source};
use crate::service::{Plan, Service, Turn};

impl Record for Service {
    const TABLE: &'static Table = &Table {
        name: "service",
        columns: &[
            ("id", Type::Text),
            ("device_id", Type::Text),
            ("account", Type::Text),
            ("source", Type::Text),
            ("source_id", Type::Text),
            ("kind", Type::Text),
            ("storage", Type::Text),
            ("retention_days", Type::Int),
            ("provider", Type::Text),
            ("settings", Type::Text),
            ("starts_at", Type::Int),
            ("expires_at", Type::Int),
            ("lapses_at", Type::Int),
            ("place", Type::Int),
            ("granted_ms", Type::Int),
            ("used_ms", Type::Int),
            ("begun_at", Type::Int),
            ("pausable", Type::Int),
            ("granted_at", Type::Int),
            ("turn", Type::Text),
            ("since", Type::Int),
            ("ended_at", Type::Int),
            ("open_on", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        let (window, paid) = match self.hold {
            Hold::Window(window) => (Some(window), None),
            Hold::Paid(paid) => (None, Some(paid)),
        };
        let (turn, since) = match self.turn {
            Turn::Waiting => ("waiting", None),
            Turn::Asked => ("asked", None),
            Turn::InForce(since) => ("in_force", Some(since)),
        };
        let settings = serde_json::Value::Object(self.plan.settings.clone()).to_string();
        vec![
            self.id.as_str().into(),
            self.device.as_str().into(),
            self.account.in_full().into(),
            self.source.word().into(),
            self.source.id().into(),
            self.plan.kind.word().into(),
            self.plan.storage.map(Storage::word).into(),
            self.plan.retention_days.into(),
            (&self.plan.provider).into(),
            settings.into(),
            window.map(|window| window.starts_at).into(),
            window.map(|window| window.expires_at).into(),
            window.map(|window| window.lapses_at).into(),
            paid.map(|paid| paid.place).into(),
            paid.map(|paid| paid.granted_ms).into(),
            paid.map(|paid| paid.used_ms).into(),
            paid.and_then(|paid| paid.begun_at).into(),
            paid.map(|paid| paid.pausable).into(),
            self.granted_at.into(),
            turn.into(),
            since.into(),
            self.ended_at.into(),
            self.is_live().then_some(self.device.as_str()).into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        let (id, device) =
            (ServiceId::from_stored(row.text()?), row.word(|text| DeviceId::parse(text).ok())?);
        let account = row.word(|text| UserAccount::from_full(text).ok())?;
        let (word, source_id) = (row.text()?, row.text()?);
        let source = Source::parse(&word, source_id)
            .ok_or_else(|| StoreError::broken(format!("service {id} comes from {word:?}")))?;
        let plan = Plan {
            kind: row.word(GrantKind::from_word)?,
            storage: row.word_or_none(Storage::from_word)?,
            retention_days: row.small_or_none()?,
            provider: row.text()?,
            settings: row.json()?,
        };
        let hold = hold(row)?;
        let granted_at = row.time()?;
        let (turn, since) = (row.text()?, row.time_or_none()?);
        let turn = match (turn.as_str(), since) {
            ("in_force", Some(since)) => Turn::InForce(since),
            ("asked", _) => Turn::Asked,
            _ => Turn::Waiting,
        };
        let ended_at = row.time_or_none()?;
        Ok(Self { id, device, account, source, plan, hold, granted_at, turn, ended_at })
    }
}

fn hold(row: &mut Cells) -> Result<Hold, StoreError> {
    let window = (row.time_or_none()?, row.time_or_none()?, row.time_or_none()?);
    let (place, granted_ms, used_ms) = (row.small_or_none()?, row.int_or_none()?, row.int_or_none()?);
    let (begun_at, pausable) = (row.time_or_none()?, row.int_or_none()? == Some(1));
    match (window, place, granted_ms, used_ms) {
        ((Some(starts_at), Some(expires_at), Some(lapses_at)), ..) => {
            Ok(Hold::Window(Window { starts_at, expires_at, lapses_at }))
        }
        (_, Some(place), Some(granted_ms), Some(used_ms)) => {
            Ok(Hold::Paid(Paid { place, granted_ms, used_ms, begun_at, pausable }))
        }
        _ => Err(StoreError::broken("a service holds neither a window nor paid time")),
    }
}

/// When the newest of several was granted; for lists that show it first.
pub(in crate::ledger) fn newest_first(services: &mut [Service]) {
    services.sort_by_key(|service| (std::cmp::Reverse::<Timestamp>(service.granted_at), service.id.clone()));
}
