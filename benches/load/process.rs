//! Processes that this program starts, what they have used, and their end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::{Kind, Load};
use crate::client::Counted;
use crate::message::Template;
use crate::{Result, cpu};

/// A gateway's settings in its folder, where it has any.
pub(crate) const SETTINGS: &str = "settings.toml";

/// How long a server may take to begin or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, ended with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// What a process has used since it began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Used {
    pub(crate) cpu_s: f64,
    pub(crate) switches: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) bytes_written: u64,
}

/// Its memory, in kB.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) now_kb: u64,
    pub(crate) most_kb: u64,
}

impl Server {
    /// This program in another role, which prints its address.
    pub(crate) fn own(arguments: &[&str], preload: Option<&Path>) -> Result<Self> {
        let mut child = own(arguments, preload)?.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim().parse().inspect_err(|_| {
            let _ = child.kill();
        })?;
        Ok(Self { child, address })
    }

    /// hyper alone, with replies as long as the gateway's.
    pub(crate) fn bare(kind: Kind) -> Result<Self> {
        Self::own(&["bare", "--reply-bytes", &Template::reply(kind).len().to_string()], None)
    }

    /// The gateway in a folder that may hold a ledger. Its log goes to `log`, else to /dev/null.
    pub(crate) fn gateway(folder: &Path, preload: Option<&Path>, log: Option<File>) -> Result<Self> {
        Self::serve(gateway(folder, preload), log)
    }

    /// Another build of it, on the embedded ledger of a folder.
    pub(crate) fn other(binary: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.current_dir(folder).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        Self::serve(command, None)
    }

    fn serve(mut command: Command, log: Option<File>) -> Result<Self> {
        let address = free_address()?;
        command
            .arg("serve")
            .env("SDP_GATEWAY__SERVER__LISTEN", address.to_string())
            .env("SDP_GATEWAY__ADMIN__LISTEN", "127.0.0.1:0")
            .stderr(log.map_or_else(Stdio::null, Stdio::from));
        let mut server = Self { child: command.spawn()?, address };
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if Instant::now() > until || server.child.try_wait()?.is_some() {
                return Err("the gateway does not start".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// SIGTERM, and its end.
    pub(crate) fn stop(mut self) -> Result<()> {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let until = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > until {
                return Err("a server does not stop".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    pub(crate) fn used(&self) -> Result<Used> {
        let pid = self.child.id();
        let io = pairs(&std::fs::read_to_string(format!("/proc/{pid}/io"))?);
        let mut switches = 0;
        for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
            let status = pairs(&std::fs::read_to_string(task?.path().join("status")).unwrap_or_default());
            switches += status.get("voluntary_ctxt_switches").copied().unwrap_or(0);
        }
        let io = |name: &str| io.get(name).copied().unwrap_or(0);
        Ok(Used {
            cpu_s: cpu::of(pid)?,
            switches,
            reads: io("syscr"),
            writes: io("syscw"),
            bytes_written: io("write_bytes"),
        })
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = pairs(&std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?);
        let kb = |name: &str| status.get(name).copied().unwrap_or(0);
        Ok(Memory { now_kb: kb("VmRSS"), most_kb: kb("VmHWM") })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Used {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            cpu_s: self.cpu_s - before.cpu_s,
            switches: self.switches.saturating_sub(before.switches),
            reads: self.reads - before.reads,
            writes: self.writes - before.writes,
            bytes_written: self.bytes_written - before.bytes_written,
        }
    }
}

/// Sends a load from a process of its own and waits for what it counted.
pub(crate) fn load(load: &Load) -> Result<Counted> {
    let value = |value: &dyn ToString| value.to_string();
    let arguments = [
        "client".to_owned(),
        format!("--to={}", load.to),
        format!("--kind={}", load.kind.word()),
        format!("--connections={}", value(&load.connections)),
        format!("--seconds={}", value(&load.seconds)),
        format!("--numbers={}", value(&load.numbers)),
        format!("--first={}", value(&load.first)),
    ];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Ok(serde_json::from_str(&output(&arguments, None)?)?)
}

/// Runs this program in another role to its end; what it printed.
pub(crate) fn output(arguments: &[&str], preload: Option<&Path>) -> Result<String> {
    let output = own(arguments, preload)?.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{arguments:?}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The file of a gateway's folder with the URL of its ledger, where that is elsewhere.
pub(crate) const URL_FILE: &str = "url";

/// A command of the gateway's own binary in a folder.
pub(crate) fn gateway(folder: &Path, preload: Option<&Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sdp-gateway"));
    command.current_dir(folder).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command.envs(preload.map(|library| ("LD_PRELOAD", library)));
    if folder.join(URL_FILE).exists() {
        command.env("SDP_GATEWAY__LEDGER__URL_FILE", URL_FILE);
    }
    let settings = folder.join(SETTINGS);
    command.envs(settings.exists().then_some(("SDP_GATEWAY_CONFIG", settings)));
    command
}

fn own(arguments: &[&str], preload: Option<&Path>) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).stdin(Stdio::null());
    command.envs(preload.map(|library| ("LD_PRELOAD", library)));
    Ok(command)
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// `name: number` lines.
fn pairs(text: &str) -> HashMap<String, u64> {
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.split_whitespace().next()?.parse().ok()?))
    };
    text.lines().filter_map(pair).collect()
}
