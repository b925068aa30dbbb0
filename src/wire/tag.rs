//! The attributes of one tag, in the only form XML allows; the XML declaration is written in the
//! same form. What prefixes mean is left to `namespaces`.

use std::borrow::Cow;

use super::names;

/// The attributes in what stands between a tag's name and its end: name and value as written.
/// After an error there is no more to be had.
pub(super) struct Attributes<'a> {
    rest: &'a str,
}

impl<'a> Attributes<'a> {
    pub(super) fn new(rest: &'a str) -> Self {
        Self { rest }
    }

    /// `name = "value"`: the name up to blanks or `=`, either quote, no `<` between the quotes.
    fn one(text: &'a str) -> Result<((&'a str, &'a str), &'a str), &'static str> {
        let (name, rest) = text.split_once('=').ok_or("an attribute without a value")?;
        let mut quoted = rest.trim_start_matches(names::is_blank).chars();
        let quote = quoted.next().filter(|c| matches!(c, '"' | '\'')).ok_or("an attribute without quotes")?;
        let (value, rest) = quoted.as_str().split_once(quote).ok_or("an attribute without an end")?;
        if value.contains('<') {
            return Err("a `<` in an attribute");
        }
        Ok(((name.trim_end_matches(names::is_blank), value), rest))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<(&'a str, &'a str), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = std::mem::take(&mut self.rest);
        let text = rest.trim_start_matches(names::is_blank);
        if text.is_empty() {
            return None;
        }
        if text.len() == rest.len() {
            return Some(Err("attributes without a blank between them"));
        }
        Some(Self::one(text).map(|(attribute, rest)| {
            self.rest = rest;
            attribute
        }))
    }
}

/// An attribute's value with its references resolved and every written line end or tab as a blank.
pub(super) fn value(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        push_blanked(&mut value, &rest[..at]);
        let (name, after) = rest[at + 1..].split_once(';').ok_or("a reference without an end")?;
        value.push(names::referred(name).ok_or("an undefined reference")?);
        rest = after;
    }
    push_blanked(&mut value, rest);
    Ok(Cow::Owned(value))
}

fn push_blanked(value: &mut String, raw: &str) {
    value.push_str(&raw.replace("\r\n", " ").replace(['\t', '\n', '\r'], " "));
}

/// Checks what stands between `<?xml` and `?>`: version, then perhaps encoding, then perhaps
/// standalone. The encoding's name itself is never obeyed here; `decode` has been before.
pub(super) fn check_declaration(content: &str) -> Result<(), &'static str> {
    const BAD: &str = "a malformed XML declaration";
    let mut order = ["version", "encoding", "standalone"].into_iter();
    let mut first = true;
    for attribute in Attributes::new(content) {
        let (name, value) = attribute.map_err(|_| BAD)?;
        let known = order.by_ref().find(|known| *known == name).ok_or(BAD)?;
        if std::mem::take(&mut first) != (known == "version") || !is_declared(known, value) {
            return Err(BAD);
        }
    }
    if first { Err(BAD) } else { Ok(()) }
}

fn is_declared(name: &str, value: &str) -> bool {
    let all = |text: &str, allowed: fn(char) -> bool| !text.is_empty() && text.chars().all(allowed);
    match name {
        "version" => value.strip_prefix("1.").is_some_and(|minor| all(minor, |c| c.is_ascii_digit())),
        "encoding" => {
            value.starts_with(|c: char| c.is_ascii_alphabetic())
                && all(value, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
        }
        _ => matches!(value, "yes" | "no"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(text: &str) -> Result<Vec<(&str, &str)>, &'static str> {
        Attributes::new(text).collect()
    }

    #[test]
    fn attributes_in_the_only_form() {
        assert_eq!(attributes(""), Ok(vec![]));
        assert_eq!(attributes(" \n"), Ok(vec![]));
        assert_eq!(attributes(" a=\"1'\" b\n=\t'2\"' "), Ok(vec![("a", "1'"), ("b", "2\"")]));
        for bad in [" a", " a=", " a=1", " a='1", " a='1'b='2'", "a='1'", " a='<'", " a='1' /"] {
            assert!(attributes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values() {
        assert_eq!(value("a&amp;b&#x41;&#10;").as_deref(), Ok("a&bA\n"));
        assert_eq!(value("a\r\nb\tc\rd").as_deref(), Ok("a b c d"));
        assert!(value("a&b").is_err());
        assert!(value("&nbsp;").is_err());
    }

    #[test]
    fn declarations() {
        for good in [
            " version='1.0'",
            " version=\"1.1\" encoding='UTF-8'",
            " version = '1.0' standalone = 'yes' ",
            "\n version='1.0'\tencoding='x_1.a-b' standalone='no'",
        ] {
            assert_eq!(check_declaration(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            " ",
            " encoding='UTF-8'",
            " version='2.0'",
            " version='1.'",
            " version='1.0' version='1.0'",
            " version='1.0'encoding='UTF-8'",
            " encoding='UTF-8' version='1.0'",
            " version='1.0' standalone='yes' encoding='UTF-8'",
            " version='1.0' standalone='maybe'",
            " version='1.0' encoding='8'",
            " version='1.0' encoding=''",
            " version='1.0' other=''",
            " Version='1.0'",
        ] {
            assert!(check_declaration(bad).is_err(), "{bad}");
        }
    }
}
