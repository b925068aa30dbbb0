//! The layers and the absences that `lib.rs` promises, read from the source text: a use of something
//! above, or of something that a module must be free of, fails here with file and line.

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/unused.rs"]
mod unused;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Stands for every module that answers somebody: whatever has an `impl Surface`.
const SURFACE: &str = "a surface";

/// From the top down; a module uses only lines below its own, and leaves.
const LAYERS: [&[&str]; 17] = [
    &["main", "cli"],
    &["replay"],
    &["app"],
    &[SURFACE],
    &["routes"],
    &["json", "signed", "story", "surface"],
    &["worker"],
    &["reconcile"],
    &["server", "ledger", "providers", "payments"],
    &["http"],
    &["outbox"],
    &["stock"],
    &["order"],
    &["service"],
    &["subscription"],
    &["catalog", "wire"],
    &["ids", "clock", "money"],
];

/// Usable from everywhere; they use only the lowest layer and one another.
const LEAVES: [&str; 7] = ["config", "telemetry", "limits", "lifeline", "signature", "system", "systemd"];

/// What a module's text must not hold, and why.
const ABSENCES: [(&str, &[&str], &str); 12] = [
    ("wire", &["std::fs", "std::net", "tokio", "async fn", "hyper"], "wire does no I/O"),
    (
        "subscription",
        &["async ", "tokio", "sqlx", "rusqlite", "SELECT ", "quick_xml", "hyper", "Clock", "crate::wire"],
        "subscription is free of async, SQL, HTTP, the clock and any grammar",
    ),
    (
        "service",
        &["async ", "tokio", "sqlx", "rusqlite", "SELECT ", "quick_xml", "hyper", "Clock"],
        "service is free of async, SQL, HTTP and the clock",
    ),
    (
        "order",
        &["async ", "tokio", "sqlx", "rusqlite", "SELECT ", "hyper", "Clock"],
        "orders are free of async, SQL, HTTP and the clock",
    ),
    (SURFACE, &["sqlx", "rusqlite", "SELECT ", "INSERT "], "surfaces contain no SQL"),
    ("worker", &["sqlx", "rusqlite", "SELECT ", "hyper"], "the worker knows neither SQL nor HTTP"),
    (
        "outbox",
        &["async ", "tokio", "sqlx", "rusqlite", "SELECT ", "hyper", "Clock"],
        "outbox is free of async, SQL, HTTP and the clock",
    ),
    (
        "reconcile",
        &["sqlx", "rusqlite", "SELECT ", "hyper", "watcher"],
        "reconciling knows neither SQL nor HTTP, and no provider by name",
    ),
    ("stock", &["async ", "tokio", "std::fs", "SELECT "], "codes are values: no async, no files, no SQL"),
    ("providers", &["sqlx", "rusqlite", "SELECT ", "Ledger"], "providers see no ledger"),
    (
        "payments",
        &["sqlx", "rusqlite", "SELECT ", "Ledger", "crate::catalog"],
        "payments see no ledger and no offers",
    ),
    ("ledger", &["crate::wire", "render("], "the ledger knows no grammar and no replies"),
];

/// What only one module may hold.
const ALONE: [(&str, &[&str]); 2] =
    [("clock", &["Utc::now", "SystemTime::now", "Local::now"]), ("config", &["env::var", "env::vars"])];

/// What only one file may hold: whatever prints, a full device or a reader that has gone is met in one way.
const STDOUT: (&str, [&str; 3]) = ("src/cli/output.rs", ["io::stdout()", " println!(", "eprintln!("]);

const LINES_MAX: usize = 400;

/// Circles of files that stay, and why.
const CIRCLES: [(&[&str], &str); 10] = [
    (
        &["subscription/decide", "subscription/grant", "subscription/later", "subscription/told"],
        "one step of the fold: its parts take the event and the runs that it defines",
    ),
    (
        &["replay/folder", "replay/journal", "replay/load"],
        "a loader and its two sources, with bounds for both",
    ),
    (
        &["server/accept", "server/connection", "server/request"],
        "one connection's life: taken, kept open, and told by its requests when to end",
    ),
    (&["catalog/offer", "catalog/resolve"], "an offer tells whether it fits what resolving asks for"),
    (
        &["cli/vsaas/tariffs/compare", "cli/vsaas/tariffs/findings"],
        "a comparison and its findings, which speak of its rows",
    ),
    (&["config/caller", "config/carrier"], "callers are checked against one another in their section"),
    (&["config/env", "config/layers"], "the environment is one of the layers, and its names are theirs"),
    (
        &["providers/watcher/camera", "providers/watcher/playback"],
        "a camera has its ports, and its links need it",
    ),
    (&["stock/import", "stock/import_row"], "a file and its lines: a line gives what the file collects"),
    (&["subscription/notice", "subscription/odd"], "a notice keeps which of its own times are odd"),
];

/// Public functions that only tests call, and why.
const FOR_TESTS: [(&str, &str); 1] = [(
    "sign",
    "tokens of a streamer that asks no backend, for whoever builds on the library (docs/streamers.md)",
)];

/// Files that only name what others may use of their parts.
const FACADES: [&str; 2] = ["ledger", "ledger/fulfil"];

struct Source {
    /// The module at the top: `carrier` for `src/carrier/notify.rs`.
    module: String,
    file: PathBuf,
    text: String,
}

