//! The service as systemd sees it: the units are right and tight, readiness, stop and watchdog are told
//! truthfully, and a restart behind sockets that somebody else holds refuses nobody.
//!
//! `systemd-analyze` and `systemd-socket-activate` come with Debian's package `systemd`.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "faultio/shim.rs"]
mod shim;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gateway::{Gateway, PATIENCE, check, try_request};
use kit::{Book, Dice, Line, until};
use shim::Shim;

const CHECK: &str = "/vascloud/v1/notify_check";

/// The most that `systemd-analyze security` may hold against the service.
const EXPOSURE_MAX: f64 = 1.5;

fn run(command: &mut Command) -> (String, Output) {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?} (Debian package systemd): {e}"));
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (text.into_owned(), output)
}

/// The units, with the built binary in the place of the installed one.
fn units() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/systemd")).expect("the units") {
        let from = entry.expect("an entry").path();
        let to = folder.path().join(from.file_name().expect("a name"));
        let text = std::fs::read_to_string(&from).expect("a unit");
        let text = text.replace("/usr/local/bin/sdp-gateway", env!("CARGO_BIN_EXE_sdp-gateway"));
        std::fs::write(&to, text).expect("a unit");
        if to.extension().is_some_and(|end| end == "service" || end == "socket") {
            paths.push(to.display().to_string());
        }
    }
    assert_eq!(paths.len(), 4);
    (folder, paths)
}

/// What systemd says of these units; what it says of the machine's others is not theirs.
fn verify(paths: &[String]) -> (String, bool) {
    let mut command = Command::new("systemd-analyze");
    let (text, output) = run(command.args(["verify", "--recursive-errors=no"]).args(paths));
    let ours = text.lines().filter(|line| line.contains("sdp-gateway"));
    (ours.collect::<Vec<_>>().join("\n"), output.status.success())
}

#[test]
fn the_units_are_valid() {
    let (folder, paths) = units();
    assert_eq!(verify(&paths), (String::new(), true), "systemd-analyze verify");

    let unit = folder.path().join("sdp-gateway.service");
    let text = std::fs::read_to_string(&unit).expect("a unit");
    std::fs::write(&unit, text.replace("\nType=", "\nTypo=")).expect("a unit");
    let (told, valid) = verify(&paths);
    assert!(!valid && told.contains("Typo"), "a wrong key would not be seen: {told}");
}

#[test]
fn the_service_is_confined() {
    let (folder, _) = units();
    let unit = folder.path().join("sdp-gateway.service");
    let (text, _) =
        run(Command::new("systemd-analyze").args(["security", "--no-pager", "--offline=true"]).arg(unit));
    let overall = text.lines().find(|line| line.contains("Overall exposure level")).expect(&text);
    let score = overall.rsplit(": ").next().and_then(|rest| rest.split(' ').next()).expect("a score");
    let score: f64 = score.parse().expect("a score");
    println!("exposure {score}");
    assert!(score <= EXPOSURE_MAX, "{text}");
}

#[test]
fn the_sample_settings_are_right() {
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/settings.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_sdp-gateway"));
    let (text, output) = run(command.env_clear().args(["--config", sample, "config"]));
    assert!(output.status.success(), "{text}");
}

/// Where a service manager would listen.
struct Manager {
    socket: UnixDatagram,
    path: std::path::PathBuf,
}

impl Manager {
    fn new(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        Self { socket, path }
    }

    /// What is said within this time, if anything.
    fn heard(&self, within: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(within)).expect("a timeout");
        let mut bytes = [0; 512];
        let read = self.socket.recv(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes[..read]).trim().to_owned())
    }

    /// Waits for these words, over whatever else is said.
    fn hears(&self, words: &str) {
        until(words, PATIENCE, || self.heard(Duration::from_millis(500)).filter(|heard| heard == words));
    }
}

