//! The ledger's files are their owner's alone, however the gateway is started; and the limit of descriptors
//! is raised as far as it may be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::gateway::{Folder, Gateway, PATIENCE, notice};

/// The same command under another umask, or another limit.
fn under(shell: &str, command: &Command) -> Command {
    let mut wrapped = Command::new("/bin/sh");
    wrapped
        .args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")])
        .arg(command.get_program())
        .args(command.get_args());
    wrapped.current_dir(command.get_current_dir().expect("a folder")).env_clear();
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    wrapped
}

/// Names and modes of the files that begin like this.
fn modes(folder: &Path, begin: &str) -> Vec<(String, u32)> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry));
    let ours = named.filter(|(name, _)| name.starts_with(begin));
    let mut modes: Vec<_> = ours
        .map(|(name, entry)| (name, entry.metadata().expect("its mode").permissions().mode() & 0o777))
        .collect();
    modes.sort();
    modes
}

#[test]
fn nobody_else_can_read_the_ledger() {
    for umask in ["umask 000", "umask 077", "umask 777"] {
        let folder = Folder::new();
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        let settings = format!("[ledger]\nurl = '{}'\n", url("own.db"));
        let gateway =
            Gateway::spawn(&mut under(umask, &Gateway::command(folder.path(), &settings)), folder.path());
        gateway.post("/vascloud/v1/notify_reg", &notice(&[("queueID", "1"), ("msisdn", "84945989325")]));
        let all = ["own.db", "own.db-shm", "own.db-wal"].map(|name| (name.to_owned(), 0o600));
        assert_eq!(modes(folder.path(), "own.db"), all, "{umask}");
        assert!(gateway.stop().success());

        let mut copy = Gateway::cli(folder.path(), &settings);
        copy.args(["ledger", "copy", "--from", &url("own.db"), "--to", &url("copy.db")]);
        assert!(under(umask, &copy).output().expect("it runs").status.success(), "{umask}");
        assert!(modes(folder.path(), "copy.db").iter().all(|(_, mode)| *mode == 0o600), "{umask}");

        // One that an older gateway made.
        let file = folder.path().join("own.db");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o664)).expect("its own file");
        let gateway = Gateway::start_in(folder.path(), &settings);
        assert_eq!(modes(folder.path(), "own.db"), all, "{umask}");
        drop(gateway);
    }
}

#[test]
fn descriptors_are_raised_and_what_does_not_fit_is_told() {
    let folder = Folder::new();
    let command = Gateway::command(folder.path(), "[server]\nconnections_max = 1000\n");
    let gateway = Gateway::spawn(&mut under("ulimit -Sn 256; ulimit -Hn 4096", &command), folder.path());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", gateway.child.id())).expect("its limits");
    let files = limits.lines().find(|line| line.starts_with("Max open files")).expect("of files");
    assert_eq!(files.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["4096", "4096"]);
    // What a start has to say has been said by the time it has stopped.
    let log = gateway.folder.join("log");
    assert!(gateway.stop().success());
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(!log.contains("no room for server.connections_max"), "{log}");

    let command = Gateway::command(folder.path(), "[server]\nconnections_max = 2000\n");
    let gateway = Gateway::spawn(&mut under("ulimit -n 4096", &command), folder.path());
    let until = std::time::Instant::now() + PATIENCE;
    while !gateway.log().contains("no room for server.connections_max") {
        assert!(std::time::Instant::now() < until, "{}", gateway.log());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
