//! What an answer of Watcher or billing says of the call, whatever its status: done, or why not. Pure. A body is
//! believed over a status, since a failure is told with `error_message` (Watcher's reference of 2023-02), and two
//! live clients look for it in answers of 200 too; `success: false` is the same from billing. Leaves finding out
//! whether a 403 is about the key to [`rest`](super::rest).

use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::attempted::Why;
use super::fault::Fault;
use crate::http::Answer;
use crate::ids::masked::Masked;
use crate::ids::visible::is_visible;

/// Characters of the other side's words that are kept, at most.
const WORDS_MAX: usize = 200;

/// Shorter texts of a request are met in words by chance.
const HIDDEN_MIN: usize = 4;

/// Names that Watcher gives to a key that is none, or none any more.
const OF_THE_KEY: [&str; 2] = ["wrongapikey", "apikeyexpired"];

/// What an answer comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It was done.
    Done,
    /// It was not, and what follows is certain.
    Not(Fault),
    /// It was refused: for good where our key is good, else because of the key. In the refusal's words.
    OfThingOrKey(String),
    /// It failed inside: because of this one thing where the rest works.
    OfThingOrAll(String),
    /// Something before the other side answered in its place, and may do so because of the key: nothing is certain of
    /// the thing.
    OfKeyOrPassing(String),
    /// Not there; but nobody knows whether the other side itself says so.
    NotThereOrAll(String),
}

/// What a failure's object may hold. Which of them are texts is not certain.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    error_message: Value,
    error: Value,
    message: Value,
    name: Value,
    #[serde(rename = "type")]
    kind: Value,
    success: Value,
}

impl Told {
    fn of(body: &[u8]) -> Option<Self> {
        // Lists are long, and say nothing of the call.
        let is_object = body.trim_ascii_start().first() == Some(&b'{');
        // A field that is there twice fails the first reading; then the last one counts.
        let twice = || serde_json::from_slice(body).and_then(serde_json::from_value::<Self>).ok();
        is_object.then(|| serde_json::from_slice(body).ok().or_else(twice)).flatten()
    }

    /// Whether it denies what was asked, whatever the status. Words by field, or in a list, are words too.
    fn denies(&self) -> bool {
        let says_something = match &self.error_message {
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(all) => !all.is_empty(),
            other => text(other).is_some(),
        };
        says_something || self.success == Value::Bool(false)
    }

    fn words(&self) -> Option<&str> {
        [&self.error_message, &self.message, &self.error].into_iter().find_map(text)
    }

