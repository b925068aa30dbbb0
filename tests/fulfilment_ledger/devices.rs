//! Devices and what is in force on them.

use sdp_gateway::catalog::GrantKind;
use sdp_gateway::ledger::fulfil::{Bound, Redeemed, Transfer, Transferred, Unbound};
use sdp_gateway::service::holdings::Refused;
use sdp_gateway::service::wanted::Owner;

use super::world::{ANN, BOB, World, account, at, device, number};

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_there_on_a_device_and_gone_with_its_cancel() {
    for world in World::each().await {
        assert_eq!(world.bind("cam-1", "ann", Some(ANN), 0).await, Bound::Bound);
        assert_eq!(world.bind("cam-1", "ANN", Some(ANN), 0).await, Bound::Bound);
        assert_eq!(world.services("cam-1", 0).await, Vec::<String>::new());
        world.register(ANN, "1", 1, 25).await;
        assert_eq!(world.services("cam-1", 1).await, ["cloud active"]);
        // A renewal moves the window; the service is the same.
        let before = world.ledger.device(&device("cam-1"), at(1)).await.unwrap().unwrap();
        world.register(ANN, "1", 24, 49).await;
        let after = world.ledger.device(&device("cam-1"), at(24)).await.unwrap().unwrap();
        assert_eq!(before.services[0].service.id, after.services[0].service.id);
        assert_eq!(after.services[0].ends_at, Some(at(49)));
        world.cancel(ANN, "1", 30).await;
        assert_eq!(world.services("cam-1", 30).await, Vec::<String>::new());
        // The renewal's change took the place of the beginning that nobody had sent, and the end of both.
        assert_eq!(world.work(31).await, Vec::<String>::new());
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_reach_devices_in_binding_order_and_wait_for_one_that_is_free() {
    for world in World::each().await {
        world.register(ANN, "1", 0, 48).await;
        world.bind("cam-1", "ann", Some(ANN), 1).await;
        world.bind("cam-2", "ann", Some(ANN), 2).await;
        assert_eq!(world.services("cam-1", 2).await, ["cloud active"]);
        assert_eq!(world.services("cam-2", 2).await, Vec::<String>::new());
        let owner = Owner::Number(number(ANN));
        assert_eq!(world.unbind("cam-1", owner.clone(), 3).await, Unbound::Unbound);
        assert_eq!(world.unbind("cam-1", owner, 3).await, Unbound::NotBound);
        assert_eq!(world.services("cam-2", 3).await, ["cloud active"]);
        // Bound again it is the newest binding; freed again, it is attached under another id.
        world.bind("cam-1", "ann", Some(ANN), 4).await;
        world.unbind("cam-2", Owner::Account(account("ann")), 5).await;
        assert_eq!(world.services("cam-1", 5).await, ["cloud active"]);
        let recorded = world.ledger.recorded(&device("cam-1"), at(0), at(5)).await.unwrap();
        assert_eq!(recorded.unwrap().services.len(), 2);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_a_device_is() {
    for world in World::each().await {
        world.register(ANN, "1", 0, 48).await;
        assert_eq!(world.bind("cam-1", "ann", None, 1).await, Bound::Bound);
        assert_eq!(world.bind("cam-1", "bob", None, 1).await, Bound::AnotherAccount);
        assert_eq!(world.services("cam-1", 1).await, Vec::<String>::new());
        // The number that comes with the same account adopts it.
        assert_eq!(world.bind("cam-1", "bob", Some(ANN), 2).await, Bound::AnotherAccount);
        assert_eq!(world.bind("cam-1", "ann", Some(ANN), 2).await, Bound::Bound);
        assert_eq!(world.services("cam-1", 2).await, ["cloud active"]);
        assert_eq!(world.bind("cam-1", "ann", Some(BOB), 3).await, Bound::AnotherNumber);
        assert_eq!(world.bind("cam-1", "ann", None, 3).await, Bound::Bound);
        let found = world.ledger.devices(&number(ANN), at(3)).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bound_at, Some(at(2)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_pauses_freezes_and_moves_and_loses_nothing() {
    for world in World::each().await {
        world.stock(&["PAID-1"], GrantKind::Cloud, "local").await;
        let Redeemed::Done(id) = world.redeem("PAID-1", GrantKind::Cloud, ("cam-1", "ann"), 0).await else {
            panic!("not redeemed")
        };
        assert_eq!(world.services("cam-1", 0).await, ["cloud active"]);
        // Behind a right it stands still: 24 hours, of which 2 have run down.
        world.register(ANN, "1", 1, 13).await;
        world.bind("cam-1", "ann", Some(ANN), 2).await;
        assert_eq!(world.services("cam-1", 2).await, ["cloud active", "cloud paused"]);
        assert_eq!(world.services("cam-1", 14).await, ["cloud active"]);
        assert!(world.ledger.sweep(at(13), 100).await.unwrap().holdings == 1);
        // Unbound after 3 hours more, it is frozen.
        world.unbind("cam-1", Owner::Account(account("ann")), 16).await;
        assert_eq!(world.services("cam-1", 90).await, ["cloud frozen"]);
        let to = |name: &str, user: &str| Transfer {
            service: id.clone(),
            to: device(name),
            account: account(user),
            now: at(100),
        };
        world.bind("cam-2", "ann", None, 99).await;
        world.bind("cam-3", "bob", None, 99).await;
        let moved = |transfer| async { world.ledger.write(transfer).await.unwrap() };
        assert_eq!(moved(to("cam-3", "ann")).await, Transferred::Refused(Refused::AnotherAccount));
        assert_eq!(moved(to("cam-2", "bob")).await, Transferred::Refused(Refused::NoSuchService));
        assert_eq!(moved(to("cam-4", "ann")).await, Transferred::Refused(Refused::NotBound));
        assert_eq!(moved(to("cam-2", "ann")).await, Transferred::Moved);
        assert_eq!(moved(to("cam-2", "ann")).await, Transferred::Moved);
        assert_eq!(world.services("cam-1", 100).await, Vec::<String>::new());
        let there = world.ledger.device(&device("cam-2"), at(101)).await.unwrap().unwrap();
        assert_eq!(there.services[0].service.id, id);
        assert_eq!(there.services[0].ends_at, Some(at(100 + 19)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_writes_what_ended_by_itself() {
    for world in World::each().await {
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.bind("cam-2", "bob", Some(BOB), 0).await;
        world.register(ANN, "2", 1, 13).await;
        world.register(BOB, "2", 1, 14).await;
        assert_eq!(world.work(1).await, ["begin cam-1", "begin cam-2"]);
        assert_eq!(world.ledger.sweep(at(12), 100).await.unwrap().holdings, 0);
        assert_eq!(world.ledger.sweep(at(13), 100).await.unwrap().holdings, 1);
        assert_eq!(world.ledger.sweep(at(13), 100).await.unwrap().holdings, 0);
        let claimed = world.claim(10, 13).await;
        assert_eq!(claimed.len(), 1);
        assert_eq!(claimed[0].task.action.word(), "end");
        // It undoes the very step that began it.
        let undone = &claimed[0].ended_order_nums;
        assert_eq!(undone.len(), 1, "{undone:?}");
        assert!(undone[0].starts_with(claimed[0].task.service_id.as_ref().unwrap().as_str()), "{undone:?}");
        world.verified().await;
    }
}
