//! Answers to camera apps: one envelope, HTTP 200 whatever the code but where HTTP itself has the better word: over a
//! limit, too large, another coding, method or path.

use hyper::StatusCode;
use hyper::header::{ACCEPT_ENCODING, ALLOW, HeaderValue, RETRY_AFTER};
use serde::Serialize;
use serde_json::Value;

use super::Code;
use super::refusal::Refusal;
use crate::json;
use crate::server::Response;
use crate::wire::coding;

/// What every answer looks like.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    code: u32,
    msg: &'a str,
    data: Option<&'a Value>,
    request_id: &'a str,
}

/// The code of an answer.
pub(super) fn code(told: &Result<Value, Refusal>) -> Code {
    told.as_ref().err().map_or(Code::Done, Refusal::code)
}

/// The answer.
pub(super) fn render(told: &Result<Value, Refusal>, request_id: &str) -> Response {
    let code = code(told);
    let msg = told.as_ref().err().map_or(code.msg(), Refusal::msg);
    let mut response = json::ok(&Envelope { code: code.number(), msg, data: told.as_ref().ok(), request_id });
    if let Err(refusal) = told {
        mark(&mut response, refusal);
    }
    response
}

/// What HTTP has to say beside it.
fn mark(response: &mut Response, refusal: &Refusal) {
    let (status, header) = match refusal {
        Refusal::Code(_) | Refusal::Parameter(_) => return,
        Refusal::Limited(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, Some((RETRY_AFTER, HeaderValue::from(*seconds))))
        }
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, None),
        Refusal::Coding => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Some((ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPTED))),
        ),
        Refusal::NotPosted => {
            (StatusCode::METHOD_NOT_ALLOWED, Some((ALLOW, HeaderValue::from_static("POST"))))
        }
        Refusal::NoPath => (StatusCode::NOT_FOUND, None),
    };
    *response.status_mut() = status;
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
}