    /// `is_failure`: by its status it is one. Else a name is that of a thing, which may be called like an error.
    fn is_of_key(&self, is_failure: bool) -> bool {
        let names = match is_failure {
            true => &[&self.error, &self.name, &self.kind, &self.error_message][..],
            false => &[&self.error, &self.error_message],
        };
        let plain = |text: &str| {
            text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase()
        };
        names.iter().copied().filter_map(text).any(|name| OF_THE_KEY.contains(&plain(name).as_str()))
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Reads an answer; `about` names the call. Nothing that the request held in `hidden` is repeated.
pub(super) fn said(method: &Method, answer: &Answer, about: &str, hidden: &[String]) -> Said {
    let status = answer.status;
    let told = Told::of(&answer.body).unwrap_or_default();
    let words =
        told.words().map(|words| kept(words, hidden)).map_or_else(String::new, |words| format!(": {words}"));
    let what = |otherwise: &str| {
        if words.is_empty() {
            format!("{about}: HTTP {status}{otherwise}")
        } else {
            format!("{about}: HTTP {status}{words}")
        }
    };
    let again = |otherwise: &str| {
        Said::Not(Fault::Again { why: Why::new(what(otherwise)), after: answer.retry_after })
    };
    match status {
        _ if told.is_of_key(!(200..=299).contains(&status)) => {
            Said::Not(Fault::Denied(Why::new(what(": it does not accept our key"))))
        }
        200..=299 if told.denies() => Said::OfThingOrKey(what(": refused")),
        200..=299 if is_page(answer) => {
            let text = format!(
                "{about}: HTTP {status} with a page (HTML) where JSON is due: see base_url, and what is before it"
            );
            Said::Not(Fault::of_doubt(method, Why::new(text)))
        }
        200..=299 => Said::Done,
        300..=399 if is_sign_in(answer.location.as_deref()) => {
            Said::OfKeyOrPassing(what(": it sends us to a sign-in page: see base_url and the key"))
        }
        300..=399 => again(elsewhere(answer.location.as_deref())),
        401 => Said::Not(Fault::Denied(Why::new(what(": it does not accept our credentials")))),
        403 if is_page(answer) => {
            Said::OfKeyOrPassing(what(": refused with a page (HTML), so by something before it"))
        }
        403 => Said::OfThingOrKey(what(": refused")),
        404 if !is_json(answer) => Said::NotThereOrAll(what(": not there, and not in JSON")),
        404 => Said::Not(Fault::NotThere(Why::new(what(": not there")))),
        408 => again(""),
        409 => again(": it is there already, or being changed"),
        429 => again(": too many calls"),
        503 => again(": not available"),
        400..=499 => Said::Not(Fault::Never(Why::new(what(": refused")))),
        500 if !words.is_empty() => Said::OfThingOrAll(what("")),
        _ => Said::Not(Fault::of_doubt(method, Why::new(what("")))),
    }
}

/// What the other side said, fit for the ledger and the log: one line, short, without numbers, addresses and what
/// the request held.
fn kept(words: &str, hidden: &[String]) -> String {
    let mut words = words.to_owned();
    for hidden in hidden.iter().filter(|text| text.len() >= HIDDEN_MIN) {
        words = words.replace(hidden.as_str(), "***");
    }
    let is_address = |word: &str| word.contains('@');
    let words = words.split_whitespace().map(|word| if is_address(word) { "***" } else { word });
    let words = words.collect::<Vec<_>>().join(" ");
    let plain = |c: char| if is_visible(c) { c } else { '?' };
    let masked = Masked::new(&words, plain).to_string();
    match masked.char_indices().nth(WORDS_MAX) {
        Some((end, _)) => format!("{}...", &masked[..end]),
        None => masked,
    }
}

/// Its content type alone does not make it one: some servers call all they say HTML, nothing and JSON too.
fn is_page(answer: &Answer) -> bool {
    let says_so =
        answer.content_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    match answer.body.trim_ascii_start().first() {
        Some(b'<') => true,
        Some(_) => says_so && !is_json(answer),
        None => false,
    }
}

fn is_json(answer: &Answer) -> bool {
    serde_json::from_slice::<IgnoredAny>(&answer.body).is_ok()
}

/// Where a redirect goes, without its query.
fn path_of(location: Option<&str>) -> Option<String> {
    location.map(|to| to.split(['?', '#']).next().unwrap_or(to).to_ascii_lowercase())
}

/// Whether a redirect is one to where people sign in.
fn is_sign_in(location: Option<&str>) -> bool {
    let words = ["login", "signin", "sign-in", "sign_in", "auth"];
    path_of(location).is_some_and(|path| words.iter().any(|word| path.contains(word)))
}

/// What any other redirect means. None is ever followed: it would carry the key elsewhere.
fn elsewhere(location: Option<&str>) -> &'static str {
    match path_of(location).as_deref() {
        Some(path) if path.ends_with('/') => {
            ": it sends us to the same with a / at the end: see what is before it"
        }
        Some(path) if path.starts_with("https:") => ": it answers elsewhere, over https: see base_url",
        _ => ": it answers elsewhere, see base_url",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            content_type: None,
            location: None,
            headers: reqwest::header::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn class(said: &Said) -> &'static str {
        match said {
            Said::Done => "done",
            Said::OfThingOrKey(_) => "thing or key",
            Said::OfThingOrAll(_) => "thing or all",
            Said::OfKeyOrPassing(_) => "key or passing",
            Said::NotThereOrAll(_) => "not there or all",
            Said::Not(Fault::Again { .. }) => "again",
            Said::Not(Fault::Denied(_)) => "denied",
            Said::Not(Fault::Never(_)) => "never",
            Said::Not(Fault::NotThere(_)) => "not there",
            Said::Not(Fault::Unsure(_)) => "unsure",
        }
    }

    fn read(method: &Method, status: u16, body: &str) -> Said {
        said(method, &answer(status, body), "x", &[])
    }

    #[test]
    fn what_a_status_says() {
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            let doubt = if matches!(method, Method::GET | Method::PUT) { "again" } else { "unsure" };
            for (expected, statuses) in [
                ("done", &[200, 201, 204][..]),
                ("again", &[301, 307, 408, 409, 429, 503]),
                ("denied", &[401]),
                ("thing or key", &[403]),
                ("never", &[400, 402, 405, 410, 415, 422]),
                ("not there or all", &[404]),
                (doubt, &[500, 501, 502, 504, 599]),
            ] {
                for status in statuses {
                    assert_eq!(class(&read(&method, *status, "")), expected, "{method} {status}");
                }
            }
        }
    }

