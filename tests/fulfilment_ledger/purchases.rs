//! Whatever happens to what was paid, in any order, no hour is lost and none given twice: what the rules say, and the
//! ledger on both engines, against a model that counts hours on its fingers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sdp_gateway::catalog::{GrantKind, Storage};
use sdp_gateway::clock::Timestamp;
use sdp_gateway::ledger::fulfil::Transfer;
use sdp_gateway::ledger::shop::{Created, Refunded, Taken, What};
use sdp_gateway::order::Order;
use sdp_gateway::order::id::OrderId;
use sdp_gateway::service::hold::Window;
use sdp_gateway::service::holdings::{Holdings, Purchase};
use sdp_gateway::service::right::Right;
use sdp_gateway::service::source::{ServiceId, Source};
use sdp_gateway::service::wanted::Owner;
use sdp_gateway::service::{LOCAL_PROVIDER, Plan};

use super::shop::{order, pay, refund, vnd};
use super::world::{ANN, HOUR, World, account, at, device};

/// The first is the number's, whose right comes and goes; the second is bound by the account alone.
const CAMS: [&str; 2] = ["cam-1", "cam-2"];

/// What can happen, at an hour. Orders are named by their place among those that were made.
#[derive(Debug, Clone)]
enum Op {
    Wait(i64),
    Order(usize),
    Pay { place: usize, is_whole: bool, again: bool },
    Refund(usize),
    Transfer(usize, usize),
    Bind(usize),
    Unbind(usize),
    Register(i64),
    Cancel,
}

fn op() -> impl Strategy<Value = Op> {
    let (cam, place) = (0..2_usize, 0..8_usize);
    prop_oneof![
        4 => (1..30_i64).prop_map(Op::Wait),
        4 => cam.clone().prop_map(Op::Order),
        6 => (place.clone(), prop::bool::weighted(0.9), any::<bool>())
            .prop_map(|(place, is_whole, again)| Op::Pay { place, is_whole, again }),
        1 => place.clone().prop_map(Op::Refund),
        3 => (place, cam.clone()).prop_map(|(place, to)| Op::Transfer(place, to)),
        2 => cam.clone().prop_map(Op::Bind),
        1 => cam.prop_map(Op::Unbind),
        2 => (1..40_i64).prop_map(Op::Register),
        1 => Just(Op::Cancel),
    ]
}

/// An order as the model has it.
#[derive(Debug, Clone, PartialEq)]
struct Bought {
    cam: usize,
    made: i64,
    state: &'static str,
    /// Whether the carrier's charge paid it: it gave nothing of its own then.
    by_right: bool,
}

/// Hours, counted one by one.
#[derive(Debug, Default)]
struct Model {
    hour: i64,
    bound: [bool; 2],
    right_until: i64,
    orders: Vec<Bought>,
    /// What is left of each order, in the order of the queue of each camera.
    queues: [Vec<(usize, i64)>; 2],
}

impl Model {
    fn has_right(&self) -> bool {
        self.hour < self.right_until
    }

    fn wait(&mut self, hours: i64) {
        for _ in 0..hours {
            for cam in 0..2 {
                let is_paused = !self.bound[cam] || (cam == 0 && self.has_right());
                if let Some((_, left)) = self.queues[cam].first_mut().filter(|_| !is_paused) {
                    *left -= 1;
                    self.queues[cam].retain(|(_, left)| *left > 0);
                }
            }
            self.hour += 1;
        }
    }

    fn is_open(&self, bought: &Bought) -> bool {
        bought.state == "unpaid" && self.hour < bought.made + 2
    }

    /// What a payment of the whole price, or of another, comes to.
    fn pay(&mut self, place: usize, is_whole: bool) -> bool {
        let Some(bought) = self.orders.get(place).filter(|bought| is_whole && self.is_open(bought)) else {
            return false;
        };
        let cam = bought.cam;
        self.orders[place].state = "paid";
        self.queues[cam].push((place, 24));
        true
    }

    fn refund(&mut self, place: usize) -> bool {
        let Some(bought) = self.orders.get_mut(place).filter(|bought| bought.state == "paid") else {
            return false;
        };
        bought.state = "refunded";
        self.queues.iter_mut().for_each(|queue| queue.retain(|(of, _)| *of != place));
        true
    }

    fn transfer(&mut self, place: usize, to: usize) {
        let at = |queue: &Vec<(usize, i64)>| queue.iter().position(|(of, _)| *of == place);
        let from = 1 - to;
        if let Some(place) = at(&self.queues[from]).filter(|_| self.bound[to]) {
            let moved = self.queues[from].remove(place);
            self.queues[to].push(moved);
        }
    }

