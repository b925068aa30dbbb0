//! The embedded ledger's files: moved, replaced, removed, damaged, and left behind by an unclean end.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::gateway::{Gateway, Ledger, PATIENCE};
use crate::kit::{until, until_ready_is, verify};
use crate::{cli, kept, notice, ready};

fn file(folder: &Path, end: &str) -> PathBuf {
    folder.join(format!("data/gateway.db{end}"))
}

/// Writes nonsense over the first page of a table.
fn damage(folder: &Path, table: &str) {
    let sql = format!(
        "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = '{table}'"
    );
    let row = &Ledger::of(folder).rows(&sql)[0];
    let [page, bytes] = [0, 1].map(|at| row[at].as_ref().expect("a value").parse::<u64>().expect("a number"));
    let whole = fs::OpenOptions::new().write(true).open(file(folder, "")).expect("the ledger");
    let nonsense = vec![0xff; usize::try_from(bytes).expect("small")];
    whole.write_all_at(&nonsense, (page - 1) * bytes).expect("written");
}

#[test]
fn a_damaged_table_of_messages_is_not_ready() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start_in(folder.path(), "");
    assert_eq!(notice(&gateway, 1, "84912000001"), 200);
    assert!(gateway.stop().success());
    damage(folder.path(), "notice_raw");
    let gateway = Gateway::start_in(folder.path(), "");
    assert_eq!(ready(&gateway), 503, "without any notice");
    assert_eq!(notice(&gateway, 2, "84912000002"), 503);
    assert_eq!(ready(&gateway), 503);
    assert!(gateway.stop().success());
    let told = cli(folder.path(), "ledger verify");
    assert!(told.check(1).out.contains("malformed") && told.out.contains("1 faults"), "{}", told.out);
    cli(folder.path(), "ledger backup b.db").says(&["damaged", "no backup was made"]);
    assert!(!folder.path().join("b.db").exists() && !folder.path().join("b.db.part").exists());
}

#[test]
fn files_that_are_not_the_open_ones_keep_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start_in(folder.path(), "");
    assert_eq!(notice(&gateway, 1, "84912000001"), 200);
    let away = |end: &str| (file(folder.path(), end), file(folder.path(), &format!("{end}.away")));
    for (at, end) in (1..).zip(["", "-wal", "-shm"]) {
        let (here, there) = away(end);
        for replaced in [false, true] {
            let queue_id = at * 10 + u32::from(replaced) * 5;
            fs::rename(&here, &there).expect("moved");
            if replaced {
                fs::copy(&there, &here).expect("copied");
            }
            for more in 0..3 {
                assert_eq!(notice(&gateway, queue_id + more, "84912000002"), 503, "{end} {replaced}");
            }
            assert_eq!(ready(&gateway), 503, "{end} {replaced}");
            fs::rename(&there, &here).expect("moved back");
            until_ready_is(&gateway, 200);
            assert_eq!(notice(&gateway, queue_id, "84912000002"), 200, "{end} {replaced}");
        }
    }
    // Said also while nothing is written.
    let (here, there) = away("");
    fs::rename(&here, &there).expect("moved");
    let said = |what: &str, times: usize| gateway.log().matches(what).count() == times;
    until("the log says so", PATIENCE, || said("is gone from its place", 7).then_some(()));
    fs::rename(&there, &here).expect("moved back");
    until("the log says so", PATIENCE, || said("is back in its place", 7).then_some(()));
    assert!(gateway.log().contains("was removed") && gateway.log().contains("was replaced by another file"));
    // The log, removed for good: what was acknowledged is taken into the file all the same.
    until_ready_is(&gateway, 200);
    assert_eq!(notice(&gateway, 100, "84912000003"), 200);
    fs::remove_file(file(folder.path(), "-wal")).expect("removed");
    assert_eq!(notice(&gateway, 101, "84912000003"), 503);
    assert!(gateway.stop().success());
    let gateway = Gateway::start_in(folder.path(), "");
    assert_eq!(ready(&gateway), 200);
    let acknowledged = gateway.admin("/api/v1/notices?limit=100").json();
    let ids = acknowledged["notices"].as_array().expect("notices").iter().map(|n| n["queue_id"].to_string());
    let ids: Vec<String> = ids.collect();
    for queue_id in [1, 10, 15, 20, 25, 30, 35, 100] {
        assert!(ids.contains(&format!("\"{queue_id}\"")), "{queue_id} is lost: {ids:?}");
    }
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

