//! What differs between the engines, each with its reason. Everything else is one SQL text.

/// Names the engine's own words in a migration.
///
/// * `{serial}`: a row number that the engine hands out.
/// * `{key}`: a 64-bit primary key; SQLite's own row number must be spelled INTEGER.
/// * `{bytes}`: bytes as they came.
/// * `{clustered}`: rows stored in the order of their primary key. Without it SQLite keeps a second
///   tree for each table, and every notice would dirty one more page.
#[must_use]
pub(super) fn sqlite(text: &str) -> String {
    text.replace("{serial}", "INTEGER PRIMARY KEY")
        .replace("{key}", "INTEGER PRIMARY KEY")
        .replace("{bytes}", "BLOB")
        .replace("{clustered}", "WITHOUT ROWID")
}
