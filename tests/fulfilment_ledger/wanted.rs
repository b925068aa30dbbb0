//! What a provider should have on a device by now, as it comes with each task; the looks at a later time
//! that it may ask for; paid time of providers that can pause; and duties that one worker of all has.

use std::collections::BTreeSet;
use std::sync::Arc;

use sdp_gateway::catalog::GrantKind;
use sdp_gateway::ledger::fulfil::{Bind, Claimed, JobWord, PeriodicJob, Redeem, Redeemed, Settled};
use sdp_gateway::outbox::Settlement;
use sdp_gateway::service::wanted::Owner;
use sdp_gateway::service::wanted::Wanted;

use super::world::{ANN, BOB, World, account, at, device, number};

fn state(claimed: &Claimed) -> &Wanted {
    claimed.wanted.as_ref().expect("what is wanted")
}

fn preset(wanted: &Wanted) -> Option<i64> {
    wanted.carried.setting(&["preset_id", "package_id"]).and_then(serde_json::Value::as_i64)
}

async fn only(world: &World, hour: i64) -> Claimed {
    let mut claimed = world.claim(10, hour).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

fn done(follow_up: Option<i64>) -> Settlement {
    Settlement::Done { note: None, follow_up_at: follow_up.map(at) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_says_what_should_be_there_by_now_and_not_when_it_was_made() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        let begin = only(&world, 1).await;
        assert_eq!((begin.task.action.word(), preset(state(&begin))), ("begin", Some(393)));
        assert!(state(&begin).is_owner_served && !state(&begin).is_anothers);
        world.settle(&begin, Settlement::Again { due_at: at(30), why: "busy".to_owned() }, 1).await;
        // The right has lapsed, whoever swept it or not.
        let late = only(&world, 30).await;
        assert_eq!(late.task.action.word(), "begin");
        assert!(state(&late).carried.is_nothing() && !state(&late).is_owner_served);
        world.settle(&late, done(None), 30).await;
        world.ledger.sweep(at(30), 100).await.unwrap();
        let end = only(&world, 30).await;
        assert_eq!((end.task.action.word(), state(&end).ended_at), ("end", Some(at(30))));
        world.settle(&end, done(None), 30).await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_served_while_any_device_is() {
    for world in World::each().await {
        for (name, user, owner) in
            [("cam-1", "ann", Some(ANN)), ("cam-2", "bob", None), ("cam-3", "bob", None)]
        {
            world.bind(name, user, owner, 0).await;
        }
        world.stock(&["PAID-1", "PAID-2"], GrantKind::Cloud, "test").await;
        for (text, on) in [("PAID-1", "cam-2"), ("PAID-2", "cam-3")] {
            assert!(matches!(redeem(&world, text, (on, "bob"), 1).await, Redeemed::Done(_)));
        }
        assert_eq!(world.work(1).await, ["begin cam-2", "begin cam-3"]);
        let mut cameras =
            world.ledger.on_cameras("test", &names(&["cam-1", "cam-2", "cam-9"]), at(2)).await.unwrap();
        assert_eq!(cameras.len(), 2, "{cameras:?}");
        let (second, first) = (cameras.remove(1), cameras.remove(0));
        let nothing = Wanted { owner: Some(Owner::Number(number(ANN))), ..Wanted::default() };
        assert_eq!(first.wanted, nothing);
        assert!(!second.wanted.carried.is_nothing() && second.wanted.is_owner_served);
        // Unbound, the paid time stands still; the account has another device that goes on.
        world.unbind("cam-2", Owner::Account(account("bob")), 3).await;
        let end = only(&world, 3).await;
        assert!(state(&end).carried.is_nothing() && state(&end).waits && state(&end).is_owner_served);
        assert_eq!(state(&end).ended_at, Some(at(3)));
        // Another's by now: what is carried there is not for whom the task is.
        world.settle(&end, Settlement::Again { due_at: at(4), why: "busy".to_owned() }, 3).await;
        world.bind("cam-2", "ann", Some(BOB), 4).await;
        world.register(BOB, "2", 4, 28).await;
        let end = only(&world, 4).await;
        assert!(state(&end).is_anothers && state(&end).carried.is_nothing() && state(&end).is_owner_served);
        world.settle(&end, done(None), 4).await;
        assert_eq!(world.work(4).await, ["begin cam-2"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_later_time_is_owed_once_and_stands_in_nobodys_way() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 25).await;
        assert_eq!(world.work(1).await, ["begin cam-1"]);
        for (hour, look) in [(2, 100), (4, 90)] {
            world.cancel(ANN, "2", hour).await;
            let end = only(&world, hour).await;
            assert_eq!(world.settle(&end, done(Some(look)), hour).await, Settled::Settled);
            world.register(ANN, "2", hour + 1, 200).await;
            assert_eq!(world.work(hour + 1).await, ["begin cam-1"], "nothing is held up");
        }
        assert_eq!(world.ledger.task_depths(at(10)).await.unwrap(), [], "what is put off is no backlog");
        assert_eq!(world.ledger.tasks_by_state().await.unwrap()["due"], 1);
        // The device's own order comes first.
        world.cancel(ANN, "2", 95).await;
        let end = only(&world, 95).await;
        assert_eq!(end.task.action.word(), "end");
        world.settle(&end, Settlement::Again { due_at: at(96), why: "busy".to_owned() }, 95).await;
        assert!(world.claim(10, 95).await.is_empty());
        world.settle(&only(&world, 96).await, done(None), 96).await;
        let look = only(&world, 96).await;
        assert_eq!((look.task.action.word(), state(&look).ended_at), ("retire", Some(at(95))));
        // While it runs, what comes later waits, also when its worker is gone.
        world.register(ANN, "2", 97, 200).await;
        let again = only(&world, 97).await;
        assert!(again.task.id == look.task.id && again.task.doubt);
        assert_eq!(world.settle(&look, done(None), 97).await, Settled::NotYours);
        world.settle(&again, Settlement::Again { due_at: at(98), why: "busy".to_owned() }, 97).await;
        assert_eq!(world.work(98).await, ["begin cam-1", "retire cam-1"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_time_of_a_provider_that_can_pause_stands_still_behind_a_right() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.stock(&["PAID-1"], GrantKind::Cloud, "test").await;
        let on = ("cam-1", "ann");
        assert!(matches!(redeem(&world, "PAID-1", on, 1).await, Redeemed::Done(_)));
        assert!(matches!(redeem(&world, "PAID-1", on, 1).await, Redeemed::Refused(_)));
        assert_eq!(world.services("cam-1", 1).await, ["cloud pending"]);
        let begin = only(&world, 1).await;
        assert!(begin.code.is_none() && !begin.task.doubt, "there is no code for the provider to know");
        world.settle(&begin, done(None), 1).await;
        world.register(ANN, "2", 5, 50).await;
        let begin = only(&world, 5).await;
        assert_eq!(preset(state(&begin)), Some(393), "the right leads");
        assert_eq!(world.services("cam-1", 5).await, ["cloud active", "cloud pending"]);
        world.settle(&begin, done(None), 5).await;
        let end = only(&world, 5).await;
        assert_eq!((end.task.action.word(), preset(state(&end))), ("end", Some(393)));
        world.settle(&end, done(None), 5).await;
        assert_eq!(world.services("cam-1", 40).await, ["cloud active", "cloud paused"]);
        world.ledger.sweep(at(50), 100).await.unwrap();
        assert_eq!(world.work(50).await, ["end cam-1", "begin cam-1"]);
        assert_eq!(world.services("cam-1", 69).await, ["cloud active"]);
        assert_eq!(world.services("cam-1", 71).await, Vec::<String>::new());
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_called_otherwise_is_looked_at_under_both_names() {
    for world in World::each().await {
        let call = async |camera: &str, hour| {
            let (device, account) = (device("10001"), account("ann"));
            let (msisdn, camera) = (Some(number(ANN)), Some(camera.to_owned()));
            world
                .ledger
                .write(Bind { device, account, msisdn, camera, now: at(hour) })
                .await
                .expect("written");
        };
        call("cam-1", 0).await;
        world.register(ANN, "2", 1, 500).await;
        let begin = only(&world, 1).await;
        assert_eq!(begin.camera.as_deref(), Some("cam-1"));
        world.settle(&begin, done(None), 1).await;
        call("cam-1", 2).await;
        assert!(world.claim(10, 2).await.is_empty(), "nothing is new");
        call("cam-2", 3).await;
        let mut looks = world.claim(10, 3).await;
        looks.sort_by_key(|look| look.camera.clone());
        let told: Vec<_> = looks.iter().map(|look| (look.camera.as_deref(), preset(state(look)))).collect();
        assert_eq!(told, [(Some("cam-1"), None), (Some("cam-2"), Some(393))]);
        assert_eq!(state(&looks[0]).ended_at, Some(at(3)));
        for look in &looks {
            world.settle(look, done(None), 3).await;
        }
        // What is unbound and bound again under another name ended under its old one.
        world.unbind("10001", Owner::Number(number(ANN)), 4).await;
        call("cam-3", 4).await;
        let mut told = Vec::new();
        while let Some(one) = world.claim(1, 4).await.pop() {
            told.push((one.task.action.word(), one.camera.clone(), preset(state(&one))));
            world.settle(&one, done(None), 4).await;
        }
        let called = |name: &str| Some(name.to_owned());
        assert_eq!(told, [("end", called("cam-2"), None), ("begin", called("cam-3"), Some(393))]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_goes_on_as_what_the_device_that_replaced_it_is_for() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.register(ANN, "2", 1, 500).await;
        world.settle(&only(&world, 1).await, done(None), 1).await;
        world.unbind("cam-1", Owner::Number(number(ANN)), 2).await;
        let end = only(&world, 2).await;
        assert!(state(&end).carried.is_nothing() && !state(&end).is_anothers);
        world.settle(&end, Settlement::Again { due_at: at(5), why: "busy".to_owned() }, 2).await;
        let bind = |name: &str, owner, hour| Bind {
            device: device(name),
            account: account("ann"),
            msisdn: Some(number(owner)),
            camera: Some("cam-1".to_owned()),
            now: at(hour),
        };
        world.ledger.write(bind("new-device", ANN, 4)).await.expect("written");
        let begin = only(&world, 4).await;
        assert_eq!(begin.task.action.word(), "begin");
        world.settle(&begin, done(None), 4).await;
        let end = only(&world, 5).await;
        assert_eq!((end.task.action.word(), preset(state(&end))), ("end", Some(393)), "hers still");
        world.settle(&end, Settlement::Again { due_at: at(8), why: "busy".to_owned() }, 5).await;
        world.unbind("new-device", Owner::Number(number(ANN)), 6).await;
        world.ledger.write(bind("third", BOB, 6)).await.expect("written");
        world.register(BOB, "2", 6, 500).await;
        let end = world.claim(10, 8).await.into_iter().find(|one| one.task.id == end.task.id).expect("it");
        assert!(state(&end).carried.is_nothing() && state(&end).is_anothers, "{end:?}");
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duty_is_one_workers_at_a_time_and_comes_round() {
    for world in World::each().await {
        let say = async |token: &str, word, hour| {
            let (name, token) = ("reconcile test".to_owned(), token.to_owned());
            world.ledger.write(PeriodicJob { name, token, word, now: at(hour) }).await.expect("written")
        };
        assert!(say("one", JobWord::Begin(at(2)), 0).await);
        assert!(!say("two", JobWord::Begin(at(3)), 1).await);
        assert!(say("one", JobWord::Continue(at(4)), 1).await);
        assert!(!say("two", JobWord::Begin(at(5)), 3).await);
        // Its lease ran out: another takes over, and it learns of that.
        assert!(say("two", JobWord::Begin(at(6)), 4).await);
        assert!(!say("one", JobWord::Continue(at(9)), 4).await && !say("one", JobWord::End(at(9)), 4).await);
        assert!(say("two", JobWord::End(at(10)), 5).await);
        assert!(!say("one", JobWord::Begin(at(11)), 9).await);
        assert!(say("one", JobWord::Begin(at(12)), 10).await);
        world.verified().await;
    }
}

async fn redeem(world: &World, text: &str, on: (&str, &str), hour: i64) -> Redeemed {
    let pausing = Arc::new(BTreeSet::from(["test".to_owned()]));
    let wish = Redeem { pausing, ..world.wish(text, GrantKind::Cloud, on, hour) };
    world.ledger.write(wish).await.expect("written")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
