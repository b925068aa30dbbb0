//! `vsaas reconcile`, and the same by the worker itself.

use super::gateway::Gateway;
use super::outbox::{self, metric, until, until_states, wait};
use super::said::{MONTH, at, cancel, register};
use super::watcher_double::{At, How, When};
use super::world::{ANN, LOGIN, World, bind_to_account};

/// What the command prints; it must end well.
fn reconciled(gateway: &Gateway, arguments: &[&str]) -> Vec<String> {
    let told = outbox::printed(gateway, &[&["vsaas", "reconcile"], arguments].concat());
    told.lines().map(str::to_owned).collect()
}

fn summary(lines: &[String]) -> &str {
    lines.last().map_or("", String::as_str)
}

/// A camera that is served, one whose service is over, and one that nobody knows of; all done.
fn lived(more: &str) -> (World, Gateway) {
    let world = World::new(more, "");
    world.double.state().add_camera("cam-2", 753);
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    outbox::bind(&ledger, "84945989326", "cam-2", "84945989326@sdp.example");
    register("1", ANN).tell(&gateway);
    register("2", "84945989326").tell(&gateway);
    until_states(&gateway, "84945989326", &["begin done"]);
    cancel("3", "84945989326").tell(&gateway);
    until_states(&gateway, "84945989326", &["begin done", "end done", "retire due"]);
    until_states(&gateway, ANN, &["begin done"]);
    wait(ledger.close());
    (world, gateway)
}

#[test]
fn what_differs_is_told_and_mended_only_where_that_is_asked_for() {
    let (world, gateway) = lived("");
    let told = reconciled(&gateway, &[]);
    assert_eq!(told, ["cameras 3 (1 none of ours, 0 in progress), users 3: 0 differ, 0 mended, 0 failed"]);
    // One that was made by hand and only logs in alike is hers too.
    let user = world.double.state().user_of(LOGIN).expect("a user");
    world.double.state().users.get_mut(&user).expect("it").external_id = None;
    assert_eq!(reconciled(&gateway, &[]).len(), 1);
    world.double.state().users.get_mut(&user).expect("it").external_id = Some(ANN.to_owned());
    {
        let mut state = world.double.state();
        let mut change = |name: &str, preset, enabled| {
            let camera = state.cameras.get_mut(name).expect("a camera");
            (camera.preset, camera.enabled) = (preset, enabled);
        };
        change("cam-1", 391, false);
        change("cam-2", 393, true);
        let user = state.user_of(LOGIN).expect("a user");
        state.users.get_mut(&user).expect("it").enabled = false;
        state.join(752, user, false);
        state.forget_calls();
    }
    let told = reconciled(&gateway, &[]);
    assert_eq!(
        told[..3],
        [
            "cam-1: should be enabled and have preset 392".to_owned(),
            "cam-2: should be disabled".to_owned(),
            format!("{LOGIN}: is served and cannot look: the user is disabled"),
        ]
    );
    assert!(summary(&told).ends_with("3 differ, 0 mended, 0 failed"), "{told:?}");
    assert!(world.double.state().calls.iter().all(|call| call.starts_with("GET ")), "dry by default");
    let told = reconciled(&gateway, &["--fix", "--json"]);
    let summary: serde_json::Value = serde_json::from_str(summary(&told)).expect("JSON");
    assert_eq!((&summary["summary"]["drifted"], &summary["summary"]["mended"]), (&3.into(), &3.into()));
    assert_eq!((world.camera("cam-1"), world.camera("cam-2")), ((392, true), (393, false)));
    assert_eq!(world.user(LOGIN), Some((true, vec![753])));
    assert_eq!(world.double.state().count("PUT /cameras/{}"), 2);
    assert_eq!(world.double.state().archive_lost, Vec::<String>::new());
    let told = reconciled(&gateway, &["--fix"]);
    assert_eq!(told.len(), 1, "{told:?}");
    world.nothing_refused();
}

/// Takes her rights in the folder, and has them granted again; what was told of it.
fn without_rights(world: &World, gateway: &Gateway, home: i64) -> String {
    let rights = |take: bool| {
        let mut state = world.double.state();
        let user = state.user_of(LOGIN).expect("a user");
        let members = &mut state.organizations.get_mut(&home).expect("it").members;
        let folders = &mut members.get_mut(&user).expect("her").folders;
        if take { std::mem::take(folders) } else { folders.clone() }
    };
    let before = rights(true);
    let told = reconciled(gateway, &[]);
    assert!(rights(false).is_empty(), "dry by default");
    let mended = reconciled(gateway, &["--fix"]);
    assert_eq!((mended.len(), &mended[0]), (2, &format!("{}; mended", told[0])));
    assert_eq!(rights(false), before);
    assert_eq!(reconciled(gateway, &[]).len(), 1);
    told[0].clone()
}

#[test]
fn rights_in_the_folder_are_missed_and_granted() {
    let (world, gateway) = lived("");
    let told = without_rights(&world, &gateway, 753);
    assert_eq!(told, format!("{LOGIN}: is served and cannot look: the user has no rights in the folder"));
    world.nothing_refused();
}

/// A list that leaves a camera out says nothing of where it is.
#[test]
fn a_camera_that_a_list_leaves_out_is_looked_at_itself() {
    let (world, gateway) = lived("");
    world.double.fail(At::Every("GET /cameras"), When::Before, How::Empty);
    assert_eq!(reconciled(&gateway, &[]).len(), 1, "it is where it belongs");
    world.double.state().cameras.get_mut("cam-1").expect("it").enabled = false;
    assert_eq!(reconciled(&gateway, &["--fix"])[0], "cam-1: should be enabled; mended");
    assert_eq!(world.camera("cam-1"), (392, true));
}

