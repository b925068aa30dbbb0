//! The blocks of docs/behind-a-proxy.md, taken from it.

const CHAPTER: &str = include_str!("../../docs/behind-a-proxy.md");

/// The `nth` block of this language below this heading.
pub(crate) fn block(heading: &str, language: &str, nth: usize) -> String {
    let (_, section) =
        CHAPTER.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no heading {heading}"));
    let section = section.split("\n## ").next().unwrap_or_default();
    let fence = format!("\n```{language}\n");
    let block = section
        .split(&fence)
        .skip(1)
        .nth(nth)
        .unwrap_or_else(|| panic!("{heading}: no {language} block {nth}"));
    block.split_once("\n```").expect("a block ends").0.to_owned() + "\n"
}

/// Replaces each of these, which must be there, by what stands beside it; what was put in is not looked at again.
pub(crate) fn fill(text: &str, places: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (nth, (place, _)) in places.iter().enumerate() {
        assert!(text.contains(place), "{place} is not in:\n{text}");
        text = text.replace(place, &format!("\u{1}{nth}\u{2}"));
    }
    for (nth, (_, value)) in places.iter().enumerate() {
        text = text.replace(&format!("\u{1}{nth}\u{2}"), value);
    }
    text
}
