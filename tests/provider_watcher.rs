//! The provider of kind `watcher` against a double of Watcher and billing: whatever call fails, before or
//! after its work was done, and whichever worker goes on, the end is the same.

#[path = "provider_watcher/matrix.rs"]
mod matrix;
#[path = "provider_watcher/refused.rs"]
mod refused;
#[path = "provider_watcher/rights.rs"]
mod rights;
#[path = "provider_watcher/scale.rs"]
mod scale;
#[path = "provider_watcher/strange.rs"]
mod strange;
#[path = "provider_watcher/together.rs"]
mod together;
#[path = "support/watcher_double.rs"]
mod watcher_double;
#[path = "provider_watcher/whose.rs"]
mod whose;
#[path = "provider_watcher/world.rs"]
mod world;

use std::collections::BTreeSet;

use sdp_gateway::providers::Attempted;
use sdp_gateway::service::wanted::Wanted;

use watcher_double::{At, How, When};
use world::{ANN, Mode, World, carried, ended, kept_until, served_elsewhere};

#[tokio::test]
async fn a_beginning_makes_all_that_is_needed_once() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    {
        let state = world.double.state();
        let user = state.user_of("84945989325@sdp.example").expect("a user");
        assert_eq!(state.users[&user].external_id.as_deref(), Some(ANN));
        assert_eq!(state.organizations_of(user), [world.home], "and not in the default organization");
        assert!(
            !state.organizations[&world.home].members[&user].folders.is_empty(),
            "with rights in a folder"
        );
        let camera = &state.cameras["cam-1"];
        assert_eq!((camera.preset, camera.enabled), (392, true));
        assert_eq!(state.refused, Vec::<String>::new());
    }
    // Again: looks, and writes nothing.
    world.double.state().forget_calls();
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    let state = world.double.state();
    assert!(state.calls.iter().all(|call| call.starts_with("GET ")), "{:?}", state.calls);
    assert!(state.calls.len() <= 3, "{:?}", state.calls);
}

#[tokio::test]
async fn another_worker_looks_once_and_writes_nothing() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    world.double.state().forget_calls();
    let done = world.others().attempt(&world.task(ANN, "cam-1", carried(392))).await;
    assert!(matches!(done, Attempted::Done(_)), "{done:?}");
    let state = world.double.state();
    assert!(state.calls.iter().all(|call| call.starts_with("GET ")), "{:?}", state.calls);
}

#[tokio::test]
async fn a_change_of_offer_is_one_write() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    world.double.state().forget_calls();
    world.settle(&world.task(ANN, "cam-1", carried(393))).await;
    let state = world.double.state();
    assert_eq!((state.cameras["cam-1"].preset, state.count("PUT /cameras/{}")), (393, 1));
    assert_eq!(state.archive_lost, Vec::<String>::new());
}

#[tokio::test]
async fn a_preset_that_the_organization_lacks_is_added_to_those_it_has() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().organizations.get_mut(&world.home).expect("it").tariffs = [549].into();
    world.settle(&world.task(ANN, "cam-1", carried(393))).await;
    let tariffs = world.double.state().tariffs_of(world.home);
    assert_eq!(tariffs, [548, 549, 550]);
    let unknown = world.keeper.attempt(&world.task(ANN, "cam-1", carried(999))).await;
    assert!(matches!(&unknown, Attempted::Never(why) if why.text.contains("preset 999")), "{unknown:?}");
}

#[tokio::test]
async fn an_end_disables_at_once_and_shrinks_when_recordings_need_not_be_kept() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task(ANN, "cam-1", carried(393))).await;
    let settled = world.settle(&world.task(ANN, "cam-1", ended(0))).await;
    assert_eq!(settled.follow_up_at, Some(kept_until(0)));
    {
        let state = world.double.state();
        assert_eq!((state.cameras["cam-1"].preset, state.cameras["cam-1"].enabled), (393, false));
        assert_eq!(state.count("PUT /cameras/{}"), 2);
        let user = state.user_of("84945989325@sdp.example").expect("a user");
        assert!(state.users[&user].enabled, "who may look at what was recorded");
        assert_eq!(state.archive_lost, Vec::<String>::new());
    }
    let settled = world.settle(&world.task(ANN, "cam-1", ended(8))).await;
    assert_eq!(settled.follow_up_at, None);
    let state = world.double.state();
    assert_eq!((state.cameras["cam-1"].preset, state.cameras["cam-1"].enabled), (391, false));
    assert_eq!(state.archive_lost, ["cam-1"]);
}

#[tokio::test]
async fn suspending_users_leaves_cameras_and_whoever_is_served_elsewhere() {
    let world = World::new(Mode::Shared, "user").await;
    world.settle(&world.task(ANN, "cam-1", carried(393))).await;
    let is_enabled = || {
        let state = world.double.state();
        let user = state.user_of("84945989325@sdp.example").expect("a user");
        (state.users[&user].enabled, state.cameras["cam-1"].enabled)
    };
    world.settle(&world.task(ANN, "cam-1", served_elsewhere(ended(0)))).await;
    assert_eq!(is_enabled(), (true, true));
    let settled = world.settle(&world.task(ANN, "cam-1", ended(0))).await;
    assert_eq!(is_enabled(), (false, true));
    let look_again = settled.follow_up_at.expect("a look at what may have crossed it");
    assert!(look_again < kept_until(0));
    // What crossed it is mended by that look.
    world.settle(&world.task(ANN, "cam-1", served_elsewhere(ended(0)))).await;
    assert_eq!(is_enabled(), (true, true));
}