    /// The carrier's charge: it pays the oldest open order on the number's camera too.
    fn register(&mut self, hours: i64) -> i64 {
        self.right_until = self.right_until.max(self.hour) + hours;
        let is_open = |bought: &&Bought| self.bound[0] && bought.cam == 0 && self.is_open(bought);
        let oldest = self.orders.iter().filter(is_open).map(|bought| bought.made).min();
        // Of several of one hour it is the one whose id is the least: the test makes one an hour.
        let place = self.orders.iter().position(|bought| is_open(&bought) && Some(bought.made) == oldest);
        if let Some(place) = place {
            (self.orders[place].state, self.orders[place].by_right) = ("paid", true);
        }
        self.right_until
    }
}

#[derive(Default)]
struct Rules {
    cams: [Holdings; 2],
    services: BTreeMap<usize, ServiceId>,
}

impl Rules {
    fn plan() -> Plan {
        Plan {
            kind: GrantKind::Cloud,
            storage: Some(Storage::Event),
            retention_days: Some(7),
            provider: LOCAL_PROVIDER.to_owned(),
            settings: serde_json::Map::new(),
        }
    }

    fn pay(&mut self, cam: usize, place: usize, now: Timestamp) {
        let purchase = Purchase {
            source: Source::Order(place.to_string()),
            plan: Self::plan(),
            granted_ms: 24 * HOUR,
            pausable: true,
        };
        let id = self.cams[cam].grant(&device(CAMS[cam]), account("ann"), purchase, now).expect("a device");
        self.services.insert(place, id);
    }

    fn transfer(&mut self, place: usize, to: usize, now: Timestamp) {
        let is_bound = self.cams[to].devices[0].account.is_some();
        let Some(id) = self.services.get(&place).filter(|_| is_bound) else { return };
        if let Ok(taken) = self.cams[1 - to].take(id, now) {
            self.cams[to].put(taken, &device(CAMS[to]), now).expect("it is bound");
        }
    }

    fn entitle(&mut self, from: i64, until: i64, now: Timestamp) {
        let (starts_at, ends_at) = (at(from), at(until));
        let right = Right {
            entitlement: format!("right of {from}"),
            plan: Self::plan(),
            devices_max: 1,
            window: Window { starts_at, expires_at: ends_at, lapses_at: ends_at },
            begins_at: starts_at,
        };
        self.cams[0].entitle(if until > from { vec![right] } else { Vec::new() }, now);
    }

