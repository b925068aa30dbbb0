//! What organizations may hold, and what is said when they hold no more.

use super::Setup;
use crate::watcher_double::User;

/// So many users in the organization 753, one of whom is there already.
fn fill(setup: &Setup, users: usize, limit: i64) {
    let mut state = setup.double.state();
    for n in 1..users {
        let login = format!("u{n}@example.org");
        let id = state.create_user_of(User { login, enabled: true, ..User::default() });
        state.join(753, id, false);
    }
    state.organizations.get_mut(&753).unwrap().user_limit = Some(limit);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_that_is_nearly_full_is_shown_as_such() {
    let setup = Setup::new().await;
    fill(&setup, 89, 100);
    let listed = setup.vsaas("org list");
    assert!(listed.check(0).out.contains("89 of 100") && !listed.out.contains("full"), "{}", listed.out);
    fill(&setup, 11, 100);
    let listed = setup.vsaas("org list");
    assert!(listed.check(0).out.contains("nearly full: users 99 of 100"), "{}", listed.out);
    let json = setup.vsaas("org list --json").json();
    let own = &json["organizations"][1];
    assert_eq!((&own["users"], &own["user_limit"]), (&99.into(), &100.into()));
    {
        let mut state = setup.double.state();
        let own = state.organizations.get_mut(&753).unwrap();
        (own.camera_limit, own.user_limit) = (Some(1), None);
    }
    let listed = setup.vsaas("org list");
    assert!(listed.check(0).out.contains("full: cameras 1 of 1"), "{}", listed.out);
    assert!(!listed.out.contains("users 99"), "none: as many as there are: {}", listed.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_no_room_is_told_so() {
    for command in ["user add 0945989325", "user add installer@example.com --editor"] {
        let setup = Setup::new().await;
        fill(&setup, 3, 3);
        let ended = setup.vsaas(command);
        let says = "HTTP 400: User limit of the organization is reached: 3";
        assert!(ended.check(1).err.contains(says), "{command}: {}", ended.err);
        setup.double.state().organizations.get_mut(&753).unwrap().user_limit = Some(4);
        setup.vsaas(command).check(0);
        assert_eq!(setup.double.state().organizations[&753].members.len(), 4);
        setup.was_right();
    }
}
