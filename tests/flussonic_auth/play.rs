//! URLs that we hand out: `vsaas camera show NAME --play`, beside a gateway and a double of Watcher.

use std::process::Output;

use crate::gateway::Gateway;
use crate::kit::{NUMBER, SECRET, Stage, settings};
use crate::outbox::wait;
use crate::said::register;
use crate::watcher_double::Double;

const CAMERA: &str = "demo-cam-219c36899q";

/// Runs the command with settings of Watcher over those of the gateway; `flussonic` begins with its section.
fn show(stage: &Stage, double: &Double, flussonic: &str, camera: &str) -> Output {
    let folder = &stage.gateway.folder;
    let ours = settings(folder, "");
    let (before, _) = ours.split_once("[flussonic]").expect("its section");
    let all = format!("{before}{flussonic}\n{}", double.settings("cams", "organization_id = 753"));
    let mut command = Gateway::cli(folder, &all);
    command.args(["vsaas", "camera", "show", camera, "--play"]).output().expect("it runs")
}

fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[track_caller]
fn refused(output: &Output, what: &str) {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains(what), "{errors}");
    assert!(output.stdout.is_empty());
}

#[test]
fn with_the_backend_on_a_url_carries_our_token() {
    let (stage, double) = (Stage::start(""), wait(Double::start()));
    let backend = format!("[flussonic]\ntoken_secret = '{SECRET}'");
    refused(&show(&stage, &double, &backend, CAMERA), "no device of this camera is bound");
    refused(&show(&stage, &double, &backend, "no-such-camera"), "Watcher has no camera no-such-camera");
    stage.bind("cam-1", "ann", Some(CAMERA));
    register("1", NUMBER).tell(&stage.gateway);
    let url = printed(&show(&stage, &double, &backend, CAMERA));
    let (base, token) = url.split_once("?token=").expect("a token");
    assert_eq!(base, format!("https://eu-004.vscdn.example/{CAMERA}/index.m3u8"));
    assert_eq!(stage.ask(CAMERA, token).header("x-userid"), Some("ann"));
    assert_eq!(stage.ask("camera02-5ca25a2330", token).status, 403);
    stage.bind_alone("cam-2", "bob");
    stage.ledger().execute(&format!("UPDATE device SET camera = '{CAMERA}'"));
    refused(&show(&stage, &double, &backend, CAMERA), "several devices are bound with this camera");
}

#[test]
fn without_it_the_token_is_watchers() {
    let (stage, double) = (Stage::start(""), wait(Double::start()));
    let url = printed(&show(&stage, &double, "", CAMERA));
    let (base, token) = url.split_once("?token=").expect("a token");
    assert_eq!(base, format!("https://eu-004.vscdn.example/{CAMERA}/index.m3u8"));
    assert!(token.starts_with("3."), "{token}");
    assert_eq!(stage.ask(CAMERA, token).status, 403);
}
