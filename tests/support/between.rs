//! What operators put between gateway and PostgreSQL server: pgbouncer and pgpool-II, as Debian has them, each
//! with settings and a port of its own.

use std::fs::{File, Permissions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::gateway::PATIENCE;
use crate::kit::until;

/// A proxy that runs; it ends when this is dropped.
pub(crate) struct Between {
    folder: tempfile::TempDir,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Between {
    /// pgbouncer in front of a server, with these lines more in its settings.
    pub(crate) fn pgbouncer(server: SocketAddr, more: &str) -> Self {
        let (folder, address) = (folder(), free());
        let users = folder.path().join("users");
        std::fs::write(&users, "\"gateway\" \"\"\n").expect("written");
        // It refuses to run as root, and leaves root by itself.
        let user = if is_root() { "user = postgres\n" } else { "" };
        let settings = format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = {}\nlisten_port = {}\nunix_socket_dir =\n\
             auth_type = trust\nauth_file = {}\n{user}{more}\n",
            server.ip(),
            server.port(),
            address.ip(),
            address.port(),
            users.display()
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, settings).expect("written");
        let mut command = Command::new("/usr/sbin/pgbouncer");
        command.arg(&file);
        Self::run(command, folder, address)
    }

    /// pgpool-II in front of a primary and its standby, which get reads by these weights.
    pub(crate) fn pgpool(servers: [SocketAddr; 2], weights: [u32; 2], more: &str) -> Self {
        let (folder, address) = (folder(), free());
        let here = folder.path().display();
        let mut settings = format!(
            "listen_addresses = '{}'\nport = {}\nunix_socket_directories = '{here}'\npcp_socket_dir = '{here}'\n\
             pcp_port = {}\npid_file_name = '{here}/pid'\nlogdir = '{here}'\n\
             backend_clustering_mode = 'streaming_replication'\nsr_check_user = 'gateway'\nsr_check_period = 1\n\
             enable_pool_hba = off\nnum_init_children = 24\n{more}\n",
            address.ip(),
            address.port(),
            free().port()
        );
        for (at, (server, weight)) in servers.iter().zip(weights).enumerate() {
            settings += &format!(
                "backend_hostname{at} = '{}'\nbackend_port{at} = {}\nbackend_weight{at} = {weight}\n",
                server.ip(),
                server.port()
            );
        }
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let mut command = Command::new("/usr/sbin/pgpool");
        command.arg("-n").arg("-f").arg(file("pgpool.conf", &settings));
        command.arg("-a").arg(file("pool_hba.conf", "")).arg("-F").arg(file("pcp.conf", ""));
        Self::run(command, folder, address)
    }

    fn run(mut command: Command, folder: tempfile::TempDir, address: SocketAddr) -> Self {
        let log = File::create(folder.path().join("log")).expect("a log");
        let errors = log.try_clone().expect("a log");
        let started = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        let child = started.unwrap_or_else(|error| panic!("{command:?}: {error}; tests/run installs it"));
        let between = Self { folder, child, address };
        until("the proxy listens", PATIENCE, || TcpStream::connect(between.address).ok());
        between
    }

    /// A server's database by way of this.
    pub(crate) fn url(&self, direct: &str) -> String {
        let (_, database) = direct.rsplit_once('/').expect("a URL with a database");
        format!("postgres://gateway@{}/{database}", self.address)
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("pgpool.conf")
    }

    /// Has a running pgpool-II give reads by other weights.
    pub(crate) fn weigh(&self, weights: [u32; 2]) {
        let mut settings = std::fs::read_to_string(self.settings()).expect("its settings");
        for (at, weight) in weights.iter().enumerate() {
            settings += &format!("backend_weight{at} = {weight}\n");
        }
        std::fs::write(self.settings(), settings).expect("written");
        self.signal("HUP");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        // Killed, pgpool-II would leave its children behind.
        self.signal("INT");
        let _ = self.child.wait();
    }
}

/// A folder that the proxies' users may read.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("permissions");
    folder
}

/// A port that nobody listens on now.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().expect("id runs");
    id.stdout.starts_with(b"0\n")
}
