//! The checksum of a table's rows, whatever engine they are on.

use sha2::{Digest, Sha256};

use super::row::Value;
use super::table::Table;

/// SHA-256 of a table's rows in the order of its key. The engine they are on makes no difference.
pub(super) struct Checksum {
    hash: Sha256,
    row: Vec<u8>,
    rows: u64,
}

/// How many rows a table has, and their checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) rows: u64,
    pub(super) checksum: String,
}

impl Checksum {
    /// Of a table without rows so far. Its name and columns are part of it.
    pub(super) fn new(table: &Table) -> Self {
        let mut names = vec![Value::Text(table.name.clone())];
        names.extend(table.columns.iter().map(|column| Value::Text(column.name.clone())));
        let mut checksum = Self { hash: Sha256::new(), row: Vec::new(), rows: 0 };
        checksum.hash_in(&names);
        checksum
    }

    /// Takes the next row.
    pub(super) fn add(&mut self, row: &[Value]) {
        self.hash_in(row);
        self.rows += 1;
    }

    fn hash_in(&mut self, values: &[Value]) {
        self.row.clear();
        for value in values {
            value.write(&mut self.row);
        }
        self.hash.update(&self.row);
    }

    /// What the rows amount to.
    pub(super) fn finish(self) -> Content {
        Content { rows: self.rows, checksum: hex(&self.hash.finalize()) }
    }
}

/// One checksum for those of all tables.
pub(super) fn whole<'a>(contents: impl Iterator<Item = &'a Content>) -> String {
    let mut hash = Sha256::new();
    contents.for_each(|content| hash.update(&content.checksum));
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checksum(rows: &[&[Value]]) -> String {
        let table = Table { name: "t".into(), columns: Vec::new(), key: Vec::new() };
        let mut checksum = Checksum::new(&table);
        rows.iter().for_each(|row| checksum.add(row));
        checksum.finish().checksum
    }

    #[test]
    fn what_differs_has_another_checksum() {
        let text = |text: &str| Value::Text(text.to_owned());
        let contents: [&[&[Value]]; 9] = [
            &[],
            &[&[Value::Null]],
            &[&[Value::Integer(0)]],
            &[&[text("")]],
            &[&[text("a"), text("b")]],
            &[&[text("ab"), text("")]],
            &[&[text("b"), text("a")]],
            &[&[text("0")]],
            &[&[Value::Bytes(b"0".to_vec())]],
        ];
        let mut seen: Vec<String> = contents.iter().map(|rows| checksum(rows)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), contents.len());
        assert!(seen.iter().all(|text| text.len() == 64));
    }
}
