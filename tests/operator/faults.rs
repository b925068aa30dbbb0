//! Faults of settings in words that say where, and that stop nobody who looks for them.

use std::fs;

use crate::gateway::{Folder, Gateway};
use crate::said::register;
use crate::{cli, offer, run};

const NUMBER: &str = "84945989325";

#[test]
fn faults_are_told_one_a_line_with_file_line_and_key() {
    let folder = Folder::new();
    fs::write(folder.path().join("offers.toml"), offer("a", "1") + "prize = 3\n" + &offer("b", "1"))
        .expect("written");
    let settings = "[server]\nlisten = 'here'\nbody_bytes_max = 1\n\n[catalog]\npath = 'offers.toml'\n\
                    [[partner]]\nname = 'a'\n[[partner]]\nname = 'a'\ntoken = 'x y'\n[nothing]\nat = 1\n";
    for command in ["config", "serve", "work"] {
        let ended = cli(folder.path(), settings, command);
        let err = ended.check(1).err.replace(&folder.path().display().to_string(), "DIR");
        let lines: Vec<&str> = err.lines().collect();
        for (place, what) in [
            ("DIR/settings.toml:2: server.listen: ", "ADDRESS:PORT"),
            ("DIR/settings.toml:3: server.body_bytes_max: ", "1 is not from 1024 to 16777216"),
            ("DIR/settings.toml:10: partner[2].name: ", "is the name of partner[1] too"),
            ("DIR/settings.toml:11: partner[2].token: ", "holds a blank"),
            ("DIR/settings.toml:13: nothing.at: ", "unknown key"),
            ("offers.toml:6: offer a: prize: ", "unknown key"),
            ("offers.toml:10: offer b: package_id: ", "are those of offer a too"),
        ] {
            // Where the environment gives a key, the file's is not in force.
            if command != "config" || place != "DIR/settings.toml:2: server.listen: " {
                let found = lines.iter().any(|line| line.starts_with(place) && line.contains(what));
                assert!(found, "{command}: {place}{what}\n{err}");
            }
        }
        assert!(lines.iter().all(|line| line.contains(".toml:")), "{err}");
    }
}

#[test]
fn a_variable_with_one_underscore_is_a_mistake_and_what_a_cluster_sets_is_none() {
    let folder = Folder::new();
    for (name, meant) in [
        ("SDP_GATEWAY_LOG__FORMAT", "SDP_GATEWAY__LOG__FORMAT"),
        ("SDP_GATEWAY_LOG_FORMAT", "SDP_GATEWAY__LOG__FORMAT"),
        ("SDP_GATEWAY_ADMIN_TOKEN", "SDP_GATEWAY__ADMIN__TOKEN"),
        ("SDP_GATEWAY_ADMIN_TOKEN_FILE", "SDP_GATEWAY__ADMIN__TOKEN_FILE"),
        ("SDP_GATEWAY_CARRIER_LISTEN", "SDP_GATEWAY__CARRIER__LISTEN"),
        ("SDP_GATEWAY_LEDGER_URL", "SDP_GATEWAY__LEDGER__URL"),
    ] {
        let ended = run(Gateway::cli(folder.path(), "").arg("config").env(name, "json"));
        let expected = format!("{name}: is no setting; is it meant for {meant}?");
        assert!(ended.check(1).err.contains(&expected), "{}", ended.err);
    }
    let ended = run(Gateway::cli(folder.path(), "").arg("config").env("SDP_GATEWAY__LOG_FORMAT", "json"));
    assert!(ended.check(1).err.contains("two underscores"), "{}", ended.err);
    let mut command = Gateway::cli(folder.path(), "");
    for name in
        ["SERVICE_HOST", "PORT", "PORT_8080_TCP", "PORT_8080_TCP_ADDR", "ADMIN_SERVICE_HOST", "ADMIN_PORT"]
    {
        command.env(format!("SDP_GATEWAY_{name}"), "10.0.0.1");
    }
    run(command.arg("config")).check(0);
}

