//! How many calls a beginning takes, however many others there are: counted, not timed.

use super::world::{ANN, Mode, Terms, World, carried, ended};

/// No beginning takes more.
const CALLS_MAX: usize = 10;

#[track_caller]
fn few(world: &World, calls_max: usize, what: &str) {
    let state = world.double.state();
    assert!(state.calls.len() <= calls_max, "{what}: {:#?}", state.calls);
    assert_eq!(state.refused, Vec::<String>::new());
}

#[tokio::test]
async fn sixty_thousand_users_are_walked_through_by_nobody() {
    let world = World::new(Mode::Shared, "camera").await;
    {
        let mut state = world.double.state();
        state.organizations.get_mut(&753).expect("it").user_limit = None;
        state.create_users(60_000, "sdp.example", 753);
        state.rows_max = 50;
    }
    for (what, number, wanted) in [
        ("a new subscriber", ANN, carried(392)),
        ("one whose user is there", "84940059999", carried(393)),
        ("one who had it", ANN, carried(393)),
        ("an end", ANN, ended(0)),
        ("again", ANN, carried(392)),
    ] {
        for worker in [&world.keeper, world.others()] {
            world.double.state().forget_calls();
            let done = worker.attempt(&world.task(number, "cam-1", wanted.clone())).await;
            assert!(matches!(done, sdp_gateway::providers::Attempted::Done(_)), "{what}: {done:?}");
            few(&world, CALLS_MAX, what);
        }
    }
    let state = world.double.state();
    assert_eq!(state.users.len(), 60_002);
    let user = state.user_of("84945989325@sdp.example").expect("a user");
    assert_eq!(state.organizations_of(user), [753]);
}

#[tokio::test]
async fn nor_are_organizations_of_ones_own() {
    for is_billed in [true, false] {
        let world = World::with(Terms { is_billed, moves: true, ..Terms::of(Mode::Own) }).await;
        world.double.state().spread_ids();
        for n in 0..5_000 {
            world.double.state().create_organization(&format!("8494{n:07}"), is_billed, [].into());
        }
        // What the double has to find them by, before anybody waits for it.
        world.double.state().renew();
        world.double.state().forget_calls();
        let settled = world.settle(&world.task(ANN, "cam-1", carried(392))).await;
        assert_eq!(settled.note, None);
        {
            let state = world.double.state();
            // Where the default organization is, is looked up once.
            assert!(state.calls.len() <= CALLS_MAX + 3, "{is_billed}: {:#?}", state.calls);
        }
        world.double.state().add_camera("cam-2", 752);
        world.double.state().forget_calls();
        world.settle(&world.task("84945989326", "cam-2", carried(392))).await;
        few(&world, CALLS_MAX, "the second");
    }
}
