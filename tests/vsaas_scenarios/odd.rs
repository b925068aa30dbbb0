//! Rows that nobody can read are left out of what commands print, told of, and spoil no other; rows that can only mean
//! one thing are read for it. Lists that give fewer rows than were asked for are read to their end.

use serde_json::Value;

use super::Setup;
use crate::watcher_double::{Odd, Oddness, Rows, Shown};

const LISTS: [(&str, &str, Rows); 5] = [
    ("camera list", "cameras", Rows::Camera),
    ("org list", "organizations", Rows::Organization),
    ("user list", "users", Rows::User),
    ("user list --org 753", "users", Rows::Member),
    ("folders", "folders", Rows::Folder),
];

/// Five rows of each kind, in the organization 753 where they are in one.
async fn five_of_each() -> Setup {
    let setup = Setup::new().await;
    let mut state = setup.double.state();
    for n in 0..4 {
        state.add_camera(&format!("cam-{n}"), 753);
        state.create_organization(&format!("Org {n}"), true, [].into());
        let user = state.create_user(&format!("u{n}@example.org"), "unit-test-password", None);
        state.join(753, user, false);
        let (folder, root) = (9000 + n, state.root(753));
        state.organizations.get_mut(&753).unwrap().folders.insert(folder, Some(root));
    }
    state.cameras.remove("camera02-5ca25a2330");
    state.organizations.get_mut(&754).unwrap().title = "Another".to_owned();
    drop(state);
    setup
}

fn rows(setup: &Setup, command: &str, name: &str) -> (usize, String) {
    let ended = setup.vsaas(&format!("{command} --json"));
    let listed: Value = ended.json();
    (listed[name].as_array().expect("a list").len(), ended.err.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_read_are_left_out_and_told_of() {
    let setup = five_of_each().await;
    for (command, name, kind) in LISTS {
        let (all, err) = rows(&setup, command, name);
        assert!(all >= 5 && !err.contains("left out"), "{command}: {all} {err}");
        let last = match kind {
            Rows::Camera => "cam-3".to_owned(),
            Rows::Organization => "757".to_owned(),
            Rows::User | Rows::Member => "2301".to_owned(),
            _ => "9003".to_owned(),
        };
        for how in Oddness::UNREADABLE {
            setup.double.state().odd = vec![Odd::one(kind, &last, how)];
            let (left, err) = rows(&setup, command, name);
            // An organization shows as billing's then.
            let is_billed = kind == Rows::Organization;
            assert_eq!(left + usize::from(!is_billed), all, "{command}, {how:?}: {err}");
            assert!(err.contains("left out"), "{command}, {how:?}: {err}");
        }
        for how in
            Oddness::READABLE.into_iter().chain([Oddness::NoBooleans, Oddness::NoLogin, Oddness::Zeros])
        {
            setup.double.state().odd = vec![Odd::each(kind, how)];
            let (read, err) = rows(&setup, command, name);
            assert!(read == all && !err.contains("left out"), "{command}, {how:?}: {read} {err}");
        }
        setup.double.state().odd.clear();
    }
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_billing_too() {
    let mut setup = five_of_each().await;
    setup.catalog(&super::tariffs::offer("day", "1", 392));
    setup.vsaas("org tariffs 7360 549").check(0);
    for odd in [Odd::one(Rows::Tariff, 550, Oddness::Null), Odd::one(Rows::Billed, 757, Oddness::Null)] {
        setup.double.state().odd = vec![odd.clone()];
        let ended = setup.vsaas("tariffs --json");
        assert!(ended.check(0).err.contains("left out"), "{odd:?}: {}", ended.err);
        setup.vsaas("org tariffs 7360 549").check(0);
    }
    setup.double.state().odd.clear();
    for how in [Oddness::Texts, Oddness::Integers, Oddness::Maps] {
        setup.double.state().odd = vec![Odd::each(Rows::Billed, how)];
        setup.vsaas("org list").check(0);
        setup.double.state().odd = vec![Odd::each(Rows::Preset, how)];
        let found = setup.vsaas("tariffs --json").json();
        assert_eq!(found["tariffs"].as_array().map(Vec::len), Some(3), "{how:?}: {found}");
    }
    setup.was_right();
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_cut_off_are_read_to_their_end() {
    let setup = five_of_each().await;
    {
        let mut state = setup.double.state();
        for n in 0..120 {
            state.add_camera(&format!("more-{n}"), 753);
            state.create_user(&format!("more-{n}@example.org"), "unit-test-password", None);
            state.create_organization(&format!("More {n}"), true, [].into());
        }
    }
    let counted = || LISTS.map(|(command, name, _)| rows(&setup, command, name).0);
    let whole = counted();
    assert!(whole[0] > 120 && whole[1] > 120 && whole[2] > 120, "{whole:?}");
    setup.double.state().rows_max = 50;
    assert_eq!(counted(), whole);
    setup.double.state().rows_max = 7;
    assert_eq!(counted(), whole);
    setup.was_right();
}

/// However members' rights are written.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_added_whatever_lists_of_members_show() {
    for shown in Shown::ALL {
        let setup = Setup::new().await;
        setup.double.state().shows_rights = shown;
        setup.vsaas("user add 0945989325").check(0);
        let again = setup.vsaas("user add 0945989325");
        assert!(again.check(0).out.contains("folder 1156: has rights already"), "{shown:?}: {}", again.out);
        setup.vsaas("user list --org 753").check(0);
        setup.was_right();
    }
}
