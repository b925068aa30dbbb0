//! Every way in which a call can go wrong, at every call of a life: begun, changed, ended, begun again, retired.

use std::fmt::Write;

use super::watcher_double::{At, How, State, When};
use super::world::{ANN, Mode, World, carried, ended};

/// All that matters of both systems in the end. Ids are left out that depend on what was made and deleted.
fn end_of(state: &State) -> String {
    let mut end = String::new();
    for (id, user) in &state.users {
        let titles: Vec<_> =
            state.organizations_of(*id).iter().map(|at| state.organizations[at].title.clone()).collect();
        let key = &user.external_id;
        writeln!(end, "user {} {key:?} enabled {} in {titles:?}", user.login, user.enabled).expect("text");
    }
    for home in state.organizations.values() {
        let rights: Vec<usize> = home.members.values().map(|member| member.folders.len()).collect();
        writeln!(end, "organization {} {:?} {rights:?}", home.title, home.tariffs).expect("text");
    }
    let camera = &state.cameras["cam-1"];
    let title = &state.organizations[&camera.organization].title;
    writeln!(end, "camera {} {} in {title}", camera.preset, camera.enabled).expect("text");
    writeln!(end, "lost {:?}", state.archive_lost).expect("text");
    end
}

/// A life, with the fault at the so-many-th call of one of its steps: then to the end of the next one.
async fn life(mode: Mode, suspend: &str, fault: Option<(usize, At, When, How)>) -> (Vec<String>, Vec<usize>) {
    let world = World::new(mode, suspend).await;
    let (mut ends, mut calls) = (Vec::new(), Vec::new());
    let steps = [carried(392), carried(393), ended(0), carried(393), ended(1), ended(9)];
    let last = fault.map_or(steps.len(), |(step, ..)| step + 1);
    for (step, wanted) in steps.into_iter().enumerate().take_while(|(step, _)| *step <= last) {
        world.double.state().forget_calls();
        if let Some((_, at, when, how)) = fault.filter(|fault| fault.0 == step) {
            world.double.fail(at, when, how);
        }
        let task = world.task(ANN, "cam-1", wanted);
        if mode == Mode::Own && world.settle(&task).await.note.is_some() {
            world.take_home(&["cam-1"]);
        }
        world.settle(&task).await;
        let struck = world.double.heal();
        assert_eq!(struck, usize::from(fault.is_some_and(|fault| fault.0 == step)), "{fault:?}");
        let state = world.double.state();
        calls.push(state.calls.len());
        ends.push(end_of(&state));
        assert_eq!(state.refused, Vec::<String>::new(), "{fault:?}");
    }
    (ends, calls)
}

async fn every_fault_at_every_call(mode: Mode, suspend: &str, faults: &[How]) {
    let (ends, calls) = life(mode, suspend, None).await;
    assert!(ends[5].contains("camera 391") && ends[5].contains("lost [\"cam-1\"]"), "{}", ends[5]);
    assert!(ends[..5].iter().all(|end| end.contains("lost []")), "{ends:#?}");
    let mut lives = 0;
    for (step, calls) in calls.into_iter().enumerate() {
        for nth in 1..=calls {
            for how in faults.iter().copied() {
                for when in [When::Before, When::After] {
                    let fault = (step, At::Nth(nth), when, how);
                    let (told, _) = life(mode, suspend, Some(fault)).await;
                    assert_eq!(told, ends[..told.len()], "{fault:?}");
                    lives += 1;
                }
            }
        }
    }
    assert!(lives > 40, "{lives}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_organization_that_all_share() {
    every_fault_at_every_call(Mode::Shared, "camera", &How::PASSING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_organization_of_ones_own() {
    // Which faults there are is the calls' affair, and shown above: here, what each of them makes of a step.
    let faults = [How::Status(500), How::Status(403), How::Late, How::CutOff];
    every_fault_at_every_call(Mode::Own, "camera", &faults).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_users_are_suspended() {
    every_fault_at_every_call(Mode::Shared, "user", &[How::Status(500), How::CutOff]).await;
}