    #[test]
    fn a_body_is_believed_over_its_status() {
        for (status, body, expected) in [
            (200, r#"{"error_message":"no"}"#, "thing or key"),
            (200, r#"{"error_message":""}"#, "done"),
            (200, r#"{"error_message":null,"id":1}"#, "done"),
            (200, r#"{"success":false}"#, "thing or key"),
            (200, r#"{"success":true}"#, "done"),
            (200, r#"{"error":"WrongApikey"}"#, "denied"),
            (403, r#"{"error":"ApikeyExpired","error_message":"gone"}"#, "denied"),
            (403, r#"{"error":"Forbidden","error_message":"not yours"}"#, "thing or key"),
            (400, r#"{"error_message":"WrongApikey"}"#, "denied"),
            (500, r#"{"error":"ApplicationError","error_message":"oops"}"#, "thing or all"),
            (404, r#"{"error":"NotFound"}"#, "not there"),
            (404, "404 page not found", "not there or all"),
            (403, "<html>", "key or passing"),
            (200, r#"{"name":"WrongApikey"}"#, "done"),
            (200, r#"{"error_message":{"login":["taken"]}}"#, "thing or key"),
            (500, "<html>", "again"),
            (200, "<!DOCTYPE html>", "again"),
            (200, "", "done"),
            (200, "[]", "done"),
        ] {
            assert_eq!(class(&read(&Method::GET, status, body)), expected, "{status} {body}");
        }
    }

    #[test]
    fn redirects_are_named() {
        for (location, word) in [
            (Some("/vsaas/login?next=%2Fusers"), "sign-in"),
            (Some("https://h.example/vsaas/api/v2/users/"), "/ at the end"),
            (Some("https://h.example/vsaas/api/v2/users"), "https"),
            (Some("//other"), "elsewhere"),
            (None, "elsewhere"),
        ] {
            let answer = Answer { location: location.map(str::to_owned), ..answer(302, "") };
            let words = match said(&Method::GET, &answer, "x", &[]) {
                Said::Not(fault) => fault.to_string(),
                Said::OfKeyOrPassing(words) if word == "sign-in" => words,
                other => panic!("{location:?}: {other:?}"),
            };
            assert!(words.contains(word), "{location:?}: {words}");
        }
    }

    #[test]
    fn words_are_kept_without_what_must_not_be_told() {
        let hidden = ["s3cr3t-password".to_owned(), "ann".to_owned()];
        for (words, shown) in [
            ("Camera limit reached", "Camera limit reached"),
            ("login 84912000001@sdp.example is taken", "login *** is taken"),
            ("user 84912000001 exists", "user 84912***001 exists"),
            ("bad\n\u{1b}[31m s3cr3t-password", "bad ?[31m ***"),
            ("ann can", "ann can"),
        ] {
            assert_eq!(kept(words, &hidden), shown);
        }
        assert_eq!(kept(&"x".repeat(5000), &[]).len(), WORDS_MAX + 3);
    }
}