#[test]
fn what_no_call_can_mend_is_told_and_left_alone() {
    let (world, gateway) = lived("");
    let before = {
        let mut state = world.double.state();
        let folder = state.root(752);
        let camera = state.cameras.get_mut("cam-1").expect("a camera");
        (camera.organization, camera.folder, camera.enabled) = (752, folder, false);
        let user = state.user_of(LOGIN).expect("a user");
        state.users.remove(&user);
        state.organizations.values_mut().for_each(|home| drop(home.members.remove(&user)));
        state.cameras.clone()
    };
    let told = reconciled(&gateway, &["--fix"]);
    assert_eq!(told[0], "cam-1: is in organization 752, which is not its subscriber's: move it in Watcher");
    assert_eq!(told[1], format!("{LOGIN}: is served and cannot look: there is no such user; mended"));
    assert_eq!(world.double.state().cameras, before);
    assert!(world.user(LOGIN).is_some());
    world.double.state().cameras.remove("cam-1");
    assert_eq!(reconciled(&gateway, &["--fix"])[0], "cam-1: is not in Watcher");
    assert_eq!(world.camera("demo-cam-219c36899q"), (391, true), "nobody's, and nobody's business");
}

#[test]
fn in_an_organization_of_ones_own_a_camera_is_moved_by_hand_and_then_mended() {
    let world = World::own();
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    let note =
        outbox::printed(&gateway, &["tasks", "show", &outbox::tasks(&gateway, "")[0]["id"].to_string()]);
    assert!(note.contains("default organization") && note.contains("reconcile --fix"), "{note}");
    assert_eq!(world.camera("cam-1"), (391, true), "recorded, as far as may be");
    assert_eq!(world.user(LOGIN), Some((true, vec![754])), "all but the camera is as it should be");
    let told = reconciled(&gateway, &["--fix"]);
    assert!(told[0].starts_with("cam-1: is in organization 752"), "{told:?}");
    {
        let mut state = world.double.state();
        assert_eq!((state.organizations[&754].title.as_str(), state.presets_of(754)), (ANN, vec![391, 392]));
        let folder = state.root(754);
        let camera = state.cameras.get_mut("cam-1").expect("a camera");
        (camera.organization, camera.folder) = (754, folder);
    }
    let told = reconciled(&gateway, &["--fix"]);
    assert_eq!(told[0], "cam-1: should have preset 392; mended");
    assert_eq!(world.camera("cam-1"), (392, true));
    assert_eq!(reconciled(&gateway, &[]).len(), 1);
    let told = without_rights(&world, &gateway, 754);
    assert_eq!(told, format!("{LOGIN}: is served and cannot look: the user has no rights in the folder"));
    // Another offer: its preset's tariff is added to the organization's.
    let by_the_month = register("2", ANN).with("package_id", MONTH).with("expiredTime", &at(100));
    by_the_month.with("subcribeTime", &at(0)).tell(&gateway);
    until("it has the other preset", || world.camera("cam-1") == (393, true));
    assert_eq!(world.double.state().presets_of(754), [391, 392, 393]);
    let made = world.double.state().calls.iter().filter(|call| *call == "POST /api/v1/organizations").count();
    assert_eq!(made, 1);
    world.nothing_refused();
    wait(ledger.close());
}

#[test]
fn users_who_are_served_no_more_are_found_where_users_are_suspended() {
    let (world, gateway) = lived("suspend = 'user'");
    {
        let mut state = world.double.state();
        for user in state.users.values_mut() {
            user.enabled = true;
        }
    }
    let told = reconciled(&gateway, &["--fix"]);
    assert_eq!(told[0], "84945989326@sdp.example: is served no more and can log in; mended");
    assert_eq!(told.len(), 2, "neither she who is served nor who is none of ours: {told:?}");
    assert!(world.user("84945989326@sdp.example").is_some_and(|(enabled, _)| !enabled));
    assert!(world.user(LOGIN).is_some_and(|(enabled, _)| enabled));
}

#[test]
fn the_worker_mends_by_itself_every_so_often() {
    let (world, gateway) = lived("reconcile_every_s = 1");
    for (preset, enabled) in [(391, true), (392, false), (393, false)] {
        {
            let mut state = world.double.state();
            let camera = state.cameras.get_mut("cam-1").expect("a camera");
            (camera.preset, camera.enabled) = (preset, enabled);
        }
        until("it is mended", || world.camera("cam-1") == (392, true));
    }
    let mended = "sdp_gateway_drift_total{provider=\"cams\",what=\"preset\",end=\"mended\"}";
    until("it is counted", || metric(&gateway, mended) == 2.0);
    world.nothing_refused();
}

#[test]
fn a_task_under_way_is_left_to_it() {
    let world = World::new("", "enabled = false\n");
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    bind_to_account(&ledger, "demo-cam-219c36899q", "ann@shop.example");
    register("1", ANN).tell(&gateway);
    let told = reconciled(&gateway, &["--fix"]);
    assert!(summary(&told).starts_with("cameras 2 (0 none of ours, 1 in progress)"), "{told:?}");
    assert_eq!((told.len(), world.camera("cam-1")), (1, (391, true)));
    assert_eq!(world.camera("demo-cam-219c36899q"), (391, true), "nothing ever ran there");
    wait(ledger.close());
}
