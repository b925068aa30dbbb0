//! Header values with parameters: `type/subtype; name=value; name="value"`, as `Content-Type` and
//! `Content-Disposition` have them.

use std::borrow::Cow;

/// What stands before the first `;`, blanks left out.
fn essence(value: &str) -> &str {
    value.split_once(';').map_or(value, |(essence, _)| essence).trim()
}

/// Whether the value is this type, in any case.
#[must_use]
pub fn is(value: Option<&str>, kind: &str) -> bool {
    value.is_some_and(|value| essence(value).eq_ignore_ascii_case(kind))
}

/// The first parameter of that name, without its quotes and with `\` escapes resolved.
#[must_use]
pub fn parameter<'a>(value: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut rest = value.split_once(';')?.1;
    loop {
        let (own, after) = rest.split_once('=')?;
        // A `;` before the `=`: something without a value came first.
        let own = own.rsplit(';').next().unwrap_or(own).trim();
        let (text, after) = read(after.trim_start());
        if own.eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after.split_once(';')?.1;
    }
}

/// One value, and what follows it.
fn read(text: &str) -> (Cow<'_, str>, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().into(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value.into(), &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            c => value.push(c),
        }
    }
    (value.into(), "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found() {
        for (value, name, expected) in [
            ("text/xml; Charset=\"windows-1258\"", "charset", Some("windows-1258")),
            ("text/xml;charset = utf-8 ;x=1", "charset", Some("utf-8")),
            ("text/xml; a=\"x; charset=y\"; charset=z", "charset", Some("z")),
            ("multipart/related; boundary=\"a\\\"b;c\"; start=<r@x>", "boundary", Some("a\"b;c")),
            ("multipart/related; boundary=\"a\\\"b;c\"; start=<r@x>", "start", Some("<r@x>")),
            ("form-data; flag; name=a", "name", Some("a")),
            ("text/xml; charset=\"open", "charset", Some("open")),
            ("text/xml", "charset", None),
            ("text/xml; charset", "charset", None),
            ("charset=x", "charset", None),
        ] {
            assert_eq!(parameter(value, name).as_deref(), expected, "{value}");
        }
        assert_eq!(essence(" Text/XML ; charset=x"), "Text/XML");
    }
}