/// All of `src`, without what is only compiled for tests.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of src") {
            let file = entry.expect("an entry").path();
            if file.is_dir() {
                folders.push(file);
            } else if file.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&file).expect("a source file");
                sources.push(Source { module: module(&file), text, file });
            }
        }
    }
    assert!(sources.len() > 50, "the source is not where this test looks");
    sources
}

fn module(file: &Path) -> String {
    let first = file.iter().nth(1).expect("below src").to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// Lines of code with their numbers, comments and tests left out.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let tests = ["mod tests", "pub(super) mod tests", "pub(crate) mod tests"];
    let tests = tests.iter().filter_map(|tests| source.text.find(&format!("\n#[cfg(test)]\n{tests}"))).min();
    let until_tests = source.text[..tests.unwrap_or(source.text.len())].lines();
    until_tests
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The modules that are surfaces.
static SURFACES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let all = sources();
    let answers = |source: &&Source| code(source).any(|(_, line)| line.starts_with("impl Surface for "));
    let surfaces: BTreeSet<_> = all.iter().filter(answers).map(|source| source.module.clone()).collect();
    assert!(surfaces.len() >= 5, "surfaces are not what this test takes for them: {surfaces:?}");
    surfaces
});

/// The name by which the rules above know a module.
fn known(module: &str) -> &str {
    if SURFACES.contains(module) { SURFACE } else { module }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&known(module)))
}

fn may_use(user: &str, used: &str) -> bool {
    let lowest = LAYERS.len() - 1;
    match (layer(user), layer(used)) {
        _ if user == used || user == "lib" => true,
        (_, None) => LEAVES.contains(&used),
        (None, Some(below)) => below == lowest,
        (Some(above), Some(below)) => above < below,
    }
}

#[test]
fn modules_use_only_what_is_below_them() {
    for source in sources() {
        for (line, text) in code(&source) {
            for used in text.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                let known = layer(used).is_some() || LEAVES.contains(&used);
                assert!(
                    !known || may_use(&source.module, used),
                    "{}:{line}: {} must not use {used}",
                    source.file.display(),
                    source.module
                );
            }
        }
    }
}

#[test]
fn every_module_has_its_layer() {
    for source in sources() {
        let module = source.module.as_str();
        let placed = layer(module).is_some() || LEAVES.contains(&module) || module == "lib";
        assert!(placed, "{}: {module} is in no layer", source.file.display());
    }
}

#[test]
fn what_is_promised_to_be_absent_is_absent() {
    for source in sources() {
        for (module, words, promise) in
            ABSENCES.iter().filter(|(module, ..)| *module == known(&source.module))
        {
            for (line, text) in code(&source) {
                let found = words.iter().find(|word| text.contains(*word));
                assert!(
                    found.is_none(),
                    "{}:{line}: {found:?} in {module}: {promise}",
                    source.file.display()
                );
            }
        }
        for (module, words) in ALONE.iter().filter(|(module, _)| *module != source.module) {
            for (line, text) in code(&source) {
                let found = words.iter().find(|word| text.contains(*word));
                assert!(found.is_none(), "{}:{line}: {found:?} belongs to {module}", source.file.display());
            }
        }
    }
}

#[test]
fn standard_output_is_written_in_one_place() {
    let (own, words) = STDOUT;
    for source in sources().iter().filter(|source| source.file != Path::new(own)) {
        for (line, text) in code(source) {
            let found = words.iter().find(|word| text.contains(*word));
            assert!(found.is_none(), "{}:{line}: {found:?} belongs to {own}", source.file.display());
        }
    }
}

#[test]
fn files_do_not_use_one_another_in_a_circle() {
    let modules = imports::Modules::read();
    assert!(modules.count() > 1000, "most uses are not seen any more");
    let known = |circle: &[String]| CIRCLES.iter().any(|(files, _)| circle == *files);
    let circles = modules.circles();
    let new = circles.iter().filter(|circle| !known(circle));
    let new: Vec<String> = new.map(|circle| modules.inside(circle).join("\n    ")).collect();
    assert!(new.is_empty(), "{} circles that are not in CIRCLES:\n    {}", new.len(), new.join("\n\n    "));
    let gone = CIRCLES.iter().find(|(files, _)| circles.iter().all(|circle| circle != files));
    assert!(gone.is_none(), "{gone:?} is no circle any more: take it off the list");
}

#[test]
fn who_only_names_others_is_used_by_none_of_its_parts() {
    let modules = imports::Modules::read();
    for whole in FACADES {
        let users = modules.parts_that_use(whole);
        assert!(users.is_empty(), "src/{whole}.rs is used by {users:?}: what they share belongs below it");
    }
}

#[test]
fn public_functions_are_used_by_what_runs() {
    let mut unused = unused::functions();
    for (name, _) in FOR_TESTS {
        assert!(unused.remove(name).is_some(), "{name} is used, or gone: take it off the list");
    }
    assert!(unused.is_empty(), "nothing that runs names these: {unused:#?}");
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    for source in sources() {
        let (file, lines) = (source.file.display(), source.text.lines().count());
        assert!(lines <= LINES_MAX, "{file} has {lines} lines");
        assert!(source.text.starts_with("//! "), "{file} does not begin with what it is for");
    }
}
