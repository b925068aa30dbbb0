//! Rows as the server takes them: each table's own row type, so that a batch of rows is one parameter
//! whatever the number of columns. (An array for each column cost more than the inserts: the server
//! unrolls each array by itself.) Fields stand in the order of the migration's columns.

use sqlx::Postgres;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::postgres::types::PgRecordEncoder;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::types::Type;

use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::Row;
use crate::ledger::raw::Raw;
use crate::ledger::standing;
use crate::subscription::order::Newest;
use crate::subscription::{Run, Subscription};

type Encoded = Result<(), BoxDynError>;

/// What can be a row of a table.
pub(super) trait Composite {
    /// The table, whose row type has its name.
    const TABLE: &'static str;

    /// Encodes each field.
    fn fields(&self, row: &mut PgRecordEncoder<'_>) -> Encoded;
}

/// A row on its way.
#[derive(Debug)]
pub(super) struct Record<T>(pub(super) T);

impl<T: Composite> Type<Postgres> for Record<T> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name(T::TABLE)
    }
}

impl<T: Composite> PgHasArrayType for Record<T> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::array_of(T::TABLE)
    }
}

impl<T: Composite> Encode<'_, Postgres> for Record<T> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let mut row = PgRecordEncoder::new(buffer);
        self.0.fields(&mut row)?;
        row.finish();
        Ok(IsNull::No)
    }
}

/// An identity and its holder.
pub(super) type Identity<'a> = (&'a str, NoticeId);

impl Composite for Identity<'_> {
    const TABLE: &'static str = "identity";

    fn fields(&self, row: &mut PgRecordEncoder<'_>) -> Encoded {
        row.encode(self.0)?.encode(self.1.0)?;
        Ok(())
    }
}

impl Composite for (NoticeId, &Raw) {
    const TABLE: &'static str = "notice_raw";

    fn fields(&self, row: &mut PgRecordEncoder<'_>) -> Encoded {
        let raw = self.1;
        row.encode(self.0.0)?
            .encode(raw.method.as_str())?
            .encode(raw.path.as_str())?
            .encode(raw.query.as_str())?
            .encode(raw.content_type.as_deref())?
            .encode(&raw.body[..])?
            .encode(i64::from(raw.status))?
            .encode(raw.reply.as_str())?;
        Ok(())
    }
}

impl Composite for &Row {
    const TABLE: &'static str = "notice";

    fn fields(&self, row: &mut PgRecordEncoder<'_>) -> Encoded {
        row.encode(self.id.0)?
            .encode(self.received_at.0)?
            .encode(self.caller.as_str())?
            .encode(self.kind())?
            .encode(self.outcome.as_str())?
            .encode(self.outcome.reason().map(|reason| reason.as_str()))?
            .encode(self.answer)?
            .encode(self.count)?
            .encode(self.identity.as_str())?
            .encode(self.msisdn.as_ref().map(Msisdn::in_full))?
            .encode(self.queue_id.as_deref())?
            .encode(self.reg_type.as_deref())?
            .encode(self.reg_id.as_deref())?
            .encode(self.sent.service_id.as_deref())?
            .encode(self.sent.package_id.as_deref())?
            .encode(self.sent.service_code.as_deref())?
            .encode(self.sent.package_code.as_deref())?
            .encode(self.channel.as_deref())?
            .encode(self.price.as_deref())?
            .encode(time(self.event_at))?
            .encode(time(self.subscribe_at))?
            .encode(time(self.expire_at))?
            .encode(i64::from(self.auto_renew))?
            .encode(i64::from(self.failed))?
            .encode(self.scope.as_deref())?;
        Ok(())
    }
}

impl Composite for (&Msisdn, &Subscription, &Newest) {
    const TABLE: &'static str = "subscription";

    fn fields(&self, row: &mut PgRecordEncoder<'_>) -> Encoded {
        let (number, held, newest) = self;
        let run = held.run.as_ref();
        row.encode(number.in_full())?
            .encode(held.terms.service_id.as_str())?
            .encode(held.terms.package_id.as_str())?
            .encode(held.terms.id)?
            .encode(standing::as_str(held.standing))?
            .encode(run.map(|run| run.founder))?
            .encode(run.map(|run| run.starts_at.0))?
            .encode(run.map(|run| run.expires_at.0))?
            .encode(run.map(|run| run.lapses_at.0))?
            .encode(time(run.and_then(|run| run.ended_at)))?
            .encode(i64::from(run.is_some_and(|run| run.auto_renew)))?
            .encode(held.channel.as_deref())?
            .encode(held.reg_id.as_deref())?
            .encode(held.updated_at.0)?
            .encode(newest.queue.map(|value| value.to_string()))?
            .encode(time(newest.queue_at))?
            .encode(time(newest.other_at))?;
        Ok(())
    }
}

impl Composite for (&Msisdn, &Run) {
    const TABLE: &'static str = "past_run";

    fn fields(&self, row: &mut PgRecordEncoder<'_>) -> Encoded {
        let (number, run) = self;
        row.encode(number.in_full())?
            .encode(run.terms.service_id.as_str())?
            .encode(run.terms.package_id.as_str())?
            .encode(run.founder)?
            .encode(run.terms.id)?
            .encode(run.starts_at.0)?
            .encode(run.expires_at.0)?
            .encode(run.lapses_at.0)?
            .encode(time(run.ended_at))?
            .encode(i64::from(run.auto_renew))?;
        Ok(())
    }
}

fn time(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}
