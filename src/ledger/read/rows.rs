//! The tables of fulfilment as reads see them, by one mechanism.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::ledger::tables::{Cell, Record, Table, Type, read};
use crate::ledger::{Ledger, StoreError};

/// The records that fit: `tail` is what follows the table's name, its parameters `$1` and on. It must
/// be made of our own words.
///
/// # Errors
/// The engine's.
pub(super) async fn select<R: Record>(
    connection: &mut AnyConnection,
    tail: &str,
    parameters: Vec<Cell>,
) -> Result<Vec<R>, StoreError> {
    let table = R::TABLE;
    let sql = format!("/* {} read */ SELECT {} FROM {} {tail}", table.name, table.names(), table.name);
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
    for parameter in parameters {
        query = match parameter {
            Cell::Null => query.bind(None::<String>),
            Cell::Int(value) => query.bind(value),
            Cell::Text(value) => query.bind(value),
        };
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| read(cells(table, row)?)).collect()
}

fn cells(table: &Table, row: &AnyRow) -> Result<Vec<Cell>, StoreError> {
    let cell = |(place, (_, of)): (usize, &(&str, Type))| {
        Ok(match of {
            Type::Int => row.try_get::<Option<i64>, _>(place)?.into(),
            Type::Text => row.try_get::<Option<String>, _>(place)?.into(),
        })
    };
    table.columns.iter().enumerate().map(cell).collect()
}

impl Ledger {
    /// The records that fit, read by themselves.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) async fn select<R: Record>(
        &self,
        tail: &str,
        parameters: Vec<Cell>,
    ) -> Result<Vec<R>, StoreError> {
        let mut connection = self.0.pool.acquire().await?;
        select(&mut connection, tail, parameters).await
    }
}
