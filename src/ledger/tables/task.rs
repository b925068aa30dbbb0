//! The table of tasks: how the ledger keeps what [`crate::outbox`] says.

use super::{Cell, Cells, Record, Table, Type};
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::StoreError;
use crate::outbox::{Task, TaskAction, TaskId, TaskState};
use crate::service::source::ServiceId;
use crate::stock::Lookup;

impl Record for Task {
    const TABLE: &'static Table = &Table {
        name: "task",
        columns: &[
            ("id", Type::Int),
            ("provider", Type::Text),
            ("action", Type::Text),
            ("state", Type::Text),
            ("msisdn", Type::Text),
            ("account", Type::Text),
            ("device_id", Type::Text),
            ("service_id", Type::Text),
            ("entitlement", Type::Text),
            ("order_num", Type::Text),
            ("body", Type::Text),
            ("code_key", Type::Text),
            ("attempts", Type::Int),
            ("doubt", Type::Int),
            ("due_at", Type::Int),
            ("token", Type::Text),
            ("last_error", Type::Text),
            ("note", Type::Text),
            ("created_at", Type::Int),
            ("settled_at", Type::Int),
            ("open_on", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            self.id.0.into(),
            (&self.provider).into(),
            self.action.word().into(),
            self.state.word().into(),
            self.msisdn.as_ref().map(Msisdn::in_full).into(),
            self.account.as_ref().map(UserAccount::in_full).into(),
            self.device_id.as_ref().map(DeviceId::as_str).into(),
            self.service_id.as_ref().map(ServiceId::as_str).into(),
            self.entitlement.as_ref().into(),
            (&self.order_num).into(),
            // Text and numbers with string keys: there is nothing in it that JSON could not hold.
            serde_json::to_string(&self.body).unwrap_or_default().into(),
            self.code_key.as_ref().map(Lookup::as_str).into(),
            self.attempts.into(),
            self.doubt.into(),
            self.due_at.into(),
            self.token.as_ref().into(),
            self.last_error.as_ref().into(),
            self.note.as_ref().into(),
            self.created_at.into(),
            self.settled_at.into(),
            self.ordering_key().into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            id: TaskId(row.int()?),
            provider: row.text()?,
            action: row.word(|word| TaskAction::ALL.into_iter().find(|action| action.word() == word))?,
            state: row.word(TaskState::from_word)?,
            msisdn: row.text_or_none()?.map(Msisdn::from_canonical),
            account: row.word_or_none(|text| UserAccount::from_full(text).ok())?,
            device_id: row.word_or_none(|text| DeviceId::parse(text).ok())?,
            service_id: row.text_or_none()?.map(ServiceId::from_stored),
            entitlement: row.text_or_none()?,
            order_num: row.text()?,
            body: row.json()?,
            code_key: row.text_or_none()?.map(Lookup::from_ledger),
            attempts: row.small()?,
            doubt: row.int()? != 0,
            due_at: row.time()?,
            token: row.text_or_none()?,
            last_error: row.text_or_none()?,
            note: row.text_or_none()?,
            created_at: row.time()?,
            settled_at: row.time_or_none()?,
        })
    }
}
