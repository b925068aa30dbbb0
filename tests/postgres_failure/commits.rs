//! The connection breaks in the middle of a commit, so that the gateway cannot know whether the server
//! has committed: before the COMMIT arrives, while the server is at it, or before its answer arrives. Meanwhile
//! notices are sent, codes redeemed, devices bound, and tasks settled.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::conclude;
use crate::gateway::ledger::Ledger;
use crate::gateway::{Folder, Gateway, PATIENCE, request};
use crate::kit::{Book, Dice, until, verify};
use crate::load::Load;
use crate::proxy::{Cut, Proxy};
use crate::rounds;
use crate::server::Server;
use crate::signed::{PARTNER, generate, redeem};

/// Breaks; on a slow machine fewer, but never less than the second number, unless so many are asked for.
const ROUNDS: u64 = 50;
const ROUNDS_MIN: u64 = 20;
const TIME: Duration = Duration::from_secs(30);

/// Connections that send at once; they share commits. One more redeems and binds.
const LINES: u64 = 3;

/// Codes for a round; when a test has used all, it only binds.
const CODES: u64 = 15;

/// Devices bound to the numbers that notices are about, so that there are tasks.
const DEVICES: u64 = 40;

/// What partners were told.
struct Partner {
    codes: Mutex<Vec<String>>,
    /// The device of each code that was redeemed.
    redeemed: Mutex<BTreeMap<String, String>>,
    bound: Mutex<Vec<String>>,
}

impl Partner {
    fn new(gateway: &Gateway, rounds: u64) -> Self {
        let options = format!("--kind cloud --count {} --days 30", rounds * CODES);
        let codes = Mutex::new(generate(gateway, PARTNER, &options));
        Self { codes, redeemed: Mutex::default(), bound: Mutex::default() }
    }

    /// Redeems and binds until the load is over. The server is there, so nothing may be refused, and nothing that
    /// is asked for the first time may be said to have happened before.
    fn ask(&self, load: &Load, gateway: &Gateway) {
        while !load.is_over() {
            let Some(code) = self.codes.lock().expect("codes").pop() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            let device = format!("cam-{code}");
            assert_eq!(redeem("ann", &device, &code, "0").code(gateway), "1001", "{code}");
            self.redeemed.lock().expect("codes").insert(code, device.clone());
            let other = format!("also-{device}");
            bind(gateway, &format!("/v1/accounts/ann/devices/{other}"), "{}");
            self.bound.lock().expect("devices").push(other);
        }
    }

    /// All of it is there, once.
    fn check(&self, ledger: &Ledger) {
        let some = |sql| ledger.rows(sql).into_iter().flatten().flatten().collect::<Vec<_>>();
        let services = some("SELECT device_id FROM service WHERE source = 'code' ORDER BY device_id");
        let redeemed = self.redeemed.lock().expect("codes");
        let mut devices: Vec<String> = redeemed.values().cloned().collect();
        devices.sort();
        assert_eq!(services, devices, "each code that was redeemed gave one service");
        let used = some("SELECT count(*) FROM code WHERE state = 'used'");
        assert_eq!(used, [redeemed.len().to_string()]);
        let known = some("SELECT id FROM device WHERE account = 'ann'");
        let known: std::collections::HashSet<_> = known.into_iter().collect();
        assert!(self.bound.lock().expect("devices").iter().all(|device| known.contains(device)));
    }
}

fn bind(gateway: &Gateway, path: &str, body: &str) {
    let answer =
        request(gateway.main, "PUT", path, &[("Authorization", "Bearer app-token")], body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// One break under load, until notices are acknowledged again.
fn round(book: &Book, partner: &Partner, gateway: &Gateway, proxy: &Proxy, cut: Cut, dice: &mut Dice) {
    let before = proxy.cuts();
    proxy.cut(cut);
    let traffic = |load: &Load, seed: u64| match seed % (LINES + 1) {
        LINES => partner.ask(load, gateway),
        _ => load.traffic(book, gateway.main, seed).expect("an answer"),
    };
    Load::during(LINES + 1, dice, traffic, |load| {
        until("a commit that broke", PATIENCE, || (proxy.cuts() > before).then_some(()));
        load.until_more(LINES);
        assert_eq!(load.refused(), 0, "the server is there");
    });
}

#[test]
fn a_commit_that_breaks_loses_and_doubles_nothing() {
    let server = Server::start();
    let url = server.database("gateway");
    let proxy = Proxy::to(server.address());
    let (folder, direct) = (Folder::on(&proxy.url(&url)), Folder::on(&url));
    let gateway = Gateway::start_in(folder.path(), PARTNER);
    let wanted = rounds::asked().unwrap_or(ROUNDS);
    let at_least = rounds::asked().unwrap_or(ROUNDS_MIN);
    let partner = Partner::new(&gateway, wanted);
    for nth in 0..DEVICES {
        let (number, body) = (format!("849450{nth:05}"), format!(r#"{{"user_account":"user-{nth}"}}"#));
        bind(&gateway, &format!("/v1/subscribers/{number}/devices/of-{nth}"), &body);
    }
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let (began, mut rounds) = (Instant::now(), 0);
    while rounds < wanted && (rounds < at_least || began.elapsed() < TIME) {
        let cut = [Cut::Answer, Cut::Under, Cut::Commit][(rounds % 3) as usize];
        round(&book, &partner, &gateway, &proxy, cut, &mut dice);
        book.check_journal(direct.path());
        verify(direct.path(), "");
        rounds += 1;
    }
    assert_eq!(proxy.cuts(), rounds);
    let ledger = Ledger::of(direct.path());
    partner.check(&ledger);
    // A settling that was taken for undone would have been done a second time, or been found done by another.
    until("all tasks are settled", PATIENCE, || {
        let open = "SELECT count(*) FROM task WHERE state IN ('due', 'running')";
        (ledger.rows(open) == [[Some("0".to_owned())]]).then_some(())
    });
    let tasks =
        "SELECT count(*), count(*) FILTER (WHERE state = 'done' AND (attempts <> 1 OR doubt <> 0)) FROM task";
    let tasks = ledger.rows(tasks).into_iter().flatten().flatten().collect::<Vec<_>>();
    assert!(tasks[0].parse::<u64>().expect("a number") > rounds && tasks[1] == "0", "{tasks:?}");
    assert!(!gateway.log().contains("taken up by another"));
    println!(
        "{rounds} commits broken, {} of {} notices acknowledged, {} codes redeemed, {} tasks",
        book.kept(),
        book.sent(),
        partner.redeemed.lock().expect("codes").len(),
        tasks[0]
    );
    conclude(&book, gateway, direct.path());
}
