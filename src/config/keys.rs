//! Reading a table key by key, so that one wrong key hides no other. Serves the settings and the
//! catalog; leaves ranges and contradictions to them.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::lines;

/// Why a key was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No such key.
    Unknown,
    /// Its value is none that the key can have; why, in words.
    Value(String),
}

impl Refused {
    /// The words of the fault.
    pub(crate) fn what(self) -> String {
        match self {
            Self::Unknown => "unknown key".to_owned(),
            Self::Value(why) => why,
        }
    }
}

/// Puts the first of `meanings` that suits at `path` into `table`, of which a `T` can be read before
/// and after. When none suits, `table` stays as it was.
pub(crate) fn adopt<T: DeserializeOwned>(
    table: &mut Table,
    path: &[String],
    meanings: Vec<Value>,
) -> Result<(), Refused> {
    let mut reasons = Vec::new();
    for value in meanings {
        let mut with = table.clone();
        put(&mut with, path, value);
        let mut unknown = false;
        match serde_ignored::deserialize::<_, _, T>(Value::Table(with.clone()), |_| unknown = true) {
            Ok(_) if unknown => return Err(Refused::Unknown),
            Ok(_) => {
                *table = with;
                return Ok(());
            }
            Err(error) => reasons.push(plain(error.message())),
        }
    }
    Err(Refused::Value(most_telling(reasons)))
}

/// Whether `path` is a key of `T` at all, whatever it may hold.
pub(super) fn is_known<T: DeserializeOwned>(table: &Table, path: &[String]) -> bool {
    let probe = vec![Value::String(String::new())];
    !path.is_empty() && adopt::<T>(&mut table.clone(), path, probe) != Err(Refused::Unknown)
}

/// Reads the `T` that `adopt` kept `table` fit for.
pub(super) fn read<T: DeserializeOwned>(table: Table) -> Result<T, String> {
    T::deserialize(Value::Table(table)).map_err(|error| plain(error.message()))
}

fn put(table: &mut Table, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let is_nothing_new = |there: &Value| there.is_table() && value.as_table().is_some_and(Table::is_empty);
    if rest.is_empty() {
        // An empty table takes nothing away from what an earlier layer put there.
        if !table.get(first).is_some_and(is_nothing_new) {
            table.insert(first.clone(), value);
        }
        return;
    }
    let inner = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
    if !inner.is_table() {
        *inner = Value::Table(Table::new());
    }
    if let Value::Table(inner) = inner {
        put(inner, rest, value);
    }
}

/// A meaning of the right type but a wrong value says more than one of a wrong type.
fn most_telling(reasons: Vec<String>) -> String {
    let wrong_type = |why: &String| why.starts_with("invalid type");
    let telling = reasons.iter().find(|why| !wrong_type(why)).or(reasons.first());
    telling.cloned().unwrap_or_default()
}

/// The library's words without those only a Rust programmer reads.
fn plain(why: &str) -> String {
    let mut why = why.trim().replace('\n', " ");
    if let Some((value, words)) =
        why.strip_prefix("unknown variant ").and_then(|why| why.split_once(", expected "))
    {
        let words = words.strip_prefix("one of ").unwrap_or(words).replace(" or ", ", ").replace('`', "");
        return format!("{} is none of {words}", value.replace('`', "\""));
    }
    for (theirs, ours) in [
        ("expected socket address", "expected ADDRESS:PORT"),
        ("invalid socket address syntax", "not of the form ADDRESS:PORT"),
        ("expected a boolean", "expected true or false"),
        ("expected a sequence", "expected a list"),
        ("expected a string", "expected text in quotes"),
        ("expected struct Billing", "expected a table"),
        ("expected struct Sdp", "expected a table"),
        ("expected struct Alipay", "expected a table"),
        ("expected struct WeChat", "expected a table"),
    ] {
        why = why.replace(theirs, ours);
    }
    match why.rsplit_once(", expected ") {
        Some((head, "u8" | "u16" | "u32" | "u64" | "usize")) => {
            format!("{head}, expected a whole number, 0 or more")
        }
        _ => why,
    }
}

/// Where a text stops being TOML, as the place and the words of a fault. The library's own display
/// quotes the line, which may hold a secret.
pub(crate) fn syntax_fault(text: &str, file: &str, error: &toml::de::Error) -> (String, String) {
    let start = error.span().map_or(0, |span| span.start);
    (lines::at(file, lines::line(text, start)), error.message().trim().replace('\n', ", "))
}
