//! How calls of the double go wrong: which, whether their work is done all the same, and how it is told.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};

use super::request::Reply;

/// Which calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The so-many-th call from now on, counted from 1; once.
    Nth(usize),
    /// The next call of this kind; once.
    Next(&'static str),
    /// Every call of this kind.
    Every(&'static str),
    /// Every call.
    All,
}

/// Whether the call's work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// It is not.
    Before,
    /// It is, and then the answer goes wrong.
    After,
}

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// This status with a page that is no JSON.
    Status(u16),
    /// 503, with Retry-After: 7.
    Unavailable,
    /// The connection ends without an answer.
    Reset,
    /// The answer comes when nobody waits for it any more.
    Late,
    /// 200 with a page for people.
    Garbage,
    /// This status with a failure's object: its name, and words under `error_message`.
    Words(u16),
    /// 302 to the page where people sign in.
    SignIn,
    /// This status, to the same path with a slash after it.
    Slash(u16),
    /// A change is answered as if it had been made, and was not; after it was: with what was before.
    Ignored,
    /// The same; but of all that is to be changed, one thing is.
    Partly,
    /// The connection ends in the middle of the answer.
    CutOff,
    /// 200 with `{"success": false}`.
    Denied,
    /// 200 with a list of nothing.
    Empty,
}

/// The words of [`How::Words`], where a test gives no others.
pub const WORDS: &str = "Something in this request does not suit us";

impl How {
    /// All that break an answer in a way that may be over the next time.
    pub const PASSING: [Self; 10] = [
        Self::Status(500),
        Self::Words(500),
        Self::Unavailable,
        Self::Reset,
        Self::Late,
        Self::Garbage,
        Self::CutOff,
        Self::SignIn,
        Self::Slash(301),
        Self::Slash(308),
    ];

    /// All that say no, of one thing: it is an operator's to look into, and may be tried again then.
    pub const REFUSING: [Self; 5] =
        [Self::Words(200), Self::Words(400), Self::Words(403), Self::Status(403), Self::Denied];

    /// All by which a change is answered that was not made.
    pub const DEAF: [Self; 2] = [Self::Ignored, Self::Partly];
}

/// A fault, and how often it struck.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub at: At,
    pub when: When,
    pub how: How,
    pub fired: usize,
}

impl Fault {
    /// Whether it strikes this call.
    pub fn strikes(&mut self, kind: &str) -> bool {
        let strikes = match &mut self.at {
            At::Nth(left) => {
                *left = left.saturating_sub(1);
                *left == 0 && self.fired == 0
            }
            At::Next(of) => *of == kind && self.fired == 0,
            At::Every(of) => *of == kind,
            At::All => true,
        };
        self.fired += usize::from(strikes);
        strikes
    }
}

pub type Answer = hyper::Response<BoxBody<Bytes, std::io::Error>>;

pub fn broken(how: How, path: &str, words: &str, reply: &Reply) -> Result<Answer, &'static str> {
    match how {
        How::Reset => Err("reset"),
        How::Late => Ok(whole(reply)),
        How::Status(status) => Ok(answer(status, "<html>no JSON</html>")),
        How::Garbage => {
            let mut page = answer(200, "<!DOCTYPE html><html><body>login</body></html>");
            page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            Ok(page)
        }
        How::Words(status) => {
            let error = match status {
                403 => "Forbidden",
                500.. => "ApplicationError",
                _ => "ValidationError",
            };
            Ok(whole(&Reply::failed(status, error, words)))
        }
        How::SignIn => Ok(elsewhere(302, &format!("/vsaas/login?next={path}"))),
        How::Slash(status) => Ok(elsewhere(status, &format!("{path}/"))),
        // What was done decides.
        How::Ignored | How::Partly => Ok(whole(reply)),
        How::Denied => Ok(answer(200, r#"{"success": false}"#)),
        How::Empty => Ok(answer(200, "[]")),
        How::Unavailable => {
            let mut unavailable = answer(503, "");
            unavailable.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("7"));
            Ok(unavailable)
        }
        How::CutOff => {
            let text = reply.body.as_ref().map(ToString::to_string).unwrap_or_default();
            let half = Bytes::from(text.as_bytes()[..text.len() / 2].to_vec());
            let parts = [Ok(Frame::data(half)), Err(std::io::Error::other("cut off"))];
            let mut cut = hyper::Response::new(Parts(parts.into_iter()).boxed());
            cut.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(text.len().max(2)));
            Ok(cut)
        }
    }
}

/// What is ready, one after another.
struct Parts(std::array::IntoIter<Result<Frame<Bytes>, std::io::Error>, 2>);

impl Body for Parts {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(self.0.next())
    }
}

/// What becomes of every answer that is not broken: from its kind, its status and its text, the status, the content
/// type and the text that are sent.
pub type Rewrite = fn(kind: &str, status: u16, text: String) -> (u16, &'static str, String);

pub fn rewritten(rewrite: Rewrite, kind: &str, reply: &Reply) -> Answer {
    let text = reply.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let (status, content_type, text) = rewrite(kind, reply.status, text);
    let mut answer = answer(status, &text);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

pub fn whole(reply: &Reply) -> Answer {
    let text = reply.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut answer = answer(reply.status, &text);
    if reply.body.is_some() {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    answer
}

fn answer(status: u16, text: &str) -> Answer {
    let body = Full::from(text.to_owned()).map_err(|never| match never {}).boxed();
    let mut answer = hyper::Response::new(body);
    *answer.status_mut() = hyper::StatusCode::from_u16(status).expect("a status");
    answer
}

fn elsewhere(status: u16, location: &str) -> Answer {
    let mut moved = answer(status, "");
    moved.headers_mut().insert(LOCATION, HeaderValue::from_str(location).expect("a path"));
    moved
}
