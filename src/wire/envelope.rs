//! Finds the one message in a document: at its root, or in the innermost of at most two SOAP
//! envelopes. What the message says is left to `accessgw` and `rqst`.

use super::accessgw::AccessGw;
use super::fields::Folded;
use super::rqst::Rqst;
use super::xml::Reader;
use super::{Message, Unreadable};

/// Envelopes inside one another. The carrier's bus has been seen to put two around a message.
const ENVELOPES_MAX: usize = 2;

/// Reads a whole document.
pub(super) fn read(text: &str) -> Result<Message, Unreadable> {
    let mut reader = Reader::new(text)?;
    let mut found = Found::default();
    let root = reader.root()?;
    found.element(&mut reader, root, 0)?;
    reader.finish()?;
    // A message beside an inner envelope is not in the innermost body.
    found
        .message
        .filter(|(_, envelopes)| *envelopes == found.deepest)
        .map_or(Err(Unreadable::WrongRoot), |(m, _)| Ok(m))
}

/// What the walk has met so far.
#[derive(Default)]
struct Found {
    /// The message, and how many envelopes it was in.
    message: Option<(Message, usize)>,
    /// The most envelopes met inside one another.
    deepest: usize,
}

impl Found {
    /// Reads the root or a child of a body, which stands in so many `envelopes`.
    fn element(&mut self, reader: &mut Reader<'_>, name: &str, envelopes: usize) -> Result<(), Unreadable> {
        let message = match Folded::new(name).as_bytes() {
            b"accessgw" => Message::AccessGw(AccessGw::read(reader)?),
            b"rqst" => Message::Rqst(Rqst::read(reader)?),
            b"envelope" if envelopes == ENVELOPES_MAX => return Err(Unreadable::WrongRoot),
            b"envelope" => return self.envelope(reader, envelopes + 1),
            _ => return reader.skip(),
        };
        match self.message.replace((message, envelopes)) {
            Some(_) => Err(Unreadable::TwoMessages),
            None => Ok(()),
        }
    }

    fn envelope(&mut self, reader: &mut Reader<'_>, envelopes: usize) -> Result<(), Unreadable> {
        self.deepest = self.deepest.max(envelopes);
        while let Some(name) = reader.child()? {
            match Folded::new(name).as_bytes() {
                b"body" => {
                    while let Some(name) = reader.child()? {
                        self.element(reader, name, envelopes)?;
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(())
    }
}
