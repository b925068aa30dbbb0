//! Vouchers used on devices, and what was paid for moved between them.

use std::collections::BTreeSet;
use std::sync::Arc;

use sdp_gateway::catalog::{Catalog, TermUnit};
use sdp_gateway::clock::{Timestamp, Zone};
use sdp_gateway::ids::Tenant;
use sdp_gateway::ledger::fulfil::{Bound, Transfer, Transferred, UseVoucher, VoucherUsed};
use sdp_gateway::service::holdings::Refused;
use sdp_gateway::service::source::{ServiceId, Source};
use sdp_gateway::stock::{About, CodeText};

use crate::world::{ANN, HOUR, World, account, at, device};

const DAY: i64 = 24;

/// A package, carried out by a provider, as vouchers of a batch that can be used until an hour.
fn about(provider: &str, period: TermUnit, tenant: Option<&str>, until: Option<i64>) -> About {
    let text = format!(
        "[[package]]\nnumber = 'p'\nname = 'Seven days'\ncountries = ['VN']\nservice_type = 2\nstorage_days = 7\n\
         period = '{}'\nprice = 1\ncurrency = 'VND'\n",
        period.word()
    );
    let catalog = Catalog::parse(&text, "test", &std::collections::BTreeMap::new(), 0).expect("a catalog");
    let package = catalog.package("p").expect("a package");
    let tenant = tenant.map(|name| Tenant::parse(name).expect("a tenant"));
    let about = About::voucher(package, "cards".to_owned(), until.map(at), tenant);
    About { provider: provider.to_owned(), ..about }
}

async fn stock(world: &World, about: About, texts: &[&str]) {
    let text = |text: &&str| CodeText::parse(text).expect("a code");
    let code = |text| about.clone().code(&text, world.ledger.vault(), at(0)).expect("sealed");
    world.ledger.add_codes(texts.iter().map(text).map(code).collect(), |_| ()).await.expect("written");
}

fn wish(world: &World, text: &str, on: (&str, &str), hour: i64) -> UseVoucher {
    UseVoucher {
        keys: world.keys(text),
        device: device(on.0),
        account: account(on.1),
        zone: Zone::parse("Asia/Ho_Chi_Minh").expect("a zone"),
        now: at(hour),
        pausing: Arc::new(BTreeSet::from(["test".to_owned()])),
    }
}

async fn used(world: &World, text: &str, on: (&str, &str), hour: i64) -> VoucherUsed {
    world.ledger.write(wish(world, text, on, hour)).await.expect("written")
}

async fn given(world: &World, text: &str, on: (&str, &str), hour: i64) -> ServiceId {
    match used(world, text, on, hour).await {
        VoucherUsed::Done(id) => id,
        other => panic!("{text}: {other:?}"),
    }
}

async fn moved(world: &World, service: &ServiceId, to: &str, user: &str, hour: i64) -> Transferred {
    let (service, to, account) = (service.clone(), device(to), account(user));
    world.ledger.write(Transfer { service, to, account, now: at(hour) }).await.expect("written")
}

