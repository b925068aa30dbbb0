//! The table of activation codes: how the ledger keeps what [`crate::stock`] says.

use super::{Cell, Cells, Record, Table, Type};
use crate::catalog::{GrantKind, Storage};
use crate::ids::{DeviceId, Msisdn, Tenant, UserAccount};
use crate::ledger::StoreError;
use crate::service::source::ServiceId;
use crate::stock::{About, Code, CodeState, Lookup};

impl Record for Code {
    const TABLE: &'static Table = &Table {
        name: "code",
        columns: &[
            ("key", Type::Text),
            ("sealed", Type::Text),
            ("kind", Type::Text),
            ("days", Type::Int),
            ("storage", Type::Text),
            ("retention_days", Type::Int),
            ("provider", Type::Text),
            ("package", Type::Text),
            ("batch", Type::Text),
            ("expires_at", Type::Int),
            ("state", Type::Text),
            ("entitlement", Type::Text),
            ("msisdn", Type::Text),
            ("device_id", Type::Text),
            ("account", Type::Text),
            ("service_id", Type::Text),
            ("used_at", Type::Int),
            ("created_at", Type::Int),
            ("tenant", Type::Text),
            ("voucher", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        let about = &self.about;
        vec![
            self.key.as_str().into(),
            (&self.sealed).into(),
            about.kind.word().into(),
            about.days.into(),
            about.storage.map(Storage::word).into(),
            about.retention_days.into(),
            (&about.provider).into(),
            about.package.as_ref().into(),
            (&about.batch).into(),
            about.expires_at.into(),
            self.state.word().into(),
            self.entitlement.as_ref().into(),
            self.msisdn.as_ref().map(Msisdn::in_full).into(),
            self.device_id.as_ref().map(DeviceId::as_str).into(),
            self.account.as_ref().map(UserAccount::in_full).into(),
            self.service_id.as_ref().map(ServiceId::as_str).into(),
            self.used_at.into(),
            self.created_at.into(),
            about.tenant.as_ref().map_or("", Tenant::as_str).into(),
            about.voucher.as_ref().map(|voucher| serde_json::json!(voucher).to_string()).into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        let mut code = Self {
            key: Lookup::from_ledger(row.text()?),
            sealed: row.text()?,
            about: About {
                kind: row.word(GrantKind::from_word)?,
                days: row.small()?,
                storage: row.word_or_none(Storage::from_word)?,
                retention_days: row.small_or_none()?,
                provider: row.text()?,
                package: row.text_or_none()?,
                batch: row.text()?,
                expires_at: row.time_or_none()?,
                // The row's last.
                tenant: None,
                voucher: None,
            },
            state: row.word(CodeState::from_word)?,
            entitlement: row.text_or_none()?,
            msisdn: row.text_or_none()?.map(Msisdn::from_canonical),
            device_id: row.word_or_none(|text| DeviceId::parse(text).ok())?,
            account: row.word_or_none(|text| UserAccount::from_full(text).ok())?,
            service_id: row.text_or_none()?.map(ServiceId::from_stored),
            used_at: row.time_or_none()?,
            created_at: row.time()?,
        };
        code.about.tenant = row.word(tenant)?;
        code.about.voucher = row.word_or_none(|text| serde_json::from_str(text).ok())?;
        Ok(code)
    }
}

/// Empty: no tenant's.
fn tenant(text: &str) -> Option<Option<Tenant>> {
    if text.is_empty() { Some(None) } else { Tenant::parse(text).ok().map(Some) }
}
