//! What the gateway does while its disk, its database, its clock or its descriptors fail: it refuses
//! honestly, says so on `/readyz`, loses nothing it acknowledged, and goes on by itself afterwards.
//!
//! Faults that the system can really have are made (a full tmpfs, another's lock, a low ulimit); the
//! others come from a preload shim. Root is needed for the tmpfs; without it that test fails.

#[path = "support/endure.rs"]
mod endure;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "fault_ledger/reads.rs"]
mod reads;
#[path = "faultio/shim.rs"]
mod shim;

use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use endure::{CHECK, NOTICES, endure};
use gateway::{Gateway, PATIENCE, check};
use kit::{Book, Dice, Line, until, until_ready_is, verify};
use shim::Shim;

/// A gateway under the shim, which has no orders yet.
fn shimmed(folder: &Path) -> (Gateway, Shim) {
    let shim = Shim::new();
    let mut command = Gateway::command(folder, "");
    shim.preload(&mut command);
    (Gateway::spawn(&mut command, folder), shim)
}

fn endure_orders(orders: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let (gateway, shim) = shimmed(folder.path());
    endure(&gateway, || shim.order(orders), || shim.order(""));
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

/// A small file system of its own, gone with the test.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Self {
        let at = at.join("data");
        std::fs::create_dir(&at).expect("a folder");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(&at).status();
        assert!(mount.expect("mount runs").success(), "this test needs the right to mount a tmpfs (root)");
        Self(at)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(folder.path());
    let gateway = Gateway::start_in(folder.path(), "");
    let filler = disk.0.join("filler");
    let fill = || {
        let mut file = std::fs::File::create(&filler).expect("a file");
        while file.write_all(&[0; 4096]).is_ok() {}
    };
    endure(&gateway, fill, || std::fs::remove_file(&filler).expect("room again"));
    let log = gateway.log();
    let failed: Vec<&str> = log.lines().filter(|line| line.contains("a commit failed")).collect();
    assert!((1..=10).contains(&failed.len()), "bounded, and told at all: {failed:#?}");
    let told = |line: &&str| line.contains("gateway.db") && line.contains("free space there");
    assert!(failed.iter().any(told), "{failed:#?}");
    assert!(log.matches("could not be kept").count() <= 10, "{log}");
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

#[test]
fn a_full_disk_is_not_ready_in_between() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::mount(folder.path());
    let gateway = Gateway::start_in(folder.path(), "");
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let mut line = Line::open(gateway.main).expect("a connection");
    let filler = disk.0.join("filler");
    let mut file = std::fs::File::create(&filler).expect("a file");
    while file.write_all(&[0; 4096]).is_ok() {}
    let mut notice = || {
        let queue_id = book.draw(&mut dice);
        book.send(&mut line, queue_id).expect("an answer").status
    };
    until("a refusal", Duration::from_secs(30), || (notice() == 503).then_some(()));
    until_ready_is(&gateway, 503);
    // Some notices may still find room; that is no room to speak of. An answer is looked for anew every second.
    for _ in 0..40 {
        notice();
        assert_eq!(gateway.admin("/readyz").status, 503);
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(file);
    std::fs::remove_file(&filler).expect("room again");
    until_ready_is(&gateway, 200);
    book.settle(gateway.main);
    book.check_journal(folder.path());
    assert!(gateway.stop().success());
}

#[test]
fn a_disk_that_became_read_only() {
    // EROFS, as after ext4's errors=remount-ro: descriptors stay open, writing fails.
    endure_orders("write=30\nsync=30\nopen=30\n");
}

#[test]
fn writes_fail() {
    endure_orders("write=5\n");
}

#[test]
fn syncs_fail() {
    // Written, but the disk does not have it: no promise may be made.
    endure_orders("sync=5\n");
}

#[test]
fn the_disk_hangs() {
    let folder = tempfile::tempdir().expect("a folder");
    let shim = Shim::new();
    // The deadline of a request is shorter than the fault.
    let mut command = Gateway::command(folder.path(), "[server]\nrequest_timeout_ms = 2000\n");
    shim.preload(&mut command);
    let gateway = Gateway::spawn(&mut command, folder.path());
    endure(&gateway, || shim.order("hang=1\n"), || shim.order(""));
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

#[test]
fn another_process_holds_the_lock() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = Gateway::start_in(folder.path(), "");
    let other = rusqlite::Connection::open(folder.path().join("data/gateway.db")).expect("the ledger");
    other.busy_timeout(PATIENCE).expect("patience");
    endure(
        &gateway,
        || other.execute_batch("BEGIN IMMEDIATE; UPDATE probe SET at = at").expect("the lock"),
        || other.execute_batch("ROLLBACK").expect("the lock released"),
    );
    assert!(gateway.stop().success());
}

#[test]
fn the_clock_jumps() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gateway, shim) = shimmed(folder.path());
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let mut line = Line::open(gateway.main).expect("a connection");
    // Years ahead and back, past 2038, to the epoch's first year, by an hour (a zone mistaken for another).
    for seconds in ["0", "86400000", "-86400000", "600000000", "-1780000000", "3600", "-3600", "0"] {
        shim.order(&format!("clock={seconds}\n"));
        let mut waits = Vec::new();
        for _ in 0..20 {
            let queue_id = book.earlier(&mut dice).filter(|_| dice.below(4) == 0);
            let queue_id = queue_id.unwrap_or_else(|| book.draw(&mut dice));
            let began = Instant::now();
            assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200, "at {seconds} s");
            waits.push(began.elapsed());
        }
        let longest = waits.into_iter().max().expect("some");
        assert!(longest < Duration::from_secs(5), "{longest:?} at {seconds} s");
        let asked = line.post(CHECK, &check("84945000001", "1000625", "1003013")).expect("an answer");
        assert_eq!(asked.status, 200);
        until_ready_is(&gateway, 200);
    }
    book.check_journal(folder.path());
    book.check_api(&gateway);
    verify(folder.path(), "");
    assert!(gateway.stop().success());
}

