//! Who holds an operation's identity: by it a repeat is known, and a conflict.

use super::journal::Row;
use super::store::Journal;
use super::{Rules, StoreError};
use crate::ids::NoticeId;
use crate::subscription::notice::Notice;

/// Who holds an operation's identity.
pub(super) struct Holder {
    /// The key under which it is, or would be, held.
    pub(super) key: String,
    /// The notice that holds it.
    pub(super) row: Option<Row>,
    /// Whether another operation goes by the same name.
    pub(super) is_shared: bool,
}

/// Looks for the notice of an operation. The first of a name is held under the name alone, others under the whole
/// identity: so the common case takes one look, which also tells what shares a name.
///
/// # Errors
/// The engine's.
pub(super) fn holder(store: &mut impl Journal, notice: &Notice) -> Result<Holder, StoreError> {
    let held = |row: &Row| row.notice().is_some_and(|held| held.is_same_operation(notice));
    let Some(first) = store.holder(&notice.name)? else {
        return Ok(Holder { key: notice.name.clone(), row: None, is_shared: false });
    };
    let row = find(store, first)?;
    if held(&row) {
        return Ok(Holder { key: notice.name.clone(), row: Some(row), is_shared: false });
    }
    let key = notice.identity();
    let row = match store.holder(&key)? {
        Some(id) => Some(find(store, id)?),
        None => None,
    };
    Ok(Holder { key, row, is_shared: true })
}

/// The identity that a conflicting content occupies.
pub(super) fn conflict_key(notice: &Notice, rules: &Rules) -> String {
    format!("c:{}", notice.fingerprint(&rules.catalog))
}

/// The notice that an identity names.
///
/// # Errors
/// Where it is missing; the engine's.
pub(super) fn find(store: &mut impl Journal, id: NoticeId) -> Result<Row, StoreError> {
    store
        .notice(id)?
        .ok_or_else(|| StoreError::broken(format!("an identity names notice {id}, which is missing")))
}
