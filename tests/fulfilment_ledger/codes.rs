//! Codes: redeemed once, issued, withdrawn, and those of a remote provider.

use sdp_gateway::catalog::GrantKind;
use sdp_gateway::ids::Tenant;
use sdp_gateway::ledger::fulfil::{
    Bind, Bound, Drawn, NonceUse, OperateTask, Redeemed, Seen, Settled, TaskOperated, TaskOperation,
};
use sdp_gateway::outbox::{Settlement, TaskState};
use sdp_gateway::stock::CodeState;
use sdp_gateway::stock::redeem::{CodeFault, Refused};
use sdp_gateway::story;

use super::world::{ANN, World, account, at, device, number};

#[tokio::test(flavor = "multi_thread")]
async fn one_code_is_used_once_whatever_the_concurrency() {
    for world in World::each().await {
        world.stock(&["ONE-CODE"], GrantKind::Cloud, "local").await;
        let other = world.another().await;
        let asked = (0..1000).map(|n| {
            let name = format!("cam-{}", n % 250);
            let wish = world.wish("one code", GrantKind::Cloud, (&name, "ann"), 0);
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            tokio::spawn(async move { ledger.write(wish).await.expect("written") })
        });
        let (mut done, mut used) = (0, 0);
        for answer in asked.collect::<Vec<_>>() {
            match answer.await.expect("no panic") {
                Redeemed::Done(_) => done += 1,
                Redeemed::Refused(Refused::Used) => used += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((done, used), (1, 999));
        let counts = world.ledger.code_counts(at(0)).await.unwrap();
        assert_eq!((counts[0].state.as_str(), counts[0].codes), ("used", 1));
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_code_is_refused() {
    for world in World::each().await {
        world.stock(&["CLOUD-1", "CLOUD-2"], GrantKind::Cloud, "local").await;
        let again = world.stock(&["CLOUD-2", "CLOUD-3", "CLOUD-3"], GrantKind::Cloud, "local").await;
        assert_eq!((again.new, again.known), (1, vec![0, 2]));
        world.bind("cam-1", "ann", None, 0).await;
        let redeem = async |text, kind, on| world.redeem(text, kind, on, 1).await;
        let cloud = GrantKind::Cloud;
        assert_eq!(redeem("CLOUD-1", cloud, ("cam-1", "bob")).await, Redeemed::Refused(Refused::Device));
        assert_eq!(redeem("NONE", cloud, ("cam-1", "ann")).await, Redeemed::Refused(Refused::Invalid));
        assert_eq!(
            redeem("CLOUD-1", GrantKind::Ai, ("cam-1", "ann")).await,
            Redeemed::Refused(Refused::Invalid)
        );
        assert!(matches!(redeem("cloud1", cloud, ("cam-1", "ann")).await, Redeemed::Done(_)));
        assert_eq!(redeem("CLOUD-1", cloud, ("cam-1", "ann")).await, Redeemed::Refused(Refused::Used));
        let usage = world.ledger.usage(&device("cam-1")).await.unwrap();
        assert_eq!(usage.len(), 1);
        assert_eq!(world.ledger.vault().open(&usage[0].sealed, &usage[0].key).unwrap().in_full(), "CLOUD-1");
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entitlement_by_code_waits_for_stock_gets_one_and_loses_it_with_the_cancel() {
    for world in World::each().await {
        world.register(ANN, "3", 0, 48).await;
        let claimed = world.claim(10, 1).await;
        assert_eq!(claimed[0].task.action.word(), "issue");
        assert_eq!(world.draw(&claimed[0], 1).await, Drawn::Empty);
        world.settle(&claimed[0], Settlement::Waits { due_at: at(2), why: None }, 1).await;
        world.stock(&["AI-1", "AI-2"], GrantKind::Ai, "local").await;
        let claimed = world.claim(10, 2).await;
        assert_eq!(claimed[0].task.attempts, 0);
        let Drawn::Issued(code) = world.draw(&claimed[0], 2).await else { panic!("no code") };
        let task = world.ledger.task(claimed[0].task.id).await.unwrap().unwrap();
        assert_eq!(task.state, TaskState::Done);
        let told = story::tell(&world.ledger, &number(ANN), at(3)).await.unwrap();
        let told = serde_json::to_value(told).unwrap();
        let text = world.ledger.vault().open(&code.sealed, &code.key).unwrap();
        assert_eq!(told["entitlements"][0]["code"], text.in_full());
        // A renewal brings no second one: it is the same entitlement.
        world.register(ANN, "3", 24, 72).await;
        assert!(world.claim(10, 24).await.is_empty());
        let on = ("cam-1", "ann");
        assert!(matches!(world.redeem(text.in_full(), GrantKind::Ai, on, 25).await, Redeemed::Done(_)));
        assert_eq!(world.services("cam-1", 26).await, ["ai active"]);
        world.cancel(ANN, "3", 27).await;
        assert_eq!(world.services("cam-1", 27).await, Vec::<String>::new());
        // Registered anew and cancelled before it was redeemed, the code becomes invalid.
        world.register(ANN, "3", 30, 60).await;
        let claimed = world.claim(10, 30).await;
        let issue = claimed.iter().find(|one| one.task.action.word() == "issue").expect("an issue");
        let Drawn::Issued(code) = world.draw(issue, 30).await else { panic!("no code") };
        world.cancel(ANN, "3", 31).await;
        assert_eq!(world.ledger.code(&code.key).await.unwrap().unwrap().state, CodeState::Void);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_providers_code_is_redeemed_there_first() {
    for world in World::each().await {
        world.stock(&["FAR-1", "FAR-2", "FAR-3"], GrantKind::Ai, "test").await;
        let on = ("cam-1", "ann");
        let Redeemed::Remote(first) = world.redeem("FAR-1", GrantKind::Ai, on, 0).await else {
            panic!("not remote")
        };
        assert_eq!(world.redeem("FAR-1", GrantKind::Ai, on, 0).await, Redeemed::UnderWay);
        assert_eq!(
            world.redeem("FAR-1", GrantKind::Ai, ("cam-2", "bob"), 0).await,
            Redeemed::Refused(Refused::Used)
        );
        assert_eq!(world.services("cam-1", 0).await, Vec::<String>::new());
        assert_eq!(
            world.settle(&first, Settlement::Done { note: None, follow_up_at: None }, 0).await,
            Settled::Settled
        );
        assert_eq!(world.services("cam-1", 0).await, ["ai active"]);
        assert_eq!(world.redeem("FAR-1", GrantKind::Ai, on, 1).await, Redeemed::Refused(Refused::Used));
        // Refused there, the code is of no use to anybody.
        let Redeemed::Remote(second) = world.redeem("FAR-2", GrantKind::Ai, on, 1).await else {
            panic!("not remote")
        };
        world.settle(&second, bad(CodeFault::Used), 1).await;
        assert_eq!(world.ledger.task(second.task.id).await.unwrap().unwrap().state, TaskState::Dead);
        assert_eq!(world.redeem("FAR-2", GrantKind::Ai, on, 2).await, Redeemed::Refused(Refused::Used));
        let Redeemed::Remote(third) = world.redeem("FAR-3", GrantKind::Ai, on, 2).await else {
            panic!("not remote")
        };
        world.settle(&third, bad(CodeFault::Invalid), 2).await;
        assert_eq!(world.redeem("FAR-3", GrantKind::Ai, on, 3).await, Redeemed::Refused(Refused::Invalid));
        assert_eq!(
            world.ledger.usage(&device("cam-1")).await.unwrap().len(),
            1,
            "only the first was redeemed"
        );
        world.verified().await;
    }
}

fn bad(fault: CodeFault) -> Settlement {
    Settlement::BadCode { fault, due_at: at(1), why: "refused".to_owned() }
}

/// Whether `bob` may have a device that is bound to nobody, or `ann` only.
async fn is_free(world: &World, name: &str, hour: i64) -> bool {
    let bound = world.bind(name, "bob", None, hour).await;
    assert_eq!(bound == Bound::Bound, bound != Bound::AnotherAccount);
    bound == Bound::Bound
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_bound_when_its_remote_code_is_redeemed_and_not_by_a_try() {
    for world in World::each().await {
        let again = || Settlement::Unknown { due_at: at(1), why: "silence".to_owned() };
        let done = || Settlement::Done { note: None, follow_up_at: None };
        let refusals = [
            bad(CodeFault::Used),
            bad(CodeFault::Invalid),
            Settlement::Returned { why: "not its device".to_owned() },
            Settlement::Dead { why: "given up".to_owned(), doubt: true },
        ];
        for (n, refused) in refusals.into_iter().enumerate() {
            let (code, cam) = (format!("REFUSED-{n}"), format!("cam-{n}"));
            world.stock(&[&code], GrantKind::Ai, "test").await;
            let Redeemed::Remote(task) = world.redeem(&code, GrantKind::Ai, (&cam, "ann"), 0).await else {
                panic!("not remote")
            };
            assert!(!is_free(&world, &cam, 0).await, "it may yet be hers");
            world.settle(&task, refused.clone(), 0).await;
            assert!(is_free(&world, &cam, 0).await, "{refused:?}");
        }
        // In doubt it stays kept for her, over a worker's lease too.
        world.stock(&["FAR-1", "FAR-2", "FAR-3"], GrantKind::Ai, "test").await;
        world.stock(&["OURS-1"], GrantKind::Ai, "local").await;
        let Redeemed::Remote(task) = world.redeem("FAR-1", GrantKind::Ai, ("cam-x", "ann"), 0).await else {
            panic!("not remote")
        };
        world.settle(&task, again(), 0).await;
        assert!(!is_free(&world, "cam-x", 0).await);
        for other in ["FAR-2", "OURS-1"] {
            let redeemed = world.redeem(other, GrantKind::Ai, ("cam-x", "bob"), 0).await;
            assert_eq!(redeemed, Redeemed::UnderWay, "{other}: another try is the only true answer");
        }
        let claimed = world.claim(10, 1).await;
        assert!(!is_free(&world, "cam-x", 1).await);
        world.settle(&claimed[0], done(), 1).await;
        assert_eq!(world.services("cam-x", 1).await, ["ai active"]);
        assert_eq!(world.bind("cam-x", "ann", None, 1).await, Bound::Bound);
        assert!(!is_free(&world, "cam-x", 1).await);
        // Two of her own at once, of which one is refused; and she may bind it herself meanwhile.
        let two = [("FAR-2", bad(CodeFault::Used)), ("FAR-3", done())];
        let mut tasks = Vec::new();
        for (code, outcome) in two {
            let Redeemed::Remote(task) = world.redeem(code, GrantKind::Ai, ("cam-y", "ann"), 2).await else {
                panic!("not remote")
            };
            tasks.push((task, outcome));
        }
        for (task, outcome) in tasks.iter().rev() {
            world.settle(task, outcome.clone(), 2).await;
        }
        assert!(!is_free(&world, "cam-y", 2).await, "what was redeemed stays hers");
        assert_eq!(world.services("cam-y", 2).await, ["ai active"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_accounts_at_once_one_may_try_its_remote_code_on_an_unbound_device() {
    for world in World::each().await {
        let other = world.another().await;
        let codes: Vec<String> = (0..100).map(|n| format!("FAR-{n}")).collect();
        world.stock(&codes.iter().map(String::as_str).collect::<Vec<_>>(), GrantKind::Ai, "test").await;
        let asked = codes.iter().enumerate().map(|(n, code)| {
            let wish = world.wish(code, GrantKind::Ai, ("cam-1", &format!("user-{n}")), 0);
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            tokio::spawn(async move { ledger.write(wish).await.expect("written") })
        });
        let (mut tries, mut waits) = (Vec::new(), 0);
        for answer in asked.collect::<Vec<_>>() {
            match answer.await.expect("no panic") {
                Redeemed::Remote(task) => tries.push(task),
                Redeemed::UnderWay => waits += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((tries.len(), waits), (1, 99));
        world.settle(&tries[0], Settlement::Done { note: None, follow_up_at: None }, 0).await;
        assert_eq!(world.services("cam-1", 0).await, ["ai active"]);
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tenants_at_once_one_has_the_camera() {
    let tenant = Tenant::parse("a").expect("a tenant");
    for world in World::each().await {
        let other = world.another().await;
        let codes: Vec<String> = (0..100).map(|n| format!("DOOR-{n}")).collect();
        world.stock(&codes.iter().map(String::as_str).collect::<Vec<_>>(), GrantKind::Ai, "local").await;
        let both = codes.iter().enumerate().map(|(n, code)| {
            let camera = format!("door-{n}");
            let wish = world.wish(code, GrantKind::Ai, (&camera, "bob"), 0);
            let (device, account) = (device(&format!("cam-{n}")), account("ann").within(Some(&tenant)));
            let bind = Bind { device, account, msisdn: None, camera: Some(camera), now: at(0) };
            let (own, other) = (world.ledger.clone(), other.clone());
            // Each side is now and then the first to be handed over.
            let bound = async move { own.write(bind).await.expect("written") };
            let redeemed = async move { other.write(wish).await.expect("written") };
            match n % 2 {
                0 => (tokio::spawn(bound), tokio::spawn(redeemed)),
                _ => {
                    let redeemed = tokio::spawn(redeemed);
                    (tokio::spawn(bound), redeemed)
                }
            }
        });
        for (bound, redeemed) in both.collect::<Vec<_>>() {
            match (bound.await.expect("no panic"), redeemed.await.expect("no panic")) {
                (Bound::Bound, Redeemed::Refused(Refused::Device))
                | (Bound::AnotherTenant, Redeemed::Done(_)) => {}
                have => panic!("{have:?}"),
            }
        }
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_over_a_remote_code_is_followed_by_a_worker() {
    for world in World::each().await {
        world.stock(&["FAR-1", "FAR-2"], GrantKind::Ai, "test").await;
        let on = ("cam-1", "ann");
        let Redeemed::Remote(lost) = world.redeem("FAR-1", GrantKind::Ai, on, 0).await else {
            panic!("not remote")
        };
        assert!(world.claim(10, 0).await.is_empty());
        let claimed = world.claim(10, 1).await;
        assert!(claimed[0].task.doubt);
        assert_eq!(claimed[0].code.as_ref().map(|code| code.state), Some(CodeState::Reserved));
        assert_eq!(
            world.settle(&lost, Settlement::Done { note: None, follow_up_at: None }, 1).await,
            Settled::NotYours
        );
        world.settle(&claimed[0], Settlement::Done { note: None, follow_up_at: None }, 1).await;
        assert_eq!(world.services("cam-1", 1).await, ["ai active"]);
        // Given up for good, without doubt: the code is as good as before.
        let Redeemed::Remote(task) = world.redeem("FAR-2", GrantKind::Ai, on, 2).await else {
            panic!("not remote")
        };
        let dead = Settlement::Dead { why: "refused".to_owned(), doubt: false };
        world.settle(&task, dead, 2).await;
        let code = world.ledger.code(&world.keys("FAR-2")[0]).await.unwrap().unwrap();
        assert_eq!(code.state, CodeState::Unused);
        let retry = OperateTask { operation: TaskOperation::Retry, id: task.task.id, now: at(3) };
        let retried = world.ledger.write(retry).await.unwrap();
        assert!(matches!(retried, TaskOperated::Unchanged(_)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_is_used_once_and_forgotten_in_its_time() {
    for world in World::each().await {
        let nonce = |partner: &str, hour| NonceUse {
            partner: partner.to_owned(),
            call: "effect".to_owned(),
            signature: "s1".to_owned(),
            nonce: "n1".to_owned(),
            until: at(hour + 1),
            now: at(hour),
        };
        let uses = (0..20).map(|_| world.ledger.write(nonce("app", 0)));
        let mut fresh = 0;
        for seen in uses {
            fresh += usize::from(seen.await.unwrap() == Seen::Fresh);
        }
        assert_eq!(fresh, 1);
        assert_eq!(world.ledger.write(nonce("web", 0)).await.unwrap(), Seen::Fresh);
        let elsewhere = NonceUse { call: "usage_record".to_owned(), ..nonce("app", 0) };
        let otherwise = NonceUse { signature: "s2".to_owned(), ..nonce("app", 0) };
        for another in [elsewhere, otherwise] {
            assert_eq!(world.ledger.write(another.clone()).await.unwrap(), Seen::Fresh, "{another:?}");
            assert_eq!(world.ledger.write(another.clone()).await.unwrap(), Seen::Before, "{another:?}");
        }
        world.ledger.sweep(at(1), 10).await.unwrap();
        assert_eq!(world.ledger.write(nonce("app", 0)).await.unwrap(), Seen::Fresh);
        world.verified().await;
    }
}
