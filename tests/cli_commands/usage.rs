//! Wrong usage, and commands that need nothing.

use crate::{bare, cli, folder, run};

#[test]
fn wrong_usage_ends_with_2() {
    let folder = folder();
    for arguments in [
        "",
        "nothing",
        "serve now",
        "--verbose serve",
        "subscriber",
        "subscriber show",
        "subscriber show nobody",
        "subscriber show 12345",
        "notices",
        "notices show",
        "notices show abc",
        "notices list --limit 0",
        "notices list --limit many",
        "notices list --outcome parkd",
        "notices list --reason unmaped",
        "notices list --msisdn nobody",
        "notices retry",
        "notices discard",
        "notices retry 1 --all",
        "notices export --limit",
        "replay fixtures",
        "replay fixtures --target http://127.0.0.1:1 --concurrency 0",
        "replay fixtures --target http://127.0.0.1:1 --concurrency 5000",
        "replay fixtures --target http://127.0.0.1:1 --repeat 0",
        "replay fixtures --target http://127.0.0.1:1 --rate 0",
        "replay fixtures --target http://127.0.0.1:1 --rate nan",
        "replay fixtures --target http://127.0.0.1:1 --timeout 0",
        "replay fixtures --target ftp://x",
        "replay fixtures --target https://127.0.0.1:1",
        "replay --target http://127.0.0.1:1",
    ] {
        let ended = cli(folder.path(), "", arguments);
        assert_eq!(ended.check(2).out, "", "{arguments}");
        assert!(!ended.err.is_empty(), "{arguments}");
    }
}

#[test]
fn help_and_version_are_no_failure() {
    let folder = folder();
    assert!(run(&mut bare(folder.path(), "--version")).check(0).out.contains(env!("CARGO_PKG_VERSION")));
    let help = run(&mut bare(folder.path(), "--help")).check(0).out.clone();
    for command in ["serve", "replay", "config", "migrate", "subscriber", "notices", "vsaas", "openapi"] {
        assert!(help.contains(command), "{command}");
        run(&mut bare(folder.path(), &format!("{command} --help"))).check(0);
    }
}

#[test]
fn the_openapi_document_is_printed() {
    let folder = folder();
    let ended = run(&mut bare(folder.path(), "openapi"));
    assert_eq!(ended.check(0).out, sdp_gateway::admin::OPENAPI);
}
