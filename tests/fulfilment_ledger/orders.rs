//! Orders, payments and coupons: made, held, settled once, closed on time, paid by the carrier, refunded.

use sdp_gateway::ledger::fulfil::{Transfer, Transferred};
use sdp_gateway::ledger::read::{Orders, Payments};
use sdp_gateway::ledger::shop::{Created, ReceiveCoupons, Received, Refunded, Taken, What};
use sdp_gateway::order::coupon::CouponStatus;
use sdp_gateway::order::payment::{Became, Key, Why};
use sdp_gateway::order::{OrderState, Status};
use sdp_gateway::service::wanted::Owner;

use super::shop::{coupon, damage, made, order, pay, payment, receive, refund, vnd, wanted, wish, words};
use super::world::{ANN, HOUR, World, account, at, device, number};

const CAM: (&str, &str) = ("cam-1", "ann");

#[tokio::test(flavor = "multi_thread")]
async fn a_paid_order_gives_one_service_that_queues_behind_others() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let first = made(&world, CAM, "day", None, 0).await;
        assert_eq!(
            (first.price.payable(), first.status(at(1)), first.status(at(2))),
            (vnd(1000), Status::Unpaid, Status::Closed)
        );
        let Taken::Settled(service) = pay(&world, "t1", &first, vnd(1000), 1).await else {
            panic!("not settled")
        };
        let second = made(&world, CAM, "day", None, 1).await;
        assert!(matches!(pay(&world, "t2", &second, vnd(1000), 2).await, Taken::Settled(_)));
        assert_eq!(world.services(CAM.0, 2).await, ["cloud active", "cloud queued"]);
        let found = world.ledger.order(&first.id).await.unwrap().unwrap();
        let settled = found.state.settled().expect("paid");
        assert_eq!(
            (settled.at, settled.service.as_ref(), found.status(at(90))),
            (at(1), Some(&service), Status::Paid)
        );
        let on_device = world.ledger.device(&device(CAM.0), at(2)).await.unwrap().unwrap();
        let ends: Vec<_> = on_device.services.iter().rev().map(|s| s.ends_at).collect();
        assert_eq!(ends, [Some(at(25)), Some(at(49))]);
        assert_eq!(world.services(CAM.0, 26).await, ["cloud active"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_order_for_a_device() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        assert_eq!(order(&world, ("cam-2", "ann"), "day", None, 0).await, Created::NoDevice);
        assert_eq!(order(&world, ("cam-1", "bob"), "day", None, 0).await, Created::AnotherAccount);
        let tenant = sdp_gateway::ids::Tenant::parse("reseller").unwrap();
        let mut theirs = wish(&world, CAM, "day", None, 0);
        theirs.account = theirs.account.within(Some(&tenant));
        assert_eq!(world.ledger.write(theirs).await.unwrap(), Created::NoDevice);
        world.unbind(CAM.0, Owner::Account(account("ann")), 1).await;
        assert_eq!(order(&world, CAM, "day", None, 1).await, Created::NoDevice);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_payment_counts_once_whatever_the_concurrency() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let one = made(&world, CAM, "day", None, 0).await;
        let other = world.another().await;
        let asked = (0..200).map(|n| {
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            let payment = payment("t1", &one, vnd(1000), 1);
            tokio::spawn(async move { ledger.write(payment).await.expect("written") })
        });
        let (mut settled, mut repeated) = (0, 0);
        for answer in asked.collect::<Vec<_>>() {
            match answer.await.expect("no panic") {
                Taken::Settled(_) => settled += 1,
                Taken::Repeated(Became::Settled) => repeated += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((settled, repeated), (1, 199));
        let kept = world.ledger.payment(&Key::of("1", "t1")).await.unwrap().unwrap();
        assert_eq!((kept.count, kept.became), (200, Became::Settled));
        assert_eq!(world.services(CAM.0, 1).await, ["cloud active"]);
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_settles_nothing_is_kept_once() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let one = made(&world, CAM, "day", None, 0).await;
        let yuan = sdp_gateway::money::Money { minor: 1000, currency: sdp_gateway::money::Currency::Cny };
        let kept = |why| Taken::Kept(why);
        assert_eq!(pay(&world, "t1", &one, vnd(999), 0).await, kept(Why::Amount));
        assert_eq!(pay(&world, "t2", &one, yuan, 0).await, kept(Why::Amount));
        let stranger = payment("t3", &one, vnd(1000), 0);
        let stranger = sdp_gateway::ledger::shop::SettlePayment { order: "a\0b".into(), ..stranger };
        assert_eq!(world.ledger.write(stranger).await.unwrap(), kept(Why::Unknown));
        assert!(matches!(pay(&world, "t4", &one, vnd(1000), 1).await, Taken::Settled(_)));
        assert_eq!(pay(&world, "t5", &one, vnd(1000), 1).await, kept(Why::Paid));
        // A transaction counts once, whatever it says the second time.
        assert_eq!(pay(&world, "t1", &one, vnd(1000), 1).await, Taken::Repeated(Became::Kept(Why::Amount)));
        let late = made(&world, CAM, "day", None, 1).await;
        assert_eq!(pay(&world, "t6", &late, vnd(1000), 3).await, kept(Why::Closed));
        assert_eq!(words(&world, CAM.0).await, ["closed", "paid"]);
        let all = world.ledger.payments(&Payments { kept: true, ..Payments::default() }, 100).await.unwrap();
        let mut told: Vec<_> = all.iter().map(|p| (p.key.transaction(), p.became.word(), p.count)).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("t1", "other_amount", 2),
                ("t2", "other_amount", 1),
                ("t3", "unknown_order", 1),
                ("t5", "order_paid", 1),
                ("t6", "order_closed", 1)
            ]
        );
        assert_eq!(world.services(CAM.0, 3).await, ["cloud active"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_coupons_a_thousand_who_ask_at_once_get_a_hundred() {
    for world in World::each().await {
        let other = world.another().await;
        let asked = (0..1000).map(|n| {
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            let account = account(&format!("user-{}", n % 500));
            let receive = ReceiveCoupons { account, wanted: wanted(&["half"]), now: at(0) };
            tokio::spawn(async move { ledger.write(receive).await.expect("written").remove(0) })
        });
        let (mut done, mut gone, mut had) = (0, 0, 0);
        for answer in asked.collect::<Vec<_>>() {
            match answer.await.expect("no panic") {
                Received::Done(_) => done += 1,
                Received::Gone => gone += 1,
                Received::Had => had += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((done, gone + had), (100, 900));
        assert_eq!(world.ledger.coupons_received().await.unwrap()["half"], 100);
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_are_received_each_for_itself() {
    for world in World::each().await {
        let got = receive(&world, "ann", &["half", "none", "past", "half", "all", "all"], 0).await;
        assert!(matches!(got[0], Received::Done(_)), "{got:?}");
        assert_eq!(&got[1..4], [Received::NoSuch, Received::NotNow, Received::Had]);
        assert!(matches!((&got[4], &got[5]), (Received::Done(_), Received::Done(_))));
        let got = receive(&world, "ann", &["all", "all"], 0).await;
        assert!(matches!(got[0], Received::Done(_)) && got[1] == Received::Had, "{got:?}");
        assert_eq!(world.ledger.coupons(&account("ann")).await.unwrap().len(), 4);
        assert_eq!(world.ledger.coupons(&account("bob")).await.unwrap(), []);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_holds_its_coupon_until_it_is_paid_or_closed() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let half = coupon(&world, "ann", "half").await;
        let status = async |hour| world.ledger.coupons(&account("ann")).await.unwrap()[0].status(at(hour));
        assert_eq!(order(&world, CAM, "test-day", Some(&half), 0).await, Created::NotForThis);
        world.bind("cam-2", "bob", None, 0).await;
        assert_eq!(order(&world, ("cam-2", "bob"), "day", Some(&half), 0).await, Created::NoCoupon);
        let first = made(&world, CAM, "day", Some(&half), 0).await;
        assert_eq!((first.price.discount, first.price.payable()), (500, vnd(500)));
        assert_eq!((status(1).await, status(2).await), (CouponStatus::Held, CouponStatus::Unused));
        assert_eq!(order(&world, CAM, "day", Some(&half), 1).await, Created::NotForThis);
        // Its time is over, though nobody has come by: the coupon is free, and the payment too late.
        let second = made(&world, CAM, "day", Some(&half), 2).await;
        assert_eq!(words(&world, CAM.0).await, ["unpaid", "closed"]);
        assert_eq!(pay(&world, "t1", &first, vnd(500), 2).await, Taken::Kept(Why::Closed));
        assert_eq!(status(3).await, CouponStatus::Held);
        world.ledger.sweep(at(4), 100).await.unwrap();
        assert_eq!(words(&world, CAM.0).await, ["closed", "closed"]);
        let third = made(&world, CAM, "day", Some(&half), 4).await;
        assert_eq!(pay(&world, "t2", &second, vnd(500), 4).await, Taken::Kept(Why::Closed));
        assert!(matches!(pay(&world, "t3", &third, vnd(500), 5).await, Taken::Settled(_)));
        assert_eq!(status(9).await, CouponStatus::Used);
        assert_eq!(order(&world, CAM, "day", Some(&half), 9).await, Created::NotForThis);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_is_left_to_pay_an_order_is_paid_at_once() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let all = coupon(&world, "ann", "all").await;
        let free = made(&world, CAM, "day", Some(&all), 0).await;
        assert_eq!((free.status(at(0)), free.price.payable()), (Status::Paid, vnd(0)));
        assert_eq!(world.services(CAM.0, 0).await, ["cloud active"]);
        assert_eq!(pay(&world, "t1", &free, vnd(0), 0).await, Taken::Kept(Why::Paid));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paid_for_a_device_that_is_anothers_by_now_is_frozen_and_moves() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let one = made(&world, CAM, "day", None, 0).await;
        world.unbind(CAM.0, Owner::Account(account("ann")), 0).await;
        world.bind(CAM.0, "bob", Some(ANN), 0).await;
        let Taken::Settled(service) = pay(&world, "t1", &one, vnd(1000), 1).await else {
            panic!("not settled")
        };
        assert_eq!(world.services(CAM.0, 1).await, ["cloud frozen"]);
        world.bind("cam-2", "ann", None, 30).await;
        let transfer = Transfer { service, to: device("cam-2"), account: account("ann"), now: at(30) };
        assert_eq!(world.ledger.write(transfer).await.unwrap(), Transferred::Moved);
        let there = world.ledger.device(&device("cam-2"), at(30)).await.unwrap().unwrap();
        assert_eq!(there.services[0].ends_at, Some(at(54)), "nothing was lost");
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_carriers_notice_settles_the_oldest_open_order_and_nothing_twice() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, Some(ANN), 0).await;
        let half = coupon(&world, "ann", "half").await;
        let with_coupon = made(&world, CAM, "day", Some(&half), 0).await;
        let first = made(&world, CAM, "day", None, 0).await;
        let second = made(&world, CAM, "day", None, 1).await;
        world.register(ANN, "1", 1, 25).await;
        assert_eq!(words(&world, CAM.0).await, ["unpaid"; 3], "another offer");
        world.register(ANN, "5", 1, 25).await;
        let state = async |id| world.ledger.order(id).await.unwrap().unwrap().state;
        let OrderState::Paid(settled) = state(&first.id).await else { panic!("not paid") };
        assert_eq!(settled.payment.as_ref().map(Key::pay_type), Some("sdp"));
        assert_eq!(
            (state(&second.id).await, state(&with_coupon.id).await),
            (OrderState::Unpaid, OrderState::Unpaid)
        );
        assert_eq!(world.services(CAM.0, 1).await, ["cloud active"], "the right's own");
        assert_eq!(pay(&world, "t1", &first, vnd(1000), 1).await, Taken::Kept(Why::Paid));
        // A renewal is another charge.
        world.register(ANN, "5", 2, 49).await;
        assert!(matches!(state(&second.id).await, OrderState::Paid(_)));
        world.register(ANN, "5", 3, 73).await;
        assert!(matches!(refund(&world, What::Order(first.id.clone()), 3).await, Refunded::Order(_)));
        assert_eq!(
            world.services(CAM.0, 3).await,
            ["cloud active"],
            "a refund leaves the subscription alone"
        );
        assert_eq!(world.ledger.devices(&number(ANN), at(3)).await.unwrap()[0].services.len(), 1);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_ends_the_service_wherever_it_is_and_is_written_down() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, Some(ANN), 0).await;
        world.bind("cam-2", "ann", None, 0).await;
        let one = made(&world, CAM, "day", None, 0).await;
        let what = || What::Order(one.id.clone());
        assert_eq!(refund(&world, what(), 0).await, Refunded::NotPaid);
        let Taken::Settled(service) = pay(&world, "t1", &one, vnd(1000), 0).await else {
            panic!("not settled")
        };
        let transfer = Transfer { service, to: device("cam-2"), account: account("ann"), now: at(1) };
        assert_eq!(world.ledger.write(transfer).await.unwrap(), Transferred::Moved);
        assert_eq!(world.services("cam-2", 1).await, ["cloud active"]);
        assert!(matches!(refund(&world, what(), 2).await, Refunded::Order(_)));
        assert_eq!(world.services("cam-2", 2).await, Vec::<String>::new());
        assert_eq!(refund(&world, what(), 2).await, Refunded::Already);
        assert_eq!(pay(&world, "t2", &one, vnd(1000), 2).await, Taken::Kept(Why::Refunded));
        let key = Key::of("1", "t2");
        assert!(matches!(refund(&world, What::Payment(key.clone()), 3).await, Refunded::Payment(_)));
        assert_eq!(refund(&world, What::Payment(key), 3).await, Refunded::Already);
        let settled = refund(&world, What::Payment(Key::of("1", "t1")), 3).await;
        assert_eq!(settled, Refunded::Settled(one.id.as_str().to_owned()));
        assert_eq!(refund(&world, What::Payment(Key::of("1", "t3")), 3).await, Refunded::NoSuch);
        let audit = world.ledger.audit(None, None, 10).await.unwrap();
        let told: Vec<_> =
            audit.iter().rev().map(|a| (a.about.as_deref().unwrap_or("-"), a.why.as_deref())).collect();
        let why = Some("it never worked");
        assert_eq!(told, [(format!("order {}", one.id).as_str(), why), ("payment 1/t2", why)]);
        assert_eq!(audit[1].msisdn, Some(number(ANN)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_for_the_offer_that_it_was_made_under() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, Some(ANN), 0).await;
        // No package of the catalog has that offer any more.
        let mut asked = wish(&world, CAM, "day", None, 0);
        asked.package.offer = Some("local-day".to_owned());
        let made = world.ledger.write(asked).await.unwrap();
        assert!(matches!(made, Created::Order(_)), "{made:?}");
        world.register(ANN, "1", 1, 25).await;
        assert_eq!(words(&world, CAM.0).await, ["paid"]);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_shown_by_the_page_as_the_clock_has_them() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let mut ids = Vec::new();
        for hour in 0..25 {
            ids.push(made(&world, CAM, "day", None, hour).await.id);
        }
        ids.reverse();
        let of = Orders { account: Some(account("ann")), device: Some(device(CAM.0)), ..Orders::default() };
        let page = world.ledger.order_page(&of, at(24)).await.unwrap();
        let shown = |page: &sdp_gateway::ledger::read::OrderPage| {
            page.orders.iter().map(|o| o.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!((shown(&page).as_slice(), page.is_last), (&ids[..20], false));
        let rest = Orders { before: Some(ids[19].clone()), ..of.clone() };
        let page = world.ledger.order_page(&rest, at(24)).await.unwrap();
        assert_eq!((shown(&page).as_slice(), page.is_last), (&ids[20..], true));
        let with = |status| Orders { status: Some(status), ..of.clone() };
        let count = async |of| world.ledger.orders(&of, at(24), 100).await.unwrap().len();
        assert_eq!((count(with(Status::Unpaid)).await, count(with(Status::Closed)).await), (2, 23));
        assert_eq!(count(with(Status::Paid)).await, 0);
        // For operators too, before anybody has written down what the clock has closed.
        let called = |state: &str| Orders { state: Some(state.to_owned()), ..of.clone() };
        assert_eq!((count(called("unpaid")).await, count(called("closed")).await), (2, 23));
        assert_eq!((count(called("paid")).await, count(called("refunded")).await), (0, 0));
        let swept = world.ledger.sweep(at(24), 10).await.unwrap();
        assert!(swept.more, "ten at a time");
        let bobs = Orders { account: Some(account("bob")), ..of.clone() };
        assert_eq!(count(bobs).await, 0);
        assert_eq!(ids.len() as i64 * HOUR, 25 * HOUR);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_of_the_ledger_finds_money_that_went_nowhere() {
    for world in World::each().await {
        world.bind(CAM.0, CAM.1, None, 0).await;
        let half = coupon(&world, "ann", "half").await;
        let (paid, held) =
            (made(&world, CAM, "day", None, 0).await, made(&world, CAM, "day", Some(&half), 0).await);
        let Taken::Settled(service) = pay(&world, "t1", &paid, vnd(1000), 0).await else {
            panic!("not settled")
        };
        let (paid, held, half) = (&paid.id, &held.id, half.as_str());
        let payment = |set: &str| format!("UPDATE payment SET {set} WHERE key = '1/t1'");
        let order = |id, set: &str| format!("UPDATE vas_order SET {set} WHERE id = '{id}'");
        let coupon = |set: &str| format!("UPDATE coupon SET {set} WHERE code = '{half}'");
        let count = |many| format!("UPDATE coupon_count SET received = {many}");
        let is = |set: &str, id: &str| format!("{set} = '{id}'");
        for (broken, mended, told) in [
            (payment("order_id = 'x'"), payment(&is("order_id", paid.as_str())), "does not say so"),
            (payment("became = 'order_closed'"), payment("became = 'settled'"), "no payment settled it"),
            (payment("amount = 999"), payment("amount = 1000"), "and payment 1/t1 is of 999"),
            (
                order(paid, "service_id = 'svc-x'"),
                order(paid, &is("service_id", service.as_str())),
                "is not the one it gave",
            ),
            (
                order(paid, "state = 'closed', ended_at = 1, paid_at = NULL"),
                order(paid, "state = 'paid', ended_at = NULL, paid_at = 1"),
                "which did not give it",
            ),
            (order(held, "coupon = NULL"), order(held, &is("coupon", half)), "which says otherwise"),
            (
                coupon("state = 'unused', order_id = NULL, held_until = NULL"),
                coupon(&format!(
                    "state = 'held', held_until = {}, {}",
                    at(2).0,
                    is("order_id", held.as_str())
                )),
                "which is not its",
            ),
            (count(7), count(1), "was received 7 times by its count, and there are 1"),
        ] {
            damage(&world, broken).await;
            let found = world.ledger.verify(|_| ()).await.unwrap();
            assert!(found.told.iter().any(|fault| fault.contains(told)), "{told}: {:?}", found.told);
            damage(&world, mended).await;
        }
        world.verified().await;
    }
}
