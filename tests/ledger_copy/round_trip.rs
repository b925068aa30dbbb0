//! There and back again, with kills on both ways.

use std::time::{Duration, Instant};

use crate::gateway::{Gateway, notice, request};
use crate::kit::{Book, Dice, Line, REG};
use crate::{Ledger, postgres, send};

const NOTICES: usize = 3000;

/// What text of a message can be at its worst.
const ODD: &str = "queueID=77&regID=%C4%90%F0%9F%98%80&msisdn=84945989325&regType=1&service_id=1000625\
                   &package_id=1003013&channel=%00%01%7F%27%22%5C";

fn odd(gateway: &Gateway) {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = request(gateway.main, "POST", REG, &headers, ODD.as_bytes());
    assert_eq!(answer.element("error_id"), "0", "{}", answer.text());
    // Bytes that are no text, for the one column that has to keep them.
    let fields = [("queueID", "78"), ("msisdn", "84945989325"), ("regType", "1"), ("package_id", "1003013")];
    let bytes = [b"<!-- \xFF\xFE -->", notice(&fields).as_bytes()].concat();
    let answer = request(gateway.main, "POST", REG, &[], &bytes);
    assert_eq!(answer.element("error_id"), "0", "{}", answer.text());
}

/// Kills copies when the target has so many messages, again and again.
fn kill_by_rows(from: &Ledger, to: &Ledger) {
    let mut client = postgres::Client::open(&to.url).expect("a client");
    for rows in [1, 1000, 2000] {
        let reached = || {
            let count = client.value("SELECT count(*) FROM notice_raw").ok();
            count.is_some_and(|count| count.parse::<u32>().expect("a number") >= rows)
        };
        assert!(from.copy_killed(to, reached), "it was through before it could be killed");
        for arguments in [&["notices", "list"][..], &["serve"], &["migrate"], &["ledger", "verify"]] {
            to.run(arguments).refused("is not finished");
        }
        to.copy(&Ledger::file()).refused("is not finished");
    }
}

/// Kills copies sooner or later.
fn kill_by_time(from: &Ledger, to: &Ledger) -> usize {
    let kill = |after: u64| {
        let end = Instant::now() + Duration::from_millis(after);
        from.copy_killed(to, || Instant::now() >= end)
    };
    (1..=8).filter(|turn| kill(turn * 60)).count()
}

/// A gateway on a copy knows what the one on its source was told.
fn goes_on(book: &Book, copy: &Ledger) {
    let gateway = copy.gateway();
    book.check_api(&gateway);
    let newest = || gateway.admin("/api/v1/notices?limit=1").json()["notices"][0]["id"].as_i64();
    let before = newest().expect("an id");
    let (mut dice, mut line) = (Dice::new(7), Line::open(gateway.main).expect("a connection"));
    for _ in 0..50 {
        let queue_id = book.earlier(&mut dice).expect("one of old");
        assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200);
    }
    odd(&gateway);
    assert_eq!(newest(), Some(before), "a repeat is a repeat");
    let fields = [("queueID", "79"), ("msisdn", "84945989325"), ("regType", "1"), ("package_id", "1003013")];
    assert_eq!(gateway.post(REG, &notice(&fields)).element("error_id"), "0");
    assert!(newest() > Some(before), "numbers go on after the largest");
    book.check_api(&gateway);
    assert!(gateway.stop().success());
    copy.verify();
}

#[test]
fn there_and_back_with_kills() {
    let (first, server, back) = (Ledger::file(), Ledger::database(), Ledger::file());
    let book = Book::new();
    let gateway = first.gateway();
    odd(&gateway);
    send(&book, &gateway, NOTICES);
    assert!(gateway.stop().success());
    let journal = first.export();
    assert_eq!(journal.lines().count(), NOTICES + 2);

    kill_by_rows(&first, &server);
    let there = first.copy(&server);
    let rows = there.check(0).sum("rows");
    assert!(there.sum("copied") < rows, "the killed copies were of no use");
    assert_eq!(there.each("checksum"), there.each("target_checksum"));
    assert!(rows > NOTICES as u64 * 3, "{}", there.out);
    server.verify();
    assert!(server.export() == journal);
    let again = first.copy(&server);
    assert_eq!(again.check(0).sum("copied"), 0, "{}", again.out);

    println!("{} copies killed on the way back", kill_by_time(&server, &back));
    let home = server.copy(&back);
    assert_eq!(home.check(0).each("checksum"), there.each("checksum"));
    back.verify();
    assert!(back.export() == journal);

    goes_on(&book, &server);
    first.copy(&server).refused("has been written to since");
    goes_on(&book, &back);
    server.copy(&back).refused("has been written to since");
}
