//! The notices that go with the binary name every crate that is in it, in its version.

use std::process::Command;

#[test]
fn every_crate_of_the_binary_is_named() {
    let printed = Command::new(env!("CARGO_BIN_EXE_sdp-gateway")).arg("licenses").output().expect("it runs");
    let notices = String::from_utf8(printed.stdout).expect("text");
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--locked", "--offline", "--edges=normal,no-proc-macro", "--prefix=none"]);
    let tree = tree.arg("--format={p}").output().expect("cargo tree");
    let tree = String::from_utf8(tree.stdout).expect("text");
    let crates: Vec<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, rest)| (name, rest.split(' ').next().unwrap_or_default().trim_start_matches('v')))
        .filter(|(name, _)| *name != "sdp-gateway")
        .collect();
    assert!(crates.len() > 100, "{} crates", crates.len());
    for (name, version) in crates {
        assert!(notices.contains(&format!("    {name} {version}")), "{name} {version}: run deny/notices");
    }
}
