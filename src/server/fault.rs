//! What fails below HTTP: clients that speak something else to us, or HTTP that cannot be read. hyper answers
//! what it can (400, 414, 431) and closes; here it is counted by kind and told at a bounded rate, with the
//! peer and what it looked like, so that whoever set it up wrongly can be found.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::limits::{Sampler, Suppressed};
use crate::telemetry::{self, Chain};

/// At most one line for each kind in this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// hyper's bound on the header lines of a request.
const HEADERS_MAX: usize = 100;

/// Bytes of a request that are shown, at most.
const SHOWN_MAX: usize = 40;

/// After it a path holds a secret, which is not shown.
const SECRET_AFTER: &[u8] = b"/flussonic/v1/auth/";

/// Digits in a row that may be a subscriber's number, and are not shown.
const NUMBER_DIGITS: usize = 9;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tls,
    Http2,
    ProxyProtocol,
    TooManyHeaders,
    LargeHead,
    RequestLine,
    Header,
    SlowHead,
    BrokenOff,
    Crowded,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Tls,
        Self::Http2,
        Self::ProxyProtocol,
        Self::TooManyHeaders,
        Self::LargeHead,
        Self::RequestLine,
        Self::Header,
        Self::SlowHead,
        Self::BrokenOff,
        Self::Crowded,
    ];

    /// The word of the metric, and the sentence of the log.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Tls => ("tls", "a client speaks TLS; here is plain HTTP, TLS ends at the reverse proxy"),
            Self::Http2 => ("http2", "a client speaks HTTP/2; here is HTTP/1.1"),
            Self::ProxyProtocol => {
                ("proxy_protocol", "a proxy sends the PROXY protocol; have it send X-Forwarded-For instead")
            }
            Self::TooManyHeaders => ("too_many_headers", "a request has more than 100 header lines"),
            Self::LargeHead => ("large_head", "a request's line and headers are too large"),
            Self::RequestLine => ("request_line", "a request line cannot be read"),
            Self::Header => ("header", "a request's headers cannot be read"),
            Self::SlowHead => ("slow_head", "a request's head did not come in time"),
            Self::BrokenOff => ("broken_off", "a client went away in the middle of a request"),
            Self::Crowded => ("crowded", "a large head was dropped: too many others are half here"),
        }
    }

    /// None where nothing failed: a connection that ended between requests.
    fn of(error: &hyper::Error, unread: &[u8]) -> Option<Self> {
        let spoken = Self::spoken(unread);
        if spoken.is_some() {
            return spoken;
        }
        let cause = io_kind(error);
        let is_late = error.is_timeout() || cause == Some(ErrorKind::TimedOut);
        let rules = [
            (error.is_parse_version_h2(), Self::Http2),
            (error.is_parse_too_large() && lines(unread) > HEADERS_MAX, Self::TooManyHeaders),
            (error.is_parse_too_large(), Self::LargeHead),
            (error.is_parse() && has_request_line(unread), Self::Header),
            (error.is_parse(), Self::RequestLine),
            (cause == Some(ErrorKind::OutOfMemory), Self::Crowded),
            (is_late && !unread.is_empty(), Self::SlowHead),
            (error.is_incomplete_message() || !unread.is_empty(), Self::BrokenOff),
        ];
        rules.into_iter().find_map(|(fits, kind)| fits.then_some(kind))
    }

    /// What other protocols begin with. hyper has passed over the line ends of a PROXY header's second version.
    fn spoken(unread: &[u8]) -> Option<Self> {
        match unread {
            [0x16, 0x03, ..] => Some(Self::Tls),
            _ if unread.starts_with(b"PRI * HTTP/2") => Some(Self::Http2),
            _ if unread.starts_with(b"PROXY ") => Some(Self::ProxyProtocol),
            _ if unread.starts_with(b"\0\r\nQUIT\n") => Some(Self::ProxyProtocol),
            _ => None,
        }
    }
}

