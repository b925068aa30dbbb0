//! nginx between streamer and gateway, as docs/streamers.md prints it: whatever is wrong behind it is told as what leaves
//! running plays alone.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::gateway::{PATIENCE, request};
use crate::kit::{NUMBER, Stage, question, token};
use crate::said::{REG, register};

const DOCUMENT: &str = include_str!("../../docs/streamers.md");

/// A streamer gives up.
const STREAMER_MAX: Duration = Duration::from_secs(3);

struct Nginx {
    child: Child,
    address: SocketAddr,
}

impl Nginx {
    fn before(gateway: SocketAddr, folder: &Path) -> Self {
        let (_, block) = DOCUMENT.split_once("```nginx\n").expect("a block");
        let (block, _) = block.split_once("```").expect("its end");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.expect("a port");
        let block = block.replace("listen 8090", &format!("listen {address}"));
        let block = block.replace("127.0.0.1:8080", &gateway.to_string());
        let at = folder.display();
        let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {at}/{kind};\n"))
            .concat();
        let settings = format!(
            "daemon off; pid {at}/nginx.pid; error_log {at}/nginx.log;\nevents {{}}\nhttp {{\naccess_log off;\n{places}{block}}}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, settings).expect("written");
        let mut command = Command::new("nginx");
        command.arg("-c").arg(&file).stderr(Stdio::null());
        let child = command.spawn().expect("nginx: tests/run installs it");
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < until, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, address }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its worker ends with it.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn nginx_as_the_document_has_it_leaves_running_plays_alone() {
    let trusted =
        "allow = ['127.0.0.1']\n[carrier]\ntrusted_proxies = ['127.0.0.1']\nallow = ['127.0.0.2']\n";
    let stage = Stage::start(trusted);
    stage.bind("cam-1", "ann", None);
    let notice = register("1", NUMBER).xml();
    let kept =
        request(stage.gateway.main, "POST", REG, &[("X-Forwarded-For", "127.0.0.2")], notice.as_bytes());
    assert_eq!(kept.element("error_id"), "0", "{}", kept.text());
    let folder = tempfile::tempdir().expect("a folder");
    let nginx = Nginx::before(stage.gateway.main, folder.path());
    let question = question("cam-1", &token("cam-1", "cam-1", "ann", 3600));
    let ask = || {
        let asked = Instant::now();
        let answer = request(nginx.address, "GET", &question, &[], b"");
        assert!(asked.elapsed() < STREAMER_MAX, "{:?}", asked.elapsed());
        answer.status
    };
    assert_eq!(ask(), 200, "{}", stage.gateway.log());
    stage.gateway.signal("STOP");
    let frozen = ask();
    stage.gateway.signal("CONT");
    assert_eq!(frozen, 500, "it says nothing");
    let ended = stage.gateway.child.id();
    stage.gateway.signal("KILL");
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(stage.gateway.main).is_ok() {
        assert!(Instant::now() < until, "{ended} is still there");
    }
    assert_eq!(ask(), 500, "it is not there");
}
