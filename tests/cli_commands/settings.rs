//! `config`.

use std::fs;

use crate::gateway::Gateway;
use crate::{bare, cli, folder, run};

#[test]
fn the_defaults_are_printed_and_are_what_they_should_be() {
    let folder = folder();
    let ended = run(&mut bare(folder.path(), "config"));
    let printed: toml::Table = ended.check(0).out.parse().expect("TOML");
    for (key, expected) in [
        ("server.listen", "127.0.0.1:8080"),
        ("server.body_bytes_max", "65536"),
        ("server.header_timeout_ms", "10000"),
        ("server.idle_timeout_ms", "75000"),
        ("server.request_timeout_ms", "15000"),
        ("server.connections_max", "10000"),
        ("server.connections_per_address_max", "1000"),
        ("carrier.allow", "127.0.0.0/8,::1/128"),
        ("carrier.trusted_proxies", ""),
        ("carrier.utc_offset", "+07:00"),
        ("carrier.check_answers", "may_register"),
        ("carrier.check_error_status", "1"),
        ("carrier.failed_result", "hold"),
        ("carrier.record_only", "false"),
        ("carrier.renewal_grace_days", "35"),
        ("limits.carrier_per_second", "0"),
        ("limits.partner_per_second", "0"),
        ("catalog.path", "config/catalog.toml"),
        ("ledger.url", "sqlite://data/gateway.db"),
        ("ledger.queue_max", "4096"),
        ("admin.listen", "127.0.0.1:8081"),
        ("admin.hosts", ""),
        ("log.format", "text"),
    ] {
        let (section, key_in) = key.split_once('.').expect("a section");
        let value = &printed[section][key_in];
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(all) => {
                all.iter().map(|one| one.as_str().expect("text")).collect::<Vec<_>>().join(",")
            }
            other => other.to_string(),
        };
        assert_eq!(text, expected, "{key}");
    }
    for absent in ["server.public_url", "carrier.listen", "admin.token"] {
        let (section, key_in) = absent.split_once('.').expect("a section");
        assert!(printed[section].get(key_in).is_none(), "{absent}");
    }
    assert!(fs::read_dir(folder.path()).expect("a folder").next().is_none(), "it writes nothing");
}

#[test]
fn what_it_prints_it_reads_again() {
    let folder = folder();
    let first = run(&mut bare(folder.path(), "config")).out;
    fs::write(folder.path().join("printed.toml"), &first).expect("written");
    let second = run(&mut bare(folder.path(), "config --config printed.toml"));
    assert_eq!(second.check(0).out, first);
}

#[test]
fn secrets_are_masked_wherever_they_come_from() {
    let folder = folder();
    fs::write(folder.path().join("secrets"), "hidden-three\nhidden-four\n").expect("written");
    let settings = "[admin]\ntoken = 'hidden-one'\n[[partner]]\nname = 'app'\ntoken = 'hidden-two'\nkey = 'pk'\n\
        secrets_file = 'secrets'\n[[carrier.caller]]\nname = 'c'\nallow = ['10.0.0.0/8']\nusername = 'user'\n\
        password = 'hidden-five'\n";
    let ended = cli(folder.path(), settings, "config");
    assert!(!ended.check(0).out.contains("hidden"), "{}", ended.out);
    assert!(ended.out.matches("***").count() >= 4, "{}", ended.out);
    assert!(ended.out.contains("user"), "a user name is no secret");
}

#[test]
fn all_faults_are_told_at_once() {
    let folder = folder();
    let settings = "[server]\nlisten = 'here'\nbody_bytes_max = 1\nspeed = 'high'\n\
        [carrier]\ncheck_answers = 'perhaps'\nallow = ['10.0.0.0/99']\n[nothing]\nx = 1\n\
        [[partner]]\nname = 'app'\n";
    let ended = cli(folder.path(), settings, "config");
    let ended = ended.check(1);
    let told = [
        "server.body_bytes_max",
        "server.speed",
        "carrier.check_answers",
        "carrier.allow",
        "nothing",
        "partner",
    ];
    for key in told {
        assert!(ended.err.contains(key), "{key}: {}", ended.err);
    }
    assert!(ended.err.lines().all(|line| line.contains("settings.toml:")), "{}", ended.err);
    assert_eq!(ended.out, "");
}

#[test]
fn faults_of_the_catalog_name_file_offer_and_key() {
    let folder = folder();
    let offer = |id: &str, more: &str| {
        format!("[[offer]]\nid = '{id}'\nservice_id = '1'\npackage_id = '2'\nperiod = 'day'\n{more}\n")
    };
    let catalog = offer("one", "exclusive = true")
        + &offer("two", "[[offer.grant]]\nkind = 'gold'\n[[offer.grant]]\nkind = 'ai'\nprovider = 'nobody'");
    fs::write(folder.path().join("offers.toml"), catalog).expect("written");
    for command in ["config", "serve"] {
        let ended = cli(folder.path(), "[catalog]\npath = 'offers.toml'\n", command);
        for word in ["offers.toml", "two", "package_id", "kind", "nobody"] {
            assert!(ended.check(1).err.contains(word), "{command} {word}: {}", ended.err);
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let folder = folder();
    for arguments in ["config --config nowhere.toml", "serve --config nowhere.toml"] {
        let ended = run(&mut bare(folder.path(), arguments));
        assert!(ended.check(1).err.contains("nowhere.toml"), "{}", ended.err);
    }
    let ended = cli(folder.path(), "[catalog]\npath = 'nowhere-offers.toml'\n", "config");
    assert!(ended.check(1).err.contains("nowhere-offers.toml"), "{}", ended.err);
}

#[test]
fn the_environment_is_over_the_file() {
    let folder = folder();
    let mut command = bare(folder.path(), "config");
    fs::write(folder.path().join("some.toml"), "[ledger]\nqueue_max = 5\n").expect("written");
    command.env("SDP_GATEWAY_CONFIG", "some.toml").env("SDP_GATEWAY__LEDGER__QUEUE_MAX", "7");
    let printed: toml::Table = run(&mut command).check(0).out.parse().expect("TOML");
    assert_eq!(printed["ledger"]["queue_max"].as_integer(), Some(7));
    command.env("SDP_GATEWAY__LEDGER__SPEED", "9");
    assert!(run(&mut command).check(1).err.contains("SDP_GATEWAY__LEDGER__SPEED"));
}

#[test]
fn what_could_be_guessed_is_warned_of_and_served_all_the_same() {
    let folder = folder();
    let settings = "[[partner]]\nname = 'app'\ntoken = 'short'\n";
    let ended = cli(folder.path(), settings, "config");
    let ended = ended.check(0);
    assert!(ended.err.contains("warning: partner[1].token has fewer than 16 bytes"), "{}", ended.err);
    assert!(ended.out.parse::<toml::Table>().is_ok(), "{}", ended.out);
    let gateway = Gateway::start(settings);
    assert!(gateway.log().contains("partner[1].token has fewer than 16 bytes"), "{}", gateway.log());
}
