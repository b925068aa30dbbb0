//! Calls of a beginning that do not wait for one another: the double holds the one back until the other has come.
//! And what is remembered of presets, which others change meanwhile.

use sdp_gateway::providers::Attempted;

use super::watcher_double::{At, How, When};
use super::world::{ANN, Mode, Terms, World, carried};

const BEN: &str = "84945989326";
const GRANT: &str = "POST /organizations/{}/folders/{}/users";
const PRESETS: &str = "GET /organizations/{}/presets";

/// No task makes more.
const AT_ONCE_MAX: usize = 3;

#[tokio::test]
async fn a_beginning_is_as_long_as_its_longest_chain() {
    for mode in [Mode::Shared, Mode::Own] {
        let world = World::with(Terms { moves: mode == Mode::Own, ..Terms::of(mode) }).await;
        let held: &[_] = match mode {
            Mode::Shared => &[("GET /users", "GET /cameras/{}"), (GRANT, "PUT /cameras/{}")],
            Mode::Own => &[
                ("GET /users", "GET /organizations"),
                ("GET /organizations", "GET /cameras/{}"),
                ("POST /users", "GET /organizations/{}/folders"),
                (GRANT, "PUT /cameras/{}"),
            ],
        };
        world.double.state().at_once.held.extend(held.iter().copied());
        let done = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
        assert!(matches!(done, Attempted::Done(_)), "{mode:?}: {done:?}");
        let state = world.double.state();
        assert!((2..=AT_ONCE_MAX).contains(&state.at_once.most), "{mode:?}: {}", state.at_once.most);
        assert_eq!(state.cameras["cam-1"].preset, 392);
    }
}

/// What nobody could look at is not recorded.
#[tokio::test]
async fn no_camera_is_changed_before_its_subscriber_is_a_member() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.fail(At::Every("POST /users"), When::Before, How::Words(400));
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
    assert!(matches!(told, Attempted::Never(_)), "{told:?}");
    let state = world.double.state();
    assert_eq!((state.count("GET /cameras/{}"), state.count("PUT /cameras/{}")), (1, 0));
}

#[tokio::test]
async fn what_an_organization_has_is_asked_once_by_those_who_begin_together() {
    let world = World::new(Mode::Shared, "camera").await;
    for (n, number) in [ANN, BEN, "84945989327"].into_iter().enumerate() {
        let camera = format!("gate-{n}");
        world.double.state().add_camera(&camera, world.home);
        world.double.state().forget_calls();
        world.settle(&world.task(number, &camera, carried(392))).await;
        let state = world.double.state();
        assert_eq!((state.count(PRESETS), state.cameras[&camera].preset), (usize::from(n == 0), 392));
        // The look for the user, the user, its rights; the camera, twice.
        assert!(n == 0 || state.calls.len() == 5, "{:?}", state.calls);
    }
}

/// Its refusal says so: the next attempt asks, and has it given again.
#[tokio::test]
async fn a_preset_that_was_taken_away_meanwhile_is_given_again() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    {
        let mut state = world.double.state();
        state.add_camera("cam-2", world.home);
        state.cameras.get_mut("cam-1").expect("it").preset = 391;
        state.organizations.get_mut(&world.home).expect("it").tariffs.remove(&549);
    }
    let told = world.keeper.attempt(&world.task(BEN, "cam-2", carried(392))).await;
    assert!(matches!(&told, Attempted::Unknown(why) if why.is_of_one), "{told:?}");
    for (number, camera) in [(BEN, "cam-2"), (ANN, "cam-1")] {
        let done = world.keeper.attempt(&world.task(number, camera, carried(392))).await;
        assert!(matches!(done, Attempted::Done(_)), "{done:?}");
        assert_eq!(world.double.state().cameras[camera].preset, 392);
    }
    let state = world.double.state();
    assert!(state.tariffs_of(world.home).contains(&549));
    assert_eq!(state.refused, Vec::<String>::new());
}
