//! Whose users and organizations are: what an operator made is never taken for a subscriber's, whatever a
//! partner calls an account.

use std::collections::BTreeSet;

use sdp_gateway::providers::Attempted;

use super::watcher_double::{ADMIN, State};
use super::world::{ANN, Mode, World, carried, ended};

/// Users and where they are members.
fn people(state: &State) -> String {
    let users = state.users.iter().map(|(id, user)| (user, state.organizations_of(*id)));
    format!("{:?}", users.collect::<Vec<_>>())
}

#[tokio::test]
async fn an_account_never_takes_over_a_user_that_is_not_its_own() {
    for suspend in ["camera", "user"] {
        let world = World::new(Mode::Shared, suspend).await;
        let before = {
            let mut state = world.double.state();
            state.create_user("admin@sdp.example", "unit-test-password", None);
            state.create_user("Bob@sdp.example", "unit-test-password", Some("customer-7"));
            state.create_user("boss@example.org", "unit-test-password", Some("carl"));
            people(&state)
        };
        for account in ["admin", "bob"] {
            let told = world.keeper.attempt(&world.task_of_account(account, "cam-1", carried(392))).await;
            assert!(matches!(&told, Attempted::Never(why) if why.text.contains("external_id")), "{told:?}");
            world.settle(&world.task_of_account(account, "cam-1", ended(0))).await;
            assert_eq!(people(&world.double.state()), before, "{account}");
        }
        // Where the login is free, a user of one's own is made.
        for account in ["demo@example.org", "carl"] {
            world.settle(&world.task_of_account(account, "cam-1", carried(392))).await;
            world.settle(&world.task_of_account(account, "cam-1", ended(0))).await;
        }
        let state = world.double.state();
        assert!(people(&state).starts_with(before.trim_end_matches(']')), "{}", people(&state));
        let logins: Vec<_> = state.users.values().skip(4).map(|user| user.login.as_str()).collect();
        assert_eq!(logins, ["account=demo=example.org@sdp.example", "carl@sdp.example"]);
    }
}

#[tokio::test]
async fn an_account_never_shares_a_numbers_user() {
    let world = World::new(Mode::Shared, "user").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    for account in [ANN, "+84945989325", "0945989325", "84945989325@sdp.example"] {
        world.settle(&world.task_of_account(account, "cam-1", carried(392))).await;
        world.settle(&world.task_of_account(account, "cam-1", ended(0))).await;
        let state = world.double.state();
        let hers = state.user_of("84945989325@sdp.example").expect("her user");
        assert!(state.users[&hers].enabled, "{account}");
        let last = state.users.values().last().expect("a user");
        let login = format!("account={}@sdp.example", account.replace('@', "="));
        assert_eq!((last.login.as_str(), last.enabled), (login.as_str(), false));
    }
}

/// A user that somebody made for a number is the number's, as it ever was.
#[tokio::test]
async fn a_numbers_login_is_the_numbers() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().create_user("84945989325@sdp.example", "unit-test-password", None);
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    let state = world.double.state();
    assert_eq!(state.users.len(), 2);
    assert_eq!(state.organizations_of(2298), [world.home]);
}

/// A user that bears our key is the subscriber's, whatever it logs in with by now, and whoever logs in alike.
#[tokio::test]
async fn a_user_that_logs_in_otherwise_by_now_is_kept() {
    let world = World::new(Mode::Shared, "camera").await;
    {
        let mut state = world.double.state();
        state.create_user("84945989325@elsewhere.example", "unit-test-password", None);
        state.create_user("ann.lee@example.org", "unit-test-password", Some(ANN));
    }
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    let state = world.double.state();
    assert_eq!((state.users.len(), state.organizations_of(2299)), (3, vec![world.home]));
    assert_eq!(state.organizations_of(2298), [752], "it is none of hers");
}

/// Whatever an account is called, and whoever gave an organization its title.
#[tokio::test]
async fn an_organization_is_ours_or_is_left_alone() {
    let world = World::new(Mode::Own, "camera").await;
    let before = {
        let mut state = world.double.state();
        for (title, owner) in [
            ("acme", "boss@acme.example"),
            ("acme", "boss@acme.example"),
            ("acme", ADMIN),
            ("acme@sdp.example", "boss@acme.example"),
            (ANN, "boss@acme.example"),
            (ANN, "boss@acme.example"),
        ] {
            let made = state.create_organization(title, true, [550].into());
            state.organizations.get_mut(&made).expect("it").owner = owner.to_owned();
        }
        state.create_organization(ANN, false, BTreeSet::new());
        state.add_camera("cam-2", 754);
        state.organizations.clone()
    };
    let tasks = [
        world.task_of_account("acme", "cam-1", carried(392)),
        world.task_of_account("acme", "cam-2", carried(393)),
        world.task(ANN, "cam-1", carried(392)),
    ];
    for task in tasks.iter().chain(&tasks) {
        world.keeper.attempt(task).await;
        world.others().attempt(task).await;
    }
    let state = world.double.state();
    for (id, organization) in &before {
        assert_eq!((id, state.organizations.get(id)), (id, Some(organization)));
    }
    assert!(state.count("billing GET /organizations") < 12, "{:?}", state.calls);
    assert_eq!((state.cameras["cam-2"].preset, state.count("billing DELETE /organizations/{}")), (391, 0));
    let made = state.organizations.iter().filter(|(id, _)| !before.contains_key(id));
    let made: Vec<_> = made.map(|(_, of)| (of.title.as_str(), of.owner.as_str(), of.members.len())).collect();
    assert_eq!(made, [("acme@sdp.example", ADMIN, 1), (ANN, ADMIN, 1)]);
}
