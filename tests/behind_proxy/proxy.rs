//! Proxies, started with what the chapter prints for them inside the least that they need around it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::client::Tls;
use crate::doc::{block, fill};
use crate::gateway::Gateway;
use crate::program::{Program, folder, free_port};

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Nginx,
    Haproxy,
    Apache,
    Caddy,
}

/// A running proxy before a gateway's main listener.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) program: Program,
}

impl Kind {
    /// What the chapter prints.
    pub(crate) fn printed(self) -> String {
        match self {
            Self::Nginx => block("nginx", "nginx", 0),
            Self::Haproxy => block("haproxy", "haproxy", 0),
            Self::Apache => block("Apache", "apache", 0),
            Self::Caddy => block("Caddy", "caddyfile", 0),
        }
    }

    /// The same, without naming whom it forwards for.
    pub(crate) fn nameless(self) -> String {
        let (line, instead) = match self {
            Self::Nginx => ("    proxy_set_header X-Forwarded-For $remote_addr;\n", ""),
            Self::Haproxy => ("    option forwardfor\n", ""),
            Self::Apache => ("ProxyAddHeaders On", "ProxyAddHeaders Off"),
            Self::Caddy => ("transport http {", "header_up -X-Forwarded-For\n        transport http {"),
        };
        fill(&self.printed(), &[(line, instead)])
    }

    fn places<'a>(self, port: &'a str, upstream: &'a str, certificates: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut places = vec![("127.0.0.1:8080", upstream), ("/etc/ssl/", certificates)];
        // Caddy's port is a setting of its own.
        if self != Self::Caddy {
            places.push(("443", port));
        }
        places
    }
}

impl Proxy {
    pub(crate) fn start(kind: Kind, printed: &str, gateway: &Gateway, tls: &Tls) -> Self {
        let (port, upstream) = (free_port(), gateway.main.to_string());
        let certificates = format!("{}/", tls.folder().display());
        let inner = fill(printed, &kind.places(&port.to_string(), &upstream, &certificates));
        let program = start(kind, &inner, port);
        Self { port, tls: tls.clone(), program }
    }

    /// nginx before the operators' listener.
    pub(crate) fn start_before(admin: SocketAddr, printed: &str, tls: &Tls) -> Self {
        let (port, upstream) = (free_port(), admin.to_string());
        let certificates = format!("{}/", tls.folder().display());
        let places = [
            ("127.0.0.1:8081", upstream.as_str()),
            ("/etc/ssl/", &certificates),
            ("8443", &port.to_string()),
        ];
        let program = start(Kind::Nginx, &fill(printed, &places), port);
        Self { port, tls: tls.clone(), program }
    }
}

fn start(kind: Kind, inner: &str, port: u16) -> Program {
    let folder = folder();
    let at = folder.path().to_owned();
    let settings = at.join("settings");
    let mut command = match kind {
        Kind::Nginx => {
            write(&settings, &nginx(&at, inner));
            let mut command = Command::new("nginx");
            command.arg("-p").arg(&at).arg("-c").arg(&settings).args(["-e", "stderr"]);
            command
        }
        Kind::Haproxy => {
            let global = format!("global\n    stats socket {}/stats\n\n", at.display());
            write(&settings, &(global + inner));
            let mut command = Command::new("haproxy");
            command.args(["-db", "-f"]).arg(&settings);
            command
        }
        Kind::Apache => {
            write(&settings, &apache(&at, inner, port));
            let mut command = Command::new("apache2");
            command.args(["-D", "FOREGROUND", "-f"]).arg(&settings);
            command
        }
        Kind::Caddy => {
            let ports = format!("    http_port {}\n    https_port {port}\n", free_port());
            let global = format!("{{\n    admin off\n    auto_https disable_redirects\n{ports}}}\n\n");
            write(&settings, &(global + inner));
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&settings);
            command.env("HOME", &at).env("XDG_DATA_HOME", &at).env("XDG_CONFIG_HOME", &at);
            command
        }
    };
    Program::start(&mut command, folder, port)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).expect("settings written");
}

fn nginx(at: &Path, inner: &str) -> String {
    let at = at.display();
    let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temps: String = kinds.iter().map(|kind| format!("{kind}_temp_path {at}/{kind};\n")).collect();
    format!(
        "daemon off;\npid {at}/pid;\nerror_log stderr warn;\nevents {{}}\n\
         http {{\naccess_log off;\n{temps}\n{inner}\n}}\n"
    )
}

fn apache(at: &Path, inner: &str, port: u16) -> String {
    let modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "socache_shmcb", "ssl"];
    let load = |name: &&str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
    let loaded: String = modules.iter().map(load).collect();
    let at = at.display();
    format!(
        "ServerRoot {at}\nServerName localhost\nPidFile {at}/pid\nDefaultRuntimeDir {at}\nErrorLog /dev/stderr\n\
         {loaded}User www-data\nGroup www-data\nListen {port}\n{inner}"
    )
}
