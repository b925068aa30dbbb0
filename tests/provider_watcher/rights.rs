//! Rights in the folder: granted where they are missing, whoever took them; left as they are where they are there.

use super::watcher_double::{At, How, Shown, When};
use super::world::{ANN, Mode, World, carried, ended};

const GRANT: &str = "POST /organizations/{}/folders/{}/users";

/// Where Ann may look.
fn folders(world: &World, home: i64) -> Vec<i64> {
    let state = world.double.state();
    let user = state.user_of("84945989325@sdp.example").expect("her user");
    state.organizations[&home].members[&user].folders.keys().copied().collect()
}

fn take_rights(world: &World, home: i64) {
    let mut state = world.double.state();
    let user = state.user_of("84945989325@sdp.example").expect("her user");
    let members = &mut state.organizations.get_mut(&home).expect("it").members;
    members.get_mut(&user).expect("her").folders.clear();
}

#[tokio::test]
async fn rights_that_were_taken_are_granted_again() {
    for (mode, home) in [(Mode::Shared, 753), (Mode::Own, 754)] {
        let world = World::new(mode, "camera").await;
        world.settle(&world.task(ANN, "cam-1", carried(392))).await;
        let granted = folders(&world, home);
        assert_eq!(granted.len(), 1);
        take_rights(&world, home);
        world.settle(&world.task(ANN, "cam-1", ended(0))).await;
        world.settle(&world.task(ANN, "cam-1", carried(392))).await;
        assert_eq!(folders(&world, home), granted, "{mode:?}");
        assert_eq!(world.double.state().count(GRANT), 2);
    }
}

#[tokio::test]
async fn rights_that_are_there_are_not_written_by_any_worker() {
    let world = World::new(Mode::Shared, "camera").await;
    world.settle(&world.task(ANN, "cam-1", carried(392))).await;
    // Members beyond the first page.
    for n in 0..230 {
        let mut state = world.double.state();
        let user = state.create_user(&format!("{n}@example.org"), "unit-test-password", None);
        state.join(753, user, false);
    }
    world.settle(&world.task("84945989326", "cam-1", carried(392))).await;
    for worker in [&world.keeper, world.others()] {
        for number in [ANN, "84945989326"] {
            worker.attempt(&world.task(number, "cam-1", carried(392))).await;
        }
    }
    assert_eq!(world.double.state().count(GRANT), 2);
}

#[tokio::test]
async fn rights_that_a_list_does_not_show_may_be_refused_as_there_already() {
    for shown in Shown::ALL {
        let world = World::new(Mode::Shared, "camera").await;
        world.settle(&world.task(ANN, "cam-1", carried(392))).await;
        {
            let mut state = world.double.state();
            (state.shows_rights, state.repeated_grant) = (shown, Some(400));
        }
        for worker in [&world.keeper, world.others()] {
            let done = worker.attempt(&world.task(ANN, "cam-1", carried(393))).await;
            assert!(matches!(done, sdp_gateway::providers::Attempted::Done(_)), "{shown:?}: {done:?}");
        }
        assert_eq!(world.double.state().cameras["cam-1"].preset, 393);
    }
}

/// Who has just joined has none: a refusal of the first grant is one.
#[tokio::test]
async fn a_first_grant_that_is_refused_is_told() {
    let world = World::new(Mode::Shared, "camera").await;
    world.double.fail(At::Every(GRANT), When::Before, How::Status(400));
    let told = world.keeper.attempt(&world.task(ANN, "cam-1", carried(392))).await;
    assert!(matches!(told, sdp_gateway::providers::Attempted::Never(_)), "{told:?}");
}
