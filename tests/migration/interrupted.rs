//! Broken off at any moment, it goes on where it was; several may be at it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::gateway::{Gateway, PATIENCE};
use super::{NEWEST, Old, settings};

/// Starts bringing it over, and kills that once some numbers are done.
pub(crate) fn kill_in_the_middle(old: &Old) {
    let mut command = old.command(&["migrate"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let until = Instant::now() + PATIENCE;
    let is_made = || {
        let found = match old.ledger() {
            super::Ledger::Sqlite(_) => "SELECT count(*) FROM sqlite_schema WHERE name = 'refold'",
            super::Ledger::Postgres(_) => "SELECT count(*) FROM pg_tables WHERE tablename = 'refold'",
        };
        old.ledger().rows(found) == [[Some("1".to_owned())]]
    };
    while !is_made() || old.refolded_after().is_none_or(|after| after.as_str() < "84910000") {
        assert!(Instant::now() < until && child.try_wait().expect("a child").is_none(), "it ended first");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().expect("killed");
    child.wait().expect("its end");
    let after = old.refolded_after().expect("a mark");
    assert!(after.starts_with("849"), "{after:?}");
}

#[test]
fn killed_in_the_middle_it_ends_the_same() {
    let (whole, killed) = (Old::with(1500), Old::with(1500));
    let told = whole.says(&["migrate"]);
    assert!(told.contains("schema version 6 -> 12") && told.contains("of 1520 numbers"), "{told}");
    kill_in_the_middle(&killed);
    killed.says(&["migrate"]);
    let told = killed.says(&["migrate"]);
    assert_eq!(told.trim(), format!("schema version {NEWEST}, up to date"));
    assert_eq!(killed.content(), whole.content());
    killed.verify();
}

#[test]
fn two_at_once_do_it_once() {
    let (whole, shared) = (Old::with(600), Old::with(600));
    whole.says(&["migrate"]);
    kill_in_the_middle(&shared);
    std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| shared.says(&["migrate"])));
        both.into_iter().for_each(|one| drop(one.join().expect("it ends well")));
    });
    assert_eq!(shared.content(), whole.content());
    shared.verify();
}

#[test]
fn a_gateway_that_is_at_it_stops_at_once_and_the_next_goes_on() {
    for worker in [true, false] {
        let old = Old::with(2000);
        let settings = format!("{}[worker]\nenabled = {worker}\n", settings());
        let gateway = Gateway::start_in(old.folder.path(), &settings);
        assert_eq!(gateway.admin("/readyz").status, 503);
        gateway.logs("the ledger was written by an older gateway");
        assert!(!gateway.log().contains("cannot be told"), "{}", gateway.log());
        let began = Instant::now();
        assert!(gateway.stop().success());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert!(old.refolded_after().is_some_and(|after| after != "~"));
        old.says(&["migrate"]);
        // And without anything to be brought over.
        let gateway = Gateway::start_in(old.folder.path(), &settings);
        let began = Instant::now();
        assert!(gateway.stop().success());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        old.verify();
    }
}
