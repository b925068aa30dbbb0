//! Bytes to values and back: what the carrier sends and what it is answered, and nothing else.
//! No I/O happens here, and no rule of the business is known: which fields are required, what a
//! number or a time means and which offer is sold are left to `ids`, `clock`, `catalog` and
//! `carrier`.
//!
//! A body goes through [`content`] (its codings and parts taken off), [`decode`] (bytes to text),
//! [`xml`] (text, cut by `pieces`, to tokens, as strict as a conforming parser) and `envelope` (tokens to the one
//! message inside). Parameters go through [`params`]. Both end in the same two values, [`accessgw::AccessGw`] and [`rqst::Rqst`], and
//! both of these are answered by a `render` beside them with a [`code::Code`].

use thiserror::Error;

pub mod accessgw;
pub mod code;
pub mod coding;
pub mod content;
pub mod decode;
mod envelope;
mod fields;
pub mod media;
mod multipart;
mod names;
mod namespaces;
pub mod params;
mod pieces;
mod reply;
pub mod request;
pub mod rqst;
mod tag;
pub mod xml;

/// What a body, once read, turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "made once a request and taken apart at once")]
pub enum Message {
    /// An `ACCESSGW`: a notify, or another message of the carrier's under the same root.
    AccessGw(accessgw::AccessGw),
    /// An `RQST`: a question before a registration.
    Rqst(rqst::Rqst),
}

/// Why a body is no message. The sentences hold nothing of the body, so they can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Truncated or otherwise not in the coding that its header names.
    #[error("the body is not in the coding that it is said to be in")]
    Coding,
    /// Of several parts, and they cannot be told apart or read.
    #[error("the multipart body {0}")]
    Multipart(&'static str),
    /// Empty, or something before the first tag.
    #[error("the body does not begin with a tag")]
    NotXml,
    /// A document type declaration, which is refused wherever it stands.
    #[error("the body has a DOCTYPE")]
    Doctype,
    /// What a conforming parser refuses.
    #[error("the XML is ill-formed near byte {at}: {what}")]
    IllFormed {
        /// The rule that was broken.
        what: &'static str,
        /// Where, in bytes of the decoded text from its first tag on.
        at: usize,
    },
    /// More of something than is read.
    #[error("the body has too many {0}")]
    TooMany(&'static str),
    /// Neither `ACCESSGW` nor `RQST` at the root or in the innermost of at most two envelopes.
    #[error("the root is not a message")]
    WrongRoot,
    /// An envelope with more than one message.
    #[error("the envelope holds two messages")]
    TwoMessages,
}

/// Reads an XML body that [`decode::text`] has decoded.
///
/// # Errors
/// When the text is no message; see [`Unreadable`].
pub fn read_text(text: &str) -> Result<Message, Unreadable> {
    envelope::read(text)
}
