//! What is refused while the key is good, what a full organization says, and where cameras are moved.

use sdp_gateway::config::Suspend;
use sdp_gateway::providers::Attempted;

use super::watcher_double::{At, How, Key, Thing, WORDS, When};
use super::world::{ANN, Mode, Terms, World, carried, ended};

/// Why a task was given up for good.
#[track_caller]
fn never(told: &Attempted) -> &str {
    match told {
        Attempted::Never(why) => &why.text,
        told => panic!("{told:?}"),
    }
}

#[tokio::test]
async fn one_thing_that_is_refused_is_given_up_in_the_vendors_words() {
    for (thing, says) in [
        (Thing::Camera("cam-1".to_owned()), "You have no access to this camera"),
        (Thing::Folder(1156), "You have no access to this folder"),
    ] {
        let world = World::new(Mode::Shared, "camera").await;
        world.double.state().forbidden.insert(thing.clone());
        for _ in 0..2 {
            let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
            assert!(never(&told).contains(&format!("HTTP 403: {says}")), "{thing:?}: {told:?}");
        }
        assert!(world.double.state().count("GET /auth/whoami") >= 1, "{thing:?}");
        world.double.state().forbidden.clear();
        world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    }
    // A user of hers, at the end too.
    let world = World::new(Mode::Shared, "user").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    let user = world.double.state().user_of("84945989325@sdp.example").expect("a user");
    world.double.state().forbidden.insert(Thing::User(user));
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", ended(0))).await;
    assert!(never(&told).contains("You have no access to this user"), "{told:?}");
}

#[tokio::test]
async fn a_failure_is_believed_over_its_status() {
    let world = World::new(Mode::Shared, "camera").await;
    for kind in ["GET /users", "POST /users", "GET /cameras/{}", "PUT /cameras/{}"] {
        world.double.fail(At::Next(kind), When::Before, How::Words(200));
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        assert!(never(&told).contains(WORDS), "{kind}: {told:?}");
    }
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
}

#[tokio::test]
async fn a_key_that_is_none_any_more_is_the_operators_to_mend() {
    let world = World::new(Mode::Shared, "camera").await;
    for key in [Key::Wrong, Key::Expired] {
        for wanted in [carried(392), ended(0)] {
            world.double.state().key = key;
            let told = world.keeper.attempt(&world.task(ANN, "cam-1", wanted.clone())).await;
            assert!(matches!(told, Attempted::Denied(_)), "{key:?}: {told:?}");
            world.double.state().key = Key::Good;
            world.settle(&world.task(ANN, "cam-1", wanted)).await;
        }
    }
}

/// Whether the key is good cannot be told: nothing is given up for it.
#[tokio::test]
async fn a_refusal_of_nobody_knows_what_is_tried_again() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().forbidden.insert(Thing::Camera("cam-1".to_owned()));
    for how in [How::Status(500), How::Reset, How::Garbage, How::Unavailable] {
        world.double.fail(At::Every("GET /auth/whoami"), When::Before, how);
        let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        assert!(matches!(told, Attempted::Again { .. } | Attempted::Unknown(_)), "{how:?}: {told:?}");
        world.double.heal();
    }
}

#[tokio::test]
async fn an_organization_that_is_full_says_of_what() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.state().organizations.get_mut(&753).expect("it").user_limit = Some(1);
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
    let why = never(&told);
    assert!(why.contains("User limit") && why.contains("users 1 of 1"), "{why}");
    assert_eq!(world.double.state().users.len(), 1, "nobody was made in vain");
    world.double.state().organizations.get_mut(&753).expect("it").user_limit = Some(2);
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;

    // One who is a user, and is to join.
    let world = World::new(Mode::Shared, "camera").await;
    {
        let mut state = world.double.state();
        state.organizations.get_mut(&753).expect("it").user_limit = Some(1);
        state.create_user("84945989325@sdp.example", "unit-test-password", Some(ANN));
    }
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
    assert!(never(&told).contains("users 1 of 1"), "{told:?}");

    // A camera that is to be moved there.
    let world = World::with(Terms { moves: true, ..Terms::of(Mode::Shared) }).await;
    world.double.state().organizations.get_mut(&753).expect("it").camera_limit = Some(1);
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
    let why = never(&told);
    assert!(why.contains("Camera limit") && why.contains("cameras 1 of 1"), "{why}");
    assert_eq!(world.double.state().cameras["cam-1"].organization, 752);
}

#[tokio::test]
async fn a_camera_is_moved_out_of_the_default_organization_where_that_is_wished_for() {
    for (mode, home, folder) in [(Mode::Shared, 753, 1156), (Mode::Own, 754, 1157)] {
        for name in ["cam-1", "yard/gate 1"] {
            let world = World::with(Terms { moves: true, ..Terms::of(mode) }).await;
            if name != "cam-1" {
                world.double.state().add_camera(name, 752);
            }
            let settled = world.settle(&world.task(ANN, name, carried(392))).await;
            assert_eq!(settled.note, None);
            {
                let state = world.double.state();
                let camera = &state.cameras[name];
                assert_eq!((camera.organization, camera.folder), (home, folder), "{mode:?}");
                assert_eq!((camera.preset, camera.enabled), (392, true));
                assert_eq!((&state.archive_lost, &state.refused), (&vec![], &vec![]));
                assert_eq!(state.count("PUT /cameras/{}"), 1, "moved and mended at once");
            }
            // Once there, it is left there.
            world.settle(&world.task(ANN, name, ended(0))).await;
            assert_eq!(world.double.state().cameras[name].organization, home);
        }
    }
}

#[tokio::test]
async fn a_camera_of_somebody_elses_is_moved_by_nobody() {
    for moves in [true, false] {
        let world = World::with(Terms { moves, ..Terms::of(Mode::Own) }).await;
        world.double.state().add_camera("cam-2", 753);
        let told = world.keeper.attempt(&world.task(ANN, "cam-2", carried(392))).await;
        assert!(never(&told).contains("another organization"), "{told:?}");
        assert_eq!(world.double.state().cameras["cam-2"].organization, 753);
    }
}

/// Moved or not is a setting: otherwise it stays where it is, and is served as far as may be.
#[tokio::test]
async fn a_camera_stays_in_the_default_organization_where_nothing_is_said() {
    let world = World::with(Terms { suspend: Suspend::Camera, ..Terms::of(Mode::Own) }).await;
    let settled = world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    assert!(settled.note.is_some_and(|note| note.contains("default organization")), "{settled:?}");
    assert_eq!(world.double.state().cameras["cam-1"].organization, 752);
}
