//! `ledger backup` and `ledger restore`, beside a gateway and interrupted.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::gateway::{Gateway, Ledger};
use crate::kit::{Book, Dice, Line, verify};
use crate::{cli, kept, notice};

/// A user without any file of his own.
const NOBODY: u32 = 65534;

#[test]
fn on_a_server_they_say_what_to_do_instead() {
    let gateway = Gateway::start("");
    if let Ledger::Sqlite(_) = Ledger::of(&gateway.folder) {
        return;
    }
    cli(&gateway.folder, "ledger backup b.dump").says(&["pg_dump --format=custom --file=b.dump postgres://"]);
    cli(&gateway.folder, "ledger restore b.dump").says(&["pg_restore", "docs/backup-and-restore.md"]);
}

/// What lies beside the ledger.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("data")).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

mod sqlite {
    use super::*;

    /// A stopped ledger of 2 notices and a backup, `one.db`, of the first.
    fn two_and_a_backup_of_one() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let gateway = Gateway::start_in(folder.path(), "");
        assert_eq!(notice(&gateway, 1, "84912000001"), 200);
        cli(folder.path(), "ledger backup one.db").check(0);
        assert_eq!(notice(&gateway, 2, "84912000002"), 200);
        assert!(gateway.stop().success());
        folder
    }

    #[test]
    fn a_backup_beside_a_busy_gateway_is_of_one_moment() {
        let folder = tempfile::tempdir().expect("a folder");
        let gateway = Gateway::start_in(folder.path(), "");
        let (book, over) = (Book::new(), AtomicBool::new(false));
        let acknowledged = std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut line, mut dice) = (Line::open(gateway.main).expect("a line"), Dice::new(1));
                while !over.load(Ordering::Relaxed) {
                    let queue_id = book.draw(&mut dice);
                    book.send(&mut line, queue_id).expect("an answer");
                }
            });
            while book.kept() < 200 {
                std::thread::sleep(Duration::from_millis(5));
            }
            let before = book.kept();
            let made = cli(folder.path(), "ledger backup b.db");
            over.store(true, Ordering::Relaxed);
            made.check(0);
            before
        });
        assert!(gateway.stop().success());
        book.check_journal(folder.path());
        let file = folder.path().join("b.db");
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        cli(folder.path(), "ledger backup b.db").says(&["is there already"]);
        cli(folder.path(), "ledger restore b.db").check(0);
        assert!(kept(folder.path()) >= acknowledged, "all that was acknowledged before it");
        assert!(!folder.path().join("b.db-wal").exists() && !folder.path().join("b.db-shm").exists());
        verify(folder.path(), "");
    }

    #[test]
    fn a_restore_puts_the_old_files_aside_and_is_refused_under_a_gateway() {
        let folder = two_and_a_backup_of_one();
        let backup = fs::read(folder.path().join("one.db")).expect("a backup");
        let mut gateway = Gateway::start_in(folder.path(), "");
        cli(folder.path(), "ledger restore one.db").says(&["is in use", "stop the gateway"]);
        assert_eq!(notice(&gateway, 3, "84912000003"), 200, "it goes on");
        gateway.child.kill().expect("killed");
        gateway.wait();
        // Root restores for the user whose ledger it is; it takes root to try.
        let ledger = folder.path().join("data/gateway.db");
        chown(&ledger, Some(NOBODY), Some(NOBODY)).expect("given away");
        let told = cli(folder.path(), "ledger restore one.db --json");
        let told: serde_json::Value = serde_json::from_str(&told.check(0).out).expect("JSON");
        let aside = told["aside"].as_str().expect("a name");
        for end in ["", "-wal", "-shm"] {
            assert!(Path::new(&format!("{aside}{end}")).exists(), "{aside}{end}");
        }
        let restored = fs::metadata(&ledger).expect("a ledger");
        assert_eq!((restored.uid(), restored.mode() & 0o777), (NOBODY, 0o600));
        assert_eq!(names(folder.path()).len(), 4, "{:?}", names(folder.path()));
        assert_eq!(fs::read(folder.path().join("one.db")).expect("a backup"), backup, "only read");
        let gateway = Gateway::start_in(folder.path(), "");
        assert_eq!(kept(folder.path()), 1);
        assert_eq!(notice(&gateway, 4, "84912000004"), 200);
        assert!(gateway.stop().success());
        verify(folder.path(), "");
        // And back: the old files, with their log, are a ledger still.
        cli(folder.path(), &format!("ledger restore {aside}")).check(0);
        assert_eq!(kept(folder.path()), 3);
    }

    #[test]
    fn what_is_no_good_backup_changes_nothing() {
        let folder = two_and_a_backup_of_one();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("text.db"), "not a database, but a long enough text\n".repeat(99)).expect("written");
        let whole = fs::read(at("one.db")).expect("a backup");
        fs::write(at("cut.db"), &whole[..whole.len() - 20_000]).expect("written");
        let other = rusqlite::Connection::open(at("other.db")).expect("a database");
        other.execute_batch("CREATE TABLE t (x)").expect("a table");
        drop(other);
        fs::copy(at("one.db"), at("new.db")).expect("copied");
        let newer = rusqlite::Connection::open(at("new.db")).expect("a database");
        newer.execute_batch("UPDATE _sqlx_migrations SET version = 99 WHERE version = 4").expect("newer");
        drop(newer);
        let before = names(folder.path());
        for (name, says) in [
            ("text.db", "is not whole"),
            ("cut.db", "is not whole"),
            ("other.db", "not a ledger"),
            ("new.db", "schema version 99"),
            ("absent.db", "cannot read"),
            ("data/gateway.db", "own files"),
        ] {
            cli(folder.path(), &format!("ledger restore {name}")).says(&[says]);
            assert_eq!(names(folder.path()), before, "{name}");
        }
        assert_eq!(kept(folder.path()), 2);
    }

    #[test]
    fn a_restore_where_there_is_no_ledger_makes_one() {
        let folder = two_and_a_backup_of_one();
        fs::remove_dir_all(folder.path().join("data")).expect("removed");
        cli(folder.path(), "ledger restore one.db").check(0);
        assert_eq!(names(folder.path()), ["gateway.db"]);
        verify(folder.path(), "");
    }

    #[test]
    fn a_restore_that_was_interrupted_is_ended_by_the_next() {
        // Before the new file was ready: nothing has happened, and what was begun is in nobody's way.
        let folder = two_and_a_backup_of_one();
        let at = |end: &str| folder.path().join(format!("data/gateway.db{end}"));
        fs::write(at("-restoring"), "the beginning of something").expect("written");
        fs::write(at("-restoring-wal"), "and of its log").expect("written");
        cli(folder.path(), "notices list").check(0);
        cli(folder.path(), "ledger restore one.db").check(0);
        assert!(!at("-restoring").exists() && !at("-restoring-wal").exists());
        assert_eq!(kept(folder.path()), 1);
        // After it: nobody opens what is there, or makes what is not.
        for moved in [false, true] {
            let folder = two_and_a_backup_of_one();
            let at = |end: &str| folder.path().join(format!("data/gateway.db{end}"));
            fs::copy(folder.path().join("one.db"), at("-restore")).expect("ready");
            if moved {
                fs::rename(at(""), at(".moved")).expect("moved");
            }
            for command in ["serve", "migrate", "ledger verify"] {
                let ended = cli(folder.path(), command);
                let missing = moved && command == "ledger verify";
                ended.says(if missing { &["no ledger"] } else { &["interrupted", "ledger restore"] });
            }
            let told = cli(folder.path(), "ledger restore one.db");
            assert_eq!(
                told.check(0).out.matches("the files that were there").count(),
                2 - usize::from(moved)
            );
            assert!(!at("-restore").exists());
            assert_eq!(kept(folder.path()), 1);
            verify(folder.path(), "");
        }
    }

    #[test]
    fn a_restore_that_is_killed_leaves_one_ledger_or_the_other() {
        let folder = two_and_a_backup_of_one();
        let pad = rusqlite::Connection::open(folder.path().join("one.db")).expect("a database");
        pad.execute_batch("UPDATE notice_raw SET body = zeroblob(30000000)").expect("larger");
        drop(pad);
        for wait_ms in [0, 5, 10, 20, 40, 80, 160] {
            let mut command = Gateway::cli(folder.path(), "");
            let command = command.args(["ledger", "restore", "one.db"]).stdout(Stdio::null());
            let mut child = command.stderr(Stdio::null()).spawn().expect("it starts");
            std::thread::sleep(Duration::from_millis(wait_ms));
            child.kill().expect("killed");
            child.wait().expect("it ends");
            // A start refuses, or finds a whole ledger.
            let ended = cli(folder.path(), "ledger verify");
            assert!(ended.code == 0 || ended.err.contains("interrupted"), "{}", ended.err);
        }
        cli(folder.path(), "ledger restore one.db").check(0);
        assert_eq!(kept(folder.path()), 1);
        verify(folder.path(), "");
    }
}
