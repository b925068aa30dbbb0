//! Which file of `src` uses which, and the circles among them. A file uses another where it names something that
//! is defined there, by whatever path: who names a re-export uses the file behind it. That a module declares another
//! is no use of it, and a part (`a/b.rs`) may use what its own whole (`a.rs`) keeps for all its parts: both are one
//! room, which its whole's header explains. Methods are not seen, only names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::{Source, code, sources};

/// A path through modules, from the root of the crate: one for each file.
type Segments = Vec<String>;

/// What a file names.
struct Names {
    /// The paths to which its `use` statements give a name.
    used: BTreeMap<String, Segments>,
    /// The paths that its code spells out.
    spelled: BTreeSet<Segments>,
    /// That code, without its `use` statements.
    code: String,
}

/// The files of `src`.
pub(crate) struct Modules(BTreeMap<Segments, Names>);

/// Re-exports of re-exports are followed so far.
const DEEP: usize = 8;

impl Modules {
    pub(crate) fn read() -> Self {
        let module = |source: Source| {
            let text: Vec<&str> = code(&source).map(|(_, line)| line).collect();
            let (trees, rest) = statements(&text.join("\n"));
            let mut used = BTreeMap::new();
            trees.iter().for_each(|tree| leaves(tree, &[], &mut used));
            (place(&source.file), Names { used, spelled: paths(&rest), code: rest })
        };
        Self(sources().into_iter().map(module).collect())
    }

    /// How many uses there are.
    pub(crate) fn count(&self) -> usize {
        self.0.keys().map(|file| self.uses(file).len()).sum()
    }

    /// The files that a file uses.
    fn uses(&self, file: &Segments) -> BTreeSet<Segments> {
        let names = &self.0[file];
        let found = names.used.values().chain(&names.spelled);
        let found = found.filter_map(|path| self.defines(file, path, DEEP));
        found.filter(|found| found != file).collect()
    }

    /// Whether any code names a function that stands by itself in a file: there, or by whatever path elsewhere. That it
    /// is handed on by a `use` statement is no use of it.
    pub(crate) fn names(&self, file: &Path, function: &str) -> bool {
        let home = place(file);
        let is_it = |at: &Segments, path: &Segments| {
            path.last().is_some_and(|last| last == function)
                && self.defines(at, path, DEEP).as_ref() == Some(&home)
        };
        self.0.iter().any(|(at, names)| {
            let here = names.used.iter().filter(|(_, path)| is_it(at, path)).map(|(name, _)| name.as_str());
            let here = here.chain((*at == home).then_some(function));
            here.into_iter().any(|name| is_called(&names.code, name))
                || names.spelled.iter().any(|path| is_it(at, path))
        })
    }

    /// The sets of files that all use one another, the largest first.
    pub(crate) fn circles(&self) -> Vec<Vec<String>> {
        let mut used: BTreeMap<&Segments, BTreeSet<Segments>> = BTreeMap::new();
        for file in self.0.keys() {
            let others = self.uses(file).into_iter().filter(|other| !file.starts_with(other));
            used.insert(file, others.collect());
        }
        let reached: BTreeMap<_, _> = used.keys().map(|file| (*file, reached(&used, file))).collect();
        let circle = |file: &Segments| -> Vec<String> {
            let together = reached[file].iter().filter(|other| reached[*other].contains(file));
            together.map(|other| other.join("/")).collect()
        };
        let circles: BTreeSet<_> = self.0.keys().map(circle).filter(|circle| !circle.is_empty()).collect();
        let mut circles: Vec<_> = circles.into_iter().collect();
        circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
        circles
    }

    /// What the files of a circle use of one another, a line for each.
    pub(crate) fn inside(&self, circle: &[String]) -> Vec<String> {
        let of = |file: &String| {
            let used: Vec<String> = self.uses(&segments(file)).iter().map(|other| other.join("/")).collect();
            let used: Vec<String> = used.into_iter().filter(|other| circle.contains(other)).collect();
            format!("{file} uses {}", used.join(", "))
        };
        circle.iter().map(of).collect()
    }

    /// The parts of a file that use what it defines.
    pub(crate) fn parts_that_use(&self, whole: &str) -> Vec<String> {
        let whole = segments(whole);
        let parts = self.0.keys().filter(|file| file.len() > whole.len() && file.starts_with(&whole));
        parts.filter(|file| self.uses(file).contains(&whole)).map(|file| file.join("/")).collect()
    }

