//! Activation codes and vouchers as values: how one is drawn, spelled and typed, read from a file of them, and kept
//! so that whoever reads the ledger has no codes; and what becomes of one (`code/life`). Leaves which codes there
//! are to the ledger.
//!
//! Needs one setting, `codes.key_file`; see [`Vault`].

mod code;
mod draw;
mod import;
mod import_row;
mod package;
pub mod redeem;
mod seal;
mod text;

pub use code::{About, Code, CodeState, NotFrom, Voucher, VoucherStatus};
pub use draw::{DrawError, draw};
pub use import::{Import, Known, ROWS_MAX, read};
pub use package::PackageRule;
pub use seal::{Lookup, OpenError, SealError, Vault};
pub use text::{BadCode, CHARS_MAX, CodeText};
