//! The connection breaks in the middle of a commit, so that the gateway cannot know whether the server
//! has committed: before the COMMIT arrives, or before its answer does.

use std::time::{Duration, Instant};

use crate::conclude;
use crate::gateway::{Folder, Gateway, PATIENCE};
use crate::kit::{Book, Dice, until, verify};
use crate::load::Load;
use crate::proxy::{Cut, Proxy};
use crate::server::Server;

/// Breaks; on a slow machine fewer, but never less than the second number.
const ROUNDS: u64 = 50;
const ROUNDS_MIN: u64 = 20;
const TIME: Duration = Duration::from_secs(30);

/// Connections that send at once; they share commits.
const LINES: u64 = 3;

/// One break under load, until notices are acknowledged again.
fn round(book: &Book, gateway: &Gateway, proxy: &Proxy, cut: Cut, dice: &mut Dice) {
    let before = proxy.cuts();
    proxy.cut(cut);
    let traffic = |load: &Load, seed| load.traffic(book, gateway.main, seed).expect("an answer");
    Load::during(LINES, dice, traffic, |load| {
        until("a commit that broke", PATIENCE, || (proxy.cuts() > before).then_some(()));
        load.until_more(LINES);
    });
}

#[test]
fn a_commit_that_breaks_loses_and_doubles_nothing() {
    let server = Server::start();
    let url = server.database("gateway");
    let proxy = Proxy::to(server.address());
    let (folder, direct) = (Folder::on(&proxy.url(&url)), Folder::on(&url));
    let gateway = Gateway::start_in(folder.path(), "");
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let (began, mut rounds) = (Instant::now(), 0);
    while rounds < ROUNDS && (rounds < ROUNDS_MIN || began.elapsed() < TIME) {
        let cut = if rounds % 2 == 0 { Cut::Answer } else { Cut::Commit };
        round(&book, &gateway, &proxy, cut, &mut dice);
        book.check_journal(direct.path());
        verify(direct.path(), "");
        rounds += 1;
    }
    println!("{rounds} commits broken, {} of {} notices acknowledged", book.kept(), book.sent());
    assert_eq!(proxy.cuts(), rounds);
    conclude(&book, gateway, direct.path());
}