/// When a service ends, as foreseen at an hour.
async fn ends(world: &World, service: &ServiceId, on: &str, hour: i64) -> Option<Timestamp> {
    let paid = world.ledger.paid_on(&device(on), service, at(hour)).await.expect("read");
    paid.unwrap_or_else(|| panic!("{service} is not on {on}")).on_device.ends_at
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_is_used_once_however_many_ask_at_once() {
    for world in World::each().await {
        stock(&world, about("local", TermUnit::Week, None, None), &["CARD-1"]).await;
        let other = world.another().await;
        for name in 0..10 {
            world.bind(&format!("cam-{name}"), &format!("user-{}", name % 3), None, 0).await;
        }
        let asks = (0..40).map(|n| {
            let (cam, user) = (format!("cam-{}", n % 10), format!("user-{}", n % 10 % 3));
            let wish = wish(&world, "card1", (&cam, &user), 1);
            let ledger = if n % 2 == 0 { world.ledger.clone() } else { other.clone() };
            tokio::spawn(async move { ledger.write(wish).await.expect("written") })
        });
        let (mut done, mut refused) = (0, 0);
        for ask in asks.collect::<Vec<_>>() {
            match ask.await.expect("no panic") {
                VoucherUsed::Done(_) => done += 1,
                VoucherUsed::Used => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((done, refused), (1, 39));
        other.close().await;
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_term_is_counted_from_its_turn_by_the_calendar() {
    for world in World::each().await {
        stock(&world, about("local", TermUnit::Month, None, None), &["CARD-1", "CARD-2"]).await;
        world.bind("cam-1", "ann", None, 0).await;
        let first = given(&world, "CARD-1", ("cam-1", "ann"), 0).await;
        let second = given(&world, "CARD-2", ("cam-1", "ann"), 0).await;
        // From 22 September 07:00 in Hanoi to 22 October, and on to 22 November.
        assert_eq!(ends(&world, &first, "cam-1", 0).await, Some(at(30 * DAY)));
        assert_eq!(ends(&world, &second, "cam-1", 0).await, Some(at(61 * DAY)));
        let paid = world.ledger.paid_by(&account("ann"), at(0)).await.expect("read");
        let package = Some(("p".to_owned(), "Seven days".to_owned()));
        assert_eq!(paid.iter().map(|paid| &paid.package).collect::<Vec<_>>(), [&package; 2]);
        assert!(paid.iter().all(|paid| matches!(paid.on_device.service.source, Source::Voucher(_))));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_changes_nothing() {
    for world in World::each().await {
        let own = about("local", TermUnit::Day, None, Some(5));
        stock(&world, own, &["CARD-1"]).await;
        stock(&world, about("local", TermUnit::Day, Some("reseller-a"), None), &["CARD-2"]).await;
        world.stock(&["PLAIN-1"], sdp_gateway::catalog::GrantKind::Cloud, "local").await;
        world.bind("cam-1", "ann", None, 0).await;
        world.bind("cam-2", "bob", None, 0).await;
        for (text, on, hour, expected) in [
            ("CARD-1", ("cam-2", "ann"), 1, VoucherUsed::NotOwn),
            ("CARD-1", ("cam-3", "ann"), 1, VoucherUsed::NotOwn),
            ("CARD-2", ("cam-1", "ann"), 1, VoucherUsed::Unknown),
            ("CARD-9", ("cam-1", "ann"), 1, VoucherUsed::Unknown),
            ("PLAIN-1", ("cam-1", "ann"), 1, VoucherUsed::Unknown),
            ("CARD-1", ("cam-1", "ann"), 5, VoucherUsed::Expired),
        ] {
            assert_eq!(used(&world, text, on, hour).await, expected, "{text} on {on:?}");
        }
        assert_eq!(world.services("cam-1", 5).await, Vec::<String>::new());
        given(&world, "CARD-1", ("cam-1", "ann"), 4).await;
        assert_eq!(used(&world, "CARD-1", ("cam-1", "ann"), 9).await, VoucherUsed::Used);
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_provider_is_asked_for_what_a_voucher_gives() {
    for world in World::each().await {
        stock(&world, about("test", TermUnit::Day, None, None), &["CARD-1"]).await;
        world.bind("cam-1", "ann", None, 0).await;
        let id = given(&world, "CARD-1", ("cam-1", "ann"), 0).await;
        assert_eq!(world.services("cam-1", 1).await, ["cloud pending"]);
        assert_eq!(ends(&world, &id, "cam-1", 1).await, Some(at(1 + DAY)), "as if it began now");
        assert_eq!(world.work(2).await, ["begin cam-1"]);
        assert_eq!(ends(&world, &id, "cam-1", 3).await, Some(at(2 + DAY)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn there_and_back_it_ends_when_it_would_have() {
    for world in World::each().await {
        stock(&world, about("local", TermUnit::Month, None, None), &["CARD-1"]).await;
        world.bind("cam-1", "ann", Some(ANN), 0).await;
        world.bind("cam-2", "ann", None, 0).await;
        let id = given(&world, "CARD-1", ("cam-1", "ann"), 0).await;
        let end = ends(&world, &id, "cam-1", 0).await;
        assert_eq!(end, Some(at(30 * DAY)));
        for hour in 1..40 {
            let to = if hour % 2 == 1 { "cam-2" } else { "cam-1" };
            assert_eq!(moved(&world, &id, to, "ann", hour).await, Transferred::Moved);
            assert_eq!(ends(&world, &id, to, hour).await, end);
        }
        let told = world.ledger.transfers_on(&crate::world::number(ANN)).await.expect("read");
        assert_eq!(told.len(), 39);
        assert_eq!((told[0].from.as_str(), told[0].to.as_str(), told[0].at), ("cam-1", "cam-2", at(39)));
        assert_eq!(world.services("cam-2", 39).await, ["cloud active"]);
        world.verified().await;
    }
}

/// What nobody carries out stands still: there and back at a remote provider it ends as much later as it took to begin.
#[tokio::test(flavor = "multi_thread")]
async fn at_a_remote_provider_no_paid_second_is_lost_on_the_way() {
    for world in World::each().await {
        stock(&world, about("test", TermUnit::Month, None, None), &["CARD-1"]).await;
        world.bind("cam-1", "ann", None, 0).await;
        world.bind("cam-2", "ann", None, 0).await;
        let id = given(&world, "CARD-1", ("cam-1", "ann"), 0).await;
        assert_eq!(world.work(0).await, ["begin cam-1"]);
        let end = ends(&world, &id, "cam-1", 0).await.expect("an end");
        moved(&world, &id, "cam-2", "ann", 5).await;
        assert_eq!(world.work(5).await, ["end cam-1", "begin cam-2"]);
        moved(&world, &id, "cam-1", "ann", 8).await;
        assert_eq!(
            ends(&world, &id, "cam-1", 8).await,
            Some(end),
            "begun at once, it ends when it would have"
        );
        // There it took an hour.
        assert_eq!(world.work(9).await, ["end cam-2", "begin cam-1"]);
        assert_eq!(ends(&world, &id, "cam-1", 10).await, Some(end.plus_ms(HOUR)));
        world.verified().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_paid_and_can_stop_moves_and_only_to_the_accounts_devices() {
    for world in World::each().await {
        stock(&world, about("local", TermUnit::Day, None, None), &["CARD-1"]).await;
        stock(&world, about("test", TermUnit::Day, None, None), &["CARD-2"]).await;
        assert_eq!(world.bind("cam-1", "ann", Some(ANN), 0).await, Bound::Bound);
        world.bind("cam-2", "ann", None, 0).await;
        world.bind("cam-3", "bob", None, 0).await;
        world.register(ANN, "1", 0, 50).await;
        let right = world.ledger.device(&device("cam-1"), at(1)).await.expect("read").expect("a device");
        let right = right.services[0].service.id.clone();
        let id = given(&world, "CARD-1", ("cam-1", "ann"), 1).await;
        let nobody = ServiceId::from_stored("svc-0".to_owned());
        for (service, to, user, why) in [
            (&right, "cam-2", "ann", Refused::NotPaid),
            (&right, "cam-1", "ann", Refused::NotPaid),
            (&nobody, "cam-2", "ann", Refused::NoSuchService),
            (&id, "cam-3", "bob", Refused::NoSuchService),
            (&id, "cam-3", "ann", Refused::AnotherAccount),
            (&id, "cam-9", "ann", Refused::NotBound),
        ] {
            let told = moved(&world, service, to, user, 2).await;
            assert_eq!(told, Transferred::Refused(why), "{service} to {to} by {user}");
        }
        assert_eq!(moved(&world, &id, "cam-1", "ann", 2).await, Transferred::Moved, "there already");
        // Paused under a right it has its whole day; on the other device it begins at once.
        assert_eq!(moved(&world, &id, "cam-2", "ann", 3).await, Transferred::Moved);
        assert_eq!(ends(&world, &id, "cam-2", 3).await, Some(at(3 + DAY)));
        assert_eq!(
            moved(&world, &id, "cam-1", "ann", 28).await,
            Transferred::Refused(Refused::NoSuchService)
        );
        // What a provider that cannot stop has not begun yet may move, and what it has begun goes on where it is.
        world.bind("cam-4", "ann", None, 30).await;
        let far = UseVoucher { pausing: Arc::default(), ..wish(&world, "CARD-2", ("cam-2", "ann"), 30) };
        let VoucherUsed::Done(far) = world.ledger.write(far).await.expect("written") else {
            panic!("not used")
        };
        assert_eq!(moved(&world, &far, "cam-4", "ann", 30).await, Transferred::Moved);
        assert!(world.work(31).await.ends_with(&["begin cam-4".to_owned()]));
        let told = moved(&world, &far, "cam-2", "ann", 32).await;
        assert_eq!(told, Transferred::Refused(Refused::Unstoppable));
        let paid = world.ledger.paid_by(&account("ann"), at(32)).await.expect("read");
        assert!(
            paid.iter().all(|paid| paid.on_device.service.may_move() == (paid.on_device.service.id != far))
        );
        world.verified().await;
    }
}
