//! Every way in which a call can go wrong, at every call of a life: begun, changed, ended, begun again, retired.

use std::fmt::Write;

use super::watcher_double::{At, How, State, When};
use super::world::{ANN, Mode, Terms, World, carried, ended};
use sdp_gateway::config::Suspend;

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
async fn life(terms: Terms, fault: Option<(usize, At, When, How)>) -> (Vec<String>, Vec<usize>) {
    let world = World::with(terms).await;
    let (mut ends, mut calls) = (Vec::new(), Vec::new());
    let steps = [carried(392), carried(393), ended(0), carried(393), ended(1), ended(9)];
    let last = fault.map_or(steps.len(), |(step, ..)| step + 1);
    // What is refused is an operator's to look into, and to have tried again.
    let is_retried = fault.is_some_and(|(.., how)| !How::PASSING.contains(&how));
    for (step, wanted) in steps.into_iter().enumerate().take_while(|(step, _)| *step <= last) {
        world.double.state().forget_calls();
        if let Some((_, at, when, how)) = fault.filter(|fault| fault.0 == step) {
            world.double.fail(at, when, how);
        }
        let task = world.task(ANN, "cam-1", wanted);
        let is_own = terms.mode == Mode::Own && !terms.moves;
        if is_own && world.settled(&task, is_retried).await.note.is_some() {
            world.take_home(&["cam-1"]);
        }
        world.settled(&task, is_retried).await;
        let struck = world.double.heal();
        assert_eq!(struck, usize::from(fault.is_some_and(|fault| fault.0 == step)), "{fault:?}");
        let state = world.double.state();
        calls.push(state.calls.len());
        ends.push(end_of(&state));
        assert_eq!(state.refused, Vec::<String>::new(), "{fault:?}");
    }
    (ends, calls)
}

async fn every_fault_at_every_call(terms: Terms, faults: &[How]) {
    let (ends, calls) = life(terms, None).await;
    assert!(ends[5].contains("camera 391") && ends[5].contains("lost [\"cam-1\"]"), "{}", ends[5]);
    assert!(ends[..5].iter().all(|end| end.contains("lost []")), "{ends:#?}");
    let home = if terms.mode == Mode::Own { ANN } else { "My organization" };
    assert!(ends.iter().all(|end| end.contains(&format!(" in {home}\n"))), "{ends:#?}");
    let mut lives = 0;
    for (step, calls) in calls.into_iter().enumerate() {
        for nth in 1..=calls {
            for how in faults.iter().copied() {
                for when in [When::Before, When::After] {
                    let fault = (step, At::Nth(nth), when, how);
                    let (told, _) = life(terms, Some(fault)).await;
                    assert_eq!(told, ends[..told.len()], "{fault:?}");
                    lives += 1;
                }
            }
        }
    }
    assert!(lives > 40, "{lives}");
}

/// What each kind of fault makes of a step; which faults are of a kind is the calls' affair, and shown in the first.
const KINDS: [How; 6] =
    [How::Status(500), How::Late, How::CutOff, How::Words(200), How::Words(403), How::Ignored];

#[tokio::test(flavor = "multi_thread")]
async fn in_an_organization_that_all_share() {
    every_fault_at_every_call(Terms::of(Mode::Shared), &How::PASSING).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_or_overheard_in_an_organization_that_all_share() {
    every_fault_at_every_call(Terms::of(Mode::Shared), &[&How::REFUSING[..], &How::DEAF].concat()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_organization_of_ones_own() {
    every_fault_at_every_call(Terms::of(Mode::Own), &KINDS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_users_are_suspended() {
    let terms = Terms { suspend: Suspend::User, ..Terms::of(Mode::Shared) };
    every_fault_at_every_call(terms, &[How::Status(500), How::CutOff, How::Words(403), How::Ignored]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_cameras_are_moved() {
    for mode in [Mode::Shared, Mode::Own] {
        let terms = Terms { moves: true, ..Terms::of(mode) };
        every_fault_at_every_call(terms, &[How::Status(500), How::Words(403), How::Ignored, How::Partly])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_billing() {
    let terms = Terms { is_billed: false, moves: true, ..Terms::of(Mode::Own) };
    every_fault_at_every_call(terms, &[How::Status(500), How::CutOff, How::Words(403), How::Ignored]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn among_odd_rows_in_lists_that_are_cut_off() {
    for mode in [Mode::Shared, Mode::Own] {
        let terms = Terms { is_odd: true, ..Terms::of(mode) };
        every_fault_at_every_call(terms, &[How::Status(500), How::Words(403)]).await;
    }
}