#[test]
fn an_empty_name_of_the_settings_file_is_none() {
    let folder = Folder::new();
    let mut command = Gateway::cli(folder.path(), "[log]\nformat = 'json'\n");
    let ended = run(command.arg("config").env("SDP_GATEWAY_CONFIG", ""));
    assert!(ended.check(0).out.contains("format = \"text\""), "{}", ended.out);
    run(Gateway::cli(folder.path(), "").args(["config", "--config", ""])).check(2);
}

/// Settings whose secrets exist only while the service runs.
const SECRETS: &str = "[admin]\ntoken_file = '/nowhere/admin'\n[codes]\nkey_file = '/nowhere/codes'\n\
    [[partner]]\nname = 'a'\ntoken_file = '/nowhere/a'\n[[partner]]\nname = 'b'\nkey = 'k'\n\
    secrets_file = '/nowhere/b'\n[flussonic]\nkey_file = '/nowhere/f'\n[[carrier.caller]]\nname = 'c'\n\
    allow = ['10.0.0.0/8']\nusername = 'u'\npassword_file = '/nowhere/c'\n";

#[test]
fn commands_that_need_no_secret_read_none() {
    let gateway = Gateway::start("");
    register("1", NUMBER).tell(&gateway);
    for command in [
        "subscriber show 84945989325",
        "notices list",
        "notices show 1",
        "notices export",
        "tasks list",
        "codes list",
        "ledger verify",
        "migrate",
        "replay --dry-run settings.toml --target http://127.0.0.1:1",
    ] {
        let ended = cli(&gateway.folder, SECRETS, command);
        assert!(!ended.err.contains("/nowhere/"), "{command}: {}", ended.err);
        if !command.starts_with("replay") {
            ended.check(0);
        }
    }
    // Who makes codes must not keep them in plain text by mistake; who serves needs all.
    let ended = cli(&gateway.folder, SECRETS, "codes generate --kind ai --count 1 --days 3");
    assert!(
        ended.check(1).err.contains("/nowhere/codes") && !ended.err.contains("/nowhere/admin"),
        "{}",
        ended.err
    );
    let err = cli(&gateway.folder, SECRETS, "config").check(1).err.clone();
    assert_eq!(err.matches("/nowhere/").count(), 6, "{err}");
}

#[test]
fn a_fault_of_the_catalog_stops_no_reading_command() {
    let gateway = Gateway::start("");
    register("1", NUMBER).tell(&gateway);
    let broken = "[catalog]\npath = 'broken.toml'\n";
    fs::write(gateway.folder.join("broken.toml"), "[[offer]]\nid = ''\n").expect("written");
    for command in
        ["subscriber show 84945989325", "notices list", "tasks list", "codes list", "ledger verify"]
    {
        cli(&gateway.folder, broken, command).check(0);
    }
    let ended = cli(&gateway.folder, broken, "notices retry 1");
    assert!(ended.check(1).err.contains("broken.toml:2: offer[1]: id: is not 1 to 64"), "{}", ended.err);
}

#[test]
fn where_json_is_offered_it_is_json() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
    let case = gateway.folder.join("case");
    fs::create_dir(&case).expect("a folder");
    fs::write(case.join("request.xml"), register("9", NUMBER).xml()).expect("written");
    fs::write(case.join("reply.xml"), "<other/>").expect("written");
    let replay = format!("replay {} --target http://{}", case.display(), gateway.main);
    let show = format!("notices show {id}");
    let retry = format!("notices retry {id}");
    for (command, code) in [
        ("config", 0),
        ("migrate", 0),
        ("subscriber show 84945989325", 0),
        ("notices list", 0),
        (&*show, 0),
        (&*retry, 0),
        ("notices discard --all", 0),
        ("tasks list", 0),
        ("tasks retry --all", 0),
        ("codes generate --kind ai --count 1 --days 3", 0),
        ("codes list", 0),
        ("ledger verify", 0),
        ("openapi", 0),
        (&*replay, 1),
    ] {
        let ended = cli(&gateway.folder, "", &format!("{command} --json"));
        let out = &ended.check(code).out;
        let mut values = serde_json::Deserializer::from_str(out).into_iter::<serde_json::Value>();
        assert!(values.by_ref().all(|value| value.is_ok()) && !out.is_empty(), "{command}: {out}");
    }
}
