//! What operators put right: by command and by call, on either engine, each with its row of the audit.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;

#[path = "repairs/audit.rs"]
mod audit;
#[path = "repairs/conflicts.rs"]
mod conflicts;
#[path = "repairs/fold.rs"]
mod fold;
#[path = "repairs/operators.rs"]
mod operators;

use std::process::Output;

use gateway::{Answer, Gateway, request};
use serde_json::{Value, json};

const NUMBER: &str = "84945989325";

/// How something is put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Call,
    Command,
}

const WAYS: [Way; 2] = [Way::Call, Way::Command];

/// What came of it: whether it was done, and what was said.
struct Came {
    done: bool,
    said: String,
}

impl Way {
    /// Whose name the audit has.
    fn who(self) -> &'static str {
        match self {
            Self::Call => "admin:127.0.0.1",
            Self::Command => "command:ann",
        }
    }

    /// `retry` or `discard` of a notice. A conflict's holder may lose.
    fn operate(self, gateway: &Gateway, operation: &str, id: i64, why: &str) -> Came {
        match self {
            Self::Call => {
                came_of_call(&post(gateway, &format!("notices/{id}/{operation}"), &json!({"why": why})))
            }
            Self::Command => came_of_command(&command(
                gateway,
                &["notices", operation, &id.to_string(), "--yes", "--why", why],
            )),
        }
    }

    fn end(self, gateway: &Gateway, number: &str, of: &[(&str, &str)], why: &str) -> Came {
        match self {
            Self::Call => {
                let mut body = json!({"why": why});
                for (name, id) in of {
                    body[format!("{name}_id")] = json!(id);
                }
                came_of_call(&post(gateway, &format!("subscribers/{number}/end"), &body))
            }
            Self::Command => {
                let of: Vec<String> =
                    of.iter().flat_map(|(name, id)| [format!("--{name}"), (*id).to_owned()]).collect();
                let mut arguments = vec!["subscriber", "end", number, "--why", why];
                arguments.extend(of.iter().map(String::as_str));
                came_of_command(&command(gateway, &arguments))
            }
        }
    }

    fn grant(self, gateway: &Gateway, number: &str, offer: &str, until: &str, why: &str) -> Came {
        match self {
            Self::Call => {
                let body = json!({"offer": offer, "until": until, "why": why});
                came_of_call(&post(gateway, &format!("subscribers/{number}/grant"), &body))
            }
            Self::Command => came_of_command(&command(
                gateway,
                &["subscriber", "grant", number, "--offer", offer, "--until", until, "--why", why],
            )),
        }
    }
}

fn came_of_call(answer: &Answer) -> Came {
    Came { done: answer.status == 200, said: format!("{} {}", answer.status, answer.text()) }
}

fn came_of_command(ran: &Output) -> Came {
    let code = ran.status.code().expect("an end");
    Came { done: code == 0, said: format!("{code} {}", said(ran)) }
}

/// What a command told beside its output.
fn said(ran: &Output) -> String {
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

fn post(gateway: &Gateway, path: &str, body: &Value) -> Answer {
    request(gateway.admin, "POST", &format!("/api/v1/{path}"), &[], body.to_string().as_bytes())
}

/// A command beside the gateway, run by ann.
fn command(gateway: &Gateway, arguments: &[&str]) -> Output {
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    let mut command = Gateway::cli(&gateway.folder, &settings);
    command.env("USER", "ann").args(arguments).output().expect("it runs")
}

/// The audit, newest first.
fn audit_of(gateway: &Gateway) -> Vec<Value> {
    let page = gateway.admin("/api/v1/audit?limit=500").json();
    page["audit"].as_array().expect("a list").clone()
}

/// The newest row of the audit says this.
#[track_caller]
fn check_audit(gateway: &Gateway, expected: &Value) {
    let newest = audit_of(gateway).into_iter().next().expect("a row");
    for (field, value) in expected.as_object().expect("fields") {
        assert_eq!(newest[field], *value, "{field} of {newest:#}");
    }
}

/// What a number holds and may use, whatever its devices are called.
fn holdings(gateway: &Gateway, number: &str) -> Value {
    let mut story = gateway.story(number);
    for right in story["entitlements"].as_array_mut().expect("a list") {
        right["devices"] = json!(right["devices"].as_array().map(Vec::len));
    }
    json!([story["subscriptions"], story["entitlements"]])
}

/// `ledger verify` finds nothing.
#[track_caller]
fn verify(gateway: &Gateway) {
    let ran = command(gateway, &["ledger", "verify"]);
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), said(&ran));
}

fn notice(gateway: &Gateway, id: i64) -> Value {
    gateway.admin(&format!("/api/v1/notices/{id}")).json()
}
