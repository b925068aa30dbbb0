//! Public functions that nothing in `src` names: what only tests call proves nothing of what runs. Those that stand by
//! themselves are told apart by their paths; methods by their names alone, so that one that shares its name with
//! another that is used is not found.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::Modules;
use crate::{Source, code, sources};

/// The places of public functions that nobody names, by name.
pub(crate) fn functions() -> BTreeMap<String, String> {
    let sources: Vec<Source> = sources().into_iter().filter(|source| !is_of_tests(source)).collect();
    let (modules, mut named) = (Modules::read(), BTreeSet::new());
    let (mut alone, mut methods) = (Vec::new(), Vec::new());
    for source in &sources {
        for (line, text) in code(source) {
            let words = words(text);
            let defined = words.iter().position(|word| *word == "fn").map(|at| at + 1);
            let others = words.iter().enumerate().filter(|(at, _)| Some(*at) != defined);
            named.extend(others.map(|(_, word)| *word));
            let Some(name) = defined.and_then(|at| words.get(at)) else { continue };
            let place = (*name, &source.file, line);
            match text.trim_start().strip_prefix("pub ") {
                Some(_) if text.starts_with("pub ") => alone.push(place),
                Some(_) => methods.push(place),
                None => {}
            }
        }
    }
    alone.retain(|(name, file, _)| !modules.names(file, name));
    methods.retain(|(name, ..)| !named.contains(name));
    let all = alone.into_iter().chain(methods);
    all.map(|(name, file, line)| (name.to_owned(), format!("{}:{line}", file.display()))).collect()
}

/// Files that are only compiled for tests.
fn is_of_tests(source: &Source) -> bool {
    let file = source.file.to_string_lossy();
    file.ends_with("/tests.rs") || file.starts_with("src/ledger/postgres/model")
}

fn words(text: &str) -> Vec<&str> {
    let text = text.split_once(" //").map_or(text, |(code, _)| code);
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect()
}
