//! A ledger with plain tables becomes one with partitions by a copy, and the other way round.

use crate::gateway::ledger::postgres::Client;
use crate::gateway::{Folder, Gateway};
use crate::kit::{Book, Dice, Line, verify};
use crate::partitioned;
use crate::server::Server;

const NOTICES: usize = 400;

fn copy(from: &str, to: &str) -> (bool, String) {
    let folder = Folder::on(to);
    let mut command = Gateway::cli(folder.path(), "");
    let output =
        command.args(["ledger", "copy", "--json", "--from", from, "--to", to]).output().expect("it runs");
    (
        output.status.success(),
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
    )
}

#[test]
fn a_plain_ledger_becomes_one_of_partitions_and_one_of_them_a_plain_one() {
    let server = Server::start();
    let (plain, back) = (server.database("plain"), server.database("back"));
    let divided = partitioned(&server, "divided");
    let folder = Folder::on(&plain);
    let gateway = Gateway::start_in(folder.path(), "");
    let (book, mut dice) = (Book::new(), Dice::new(7));
    let mut line = Line::open(gateway.main).expect("a connection");
    for _ in 0..NOTICES {
        let queue_id = book.draw(&mut dice);
        assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200);
    }
    assert!(gateway.stop().success());
    for (from, to) in [(&plain, &divided), (&divided, &back)] {
        let (ok, said) = copy(from, to);
        assert!(ok, "{said}");
        let (ok, said) = copy(from, to);
        assert!(ok && said.contains("\"copied\":0") || said.contains("\"copied\": 0"), "{said}");
        verify(Folder::on(to).path(), "");
    }
    let mut client = Client::open(&divided).expect("a client");
    let spread = "SELECT count(DISTINCT tableoid) FROM notice";
    assert_eq!(client.value(spread).expect("a count"), "4");
    let folder = Folder::on(&divided);
    let gateway = Gateway::start_in(folder.path(), "");
    book.check_api(&gateway);
    let newest = || gateway.admin("/api/v1/notices?limit=1").json()["notices"][0]["id"].as_i64();
    let before = newest().expect("an id");
    let mut line = Line::open(gateway.main).expect("a connection");
    let queue_id = book.draw(&mut dice);
    assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200);
    assert!(newest() > Some(before), "numbers go on after the largest");
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}
