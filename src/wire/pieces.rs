//! Text cut where XML's marks cut it. Nothing is allocated and nothing is understood: whether what was cut may stand
//! where it stands is left to `xml`.

use super::names;

/// What a document is a row of; each holds what stands between its marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// `<…>`: a name and perhaps attributes.
    Start(&'a str),
    /// `<…/>`, likewise.
    Empty(&'a str),
    /// `</…>`, without blanks at its end.
    End(&'a str),
    /// What stands between two of the others.
    Text(&'a str),
    /// `<![CDATA[…]]>`.
    Section(&'a str),
    /// `&…;`.
    Reference(&'a str),
    /// `<!--…-->`.
    Comment(&'a str),
    /// `<?…?>`, an XML declaration too.
    Instruction(&'a str),
    /// `<!DOCTYPE`, of which no more is read.
    Doctype,
}

/// A mark that is nowhere closed, or `<!` before something that there is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unfinished;

/// Cuts a text from its beginning to its end. After an error there is no more to be had.
pub(super) struct Pieces<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How far it has been cut, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The next one, or none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'a>>, Unfinished> {
        let rest = &self.text[self.at..];
        let piece = match rest.as_bytes() {
            [] => return Ok(None),
            [b'<', b'/', ..] => Piece::End(self.cut("</", ">")?.trim_end_matches(names::is_blank)),
            [b'<', b'?', ..] => Piece::Instruction(self.cut("<?", "?>")?),
            [b'<', b'!', ..] => self.declared(&rest[2..])?,
            [b'<', ..] => self.tag()?,
            [b'&', ..] => Piece::Reference(self.cut("&", ";")?),
            bytes => {
                let end = bytes.iter().position(|byte| matches!(byte, b'<' | b'&'));
                let text = &rest[..end.unwrap_or(rest.len())];
                self.at += text.len();
                Piece::Text(text)
            }
        };
        Ok(Some(piece))
    }

    /// What stands from `start`, which is next, to the first `end` after it.
    fn cut(&mut self, start: &str, end: &str) -> Result<&'a str, Unfinished> {
        let rest = &self.text[self.at + start.len()..];
        let length = match end.as_bytes() {
            [byte] => rest.bytes().position(|own| own == *byte),
            _ => rest.find(end),
        };
        let length = length.ok_or(Unfinished)?;
        self.at += start.len() + length + end.len();
        Ok(&rest[..length])
    }

    fn declared(&mut self, rest: &str) -> Result<Piece<'a>, Unfinished> {
        const DOCTYPE: &[u8] = b"DOCTYPE";
        if rest.starts_with("--") {
            return self.cut("<!--", "-->").map(Piece::Comment);
        }
        if rest.starts_with("[CDATA[") {
            return self.cut("<![CDATA[", "]]>").map(Piece::Section);
        }
        match rest.as_bytes().get(..DOCTYPE.len()) {
            Some(word) if word.eq_ignore_ascii_case(DOCTYPE) => Ok(Piece::Doctype),
            _ => Err(Unfinished),
        }
    }

    /// A tag ends at the first `>` that is not between quotes.
    fn tag(&mut self) -> Result<Piece<'a>, Unfinished> {
        let rest = &self.text[self.at + 1..];
        let mut quote = None;
        let ends = |byte: &u8| match (quote, *byte) {
            (None, b'>') => true,
            (None, b'"' | b'\'') => {
                quote = Some(*byte);
                false
            }
            (Some(open), byte) if open == byte => {
                quote = None;
                false
            }
            _ => false,
        };
        let length = rest.as_bytes().iter().position(ends).ok_or(Unfinished)?;
        self.at += 1 + length + 1;
        let content = &rest[..length];
        Ok(content.strip_suffix('/').map_or(Piece::Start(content), Piece::Empty))
    }
}

#[cfg(test)]
mod tests {
    use super::Piece::{Comment, Doctype, Empty, End, Instruction, Reference, Section, Start, Text};
    use super::*;

    fn all(text: &str) -> Result<Vec<Piece<'_>>, Unfinished> {
        let mut pieces = Pieces::new(text);
        let mut all = Vec::new();
        while let Some(piece) = pieces.next()? {
            all.push(piece);
            if piece == Doctype {
                return Ok(all);
            }
        }
        assert_eq!(pieces.at(), text.len());
        Ok(all)
    }

    #[test]
    fn every_mark_is_cut_where_it_ends() {
        for (text, pieces) in [
            ("", vec![]),
            ("<a>1</a >", vec![Start("a"), Text("1"), End("a")]),
            ("<a b='>' c=\"'/>\"/>", vec![Empty("a b='>' c=\"'/>\"")]),
            ("x&amp;y", vec![Text("x"), Reference("amp"), Text("y")]),
            ("<![CDATA[<&]]>]]>", vec![Section("<&"), Text("]]>")]),
            ("<!--<a>--><?xml version='1.0'?>", vec![Comment("<a>"), Instruction("xml version='1.0'")]),
            ("<a><!doctype", vec![Start("a"), Doctype]),
            ("ộ<ộ>", vec![Text("ộ"), Start("ộ")]),
            ("<>< >", vec![Start(""), Start(" ")]),
        ] {
            assert_eq!(all(text), Ok(pieces), "{text}");
        }
    }

    #[test]
    fn what_is_not_closed_is_told() {
        for text in [
            "<",
            "<a",
            "<a b='>",
            "</a",
            "&",
            "&amp",
            "<!",
            "<!a>",
            "<!DOCTYP",
            "<!--",
            "<!-->",
            "<![CDATA[]]",
            "<?a>",
            "<?",
        ] {
            assert_eq!(all(text), Err(Unfinished), "{text}");
        }
    }
}
