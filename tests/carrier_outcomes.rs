//! What the carrier is answered and what is kept of it: each row of the tables of replies and
//! outcomes, over sockets.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

#[path = "carrier_outcomes/answers.rs"]
mod answers;
#[path = "carrier_outcomes/callers.rs"]
mod callers;
#[path = "carrier_outcomes/lives.rs"]
mod lives;
#[path = "carrier_outcomes/outcomes.rs"]
mod outcomes;

use gateway::Answer;

/// An answer in the grammar of a notice (`reg`) or of a check, of `error_id` 1 where there is a
/// sentence.
#[track_caller]
fn check_reply(answer: &Answer, surface: &str, status: u16, error: Option<&str>) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/xml; charset=utf-8"));
    let text = answer.text();
    let (root, well) = match surface {
        "reg" => ("<ACCESSGW><MODULE>SDP NOTIFIER</MODULE>", "successfully"),
        _ => ("<RPLY name=\"CheckServiceInfo\"><requestid", "Success"),
    };
    assert!(text.starts_with(root) && !text.trim_end().contains('\n'), "{text}");
    let id = if error.is_some() { "1" } else { "0" };
    assert_eq!(
        (answer.element("error_id").as_str(), answer.element("error_desc").as_str()),
        (id, error.unwrap_or(well))
    );
}
