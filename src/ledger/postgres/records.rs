//! Rows as the server takes them: each table's own row type, so that a batch of rows is one parameter
//! whatever the number of columns. (An array for each column cost more than the inserts: the server
//! unrolls each array by itself.) Fields stand in the order of the migration's columns.

use std::convert::Infallible;
use std::fmt;

use bytes::{BufMut, BytesMut};
use tokio_postgres::types::{IsNull, Kind, ToSql, Type, to_sql_checked};

use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::{Row, Sink};
use crate::ledger::raw::Raw;
use crate::ledger::standing;
use crate::subscription::order::Newest;
use crate::subscription::{Run, Subscription};

/// What can be a row of a table.
pub(super) trait Composite {
    /// The table, whose row type has its name.
    const TABLE: &'static str;

    /// Writes each field.
    fn fields(&self, row: &mut Fields<'_>);
}

/// A row on its way.
pub(super) struct Record<T>(pub(super) T);

impl<T: Composite> fmt::Debug for Record<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a row of {}", T::TABLE)
    }
}

impl<T: Composite> ToSql for Record<T> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        let at = out.len();
        out.put_i32(0);
        let mut row = Fields { out, count: 0 };
        self.0.fields(&mut row);
        let count = row.count.to_be_bytes();
        out[at..at + 4].copy_from_slice(&count);
        Ok(IsNull::No)
    }

    fn accepts(of: &Type) -> bool {
        matches!(of.kind(), Kind::Composite(_)) && of.name() == T::TABLE
    }

    to_sql_checked!();
}

type Failure = Box<dyn std::error::Error + Sync + Send>;

/// The fields of a row as the server reads them: each with its type and its length.
pub(super) struct Fields<'b> {
    out: &'b mut BytesMut,
    count: i32,
}

impl Fields<'_> {
    fn put(&mut self, value: impl Field) -> &mut Self {
        self.count += 1;
        value.write(self.out);
        self
    }
}

/// What a field can be.
trait Field {
    fn write(self, out: &mut BytesMut);
}

impl Field for Option<i64> {
    fn write(self, out: &mut BytesMut) {
        out.put_u32(Type::INT8.oid());
        match self {
            Some(value) => {
                out.put_i32(8);
                out.put_i64(value);
            }
            None => out.put_i32(NULL),
        }
    }
}

impl Field for i64 {
    fn write(self, out: &mut BytesMut) {
        Some(self).write(out);
    }
}

impl Field for Option<&str> {
    fn write(self, out: &mut BytesMut) {
        out.put_u32(Type::TEXT.oid());
        sized(self.map(str::as_bytes), out);
    }
}

impl Field for &str {
    fn write(self, out: &mut BytesMut) {
        Some(self).write(out);
    }
}

impl Field for &[u8] {
    fn write(self, out: &mut BytesMut) {
        out.put_u32(Type::BYTEA.oid());
        sized(Some(self), out);
    }
}

/// The length of what is null.
const NULL: i32 = -1;

fn sized(bytes: Option<&[u8]>, out: &mut BytesMut) {
    // No message is longer than what a notice may have.
    let length = bytes.map_or(NULL, |bytes| i32::try_from(bytes.len()).unwrap_or(i32::MAX));
    out.put_i32(length);
    out.extend_from_slice(bytes.unwrap_or_default());
}

/// An identity and its holder.
pub(super) type Identity<'a> = (&'a str, NoticeId);

impl Composite for Identity<'_> {
    const TABLE: &'static str = "identity";

    fn fields(&self, row: &mut Fields<'_>) {
        row.put(self.0).put(self.1.0);
    }
}

impl Composite for (NoticeId, &Raw) {
    const TABLE: &'static str = "notice_raw";

    fn fields(&self, row: &mut Fields<'_>) {
        let raw = self.1;
        row.put(self.0.0)
            .put(raw.method.as_str())
            .put(raw.path.as_str())
            .put(raw.query.as_str())
            .put(raw.content_type.as_deref())
            .put(&raw.body[..])
            .put(i64::from(raw.status))
            .put(raw.reply.as_str())
            .put(raw.content_encoding.as_deref());
    }
}

impl Composite for &Row {
    const TABLE: &'static str = "notice";

    fn fields(&self, row: &mut Fields<'_>) {
        let Ok(()) = self.write(row);
    }
}

impl Sink for Fields<'_> {
    type Error = Infallible;

    fn int(&mut self, value: Option<i64>) -> Result<(), Infallible> {
        self.put(value);
        Ok(())
    }

    fn text(&mut self, value: Option<&str>) -> Result<(), Infallible> {
        self.put(value);
        Ok(())
    }
}

impl Composite for (&Msisdn, &Subscription, &Newest) {
    const TABLE: &'static str = "subscription";

    fn fields(&self, row: &mut Fields<'_>) {
        let (number, held, newest) = self;
        let run = held.run.as_ref();
        row.put(number.in_full())
            .put(held.terms.service_id.as_str())
            .put(held.terms.package_id.as_str())
            .put(held.terms.id)
            .put(standing::as_str(held.standing))
            .put(run.map(|run| run.founder))
            .put(run.map(|run| run.starts_at.0))
            .put(run.map(|run| run.expires_at.0))
            .put(run.map(|run| run.lapses_at.0))
            .put(time(run.and_then(|run| run.ended_at)))
            .put(i64::from(run.is_some_and(|run| run.auto_renew)))
            .put(held.channel.as_deref())
            .put(held.reg_id.as_deref())
            .put(held.updated_at.0)
            .put(newest.queue.map(|value| value.to_string()).as_deref())
            .put(time(newest.at));
    }
}

impl Composite for (&Msisdn, &Run) {
    const TABLE: &'static str = "past_run";

    fn fields(&self, row: &mut Fields<'_>) {
        let (number, run) = self;
        row.put(number.in_full())
            .put(run.terms.service_id.as_str())
            .put(run.terms.package_id.as_str())
            .put(run.founder)
            .put(run.terms.id)
            .put(run.starts_at.0)
            .put(run.expires_at.0)
            .put(run.lapses_at.0)
            .put(time(run.ended_at))
            .put(i64::from(run.auto_renew));
    }
}

fn time(at: Option<Timestamp>) -> Option<i64> {
    at.map(|at| at.0)
}