    /// What is left of each order on a camera, the next one first.
    fn left(&self, cam: usize, now: Timestamp) -> Vec<(usize, i64)> {
        let mut advanced = self.cams[cam].clone();
        advanced.advance(now);
        let live = advanced.services().filter(|service| service.is_live() && !service.is_attached());
        let place = |id: &ServiceId| self.services.iter().find(|(_, of)| *of == id).map(|(place, _)| *place);
        live.map(|service| (place(&service.id).expect("bought"), service.left_ms(now).expect("paid") / HOUR))
            .collect()
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_hour_is_lost_or_given_twice_by_the_rules(ops in ops()) {
        let (mut model, mut rules) = (Model::default(), Rules::default());
        for (cam, name) in CAMS.into_iter().enumerate() {
            model.bound[cam] = true;
            rules.cams[cam].bind(&device(name), account("ann"), at(0)).expect("free");
        }
        let mut since = 0;
        for op in ops {
            let now = at(model.hour);
            match op {
                Op::Wait(hours) => model.wait(hours),
                Op::Order(cam) if model.bound[cam] => {
                    model.wait(1);
                    model.orders.push(Bought { cam, made: model.hour, state: "unpaid", by_right: false });
                }
                Op::Pay { place, is_whole, .. } => {
                    if model.pay(place, is_whole) {
                        rules.pay(model.orders[place].cam, place, now);
                    }
                }
                Op::Refund(place) => {
                    if model.refund(place)
                        && let Some(id) = rules.services.get(&place)
                    {
                        rules.cams.iter_mut().for_each(|cam| cam.revoke(id, now));
                    }
                }
                Op::Transfer(place, to) => {
                    model.transfer(place, to);
                    rules.transfer(place, to, now);
                }
                Op::Bind(cam) => {
                    model.bound[cam] = true;
                    rules.cams[cam].bind(&device(CAMS[cam]), account("ann"), now).expect("its own");
                }
                Op::Unbind(cam) => {
                    model.bound[cam] = false;
                    rules.cams[cam].unbind(&device(CAMS[cam]), now);
                }
                Op::Register(hours) => {
                    since = if model.has_right() { since } else { model.hour };
                    let until = model.register(hours);
                    rules.entitle(since, until, now);
                }
                Op::Cancel => {
                    model.right_until = model.hour;
                    rules.entitle(since, since, now);
                }
                Op::Order(_) => {}
            }
            for cam in 0..2 {
                prop_assert_eq!(rules.left(cam, at(model.hour)), model.queues[cam].clone());
            }
        }
    }
}

/// What is left of each order on a camera, as the ledger shows it.
async fn left(world: &World, cam: usize, orders: &[Order], hour: i64) -> Vec<(usize, i64)> {
    let found = world.ledger.device(&device(CAMS[cam]), at(hour)).await.expect("read").expect("a device");
    let mut left = Vec::new();
    for on_device in found.services.into_iter().filter(|s| !s.service.is_attached()) {
        let place = orders
            .iter()
            .position(|order| on_device.service.source == Source::Order(order.id.as_str().to_owned()));
        let ms = on_device.service.left_ms(at(hour)).expect("paid");
        left.push((place.expect("bought"), ms / HOUR));
    }
    left.sort_unstable();
    left
}

async fn step(world: &World, model: &mut Model, orders: &mut Vec<Order>, op: Op) {
    match op {
        Op::Wait(hours) => {
            model.wait(hours);
            if hours % 2 == 0 {
                world.ledger.sweep(at(model.hour), 100).await.expect("swept");
            }
        }
        Op::Order(cam) => {
            model.wait(1);
            let made = order(world, (CAMS[cam], "ann"), "day", None, model.hour).await;
            assert_eq!(matches!(made, Created::Order(_)), model.bound[cam], "{made:?}");
            if let Created::Order(made) = made {
                orders.push(*made);
                model.orders.push(Bought { cam, made: model.hour, state: "unpaid", by_right: false });
            }
        }
        Op::Pay { place, is_whole, again } => {
            let Some(order) = orders.get(place).cloned() else { return };
            let settles = model.pay(place, is_whole);
            let (name, money) =
                (format!("t{place} {} {is_whole}", model.hour), vnd(if is_whole { 1000 } else { 1 }));
            let taken = pay(world, &name, &order, money, model.hour).await;
            assert!(
                matches!(taken, Taken::Settled(_)) == settles || matches!(taken, Taken::Repeated(_)),
                "{taken:?}"
            );
            if again {
                let again = pay(world, &name, &order, money, model.hour + 9).await;
                assert!(matches!(again, Taken::Repeated(_)), "{again:?}");
            }
        }
        Op::Refund(place) => {
            let Some(order) = orders.get(place) else { return };
            let refunded = refund(world, What::Order(order.id.clone()), model.hour).await;
            assert_eq!(matches!(refunded, Refunded::Order(_)), model.refund(place), "{refunded:?}");
        }
        Op::Transfer(place, to) => {
            let Some(order) = orders.get(place) else { return };
            let service = ServiceId::of_paid(&Source::Order(order.id.as_str().to_owned()));
            let transfer =
                Transfer { service, to: device(CAMS[to]), account: account("ann"), now: at(model.hour) };
            world.ledger.write(transfer).await.expect("written");
            model.transfer(place, to);
        }
        Op::Bind(cam) => {
            world.bind(CAMS[cam], "ann", (cam == 0).then_some(ANN), model.hour).await;
            model.bound[cam] = true;
        }
        Op::Unbind(cam) => {
            let owner = Owner::Account(account("ann"));
            world.unbind(CAMS[cam], owner, model.hour).await;
            model.bound[cam] = false;
        }
        Op::Register(hours) => {
            model.wait(1);
            let until = model.register(hours);
            world.register(ANN, "5", model.hour, until).await;
        }
        Op::Cancel => {
            model.wait(1);
            world.cancel(ANN, "5", model.hour).await;
            model.right_until = model.hour;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hour_is_lost_or_given_twice_through_the_ledger() {
    for world in World::each().await {
        let mut runner = TestRunner::deterministic();
        let mut model = Model::default();
        let mut orders = Vec::new();
        for cam in [0, 1] {
            step(&world, &mut model, &mut orders, Op::Bind(cam)).await;
        }
        // One long story, so that all of it is under what came before; the newest orders are those that are named.
        for _ in 0..200 {
            let op = op().new_tree(&mut runner).expect("an operation").current();
            let recent = orders.len().saturating_sub(8);
            let op = match op {
                Op::Pay { place, is_whole, again } => Op::Pay { place: recent + place, is_whole, again },
                Op::Refund(place) => Op::Refund(recent + place),
                Op::Transfer(place, to) => Op::Transfer(recent + place, to),
                other => other,
            };
            let told = format!("{op:?} at {}", model.hour);
            step(&world, &mut model, &mut orders, op).await;
            for cam in [0, 1] {
                let mut expected = model.queues[cam].clone();
                expected.sort_unstable();
                assert_eq!(left(&world, cam, &orders, model.hour).await, expected, "cam {cam} after {told}");
            }
        }
        world.ledger.sweep(at(model.hour + 3), 1000).await.expect("swept");
        for (bought, order) in model.orders.iter().zip(&orders) {
            let id: &OrderId = &order.id;
            let state = world.ledger.order(id).await.expect("read").expect("an order").state;
            let expected = if bought.state == "unpaid" { "closed" } else { bought.state };
            assert_eq!(state.word(), expected);
            let paid_by = state
                .settled()
                .and_then(|settled| settled.payment.as_ref())
                .map(|key| key.pay_type() == "sdp");
            assert_eq!(paid_by.unwrap_or_default(), bought.by_right);
        }
        world.verified().await;
    }
}
