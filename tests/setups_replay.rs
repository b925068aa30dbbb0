//! The fixtures, the folders of other settings, and an exported journal, replayed by the binary's own
//! command against the running binary.

#[path = "support/gateway.rs"]
mod gateway;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use gateway::{Folder, Gateway};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Replays a path; everything must match. Answers how many messages it sent.
#[track_caller]
fn check(what: &Path, target: SocketAddr) -> usize {
    let folder = Folder::new();
    let mut command = Gateway::cli(folder.path(), "");
    command.arg("replay").arg(what).arg("--target").arg(format!("http://{target}"));
    let output = command.output().expect("replay runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}:\n{out}\n{err}", what.display());
    let last = out.lines().last().unwrap_or_default();
    let count = |word: &str| -> usize {
        let number = last.split(", ").find_map(|part| part.strip_prefix(word)).expect(last);
        number.trim().parse().expect(last)
    };
    let counts = [count("replayed"), count("matched"), count("differed"), count("failed")];
    assert!(counts[0] > 0, "{out}");
    assert_eq!(counts, [counts[0], counts[0], 0, 0], "{out}");
    counts[0]
}

/// The folders directly below one, by name.
fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[test]
fn every_setup_answers_as_it_says() {
    for setup in folders(&root().join("tests/setups")) {
        let settings = std::fs::read_to_string(setup.join("config.toml")).expect("settings");
        let gateway = Gateway::start(&settings);
        let sent = check(&setup, gateway.carrier.unwrap_or(gateway.main));
        assert_eq!(sent, folders(&setup).len(), "{}", setup.display());
    }
}

#[test]
fn a_default_gateway_answers_the_fixtures_and_its_journal_replays_the_same_way() {
    let fixtures = root().join("fixtures");
    let gateway = Gateway::start("");
    assert_eq!(check(&fixtures, gateway.main), folders(&fixtures).len());

    let export = Gateway::cli(&gateway.folder, "").args(["notices", "export"]).output().expect("export runs");
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal.jsonl");
    std::fs::write(&journal, &export.stdout).expect("written");
    let lines = export.stdout.iter().filter(|byte| **byte == b'\n').count();

    let second = Gateway::start("");
    assert_eq!(check(&journal, second.main), lines);
    assert_eq!(outcomes(&second), outcomes(&gateway), "and leaves the same journal");
    assert_eq!(second.admin("/api/v1/stats").json(), gateway.admin("/api/v1/stats").json());
    check(&journal, second.main);
    assert_eq!(outcomes(&second), outcomes(&gateway), "a repeat changes nothing");
}

/// What became of each message, oldest first.
fn outcomes(gateway: &Gateway) -> Vec<(String, String)> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = gateway.admin(&format!("/api/v1/notices?limit=500{cursor}")).json();
        for notice in page["notices"].as_array().expect("a list") {
            all.push((notice["queue_id"].to_string(), format!("{}/{}", notice["outcome"], notice["reason"])));
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    all.reverse();
    all
}
