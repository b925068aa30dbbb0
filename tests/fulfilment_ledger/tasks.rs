//! Tasks: order, leases, superseding, and what an operator may do.

use std::collections::BTreeSet;

use sdp_gateway::ledger::fulfil::{Breaker, OperateTask, Settled, TaskOperated, TaskOperation};
use sdp_gateway::ledger::read::TaskFilter;
use sdp_gateway::outbox::Lease;
use sdp_gateway::outbox::{Settlement, TaskState};
use sdp_gateway::service::wanted::Owner;

use super::world::{ANN, BOB, World, at, claim, number};

fn again(hour: i64) -> Settlement {
    Settlement::Again { due_at: at(hour), why: "busy".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_service_is_in_force_once_its_task_is_settled() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        assert_eq!(world.services("cam-1", 1).await, ["cloud pending"]);
        let claimed = world.claim(10, 1).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].task.body.ends_at_ms, Some(at(25).0));
        world
            .settle(&claimed[0], Settlement::Done { note: Some("found".to_owned()), follow_up_at: None }, 1)
            .await;
        assert_eq!(world.services("cam-1", 1).await, ["cloud active"]);
        world.register(ANN, "2", 24, 49).await;
        assert_eq!(world.work(24).await, ["change cam-1"]);
        world.cancel(ANN, "2", 30).await;
        assert_eq!(world.work(30).await, ["end cam-1"]);
        let filter = TaskFilter { msisdn: Some(number(ANN)), ..TaskFilter::default() };
        let told = world.ledger.tasks(&filter, None, 2).await.unwrap();
        assert_eq!(told.iter().map(|task| task.action.word()).collect::<Vec<_>>(), ["end", "change"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_spares_a_beginning_that_was_not_sent_and_undoes_one_in_doubt() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        world.cancel(ANN, "2", 2).await;
        assert!(world.claim(10, 2).await.is_empty());
        world.register(ANN, "2", 3, 27).await;
        let claimed = world.claim(10, 3).await;
        let unknown = Settlement::Unknown { due_at: at(20), why: "timed out".to_owned() };
        world.settle(&claimed[0], unknown, 3).await;
        world.cancel(ANN, "2", 4).await;
        let ended = world.claim(10, 4).await;
        assert_eq!(ended[0].task.action.word(), "end");
        assert_eq!(ended[0].ended_order_nums, [claimed[0].task.order_num.clone()]);
        let begun = world.ledger.task(claimed[0].task.id).await.unwrap().unwrap();
        assert_eq!(begun.state, TaskState::Superseded);
        let counts = world.ledger.tasks_by_state().await.unwrap();
        assert_eq!((counts["superseded"], counts["running"]), (2, 1));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_undoes_every_step_that_is_not_over_yet() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        let mut steps = Vec::new();
        for (from, until) in [(1, 25), (24, 49), (48, 73)] {
            world.register(ANN, "2", from, until).await;
            let claimed = world.claim(10, from).await;
            steps.push(claimed[0].task.order_num.clone());
            world.settle(&claimed[0], Settlement::Done { note: None, follow_up_at: None }, from).await;
        }
        world.cancel(ANN, "2", 48).await;
        let ended = world.claim(10, 48).await;
        assert_eq!(ended[0].task.action.word(), "end");
        steps.reverse();
        assert_eq!(ended[0].ended_order_nums, steps[..2], "the newest first, the oldest is over");
        // In doubt all of them again; once it is done, none of them is any next end's.
        world.settle(&ended[0], Settlement::Unknown { due_at: at(49), why: "silence".to_owned() }, 48).await;
        let ended = world.claim(10, 49).await;
        assert_eq!(ended[0].ended_order_nums, steps[..2]);
        world.settle(&ended[0], Settlement::Done { note: None, follow_up_at: None }, 49).await;
        world.register(ANN, "2", 50, 75).await;
        let begun = world.claim(10, 50).await;
        world.settle(&begun[0], Settlement::Done { note: None, follow_up_at: None }, 50).await;
        world.cancel(ANN, "2", 51).await;
        let ended = world.claim(10, 51).await;
        assert_eq!(ended[0].ended_order_nums, [begun[0].task.order_num.clone()]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_a_device_keep_their_order_and_hold_nobody_else_up() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.bind("cam-2", "bob", Some(BOB), 0).await;
        world.register(ANN, "2", 1, 25).await;
        let first = world.claim(10, 1).await;
        world.cancel(ANN, "2", 2).await;
        world.register(BOB, "2", 2, 26).await;
        // The end waits for the beginning that somebody is sending; the other device does not.
        let second = world.claim(10, 2).await;
        assert_eq!(second.len(), 2, "the lease of the first ran out, and the other device's is free");
        assert!(second[0].task.doubt && second[0].task.id == first[0].task.id);
        assert_eq!(second[1].task.msisdn, Some(number(BOB)));
        assert_eq!(world.settle(&first[0], again(5), 2).await, Settled::NotYours);
        assert_eq!(world.settle(&second[0], again(5), 2).await, Settled::Settled);
        assert!(world.claim(10, 2).await.is_empty(), "older and not due yet, it comes first all the same");
        assert_eq!(world.ledger.task_depths(at(2)).await.unwrap()[0].open, 3);
        assert_eq!(world.settle(&second[1], Settlement::GivenBack, 2).await, Settled::Settled);
        assert_eq!(world.work(5).await, ["begin cam-1", "begin cam-2", "end cam-1"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_settles_again_is_told_that_it_is_settled() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        let first = world.claim(10, 1).await;
        for _ in 0..2 {
            assert_eq!(world.settle(&first[0], again(5), 2).await, Settled::Settled);
        }
        let second = world.claim(10, 5).await;
        assert_eq!((second.len(), second[0].task.attempts), (1, 1), "it was one attempt");
        assert_eq!(world.settle(&first[0], again(5), 5).await, Settled::NotYours);
        let done = || Settlement::Done { note: None, follow_up_at: None };
        for _ in 0..2 {
            assert_eq!(world.settle(&second[0], done(), 5).await, Settled::Settled);
        }
        assert!(world.claim(10, 9).await.is_empty());
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_claimers_never_hold_one_task() {
    for world in World::each().await {
        for n in 0..60 {
            let msisdn = format!("849459894{n:02}");
            world.bind(&format!("cam-{n}"), "ann", Some(&msisdn), 0).await;
            world.register(&msisdn, "2", 1, 25).await;
        }
        let other = world.another().await;
        let claimers = (0..12).map(|n| {
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut taken = Vec::new();
                loop {
                    let some = ledger.claim(claim(3, at(1), &format!("claimer {n}"))).await.expect("claimed");
                    if some.is_empty() {
                        return taken;
                    }
                    taken.extend(some.into_iter().map(|one| one.task.id));
                }
            })
        });
        let mut all = Vec::new();
        for claimer in claimers.collect::<Vec<_>>() {
            all.extend(claimer.await.expect("no panic"));
        }
        // A claimer that met only rows that another was taking up may have left early; nothing is lost.
        all.extend(world.claim(100, 1).await.into_iter().map(|one| one.task.id));
        assert_eq!(all.len(), 60);
        assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 60);
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_claim_as_a_tasks_life_says() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        let made = world.ledger.tasks(&TaskFilter::default(), None, 1).await.unwrap().remove(0);
        let lease = |hour: i64| Lease { token: format!("claim {hour}"), until: at(hour + 1) };
        let first = world.claim(10, 1).await.remove(0).task;
        assert_eq!(Ok(&first), made.claimed(lease(1), at(1)).as_ref());
        assert!(world.claim(10, 1).await.is_empty() && first.clone().claimed(lease(1), at(1)).is_err());
        let second = world.claim(10, 2).await.remove(0).task;
        assert_eq!(Ok(second), first.claimed(lease(2), at(2)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_tries_dead_tasks_again_and_lays_them_aside() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        let one = world.claim(10, 1).await.remove(0);
        let order = |operation, hour| OperateTask { operation, id: one.task.id, now: at(hour) };
        let operate = async |operation, hour| world.ledger.write(order(operation, hour)).await;
        assert!(matches!(operate(TaskOperation::Discard, 1).await.unwrap(), TaskOperated::Unchanged(_)));
        world.settle(&one, Settlement::Dead { why: "refused".to_owned(), doubt: false }, 1).await;
        assert!(world.claim(10, 2).await.is_empty());
        assert_eq!(operate(TaskOperation::Retry, 3).await.unwrap(), TaskOperated::Changed);
        let retried = world.claim(10, 3).await.remove(0);
        assert_eq!((retried.task.id, retried.task.attempts), (one.task.id, 0));
        world.settle(&retried, Settlement::Dead { why: "refused".to_owned(), doubt: false }, 3).await;
        assert_eq!(operate(TaskOperation::Discard, 3).await.unwrap(), TaskOperated::Changed);
        world.unbind("cam-1", Owner::Number(number(ANN)), 4).await;
        assert!(matches!(operate(TaskOperation::Retry, 5).await.unwrap(), TaskOperated::Unchanged(_)));
        let breaker = Breaker {
            provider: "test".to_owned(),
            failures: 3,
            open_until: Some(at(9)),
            last_error: Some("busy".to_owned()),
            changed_at: at(5),
        };
        world.ledger.write(breaker.clone()).await.unwrap();
        assert_eq!(world.ledger.breakers().await.unwrap(), [breaker]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_two_gateways_have_one_history_on_their_devices() {
    for world in World::each().await {
        let other = world.another().await;
        let moves = (0..40).map(|n| {
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            let (device, account) = (super::world::device("cam-1"), super::world::account("ann"));
            let msisdn = Some(number(if n % 3 == 0 { ANN } else { BOB }));
            tokio::spawn(async move {
                let owner = Owner::Account(account.clone());
                let bind = sdp_gateway::ledger::fulfil::Bind {
                    device: device.clone(),
                    account,
                    msisdn,
                    camera: None,
                    now: at(1),
                };
                ledger.write(bind).await.expect("written");
                let unbind = sdp_gateway::ledger::fulfil::Unbind { device, owner, tenant: None, now: at(1) };
                ledger.write(unbind).await.expect("written");
            })
        });
        let moves: Vec<_> = moves.collect();
        for hour in 1..20 {
            world.register(ANN, "4", hour, hour + 24).await;
            world.register(BOB, "4", hour, hour + 24).await;
        }
        for moved in moves {
            moved.await.expect("no panic");
        }
        world.bind("cam-1", "ann", Some(ANN), 30).await;
        assert_eq!(world.services("cam-1", 30).await, ["ai active"]);
        other.close().await;
        world.verified().await;
    }
}
