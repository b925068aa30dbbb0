//! Text to elements, as strict as a conforming parser that knows namespaces. `pieces` cuts the text
//! and checks nothing, so every rule (truncation, end tags, a second root, text outside the root,
//! `]]>`, names, attributes, references, comments, forbidden characters, prefixes, the declaration's
//! place and form) is checked here. Which elements make a message is left to `envelope` and the
//! messages.

use std::borrow::Cow;

use super::Unreadable;
use super::names;
use super::namespaces::{Namespaces, Refused};
use super::pieces::{Piece, Pieces, Unfinished};
use super::tag;

/// Elements inside one another, the root counted. A notify in two envelopes needs seven.
pub const DEPTH_MAX: usize = 16;

/// Elements in one body. A notify has twenty-six.
pub const ELEMENTS_MAX: usize = 256;

const UNFINISHED: &str = "an unfinished tag, comment, section, reference or instruction";
const WRONG: &str = "a wrong end tag or comment";

/// One step through a document.
enum Token<'a> {
    /// An element begins; its local name.
    Open(&'a str),
    /// The innermost element ends.
    Close,
    /// Text as written, line ends not yet made one.
    Text(&'a str),
    /// A character that was written as a reference.
    Char(char),
    /// The document has ended after its root.
    End,
}

/// Reads one document, an element at a time. Whatever is skipped is checked all the same.
pub(super) struct Reader<'a> {
    pieces: Pieces<'a>,
    namespaces: Namespaces<'a>,
    /// The names of the elements that are open, prefixes and all.
    open: [&'a str; DEPTH_MAX],
    depth: usize,
    elements: usize,
    /// A self-closed element has been opened, and its end is still to be told.
    close_owed: bool,
    /// `]]>` occurs, if only at the end of a CDATA section: each text must be searched for it.
    brackets: bool,
}

impl<'a> Reader<'a> {
    /// Begins to read. Blanks before the first tag are forgiven, a declaration after them too.
    pub(super) fn new(text: &'a str) -> Result<Self, Unreadable> {
        let text = text.trim_start_matches(names::is_blank);
        if !text.starts_with('<') {
            return Err(Unreadable::NotXml);
        }
        if let Some(at) = names::forbidden_at(text) {
            return Err(Unreadable::IllFormed { what: "a forbidden character", at });
        }
        let (pieces, namespaces, open) = (Pieces::new(text), Namespaces::default(), [""; DEPTH_MAX]);
        let brackets = text.contains("]]>");
        Ok(Self { pieces, namespaces, open, depth: 0, elements: 0, close_owed: false, brackets })
    }

    /// The root's local name.
    pub(super) fn root(&mut self) -> Result<&'a str, Unreadable> {
        match self.next()? {
            Token::Open(name) => Ok(name),
            _ => Err(self.ill("no root")),
        }
    }

    /// The local name of the next child of the element being read, or `None` once that has ended.
    /// Text between the children is passed over.
    pub(super) fn child(&mut self) -> Result<Option<&'a str>, Unreadable> {
        loop {
            match self.next()? {
                Token::Open(name) => return Ok(Some(name)),
                Token::Close => return Ok(None),
                Token::Text(_) | Token::Char(_) => {}
                Token::End => return Err(self.ill("truncated")),
            }
        }
    }

    /// The element's own text, up to its end; its children are passed over with all they hold.
    pub(super) fn own_text(&mut self) -> Result<Cow<'a, str>, Unreadable> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Token::Text(piece) if text.is_empty() => text = one_line_end(piece),
                Token::Text(piece) => text.to_mut().push_str(&one_line_end(piece)),
                Token::Char(c) => text.to_mut().push(c),
                Token::Open(_) => self.skip()?,
                Token::Close => return Ok(text),
                Token::End => return Err(self.ill("truncated")),
            }
        }
    }

    /// Passes over the rest of the element being read.
    pub(super) fn skip(&mut self) -> Result<(), Unreadable> {
        let outside = self.depth - 1;
        while self.depth > outside {
            if matches!(self.next()?, Token::End) {
                return Err(self.ill("truncated"));
            }
        }
        Ok(())
    }

    /// Reads what follows the root: nothing but blanks, comments and processing instructions.
    pub(super) fn finish(&mut self) -> Result<(), Unreadable> {
        match self.next()? {
            Token::End => Ok(()),
            _ => Err(self.ill("something after the root")),
        }
    }

    fn next(&mut self) -> Result<Token<'a>, Unreadable> {
        if std::mem::take(&mut self.close_owed) {
            return Ok(self.close());
        }
        loop {
            let from = self.pieces.at();
            let Some(piece) = self.pieces.next().map_err(|Unfinished| self.ill(UNFINISHED))? else {
                return self.end();
            };
            let token = match piece {
                Piece::Start(content) => self.open(content, false)?,
                Piece::Empty(content) => self.open(content, true)?,
                Piece::End(name) => self.end_tag(name)?,
                Piece::Text(text) => match self.plain_text(text)? {
                    Some(token) => token,
                    None => continue,
                },
                Piece::Section(text) => self.inside(Token::Text(text))?,
                Piece::Reference(name) => self.inside(self.reference(name)?)?,
                Piece::Comment(content) => {
                    self.check_comment(content)?;
                    continue;
                }
                Piece::Instruction(content) => {
                    self.check_instruction(from, content)?;
                    continue;
                }
                Piece::Doctype => return Err(Unreadable::Doctype),
            };
            return Ok(token);
        }
    }

    fn open(&mut self, content: &'a str, empty: bool) -> Result<Token<'a>, Unreadable> {
        if self.depth == 0 && self.elements > 0 {
            return Err(self.ill("a second root"));
        }
        if self.depth == DEPTH_MAX {
            return Err(Unreadable::TooMany("levels"));
        }
        if self.elements == ELEMENTS_MAX {
            return Err(Unreadable::TooMany("elements"));
        }
        let name_end = content.bytes().position(|byte| names::is_blank(byte.into()));
        let (name, attributes) = content.split_at(name_end.unwrap_or(content.len()));
        self.open[self.depth] = name;
        self.depth += 1;
        self.elements += 1;
        self.close_owed = empty;
        let (prefix, local) = names::split(name).ok_or_else(|| self.ill("a bad element name"))?;
        self.namespaces.open(self.depth, prefix, attributes).map_err(|refused| match refused {
            Refused::IllFormed(what) => self.ill(what),
            Refused::TooMany => Unreadable::TooMany("attributes"),
        })?;
        Ok(Token::Open(local))
    }

    fn end_tag(&mut self, name: &str) -> Result<Token<'a>, Unreadable> {
        match self.depth.checked_sub(1) {
            Some(innermost) if self.open[innermost] == name => Ok(self.close()),
            _ => Err(self.ill(WRONG)),
        }
    }

    fn close(&mut self) -> Token<'a> {
        self.namespaces.close(self.depth);
        self.depth -= 1;
        Token::Close
    }

    fn plain_text(&self, text: &'a str) -> Result<Option<Token<'a>>, Unreadable> {
        if self.brackets && text.contains("]]>") {
            return Err(self.ill("`]]>` in text"));
        }
        if self.depth > 0 {
            return Ok(Some(Token::Text(text)));
        }
        if text.trim_start_matches(names::is_blank).is_empty() {
            return Ok(None);
        }
        Err(self.ill("text outside the root"))
    }

    fn inside(&self, token: Token<'a>) -> Result<Token<'a>, Unreadable> {
        if self.depth == 0 { Err(self.ill("text outside the root")) } else { Ok(token) }
    }

    fn reference(&self, name: &str) -> Result<Token<'a>, Unreadable> {
        names::referred(name).map(Token::Char).ok_or_else(|| self.ill("an undefined reference"))
    }

    fn check_comment(&self, content: &str) -> Result<(), Unreadable> {
        if content.contains("--") || content.ends_with('-') { Err(self.ill(WRONG)) } else { Ok(()) }
    }

    fn check_instruction(&self, from: usize, content: &str) -> Result<(), Unreadable> {
        let target = content.split(names::is_blank).next().unwrap_or_default();
        if target == "xml" {
            return self.check_declaration(from, &content[target.len()..]);
        }
        if !names::is_plain(target) || target.eq_ignore_ascii_case("xml") {
            return Err(self.ill("a bad processing instruction"));
        }
        Ok(())
    }

    fn check_declaration(&self, from: usize, content: &str) -> Result<(), Unreadable> {
        if from > 0 {
            return Err(self.ill("an XML declaration that is not at the start"));
        }
        tag::check_declaration(content).map_err(|what| self.ill(what))
    }

    fn end(&self) -> Result<Token<'a>, Unreadable> {
        match (self.depth, self.elements) {
            (0, 1..) => Ok(Token::End),
            (0, 0) => Err(self.ill("no root")),
            _ => Err(self.ill("truncated")),
        }
    }

    #[cold]
    fn ill(&self, what: &'static str) -> Unreadable {
        Unreadable::IllFormed { what, at: self.pieces.at() }
    }
}

/// XML reads every kind of line end as a line feed.
fn one_line_end(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}
