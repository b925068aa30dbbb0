//! `vsaas user add` broken off at every call in every way: run again, it ends where an unbroken run does.

use super::Setup;
use crate::watcher_double::{At, How, State, When};

/// What is left of a world when its calls are forgotten, and what is random in it.
fn world(state: &State) -> String {
    let users: Vec<_> =
        state.users.iter().map(|(id, user)| (*id, &user.login, &user.external_id, user.enabled)).collect();
    format!("{users:?} {:?} {:?}", state.organizations, state.cameras)
}

async fn check(command: &str, before: Option<&str>) {
    let setup = Setup::with("organization_id = 753\ntimeout_ms = 400\n").await;
    let fresh = setup.double.state().clone();
    let prepare = || {
        *setup.double.state() = fresh.clone();
        if let Some(before) = before {
            setup.vsaas(before).check(0);
        }
        setup.double.state().forget_calls();
    };
    prepare();
    setup.vsaas(command).check(0);
    let expected = world(&setup.double.state());
    let calls = setup.double.state().calls.len();
    assert!(calls >= 6, "{calls}");
    for how in [How::Status(500), How::Reset, How::Late, How::Unavailable] {
        for when in [When::Before, When::After] {
            for nth in 1..=calls {
                prepare();
                setup.double.fail(At::Nth(nth), when, how);
                let broken = setup.vsaas(command);
                let what = format!("{command}: call {nth}, {when:?}, {how:?}: {}{}", broken.out, broken.err);
                assert_eq!((broken.check(1).err.lines().count(), setup.double.heal()), (1, 1), "{what}");
                setup.vsaas(command).check(0);
                assert_eq!(world(&setup.double.state()), expected, "{what}");
                setup.was_right();
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_from_any_failure_point() {
    check("user add 0945989325", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_who_was_a_reader_from_any_failure_point() {
    check("user add 0945989325 --editor", Some("user add 0945989325")).await;
}
