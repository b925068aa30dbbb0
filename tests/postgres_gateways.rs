//! Two gateways on one PostgreSQL database: the same notices reach both at the same time, different
//! notices of the same numbers reach each, one gateway is killed again and again, and the server restarts.
//! Every promise is kept once, and what one gateway acknowledged the other knows.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "support/load.rs"]
mod load;
#[path = "support/said.rs"]
mod said;
#[path = "support/server.rs"]
mod server;

use std::net::SocketAddr;
use std::sync::Mutex;

use gateway::{Folder, Gateway, check};
use kit::{Book, Dice, Line, until_ready_is, verify};
use load::Load;
use said::{CHECK, DAY, SERVICE, cancel, register};
use server::Server;

/// Kills of one gateway; the server restarts after the second and the third.
const KILLS: usize = 4;

/// Connections that send to one gateway alone, for each of them, and senders to both at once.
const LINES: u64 = 2;
const TWINS: u64 = 2;

/// Notices after which it is believed that all work.
const ENOUGH: u64 = 60;

/// Where a gateway listens now.
struct Place(Mutex<SocketAddr>);

impl Place {
    fn of(gateway: &Gateway) -> Self {
        Self(Mutex::new(gateway.main))
    }

    fn now(&self) -> SocketAddr {
        *self.0.lock().expect("a place")
    }

    fn moves_to(&self, gateway: &Gateway) {
        *self.0.lock().expect("a place") = gateway.main;
    }
}

/// Sends each new notice to both gateways at the same time, until the load is over.
fn twins(load: &Load, book: &Book, places: &[Place; 2], seed: u64) {
    let mut dice = Dice::new(seed);
    let mut lines = [None, None];
    while !load.is_over() {
        let queue_id = book.draw(&mut dice);
        std::thread::scope(|scope| {
            for (line, place) in lines.iter_mut().zip(places) {
                scope.spawn(move || {
                    let open = line.take().map_or_else(|| Line::open(place.now()), Ok);
                    let sent = open.and_then(|mut open| load.send(book, &mut open, queue_id).map(|()| open));
                    *line = sent.ok();
                });
            }
        });
    }
}

/// Kills the second gateway and restarts the server, in the midst of it all. Answers the gateway that
/// lives in the end.
fn trouble(load: &Load, server: &Server, first: &Gateway, mut second: Gateway, place: &Place) -> Gateway {
    let folder = second.folder.clone();
    for kill in 1..=KILLS {
        load.until_more(ENOUGH);
        second.signal("KILL");
        second.wait();
        load.until_more(ENOUGH);
        second = Gateway::start_in(&folder, "");
        place.moves_to(&second);
        load.until_more(ENOUGH);
        if let Some(mode) = [(2, "fast"), (3, "immediate")].iter().find(|(after, _)| *after == kill) {
            server.restart(mode.1);
            until_ready_is(first, 200);
            until_ready_is(&second, 200);
        }
    }
    load.until_more(ENOUGH);
    second
}

#[test]
fn two_gateways_keep_every_promise_once() {
    let server = Server::start();
    let url = server.database("gateway");
    let folders = [Folder::on(&url), Folder::on(&url)];
    let [first, second] = folders.each_ref().map(|folder| Gateway::start_in(folder.path(), ""));
    let places = [Place::of(&first), Place::of(&second)];
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let traffic = |load: &Load, seed: u64| match seed % (TWINS + 2 * LINES) {
        kind if kind < TWINS => twins(load, &book, &places, seed),
        kind => load.stubborn_traffic(&book, || places[(kind % 2) as usize].now(), seed),
    };
    let second = Load::during(TWINS + 2 * LINES, &mut dice, traffic, |load| {
        let second = trouble(load, &server, &first, second, &places[1]);
        println!("{} acknowledged, {} refused", load.acknowledged(), load.refused());
        second
    });
    book.check_journal(folders[0].path());
    book.settle(first.main);
    assert_eq!(book.kept(), book.sent());
    book.check_journal(folders[0].path());
    for gateway in [&first, &second] {
        book.check_api(gateway);
    }
    verify(folders[0].path(), "");
    assert!(first.stop().success() && second.stop().success());
}

#[test]
fn what_one_acknowledged_the_other_knows_at_once() {
    let server = Server::start();
    let url = server.database("gateway");
    let folders = [Folder::on(&url), Folder::on(&url)];
    let gateways = folders.each_ref().map(|folder| Gateway::start_in(folder.path(), ""));
    for nth in 0..100_usize {
        let number = format!("849451{nth:05}");
        let [told, asked] = [&gateways[nth % 2], &gateways[(nth + 1) % 2]];
        let may_register =
            |gateway: &Gateway| gateway.post(CHECK, &check(&number, SERVICE, DAY)).element("status") == "1";
        assert!(may_register(asked) && may_register(told), "{number} is new");
        register(&format!("{}", 2 * nth + 1), &number).tell(told);
        assert!(!may_register(asked), "{number} is registered");
        cancel(&format!("{}", 2 * nth + 2), &number).tell(asked);
        assert!(may_register(told), "{number} is cancelled");
    }
    verify(folders[0].path(), "");
}
