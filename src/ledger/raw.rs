//! Messages as they came and what was answered: a table of its own, since it may be purged while
//! the journal is kept for ever.

use bytes::Bytes;

/// One message and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Raw {
    /// `GET` or `POST`.
    pub method: String,
    /// The request's path, without query.
    pub path: String,
    /// The query as sent, without `?`; empty where there is none.
    pub query: String,
    /// The Content-Type as sent.
    pub content_type: Option<String>,
    /// The Content-Encoding as sent, several lines as one: with the Content-Type, what the bytes are read by.
    pub content_encoding: Option<String>,
    /// The body's bytes, untouched.
    pub body: Bytes,
    /// The HTTP status answered.
    pub status: u16,
    /// The reply's text.
    pub reply: String,
}
