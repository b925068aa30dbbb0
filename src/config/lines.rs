//! On which line of a file each key is written, for faults. Leaves reading values to the readers.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file's name and the lines of its keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    file: String,
    /// By dotted path in lower case, the tables of a list counted from 1: `offer[2].grant[1].kind`.
    by_path: BTreeMap<String, usize>,
}

impl Lines {
    /// Those of a text; none where it is no TOML.
    pub(crate) fn of(text: &str, file: &str) -> Self {
        let mut lines = Self { file: file.to_owned(), by_path: BTreeMap::new() };
        if let Ok(table) = DeTable::parse(text) {
            lines.descend(text, table.get_ref(), "");
        }
        lines
    }

    /// The file with the line of `path`, or of the nearest thing around it that has one.
    pub(crate) fn place(&self, path: &str) -> String {
        let path = path.to_lowercase();
        let around =
            std::iter::successors(Some(&*path), |path| path.rfind(['.', '[']).map(|end| &path[..end]));
        match around.into_iter().find_map(|path| self.by_path.get(path)) {
            Some(line) => at(&self.file, *line),
            None => self.file.clone(),
        }
    }

    fn descend(&mut self, text: &str, table: &DeTable<'_>, above: &str) {
        for (key, value) in table {
            let name = key.get_ref().to_lowercase();
            let path = if above.is_empty() { name } else { format!("{above}.{name}") };
            self.by_path.insert(path.clone(), line(text, key.span().start));
            self.value(text, value, &path);
        }
    }

    fn value(&mut self, text: &str, value: &Spanned<DeValue<'_>>, path: &str) {
        match value.get_ref() {
            DeValue::Table(table) => self.descend(text, table, path),
            DeValue::Array(items) => {
                for (number, item) in (1..).zip(items.iter()) {
                    let path = format!("{path}[{number}]");
                    self.by_path.insert(path.clone(), line(text, item.span().start));
                    self.value(text, item, &path);
                }
            }
            _ => {}
        }
    }
}

/// A line of a file, as editors and compilers spell it.
pub(super) fn at(file: &str, line: usize) -> String {
    format!("{file}:{line}")
}

/// The line of a byte, counted from 1.
pub(super) fn line(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_lines_and_what_has_none_that_of_its_table() {
        let text = "[a]\nb = 1\nc.d = 2\n\n[[e]]\nf = 1\n[[e]]\nf = [\n  1,\n  2]\n[g.H]\ni = { j = 1 }\n";
        let lines = Lines::of(text, "F");
        for (path, place) in [
            ("a.b", "F:2"),
            ("a.c.d", "F:3"),
            ("a.none", "F:1"),
            ("e[1].f", "F:6"),
            ("e[2].f", "F:8"),
            ("e[2].f[2]", "F:10"),
            ("e[2].none", "F:7"),
            ("g.h.i.j", "F:12"),
            ("none", "F"),
        ] {
            assert_eq!(lines.place(path), place, "{path}");
        }
        assert_eq!(Lines::of("no TOML", "F").place("a"), "F");
    }
}
