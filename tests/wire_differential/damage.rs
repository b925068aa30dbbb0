//! Ways to damage a message, the same in every run. What comes of it is left to the test.

/// What may be put into a text to damage it.
pub(crate) const PIECES: [&str; 64] = [
    "<",
    ">",
    "/",
    "&",
    ";",
    "'",
    "\"",
    "=",
    " ",
    "\n",
    "\r",
    "\t",
    ":",
    "-",
    "!",
    "?",
    "]",
    "x",
    "1",
    "<x>",
    "</x>",
    "<x/>",
    "<x a='1'/>",
    "<x a='1' a='2'/>",
    "<x",
    "/>",
    "]]>",
    "<![CDATA[",
    "<![CDATA[y]]>",
    "<!--",
    "-->",
    "<!-- y -->",
    "<!-- -- -->",
    "<?pi y?>",
    "<?",
    "?>",
    "<?xml version='1.0'?>",
    "<?xml ",
    "<?xml",
    "<!DOCTYPE x>",
    "&amp;",
    "&lt;",
    "&#65;",
    "&#x41;",
    "&#0;",
    "&#xD800;",
    "&nbsp;",
    "&#",
    " a='1'",
    " a=\"<\"",
    " xmlns='u'",
    " xmlns:p='u'",
    " xmlns:p=''",
    " p:a='1'",
    "p:",
    "xml:",
    "<note>2</note>",
    "<NOTE/>",
    "\0",
    "\u{1}",
    "\u{FFFE}",
    "\u{FEFF}",
    "\u{B7}",
    "ộ",
];

/// Damages a text in one place, in one of the ways that bytes get damaged or writers err.
pub(crate) fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let end = (at + 1 + random.below(12)).min(bytes.len());
    match random.below(9) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let copied = bytes[at..end].to_vec();
            let to = random.below(bytes.len() + 1);
            bytes.splice(to..to, copied);
        }
        3 => bytes[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        4 => bytes[at..end].iter_mut().take(1).for_each(|byte| byte.make_ascii_uppercase()),
        5 | 6 => move_tag(bytes, random, random.clone().below(2) == 0),
        _ => drop(bytes.splice(at..at, random.one_of(&PIECES).bytes())),
    }
}

/// Takes a tag, with the text after it, from where it is or a copy of it, and puts it before another.
fn move_tag(bytes: &mut Vec<u8>, random: &mut Random, copy: bool) {
    let starts = |bytes: &[u8]| -> Vec<usize> { (0..bytes.len()).filter(|at| bytes[*at] == b'<').collect() };
    let tags = starts(bytes);
    if tags.len() < 2 {
        return;
    }
    let nth = random.below(tags.len() - 1);
    let range = tags[nth]..tags[nth + 1];
    let tag = if copy { bytes[range].to_vec() } else { bytes.drain(range).collect() };
    let to = random.one_of(&starts(bytes));
    bytes.splice(to..to, tag);
}

/// A small generator (splitmix64), so that every run does the same.
#[derive(Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap_or(0) % bound
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