fn io_kind(error: &hyper::Error) -> Option<ErrorKind> {
    error.source()?.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// Lines after the first.
fn lines(head: &[u8]) -> usize {
    head.iter().filter(|byte| **byte == b'\n').count().saturating_sub(1)
}

/// Whether the first line is one of a request as far as it can be told.
fn has_request_line(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let mut words = line.split(|byte| *byte == b' ');
    let method = words.next().unwrap_or_default();
    let is_method = !method.is_empty() && method.iter().all(u8::is_ascii_alphabetic);
    let is_target = words.next().is_some_and(|target| target.iter().all(u8::is_ascii_graphic));
    is_method
        && is_target
        && matches!(words.next(), Some(b"HTTP/1.1" | b"HTTP/1.0"))
        && words.next().is_none()
}

/// What one listener has told lately.
pub(super) struct Faults {
    of_clients: [Sampler; Kind::ALL.len()],
    of_answers: Sampler,
}

impl Faults {
    pub(super) fn new() -> Self {
        // Every kind is there from the start, so that the first one is a rise.
        Kind::ALL.iter().for_each(|kind| telemetry::below_http(kind.words().0, 0));
        let of_clients = Kind::ALL.map(|_| Sampler::every(LOG_EVERY));
        Self { of_clients, of_answers: Sampler::every(LOG_EVERY) }
    }

    /// A connection of `peer` ended with `error` and left `unread`.
    pub(super) fn note(&self, peer: IpAddr, error: &hyper::Error, unread: &[u8]) {
        if error.is_user() || error.is_body_write_aborted() {
            return self.note_answer(peer, error);
        }
        let Some(kind) = Kind::of(error, unread) else { return };
        let (word, sentence) = kind.words();
        telemetry::below_http(word, 1);
        if let Some(Suppressed(suppressed)) = self.of_clients[kind as usize].admit(Instant::now()) {
            tracing::warn!(%peer, kind = word, began = %Began(unread), %error, suppressed, "{sentence}");
        }
    }

    /// A piece of an answer to `peer` could not be made, or not in time, or it ended before its length.
    fn note_answer(&self, peer: IpAddr, error: &hyper::Error) {
        if let Some(Suppressed(suppressed)) = self.of_answers.admit(Instant::now()) {
            tracing::error!(%peer, error = %Chain(error), suppressed, "an answer broke off; its connection is cut");
        }
    }
}

/// The beginning of what was sent, up to a query or a secret, escaped; what may be a number is left out.
struct Began<'a>(&'a [u8]);

impl fmt::Display for Began<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.0.split(|byte| matches!(byte, b'?' | b'\r' | b'\n')).next().unwrap_or_default();
        let secret = line.windows(SECRET_AFTER.len()).position(|part| part == SECRET_AFTER);
        let line = secret.map_or(line, |at| &line[..at + SECRET_AFTER.len()]);
        let mut rest = &line[..line.len().min(SHOWN_MAX)];
        while let Some(first) = rest.first() {
            let is_digit = first.is_ascii_digit();
            let run = rest.iter().take_while(|byte| byte.is_ascii_digit() == is_digit).count();
            let (piece, after) = rest.split_at(run);
            rest = after;
            if is_digit && (run >= NUMBER_DIGITS || rest.is_empty()) {
                f.write_str("***")?;
            } else {
                piece.escape_ascii().try_for_each(|byte| f.write_char(char::from(byte)))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_is_short_and_tells_no_number_and_no_query() {
        for (sent, shown) in [
            (&b"\x16\x03\x01\x02\0\x01"[..], "\\x16\\x03\\x01\\x02\\x00\\x01"),
            (b"GET /v1/subscribers/84945989325/x HTTP/9", "GET /v1/subscribers/***/x HTTP/***"),
            (b"GET /a?token=secret HTTP/1.1\r\n", "GET /a"),
            (b"GET /flussonic/v1/auth/a-key?name=a HTTP/1.1\r\n", "GET /flussonic/v1/auth/"),
            (b"GET http://h/flussonic/v1/auth/a-key", "GET http://h/flussonic/v1/auth/"),
            (b"\x1b[31m \xff", "\\x1b[31m \\xff"),
            (b"", ""),
        ] {
            assert_eq!(Began(sent).to_string(), shown);
        }
        assert_eq!(Began(&[b'x'; 70_000]).to_string().len(), SHOWN_MAX);
    }

    #[test]
    fn request_lines() {
        for (head, is_one) in [
            ("GET / HTTP/1.1\r\nBad Header: 1\r\n", true),
            ("POST /a?b=1 HTTP/1.0\n", true),
            ("GET / HTTP/3.0\r\n", false),
            ("GET /a b HTTP/1.1\r\n", false),
            ("GET /\u{1} HTTP/1.1\r\n", false),
            ("nonsense\r\n", false),
            ("", false),
        ] {
            assert_eq!(has_request_line(head.as_bytes()), is_one, "{head:?}");
        }
    }

    #[test]
    fn kinds_stand_where_their_samplers_are() {
        for (at, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at);
        }
    }
}
