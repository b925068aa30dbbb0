//! The server's own check of its tables and indexes: the extension `amcheck`, where the database has it and this
//! user may call it. Making it is for the database's owner (`CREATE EXTENSION amcheck`), not for a check.

use super::link::{Ask, Link};
use crate::ledger::verify::Verified;
use crate::ledger::{ServerError, StoreError};

/// A check may take as long as reading all of it does.
const UNBOUND: &str = "SET statement_timeout = 0; SET lock_timeout = 0";

/// The two functions that are used, wherever the extension is: each with its schema, quoted.
const FUNCTIONS: &str = "/* amcheck functions */ SELECT p.proname::text, \
    quote_ident(n.nspname) || '.' || quote_ident(p.proname) FROM pg_catalog.pg_extension e \
    JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid \
      AND d.classid = 'pg_catalog.pg_proc'::regclass \
    JOIN pg_catalog.pg_proc p ON p.oid = d.objid JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
    WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE') \
      AND ((p.proname = 'bt_index_check' AND p.pronargs >= 2) OR p.proname = 'verify_heapam') \
    ORDER BY p.pronargs DESC";

/// Tables (with those of their partitions, and what they keep apart) and B-tree indexes of the schema that the
/// ledger is in.
const RELATIONS: &str = "/* amcheck relations */ SELECT c.oid::bigint, c.oid::regclass::text, c.relkind = 'i' \
    FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
    LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam WHERE c.relpersistence = 'p' \
      AND ((c.relkind = 'r' AND a.amname = 'heap') OR (c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid)) \
      AND c.relnamespace = (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = 'notice'::regclass) \
    ORDER BY c.relkind DESC, 2";

/// Checks every table and index; what was found goes to `verified`.
///
/// # Errors
/// The server's, but for what it says of a damage.
pub(super) async fn check(link: &mut Link, verified: &mut Verified) -> Result<(), StoreError> {
    let (mut index_check, mut heap_check) = (None, None);
    for row in link.ask(Ask::new(FUNCTIONS)).await? {
        let (name, spelled): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let function = if name == "bt_index_check" { &mut index_check } else { &mut heap_check };
        function.get_or_insert(spelled);
    }
    let (Some(index_check), Some(heap_check)) = (index_check, heap_check) else { return Ok(()) };
    verified.engine = Some("amcheck");
    link.ask(Ask::plain(UNBOUND)).await?;
    // Every row must have its entry, too: an index may be in order and not know them all.
    let of_index = format!("SELECT {index_check}($1::bigint::oid::regclass, true)::text");
    let of_table = format!(
        "SELECT 'block ' || blkno || ', row ' || coalesce(offnum, 0) || ': ' || msg FROM {heap_check}($1::bigint::oid::regclass)"
    );
    for row in link.ask(Ask::new(RELATIONS)).await? {
        let (id, name, is_index): (i64, String, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let sql = if is_index { of_index.as_str() } else { of_table.as_str() };
        match link.ask(Ask::new(sql).with(id)).await {
            Ok(rows) if is_index => drop(rows),
            Ok(rows) => {
                for row in rows {
                    verified.fault(format!("{name}: {}", row.try_get::<_, String>(0)?));
                }
            }
            Err(error) => verified.fault(told(&name, error)?),
        }
    }
    Ok(())
}

/// A damage in the server's words; other failures are none.
fn told(name: &str, error: tokio_postgres::Error) -> Result<String, StoreError> {
    match error.as_db_error() {
        Some(told) if told.code().code().starts_with("XX") => Ok(format!("{name}: {}", told.message())),
        _ => Err(ServerError::from(error).into()),
    }
}