    /// The module that defines what a path names, as `from` names it. None: something outside of the crate, or a
    /// module itself.
    fn defines(&self, from: &Segments, path: &[String], deep: usize) -> Option<Segments> {
        let (first, rest) = path.split_first()?;
        let child = [from.as_slice(), std::slice::from_ref(first)].concat();
        let (mut at, rest) = match first.as_str() {
            // The command calls the library by its name.
            "crate" | "sdp_gateway" => (Vec::new(), rest),
            "self" => (from.clone(), rest),
            "super" => (from.split_last()?.1.to_vec(), rest),
            _ if self.0.contains_key(&child) => (child, rest),
            _ => match self.0[from].used.get(first).filter(|named| named.as_slice() != path) {
                Some(named) if deep > 0 => return self.defines(from, &[named, rest].concat(), deep - 1),
                _ => return None,
            },
        };
        for (place, name) in rest.iter().enumerate() {
            let below = [at.as_slice(), std::slice::from_ref(name)].concat();
            let named = self.0[&at].used.get(name).filter(|_| deep > 0);
            let is_last = place + 1 == rest.len();
            if name == "super" {
                at = at.split_last()?.1.to_vec();
            } else if let Some(named) = named.filter(|_| is_last || !self.0.contains_key(&below)) {
                return self.defines(&at, &[named, &rest[place + 1..]].concat(), deep - 1);
            } else if self.0.contains_key(&below) {
                at = below;
            } else {
                return Some(at);
            }
        }
        None
    }
}

/// All that a file uses, and what that uses, and so on.
fn reached(used: &BTreeMap<&Segments, BTreeSet<Segments>>, file: &Segments) -> BTreeSet<Segments> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Segments> = used[file].iter().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file.clone()) {
            next.extend(&used[file]);
        }
    }
    reached
}

/// Whether code has a word that is neither a definition nor the end of another's path.
fn is_called(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
        !before.ends_with(|letter: char| is_part(letter) || letter == ':' || letter == '.')
            && !before.ends_with("fn ")
            && !after.starts_with(is_part)
    })
}

fn segments(file: &str) -> Segments {
    file.split('/').map(str::to_owned).collect()
}

/// The module's path: `[ledger, commit]` for `src/ledger/commit.rs`.
fn place(file: &Path) -> Segments {
    let below: Vec<String> =
        file.with_extension("").iter().skip(1).map(|part| part.display().to_string()).collect();
    if below == ["lib"] { Vec::new() } else { below }
}

/// The trees of `use` statements, and the code without them.
fn statements(text: &str) -> (Vec<String>, String) {
    let (mut uses, mut rest, mut open) = (Vec::new(), String::new(), None::<String>);
    for line in text.lines().map(str::trim) {
        let begins = line.split_once("use ").filter(|(before, _)| {
            before.is_empty() || before.starts_with("pub") && before.ends_with([' ', ')'])
        });
        let tree = match (open.take(), begins) {
            (Some(tree), _) => tree + line,
            (None, Some((_, tree))) => tree.to_owned(),
            (None, None) => {
                rest.push_str(line);
                rest.push('\n');
                continue;
            }
        };
        match tree.strip_suffix(';') {
            Some(tree) => uses.push(tree.to_owned()),
            None => open = Some(tree),
        }
    }
    (uses, rest)
}

/// The leaves of a `use` tree, by the names that they get.
fn leaves(tree: &str, above: &[String], names: &mut BTreeMap<String, Segments>) {
    let (path, inner) = match tree.split_once('{') {
        Some((path, inner)) => (path, Some(inner.trim_end().trim_end_matches('}'))),
        None => (tree, None),
    };
    let (path, alias) = path.split_once(" as ").map_or((path, None), |(path, alias)| (path, Some(alias)));
    let parts = path.split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty());
    let mut whole: Segments = above.iter().cloned().chain(parts).collect();
    match inner {
        Some(_) => branches(&tree[tree.find('{').unwrap_or(0) + 1..])
            .iter()
            .for_each(|tree| leaves(tree, &whole, names)),
        None => {
            if whole.last().is_some_and(|last| last == "self") && whole.len() > 1 {
                whole.pop();
            }
            let Some(last) = whole.last().cloned() else { return };
            let name = alias.map_or(last, |alias| alias.trim().to_owned());
            // What is used only for its methods has no name.
            let name = if name == "_" { whole.join("::") } else { name };
            names.insert(name, whole);
        }
    }
}

/// The branches of a `use` tree, from behind its opening brace.
fn branches(inner: &str) -> Vec<String> {
    let (mut all, mut depth, mut branch) = (Vec::new(), 0, String::new());
    for letter in inner.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        match letter {
            ',' if depth == 0 => all.push(std::mem::take(&mut branch)),
            _ if depth < 0 => break,
            _ => branch.push(letter),
        }
    }
    all.push(branch);
    all.retain(|branch| !branch.trim().is_empty());
    all.into_iter().map(|branch| branch.trim().to_owned()).collect()
}

/// The paths of more than one segment in code.
fn paths(code: &str) -> BTreeSet<Segments> {
    let words = code.split(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != ':');
    let path =
        |word: &str| -> Segments { word.split("::").map(|part| part.trim_matches(':').to_owned()).collect() };
    let paths = words.map(path).filter(|path| path.len() > 1 && path.iter().all(|part| !part.is_empty()));
    paths.collect()
}