/// A gateway that may open few descriptors.
fn with_descriptors(folder: &Path, many: u32, settings: &str) -> Gateway {
    let serve = Gateway::command(folder, settings);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {many} && exec \"$0\" serve")]).arg(serve.get_program());
    command.current_dir(folder).env_clear().stdin(Stdio::null());
    command.envs(serve.get_envs().filter_map(|(key, value)| Some((key, value?))));
    Gateway::spawn(&mut command, folder)
}

#[test]
fn descriptors_run_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let gateway = with_descriptors(folder.path(), 64, "[server]\nrequest_timeout_ms = 3000\n");
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let mut line = Line::open(gateway.main).expect("a connection");
    let mut send = |line: &mut Line, what: &str| {
        let queue_id = book.draw(&mut dice);
        let answer = book.send(line, queue_id);
        assert_eq!(answer.unwrap_or_else(|e| panic!("{what}: {e}")).status, 200, "{what}");
    };
    send(&mut line, "before");
    // Idle ones give way to those that have something to say.
    let idle: Vec<_> = (0..200).map(|_| TcpStream::connect(gateway.main).expect("a connection")).collect();
    until("a newcomer is answered among idle ones", PATIENCE, || {
        let mut newcomer = Line::open(gateway.main).ok()?;
        let queue_id = book.draw(&mut Dice::new(1));
        (book.send(&mut newcomer, queue_id).ok()?.status == 200).then_some(())
    });
    drop(idle);
    // Busy ones do not; but their time runs out.
    let head = b"POST /vascloud/v1/notify_reg HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\n<ACC";
    let mut busy = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(gateway.main).expect("a connection");
        stream.write_all(head).expect("sent");
        busy.push(stream);
    }
    until("a newcomer is answered after busy ones", PATIENCE, || {
        let mut newcomer = Line::open(gateway.main).ok()?;
        let queue_id = book.draw(&mut Dice::new(2));
        (book.send(&mut newcomer, queue_id).ok()?.status == 200).then_some(())
    });
    drop(busy);
    until_ready_is(&gateway, 200);
    book.settle(gateway.main);
    assert_eq!(book.kept(), book.sent());
    book.check_api(&gateway);
    verify(folder.path(), "");
    assert!(gateway.log().contains("accepting a connection failed"), "descriptors never ran out");
    assert!(gateway.stop().success());
}

/// A child that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    go_on_with_log(full.into(), NOTICES);
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    // A pipe takes 64 KiB, a notice's line has over a hundred bytes.
    let (_unread, log) = std::io::pipe().expect("a pipe");
    go_on_with_log(log.into(), 1000);
}

/// Notices are kept and answered whatever becomes of the log.
fn go_on_with_log(log: Stdio, notices: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    // Ports are not logged, so they are chosen here.
    let free =
        || std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let (main, admin) = (free(), free());
    let mut command = Gateway::command(folder.path(), "");
    command.env("SDP_GATEWAY__SERVER__LISTEN", main.to_string());
    command.env("SDP_GATEWAY__ADMIN__LISTEN", admin.to_string());
    let mut child = Ended(command.stdout(Stdio::null()).stderr(log).spawn().expect("the gateway starts"));
    let mut line = until("a connection", PATIENCE, || Line::open(main).ok());
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    for _ in 0..notices {
        let queue_id = book.draw(&mut dice);
        assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200);
    }
    book.check_journal(folder.path());
    assert!(child.0.try_wait().expect("a child").is_none(), "it ended");
}
