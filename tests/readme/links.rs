//! Where the pages' links lead: a file that is there, and in a page a heading of that name.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::pages;

/// The targets of a page's links that stay in the repository, outside its blocks.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let text = page.split("```").step_by(2);
    text.flat_map(|text| text.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
        .filter(|target| !target.contains("://"))
}

/// A heading as links spell it: lower case, blanks as dashes, most other marks left out.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    let text = page.split("```").step_by(2);
    let headings = text.flat_map(str::lines).filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

/// A path without `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => assert!(plain.pop(), "{}", path.display()),
            part => plain.push(part),
        }
        plain
    })
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    for (path, page) in &pages {
        for link in links(page) {
            let (file, heading) = link.split_once('#').map_or((link, None), |(file, at)| (file, Some(at)));
            let folder = path.parent().unwrap_or(Path::new(""));
            let target = if file.is_empty() { path.clone() } else { plain(&folder.join(file)) };
            let there = Path::new(env!("CARGO_MANIFEST_DIR")).join(&target).exists();
            assert!(there, "{}: {link}", path.display());
            if let Some(heading) = heading {
                let page = pages.iter().find(|(path, _)| *path == target).map(|(_, page)| page);
                let known = page.is_some_and(|page| anchors(page).contains(heading));
                assert!(known, "{}: {link}", path.display());
            }
        }
    }
}

#[test]
fn every_page_is_named_by_the_readme() {
    let pages = pages();
    let (_, readme) = pages.iter().find(|(path, _)| path == Path::new("README.md")).expect("it is one");
    for (path, _) in &pages {
        let named = links(readme).any(|link| Path::new(link) == path) || path == Path::new("README.md");
        assert!(named, "{}", path.display());
    }
}
