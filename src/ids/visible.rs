//! Text of others as a terminal may be given it: characters that are seen as nothing or move what is seen (controls
//! and escapes, the direction of writing, blanks without width) are shown as JSON escapes, so that a printed line is
//! what it looks like, and what is JSON stays the same JSON.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether a character shows itself, or is a blank. Controls, line separators, and what has no width of its own but
/// changes how its neighbours are read, do not; the joiners of scripts and pictures do.
#[must_use]
pub fn is_visible(c: char) -> bool {
    !(c.is_control()
        || matches!(
            c,
            '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' |
            '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        ))
}

/// Text that is printed as lines: only its newlines stay as they are.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n')
}

/// Text that is a piece of a line, such as a cell of a table.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let shows = |c: char| is_visible(c) || stays(c);
    if text.chars().all(shows) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            _ if shows(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Everything of them is below U+10000. Writing to a text cannot fail.
            _ => drop(write!(out, "\\u{:04x}", u32::from(c))),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_shown_and_everything_else_stays() {
        for (text, shown) in [
            ("Cửa trước, 前门 👨\u{200d}👩", "Cửa trước, 前门 👨\u{200d}👩"),
            ("a\u{1b}[2Jb\u{7}", "a\\u001b[2Jb\\u0007"),
            ("\u{9b}31m\u{7f}\0", "\\u009b31m\\u007f\\u0000"),
            ("abc\u{202e}fed\u{2066}\u{feff}", "abc\\u202efed\\u2066\\ufeff"),
            ("a\tb\r\n\u{2028}", "a\\tb\\r\\n\\u2028"),
        ] {
            assert_eq!(one_line(text), shown);
            assert_eq!(lines(text), shown.replace("\\n", "\n"));
        }
    }

    #[test]
    fn json_means_the_same_afterwards() {
        let every: String = ('\0'..='\u{ffff}').collect();
        let json = serde_json::json!({ "text": every });
        let printed = format!("{json:#}\n");
        let shown = lines(&printed);
        assert!(shown.chars().all(|c| is_visible(c) || c == '\n'));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("JSON"), json);
    }
}
