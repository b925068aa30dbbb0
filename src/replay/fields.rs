//! Where the known fields of a message stand, in XML and in parameters, well-formed or not. Only
//! finds and replaces; what a field becomes is decided by `prepare` and `fresh`.

mod multipart;
mod params;
mod xml;

use std::ops::Range;

use multipart::{in_multipart, is_multipart};
pub(crate) use params::{in_query, is_check_query, write as write_param};
pub(crate) use xml::{in_xml, root};

pub(crate) use super::text::Text;

/// A field that replay may rewrite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Field {
    Queue,
    Request,
    Registration,
    Number,
    Time,
}

/// One value of a known field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) field: Field,
    /// Where a new value goes.
    pub(crate) range: Range<usize>,
    /// The value, trimmed, references resolved.
    pub(crate) value: String,
}

/// The known fields of a body, read as XML or several parts when it looks like it, else as form parameters.
pub(crate) fn in_body(text: &Text) -> Vec<Found> {
    match text.view.as_str() {
        view if is_xml(view) => in_xml(view),
        view if is_multipart(view) => in_multipart(view),
        view => in_query(view),
    }
}

/// Whether values are written as form parameters are.
pub(crate) fn is_form(view: &str) -> bool {
    !is_xml(view) && !is_multipart(view)
}

fn is_xml(view: &str) -> bool {
    let start = view.trim_start_matches(['\u{feff}', '\u{ef}', '\u{bb}', '\u{bf}', ' ', '\t', '\r', '\n']);
    start.starts_with('<')
}

/// The field a tag or parameter name stands for, in any case and with any underscores.
fn field(name: &str) -> Option<Field> {
    Some(match plain(name).as_str() {
        "queueid" => Field::Queue,
        "requestid" => Field::Request,
        "regid" => Field::Registration,
        "msisdn" => Field::Number,
        "starttime" | "starttimecp" | "subcribetime" | "subscribetime" | "expiredtime" | "expiretime"
        | "updatetime" => Field::Time,
        _ => return None,
    })
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// What a value becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum New {
    /// Another value in its place.
    Whole(String),
    /// The value as it is written, and this after it.
    Suffix(String),
}

/// `text` with every value that `change` has a new one for replaced through `write`.
pub(crate) fn replaced(
    text: &str,
    found: &[Found],
    change: impl Fn(&Found) -> Option<New>,
    write: impl Fn(&str) -> String,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for one in found {
        match change(one) {
            Some(New::Whole(value)) => {
                out.push_str(&text[from..one.range.start]);
                out.push_str(&write(&value));
                from = one.range.end;
            }
            Some(New::Suffix(suffix)) => {
                out.push_str(&text[from..one.range.end]);
                out.push_str(&write(&suffix));
                from = one.range.end;
            }
            None => {}
        }
    }
    out.push_str(&text[from..]);
    out
}
