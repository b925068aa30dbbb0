//! Text to elements, as strict as a conforming parser that knows namespaces. `quick-xml` cuts the
//! text into tokens; it is not a well-formedness checker, so every rule it leaves unchecked
//! (truncation, a second root, text outside the root, `]]>`, names, attributes, references,
//! forbidden characters, prefixes, the declaration's place and form) is checked here. Which
//! elements make a message is left to `envelope` and the messages.

use std::borrow::Cow;

use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::Event;

use super::Unreadable;
use super::names;
use super::namespaces::{Namespaces, Refused};
use super::tag;

/// Elements inside one another, the root counted. A notify in two envelopes needs seven.
pub const DEPTH_MAX: usize = 16;

/// Elements in one body. A notify has twenty-six.
pub const ELEMENTS_MAX: usize = 256;

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
    text: &'a str,
    tokens: quick_xml::Reader<&'a [u8]>,
    namespaces: Namespaces<'a>,
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
        let mut tokens = quick_xml::Reader::from_str(text);
        tokens.config_mut().enable_all_checks(true);
        let namespaces = Namespaces::default();
        let brackets = text.contains("]]>");
        Ok(Self { text, tokens, namespaces, depth: 0, elements: 0, close_owed: false, brackets })
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
            let from = self.at();
            let token = match self.tokens.read_event().map_err(|error| self.not_a_token(&error))? {
                Event::Start(_) => self.open(from, ">", false)?,
                Event::Empty(_) => self.open(from, "/>", true)?,
                Event::End(_) => self.close(),
                Event::Text(_) => match self.plain_text(from)? {
                    Some(token) => token,
                    None => continue,
                },
                Event::CData(_) => self.inside(Token::Text(self.cut(from, "<![CDATA[", "]]>")))?,
                Event::GeneralRef(_) => self.inside(self.reference(from)?)?,
                Event::Comment(_) => continue,
                Event::PI(_) => {
                    self.check_instruction(from)?;
                    continue;
                }
                Event::Decl(_) => {
                    self.check_declaration(from)?;
                    continue;
                }
                Event::DocType(_) => return Err(Unreadable::Doctype),
                Event::Eof => self.end()?,
            };
            return Ok(token);
        }
    }

    fn open(&mut self, from: usize, end: &str, empty: bool) -> Result<Token<'a>, Unreadable> {
        if self.depth == 0 && self.elements > 0 {
            return Err(self.ill("a second root"));
        }
        if self.depth == DEPTH_MAX {
            return Err(Unreadable::TooMany("levels"));
        }
        if self.elements == ELEMENTS_MAX {
            return Err(Unreadable::TooMany("elements"));
        }
        self.depth += 1;
        self.elements += 1;
        self.close_owed = empty;
        let content = self.cut(from, "<", end);
        let name_end = content.bytes().position(|byte| names::is_blank(byte.into()));
        let (name, attributes) = content.split_at(name_end.unwrap_or(content.len()));
        let (prefix, local) = names::split(name).ok_or_else(|| self.ill("a bad element name"))?;
        self.namespaces.open(self.depth, prefix, attributes).map_err(|refused| match refused {
            Refused::IllFormed(what) => self.ill(what),
            Refused::TooMany => Unreadable::TooMany("attributes"),
        })?;
        Ok(Token::Open(local))
    }

    /// The tokenizer has compared the end tag with its start tag before.
    fn close(&mut self) -> Token<'a> {
        self.namespaces.close(self.depth);
        self.depth -= 1;
        Token::Close
    }

    fn plain_text(&self, from: usize) -> Result<Option<Token<'a>>, Unreadable> {
        let text = self.cut(from, "", "");
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

    fn reference(&self, from: usize) -> Result<Token<'a>, Unreadable> {
        let name = self.cut(from, "&", ";");
        names::referred(name).map(Token::Char).ok_or_else(|| self.ill("an undefined reference"))
    }

    fn check_instruction(&self, from: usize) -> Result<(), Unreadable> {
        let content = self.cut(from, "<?", "?>");
        let target = content.split(names::is_blank).next().unwrap_or_default();
        if !names::is_plain(target) || target.eq_ignore_ascii_case("xml") {
            return Err(self.ill("a bad processing instruction"));
        }
        Ok(())
    }

    fn check_declaration(&self, from: usize) -> Result<(), Unreadable> {
        if from > 0 {
            return Err(self.ill("an XML declaration that is not at the start"));
        }
        tag::check_declaration(self.cut(from, "<?xml", "?>")).map_err(|what| self.ill(what))
    }

    fn end(&self) -> Result<Token<'a>, Unreadable> {
        match (self.depth, self.elements) {
            (0, 1..) => Ok(Token::End),
            (0, 0) => Err(self.ill("no root")),
            _ => Err(self.ill("truncated")),
        }
    }

    /// The token just read, which began at `from`, without what it begins and ends with.
    fn cut(&self, from: usize, start: &str, end: &str) -> &'a str {
        self.text.get(from + start.len()..self.at() - end.len()).unwrap_or_default()
    }

    /// How far the tokenizer has read. It was given all of the text at once, so this is an index.
    #[allow(clippy::cast_possible_truncation, reason = "never beyond the length of a slice")]
    fn at(&self) -> usize {
        self.tokens.buffer_position() as usize
    }

    #[cold]
    fn not_a_token(&self, error: &Error) -> Unreadable {
        match error {
            Error::Syntax(SyntaxError::UnclosedDoctype) => Unreadable::Doctype,
            Error::Syntax(_) => self.ill("an unfinished tag, comment, section or instruction"),
            _ => self.ill("a wrong end tag, comment or reference"),
        }
    }

    #[cold]
    fn ill(&self, what: &'static str) -> Unreadable {
        Unreadable::IllFormed { what, at: self.at() }
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