/// A ledger as a killed gateway leaves it, of which an older backup was taken; when this returns its log is not
/// empty, and what was kept last has been copied from it into the file.
fn crashed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut gateway = Gateway::start_in(folder.path(), "");
    assert_eq!(notice(&gateway, 1, "84912000001"), 200);
    cli(folder.path(), "ledger backup old.db").check(0);
    for round in 0..2 {
        for at in 0..40 {
            assert_eq!(notice(&gateway, 100 * (round + 1) + at, &format!("8491200{round}1{at:02}")), 200);
        }
        // The log is copied about once a second, and begun anew afterwards.
        std::thread::sleep(Duration::from_millis(2500));
    }
    gateway.child.kill().expect("killed");
    gateway.wait();
    assert!(fs::metadata(file(folder.path(), "-wal")).expect("a log").len() > 0);
    folder
}

#[test]
fn a_log_that_is_another_files_is_not_put_into_this_one() {
    let folder = crashed();
    let log = fs::read(file(folder.path(), "-wal")).expect("the log");
    fs::copy(folder.path().join("old.db"), file(folder.path(), "")).expect("copied over it");
    for command in ["serve", "migrate", "notices list", "ledger verify", "ledger backup new.db"] {
        cli(folder.path(), command).says(&["gateway.db-wal is not the log of", "ledger restore"]);
    }
    assert_eq!(fs::read(file(folder.path(), "-wal")).expect("the log"), log, "left as it is");
    // The way out that it names.
    cli(folder.path(), "ledger restore old.db").check(0);
    assert_eq!(kept(folder.path()), 1);
    verify(folder.path(), "");
}

#[test]
fn a_killed_gateways_own_log_is_taken_and_the_file_checked() {
    let folder = crashed();
    let gateway = Gateway::start_in(folder.path(), "");
    assert!(gateway.log().contains("not closed in good order"), "{}", gateway.log());
    assert!(gateway.stop().success());
    assert_eq!(kept(folder.path()), 81);
    // And not again after an end in good order.
    let gateway = Gateway::start_in(folder.path(), "");
    assert!(!gateway.log().contains("not closed in good order"), "{}", gateway.log());
}

#[test]
fn after_an_unclean_end_a_damaged_file_is_refused() {
    let folder = crashed();
    let copy = tempfile::tempdir().expect("a folder");
    fs::create_dir(copy.path().join("data")).expect("a folder");
    for end in ["", "-wal"] {
        fs::copy(file(folder.path(), end), file(copy.path(), end)).expect("copied");
    }
    // Behind the log, which does not hold this page; found by opening the copy.
    damage(copy.path(), "device");
    fs::remove_file(file(copy.path(), "-wal")).ok();
    fs::copy(file(folder.path(), "-wal"), file(copy.path(), "-wal")).expect("copied");
    cli(copy.path(), "serve").says(&["is damaged", "ledger restore"]);
}

#[test]
fn a_log_without_its_ledger_is_not_begun_anew() {
    let folder = crashed();
    fs::remove_file(file(folder.path(), "")).expect("removed");
    for command in ["serve", "migrate"] {
        cli(folder.path(), command).says(&["gateway.db-wal is there without its ledger"]);
    }
    assert!(!file(folder.path(), "").exists(), "none was made");
    assert!(fs::metadata(file(folder.path(), "-wal")).expect("the log").len() > 0);
}