/// A service whose watchdog must be fed every second, under the shim.
fn watched(folder: &Path, manager: &Manager) -> (Gateway, Shim) {
    let shim = Shim::new();
    let mut command = Gateway::command(folder, "");
    shim.preload(&mut command);
    command.env("NOTIFY_SOCKET", &manager.path).env("WATCHDOG_USEC", "1000000");
    (Gateway::spawn(&mut command, folder), shim)
}

#[test]
fn ready_watchdog_and_stop_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Manager::new(folder.path());
    let (gateway, _shim) = watched(folder.path(), &manager);
    manager.hears("READY=1");
    assert_eq!(gateway.admin("/readyz").status, 200, "ready was told too early");
    // Idle, and still fed, more often than twice in the time allowed.
    let began = Instant::now();
    for _ in 0..8 {
        manager.hears("WATCHDOG=1");
    }
    assert!(began.elapsed() < Duration::from_secs(4), "8 in {:?}", began.elapsed());
    gateway.signal("TERM");
    manager.hears("STOPPING=1");
    let mut gateway = gateway;
    assert!(gateway.wait().success());
}

#[test]
fn the_watchdog_starves_with_the_writer_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = Manager::new(folder.path());
    let (gateway, shim) = watched(folder.path(), &manager);
    manager.hears("WATCHDOG=1");

    // A database that fails, but answers, is no reason for a restart.
    shim.order("sync=5\n");
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let mut line = Line::open(gateway.main).expect("a connection");
    let end = Instant::now() + Duration::from_secs(2);
    let mut fed = 0;
    while Instant::now() < end {
        let queue_id = book.draw(&mut dice);
        assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 503);
        fed += u32::from(manager.heard(Duration::from_millis(300)).is_some());
    }
    assert!(fed >= 3, "fed {fed} times in 2 s");

    // A commit that never ends is one, though the runtime is well and answers.
    shim.order("hang=1\n");
    let (to, body) = (gateway.main, "<ACCESSGW/>");
    let stuck = std::thread::spawn(move || try_request(to, "POST", kit::REG, &[], body.as_bytes()));
    until("silence", PATIENCE, || manager.heard(Duration::from_millis(1500)).is_none().then_some(()));
    assert_eq!(gateway.admin("/livez").status, 200, "the runtime is alive");
    assert!(gateway.log().contains("the watchdog is not fed"));

    shim.order("");
    manager.hears("WATCHDOG=1");
    assert_eq!(stuck.join().expect("a thread").expect("an answer").status, 200);
    book.settle(gateway.main);
    assert!(gateway.stop().success());
}

fn held() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a socket")
}

