//! Standard output that takes nothing: a full device, and a reader that has gone away.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use crate::gateway::Gateway;
use crate::said::register;
use crate::{Ended, folder, run};

/// Commands that print, and what each ends with where its reader has gone away.
const PRINTING: [(&str, i32); 18] = [
    ("migrate", 0),
    ("config", 0),
    ("openapi", 0),
    ("ledger verify", 0),
    ("ledger verify --json", 0),
    ("notices list", 0),
    ("notices list --json", 0),
    ("notices show 1", 0),
    ("notices export", 0),
    ("notices retry --all", 0),
    ("notices discard 1", 1),
    ("notices discard 999", 1),
    ("tasks list", 0),
    ("tasks retry --all", 0),
    ("subscriber show 84945989325", 0),
    ("codes list", 0),
    ("replay --dry-run --target http://127.0.0.1:1 request.xml", 0),
    ("codes generate --kind ai --count 1 --days 1", 1),
];

pub(crate) fn ended(folder: &Path, arguments: &str, out: impl Into<Stdio>) -> Ended {
    let mut command = Gateway::cli(folder, "");
    let ended = run(command.args(arguments.split_whitespace()).stdout(out));
    assert!(!ended.err.contains("panicked"), "{arguments}: {}", ended.err);
    ended
}

pub(crate) fn full() -> File {
    File::options().write(true).open("/dev/full").expect("a full device")
}

#[test]
fn a_full_device_is_told_on_one_line_and_a_reader_that_has_gone_on_none() {
    let folder = folder();
    std::fs::write(folder.path().join("request.xml"), "<RQST/>").expect("written");
    let gateway = Gateway::start_in(folder.path(), "");
    register("1", "84945989325").tell(&gateway);
    for (arguments, code) in PRINTING {
        let told = ended(folder.path(), arguments, full()).check(1).err.clone();
        let lines =
            told.lines().filter(|line| line.starts_with("sdp-gateway: standard output cannot be")).count();
        assert!(lines == 1 && told.contains("No space left"), "{arguments}: {told}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let gone = ended(folder.path(), arguments, writer);
        assert!(!gone.check(code).err.contains("standard output"), "{arguments}: {}", gone.err);
    }
}

#[test]
fn where_nothing_can_be_told_either_the_end_tells() {
    let folder = folder();
    crate::cli(folder.path(), "", "migrate").check(0);
    for arguments in ["notices list", "notices show 7", "codes generate --kind ai --count 1 --days 1"] {
        let mut command = Gateway::cli(folder.path(), "");
        command.args(arguments.split_whitespace()).stdout(full()).stderr(full());
        assert_eq!(command.status().expect("it runs").code(), Some(1), "{arguments}");
    }
}

#[test]
fn codes_that_could_not_be_printed_are_counted() {
    let folder = folder();
    crate::cli(folder.path(), "", "migrate").check(0);
    let told = ended(folder.path(), "codes generate --kind ai --count 5 --days 1 --batch a", full());
    assert!(told.check(1).err.contains("5 codes in batch a\n"), "{}", told.err);
    assert!(told.err.contains("5 of them are in stock and not printed"), "{}", told.err);
    let told = ended(folder.path(), "codes generate --kind ai --count 5000 --days 1 --batch b", full());
    assert!(told.check(1).err.contains("500 codes in batch b\n"), "it makes no more: {}", told.err);
    let listed = crate::cli(folder.path(), "", "codes list").check(0).out.clone();
    assert!(listed.contains(" 5\n") && listed.contains(" 500\n"), "{listed}");
}
