//! Known fields in a body of several parts: those of an XML part, and parts that are fields of a form. A
//! scanner like its neighbours: what is in a transfer encoding is not seen, and stays as it is.

use super::{Found, field, in_xml};
use crate::wire::media;

/// Whether a body begins as one of several parts.
pub(crate) fn is_multipart(view: &str) -> bool {
    view.starts_with("--")
}

/// The known fields of its parts.
pub(crate) fn in_multipart(view: &str) -> Vec<Found> {
    let mut found = in_xml(view);
    found.extend(view.match_indices("form-data;").filter_map(|(at, _)| in_part(view, at)));
    found.sort_by_key(|found| found.range.start);
    found
}

/// The field whose disposition stands at `at`.
fn in_part(view: &str, at: usize) -> Option<Found> {
    let line = view[at..].lines().next()?;
    let field = field(&media::parameter(line, "name")?)?;
    let start = at + view[at..].find("\r\n\r\n")? + "\r\n\r\n".len();
    let content = &view[start..start + view[start..].find("\r\n--")?];
    let value = content.trim();
    let from = start + (content.len() - content.trim_start().len());
    Some(Found { field, range: from..from + value.len(), value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::{Field, New, replaced};
    use super::*;

    #[test]
    fn fields_are_found_in_parts() {
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let xml = "--b\r\nContent-ID: <root@x>\r\n\r\n<a><requestid>7</requestid></a>\r\n";
        let body = [&part("other", "1"), &part("queue_id", " 12"), xml, "--b--"].concat();
        let found = in_multipart(&body);
        let seen: Vec<_> = found.iter().map(|found| (found.field, found.value.as_str())).collect();
        assert_eq!(seen, [(Field::Queue, "12"), (Field::Request, "7")]);
        let changed = replaced(&body, &found, |_| Some(New::Whole("9".into())), str::to_owned);
        assert_eq!(changed, body.replace("12", "9").replace('7', "9"));
    }
}
