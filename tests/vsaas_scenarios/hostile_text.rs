//! Names that others gave at Watcher and in billing, as commands print them.

use crate::Setup;

/// Clears a screen, turns the direction of writing, forges a line.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b\n! forged";
const SHOWN: &str = r"a\u001b[2J\u009b31m\u202eb\n! forged";

#[tokio::test(flavor = "multi_thread")]
async fn names_are_shown_escaped() {
    let setup = Setup::new().await;
    {
        let mut state = setup.double.state();
        state.cameras.values_mut().for_each(|camera| camera.title = HOSTILE.to_owned());
        state.organizations.values_mut().for_each(|of| of.title = HOSTILE.to_owned());
        state.users.values_mut().for_each(|user| user.login = format!("{HOSTILE}@example.com"));
        state.tariffs.values_mut().for_each(|tariff| tariff.name = HOSTILE.to_owned());
        state.presets.values_mut().for_each(|preset| preset.title = HOSTILE.to_owned());
    }
    for arguments in
        ["camera list", "org list", "user list", "tariffs", "camera preset camera02-5ca25a2330 999"]
    {
        let ended = setup.vsaas(arguments);
        let all = format!("{}{}", ended.out, ended.err);
        assert!(all.contains(SHOWN), "{arguments}: {}", all.escape_debug());
        let hidden = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!all.contains(hidden), "{arguments}: {}", all.escape_debug());
        assert!(!all.lines().any(|line| line.starts_with("! forged")), "{arguments}: {all}");
    }
}
