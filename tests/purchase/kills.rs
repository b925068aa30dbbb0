//! Two hundred callbacks of one payment, many at once, while the gateway is killed in their midst and started again: each
//! is sent until its vendor reads success, and the order is paid once.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::gateway::{Folder, Gateway, Ledger, PATIENCE, try_request};
use crate::rounds;
use crate::steps::{
    Callback, choose, from_alipay, from_wechat, is_success, open, served, to_alipay, to_wechat, wechat_double,
};

/// Callbacks of one payment, and how many are on their way at once.
const CALLBACKS: usize = 200;
const LINES: usize = 20;

/// It is killed as soon as so many callbacks were answered, in the midst of others: before the first, too.
const KILLS: [i64; 5] = [0, 20, 60, 61, 130];

/// Orders in the ordinary suite, each with its kills, and the most of one ledger.
const ORDERS: u64 = 2;
const PART: u64 = 10;

/// What the vendor knows: where the gateway is now, how often it has called, and how often it was told success.
struct Vendor {
    to: Mutex<SocketAddr>,
    begun: AtomicI64,
    done: AtomicI64,
}

impl Vendor {
    fn new(to: SocketAddr) -> Self {
        Self { to: Mutex::new(to), begun: AtomicI64::new(0), done: AtomicI64::new(0) }
    }

    /// Sends one until it is told success: whatever breaks or is told to come later comes again.
    fn send(&self, callback: &Callback) {
        let until = Instant::now() + PATIENCE * 6;
        loop {
            let to = *self.to.lock().expect("no panic");
            self.begun.fetch_add(1, Ordering::SeqCst);
            let body = callback.body.as_bytes();
            let answer = try_request(to, "POST", &callback.path, &callback.headers(), body);
            match answer {
                Ok(answer) if is_success(&answer) => break,
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
            assert!(Instant::now() < until, "{:?} begun, {:?} done", self.begun, self.done);
        }
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    /// Kills the gateway when one was begun and so many are answered, and starts it again on its ledger.
    fn kill(&self, mut gateway: Gateway, at: i64, start: impl Fn() -> Gateway) -> Gateway {
        let until = Instant::now() + PATIENCE * 6;
        while self.begun.load(Ordering::SeqCst) == 0 || self.done.load(Ordering::SeqCst) < at {
            assert!(Instant::now() < until, "{:?} begun, {:?} done", self.begun, self.done);
            std::thread::sleep(Duration::from_micros(200));
        }
        gateway.signal("KILL");
        gateway.wait();
        let gateway = start();
        *self.to.lock().expect("no panic") = gateway.main;
        gateway
    }
}

/// One payment told two hundred times, with kills between; the gateway that lives at the end.
fn tell(callback: &Callback, gateway: Gateway, start: impl Fn() -> Gateway) -> (Gateway, Vendor) {
    let vendor = Vendor::new(gateway.main);
    let gateway = std::thread::scope(|scope| {
        for _ in 0..LINES {
            scope.spawn(|| (0..CALLBACKS / LINES).for_each(|_| vendor.send(callback)));
        }
        KILLS.iter().fold(gateway, |gateway, at| vendor.kill(gateway, *at, &start))
    });
    (gateway, vendor)
}

/// So many orders of one ledger, by the vendors in turn.
fn orders(count: u64) {
    let (folder, double) = (Folder::new(), wechat_double());
    let start = || open(&folder, &double.base(), "");
    let mut gateway = start();
    for nth in 0..count {
        let (callback, key) = if nth % 2 == 0 {
            let made = choose(&gateway, "fen", "1", None);
            (from_alipay(&to_alipay(&gateway, &made), &format!("a-{nth}")), format!("1/a-{nth}"))
        } else {
            let made = choose(&gateway, "fen", "0", None);
            (from_wechat(&to_wechat(&gateway, &double, &made), &format!("w-{nth}")), format!("0/w-{nth}"))
        };
        let vendor;
        (gateway, vendor) = tell(&callback, gateway, start);
        let rows =
            Ledger::of(folder.path()).rows(&format!("SELECT became, count FROM payment WHERE key = '{key}'"));
        assert_eq!((rows.len(), rows[0][0].as_deref()), (1, Some("settled")), "{rows:?}");
        let told: i64 = rows[0][1].as_ref().expect("a count").parse().expect("a number");
        let (done, begun) = (vendor.done.into_inner(), vendor.begun.into_inner());
        assert_eq!(done, CALLBACKS as i64);
        // Each that was answered was counted; one that broke may have been.
        assert!((done..=begun).contains(&told), "{done} were answered of {begun} begun, and {told} counted");
        let count = |sql: &str| Ledger::of(folder.path()).rows(sql)[0][0].clone().expect("a count");
        let expected = (nth + 1).to_string();
        assert_eq!(count("SELECT count(*) FROM service WHERE source = 'order'"), expected);
        assert_eq!(count("SELECT count(*) FROM vas_order WHERE state = 'paid'"), expected);
        assert_eq!(count("SELECT count(*) FROM payment"), expected);
        println!("{begun} begun, {done} answered, {told} counted");
    }
    verify(folder.path());
    drop(gateway);
}

/// Money in is money out.
fn verify(folder: &std::path::Path) {
    let settings = std::fs::read_to_string(folder.join("settings.toml")).expect("settings");
    let output = Gateway::cli(folder, &settings).args(["ledger", "verify"]).output().expect("it runs");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

#[test]
fn two_hundred_callbacks_and_kills_pay_an_order_once() {
    for orders in rounds::parts(ORDERS, PART) {
        self::orders(orders);
    }
}

#[test]
fn after_a_kill_the_first_order_is_served_as_it_was_told() {
    let folder = Folder::new();
    let start = || open(&folder, "http://127.0.0.1:9", "");
    let mut gateway = start();
    let made = choose(&gateway, "fen", "1", None);
    let callback = from_alipay(&to_alipay(&gateway, &made), "a-1");
    assert!(is_success(&callback.send(&gateway)));
    let given = served(&gateway, &made, Some("1"));
    gateway.signal("KILL");
    gateway.wait();
    let gateway = start();
    assert_eq!(served(&gateway, &made, Some("1")), given, "answered is kept");
    assert!(is_success(&callback.send(&gateway)));
    assert_eq!(served(&gateway, &made, Some("1")), given);
    let told = crate::shop::result(&gateway, &made);
    assert_eq!(told["status"], json!(0));
}