#[tokio::test]
async fn what_cannot_be_is_said_clearly_and_left_alone() {
    let world = World::new(Mode::Shared, "camera").await;
    let strangers = world.double.state().create_organization("Strangers", true, BTreeSet::new());
    world.double.state().add_camera("cam-8", strangers);
    for (camera, says) in [("cam-9", "not in Watcher"), ("cam-8", "another organization")] {
        let told = world.keeper.attempt(&world.task(ANN, camera, carried(392))).await;
        assert!(matches!(&told, Attempted::Never(why) if why.text.contains(says)), "{camera}: {told:?}");
        let before = world.double.state().cameras.clone();
        let gone = world.keeper.attempt(&world.task(ANN, camera, ended(0))).await;
        assert!(matches!(&gone, Attempted::Done(settled) if settled.note.is_some()), "{camera}: {gone:?}");
        assert_eq!(world.double.state().cameras, before);
    }
    // Nothing ever ran there.
    world.double.state().forget_calls();
    world.settle(&world.task(ANN, "cam-1", world::nothing())).await;
    assert_eq!(world.double.state().calls, Vec::<String>::new());
}

/// What is in the default organization was given to nobody yet, so serving it takes it from nobody.
#[tokio::test]
async fn a_camera_that_is_nobodys_yet_is_served_where_it_may_be() {
    let world = World::new(Mode::Own, "camera").await;
    let camera = || world.double.state().cameras["cam-1"].clone();
    world.double.state().cameras.get_mut("cam-1").expect("it").enabled = false;
    let note = world.settle(&world.task(ANN, "cam-1", carried(392))).await.note.expect("a note");
    assert!(note.contains("does not have its preset") && note.contains("move it"), "{note}");
    assert_eq!((camera().preset, camera().enabled), (391, true), "recorded, as far as may be");
    world.double.state().forget_calls();
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    assert_eq!(world.double.state().count("PUT /cameras/{}"), 0);
    let default = world.double.state().default_organization;
    world.double.state().organizations.get_mut(&default).expect("it").tariffs.insert(549);
    let settled = world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    assert!(settled.note.is_some_and(|note| note.contains("default organization")), "{settled:?}");
    assert_eq!((camera().preset, camera().enabled), (392, true));
    let former = Wanted { is_anothers: true, ..ended(0) };
    world.settle(&world.task("84945989326", "cam-1", former)).await;
    assert!(camera().enabled, "it is its new owner's");
    world.settle(&world.task(ANN, "cam-1", ended(0))).await;
    assert_eq!((camera().preset, camera().enabled), (392, false));
    assert_eq!(world.double.state().refused, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_key_is_the_operators_to_mend() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.fail(At::All, When::Before, How::Status(403));
    for _ in 0..3 {
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        assert!(matches!(told, Attempted::Denied(_)), "{told:?}");
    }
    world.double.heal();
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
}

#[tokio::test]
async fn an_account_has_a_login_of_its_own() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task_of_account("ann", "cam-1", carried(392))).await;
    world.settle(&world.task_of_account("bob@shop.example", "cam-1", carried(392))).await;
    let state = world.double.state();
    let logins: Vec<_> = state.users.values().map(|user| user.login.as_str()).collect();
    assert_eq!(logins[1..], ["ann@sdp.example", "account=bob=shop.example@sdp.example"]);
}

/// Two devices of one subscriber, one worker.
#[tokio::test]
async fn two_tasks_of_one_subscriber_take_turns() {
    for mode in [Mode::Own, Mode::Shared] {
        let world = World::new(mode, "camera").await;
        world.double.state().add_camera("cam-2", 752);
        let tasks = ["cam-1", "cam-2"].map(|name| world.task(ANN, name, carried(392)));
        tokio::join!(world.keeper.attempt(&tasks[0]), world.keeper.attempt(&tasks[1]));
        let state = world.double.state();
        let made = ["billing POST /organizations", "POST /users", "POST /organizations/{}/users"];
        let once = usize::from(mode == Mode::Own);
        assert_eq!(made.map(|kind| state.count(kind)), [once, 1, 0], "{:?}", state.calls);
        assert_eq!(state.count("billing DELETE /organizations/{}"), 0);
    }
}

#[tokio::test]
async fn two_workers_that_begin_at_once_make_one_organization_and_one_user() {
    for round in 0..8 {
        let world = World::new(Mode::Own, "camera").await;
        world.double.state().add_camera("cam-2", 752);
        let [first, second] = ["cam-1", "cam-2"].map(|name| world.task(ANN, name, carried(392)));
        let (one, other) = tokio::join!(world.keeper.attempt(&first), world.others().attempt(&second));
        world.take_home(&["cam-1", "cam-2"]);
        world.settle(&first).await;
        world.settle(&second).await;
        let state = world.double.state();
        let homes: Vec<_> = state.organizations.values().filter(|home| home.title == ANN).collect();
        assert_eq!(homes.len(), 1, "{round}: {one:?} {other:?}\n{:#?}", state.calls);
        let users: Vec<_> = state.users.values().filter(|user| user.login.starts_with(ANN)).collect();
        assert_eq!(users.len(), 1, "{round}: {one:?} {other:?}");
        assert!(["cam-1", "cam-2"].iter().all(|name| state.cameras[*name].preset == 392));
        assert_eq!(state.refused, Vec::<String>::new());
    }
}
