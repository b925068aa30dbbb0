//! Programs of Debian's, each in a folder of its own, ended with the test that started it.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::gateway::PATIENCE;

/// A running program.
pub(crate) struct Program {
    child: Child,
    pub(crate) folder: tempfile::TempDir,
}

/// Ports below those that the system gives to whoever asks for any, so that nobody gets one of them between here
/// and the program's own start.
const PORTS: std::ops::Range<u32> = 20_000..30_000;

/// A port that nobody listens on, another one each time.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Another process of tests begins elsewhere.
    let first = std::process::id().wrapping_mul(61);
    loop {
        let nth = first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
        let port = u16::try_from(PORTS.start + nth).expect("a port");
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

/// A folder that other users' processes may enter: some programs give up being root.
pub(crate) fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    folder
}

impl Program {
    /// Starts it and waits until it listens on `port`.
    pub(crate) fn start(command: &mut Command, folder: tempfile::TempDir, port: u16) -> Self {
        let said = std::fs::File::create(folder.path().join("said")).expect("a file");
        let also = said.try_clone().expect("a file");
        let child = command.current_dir(folder.path()).stdin(Stdio::null()).stdout(said).stderr(also).spawn();
        let child = child.unwrap_or_else(|e| panic!("{command:?}: {e}; tests/run installs it"));
        let mut program = Self { child, folder };
        let end = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = program.child.try_wait().expect("a child");
            let over = ended.is_some() || Instant::now() > end;
            assert!(!over, "{command:?} does not listen: {}", said_in(program.folder.path()));
            std::thread::sleep(Duration::from_millis(20));
        }
        program
    }
}

fn said_in(folder: &Path) -> String {
    let said = std::fs::read(folder.join("said")).unwrap_or_default();
    String::from_utf8_lossy(&said).into_owned()
}

impl Drop for Program {
    /// Asks first: some have children of their own, which would be left behind.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