/// The gateway with these sockets as its file descriptors 3 and 4, named as systemd would.
fn activated(folder: &Path, sockets: [&TcpListener; 2], names: &str, settings: &str) -> Command {
    let serve = Gateway::command(folder, settings);
    let script = "exec 3<&0 4<&1 0</dev/null 1>/dev/null; LISTEN_PID=$$ exec \"$0\" serve";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(serve.get_program()).current_dir(folder).env_clear();
    command.envs(serve.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.env("LISTEN_FDS", "2").env("LISTEN_FDNAMES", names);
    let [first, second] = sockets.map(|socket| OwnedFd::from(socket.try_clone().expect("a socket")));
    command.stdin(Stdio::from(first)).stdout(Stdio::from(second));
    command
}

fn answers(to: SocketAddr) -> std::io::Result<u16> {
    let body = check("84945000001", "1000625", "1003013");
    Ok(try_request(to, "POST", CHECK, &[], body.as_bytes())?.status)
}

/// Waits until something is served there, then asks the operators' side whether it is well.
fn until_served(main: SocketAddr, admin: SocketAddr) {
    until("an answer", PATIENCE, || answers(main).ok().filter(|status| *status == 200));
    assert_eq!(try_request(admin, "GET", "/readyz", &[], b"").expect("an answer").status, 200);
}

/// A child that ends with its test.
struct Service(std::process::Child);

impl Service {
    fn start(command: &mut Command) -> Self {
        Self(command.stderr(Stdio::null()).spawn().expect("the gateway starts"))
    }

    /// Asks it to stop and waits.
    fn stop(&mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").arg(pid).status().expect("kill runs").success());
        let status = until("the end", PATIENCE, || self.0.try_wait().expect("a child"));
        assert!(status.success(), "{status}");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn passed_sockets_are_matched_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (held(), held());
    let (main, admin) = (two.local_addr().expect("an address"), one.local_addr().expect("an address"));
    let mut service = Service::start(&mut activated(folder.path(), [&one, &two], "admin:main", ""));
    until_served(main, admin);
    service.stop();

    // A carrier's own socket takes the carrier's surface off the main one.
    let mut command = activated(folder.path(), [&one, &two], "carrier:main", "");
    let mut service = Service::start(&mut command);
    until("the carrier's answer", PATIENCE, || answers(admin).ok().filter(|status| *status == 200));
    assert_eq!(answers(main).expect("an answer"), 404);
    service.stop();
}

#[test]
fn a_socket_of_no_surface_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (held(), held());
    let names = "main:sdp-gateway.socket";
    let (text, output) = run(activated(folder.path(), [&one, &two], names, "").stderr(Stdio::piped()));
    assert!(!output.status.success());
    assert!(text.contains("sdp-gateway.socket"), "{text}");

    let open = TcpListener::bind("0.0.0.0:0").expect("a socket");
    let (text, output) = run(&mut activated(folder.path(), [&one, &open], "main:admin", ""));
    assert!(!output.status.success(), "the admin surface shown to everybody");
    assert!(text.contains("admin.token"), "{text}");
}

#[test]
fn systemds_own_tool_starts_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (main, admin) = {
        let (main, admin) = (held(), held());
        (main.local_addr().expect("an address"), admin.local_addr().expect("an address"))
    };
    let serve = Gateway::command(folder.path(), "");
    let mut command = Command::new("systemd-socket-activate");
    command.args(["-l", &main.to_string(), "-l", &admin.to_string(), "--fdname=main:admin"]);
    let settings = serve
        .get_envs()
        .filter_map(|(key, value)| Some(format!("--setenv={}={}", key.to_str()?, value?.to_str()?)));
    command.args(settings).arg(serve.get_program()).arg("serve").current_dir(folder.path());
    let mut service = Service::start(&mut command);
    until_served(main, admin);
    service.stop();
}

/// Restarts under load.
const RESTARTS: u32 = 5;

#[test]
fn a_restart_behind_a_held_socket_refuses_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let (main, admin) = (held(), held());
    let (to, admin_at) = (main.local_addr().expect("an address"), admin.local_addr().expect("an address"));
    let start = || Service::start(&mut activated(folder.path(), [&main, &admin], "main:admin", ""));
    let (answered, broken, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let load = || {
        while !stop.load(Ordering::Relaxed) {
            match answers(to) {
                Ok(200) => answered.fetch_add(1, Ordering::Relaxed),
                Ok(status) => panic!("answered {status}"),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => panic!("refused"),
                Err(error) => {
                    eprintln!("broken: {error}");
                    broken.fetch_add(1, Ordering::Relaxed)
                }
            };
        }
    };
    let mut service = start();
    until_served(to, admin_at);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(load)).collect();
        for _ in 0..RESTARTS {
            std::thread::sleep(Duration::from_millis(300));
            service.stop();
            std::thread::sleep(Duration::from_millis(200));
            service = start();
            until_served(to, admin_at);
        }
        stop.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().expect("no connection is refused");
        }
    });
    service.stop();
    let (answered, broken) = (answered.into_inner(), broken.into_inner());
    println!("{RESTARTS} restarts, {answered} connections answered, 0 refused, {broken} broken off");
    assert!(answered > 100);
    // A client that was connected but had sent nothing when the stop came may find it closed.
    assert!(broken <= u64::from(RESTARTS) * 4, "{broken} broken off");
}
