//! Histories by chance: whatever happens to numbers, devices and codes, and however attempts end, once
//! all tasks are carried out the provider runs exactly what is in force with it.

use std::collections::BTreeSet;

use sdp_gateway::catalog::GrantKind;
use sdp_gateway::ledger::fulfil::{Claimed, Redeemed};
use sdp_gateway::outbox::{Settlement, TaskAction};
use sdp_gateway::service::Turn;
use sdp_gateway::service::source::ServiceId;
use sdp_gateway::service::state::State;
use sdp_gateway::service::wanted::Owner;

use super::world::{ANN, BOB, World, account, at, device, number};

const STEPS: usize = 60;
const CAMS: [&str; 4] = ["cam-1", "cam-2", "cam-3", "cam-4"];

/// Small numbers that look like chance: the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).expect("small")]
    }
}

struct History {
    world: World,
    dice: Dice,
    hour: i64,
    codes: u32,
    /// What the provider runs.
    running: BTreeSet<ServiceId>,
}

impl History {
    async fn step(&mut self) {
        self.hour += i64::try_from(self.dice.below(4)).expect("small");
        let (hour, cam) = (self.hour, self.dice.of(&CAMS));
        let (msisdn, user) = self.dice.of(&[(ANN, "ann"), (BOB, "bob")]);
        match self.dice.below(12) {
            0..3 => {
                let (package, hours) = (self.dice.of(&["1", "2", "2", "4"]), self.dice.below(20));
                let until = hour + 1 + i64::try_from(hours).expect("small");
                self.world.register(msisdn, package, hour, until).await;
            }
            3 => {
                let package = self.dice.of(&["1", "2", "4"]);
                self.world.cancel(msisdn, package, hour).await;
            }
            4 | 5 => drop(self.world.bind(cam, user, Some(msisdn), hour).await),
            6 => {
                let owner = self.dice.of(&[0, 1]);
                let owner =
                    if owner == 0 { Owner::Number(number(msisdn)) } else { Owner::Account(account(user)) };
                self.world.unbind(cam, owner, hour).await;
            }
            7 => self.redeem(cam, user).await,
            8 => drop(self.world.ledger.sweep(at(hour), 100).await.expect("written")),
            _ => {
                for claimed in self.world.claim(3, hour).await {
                    self.attempt(&claimed).await;
                }
            }
        }
    }

    async fn redeem(&mut self, cam: &str, user: &str) {
        self.codes += 1;
        let (text, provider) = (format!("CODE-{}", self.codes), self.dice.of(&["local", "test"]));
        self.world.stock(&[&text], GrantKind::Cloud, provider).await;
        let redeemed = self.world.redeem(&text, GrantKind::Cloud, (cam, user), self.hour).await;
        if let Redeemed::Remote(claimed) = redeemed {
            self.attempt(&claimed).await;
        }
    }

    /// Attempts end in every way; of those that nobody knows the end of, some were carried out.
    async fn attempt(&mut self, claimed: &Claimed) {
        let (hour, why) = (self.hour, String::new());
        let due_at = at(hour + 1);
        let outcome = match self.dice.below(8) {
            0 => Settlement::Again { due_at, why },
            1 => Settlement::GivenBack,
            2 => Settlement::Unknown { due_at, why },
            3 => Settlement::Unknown { due_at, why },
            _ => Settlement::Done { note: None, follow_up_at: None },
        };
        let carried_out = match outcome {
            Settlement::Done { .. } => true,
            Settlement::Unknown { .. } => self.dice.below(2) == 0,
            _ => false,
        };
        self.world.settle(claimed, outcome.clone(), hour).await;
        if carried_out {
            self.carry_out(claimed, &outcome).await;
        }
    }

    async fn carry_out(&mut self, claimed: &Claimed, outcome: &Settlement) {
        let (Some(service), "test") = (claimed.task.service_id.clone(), claimed.task.provider.as_str())
        else {
            return;
        };
        match claimed.task.action {
            TaskAction::End => drop(self.running.remove(&service)),
            // What was redeemed runs as soon as the ledger says so, and begins later where it waits.
            TaskAction::Redeem if matches!(outcome, Settlement::Done { .. }) => {
                let on = claimed.task.device_id.clone().expect("a device");
                let found = self.world.ledger.device(&on, at(self.hour)).await.expect("read");
                let mut all = found.iter().flat_map(|device| &device.services).map(|on| &on.service);
                if all.any(|one| one.id == service && matches!(one.turn, Turn::InForce(_))) {
                    self.running.insert(service);
                }
            }
            // A look is none of the steps that this provider carries out.
            TaskAction::Redeem | TaskAction::Retire => {}
            _ => drop(self.running.insert(service)),
        }
    }

    /// Everything that is owed is carried out, and nothing is left waiting.
    async fn end(&mut self) {
        self.hour += 2;
        self.world.ledger.sweep(at(self.hour), 100).await.expect("written");
        loop {
            let claimed = self.world.claim(10, self.hour).await;
            if claimed.is_empty() {
                return;
            }
            for one in claimed {
                let done = Settlement::Done { note: None, follow_up_at: None };
                self.world.settle(&one, done.clone(), self.hour).await;
                self.carry_out(&one, &done).await;
            }
        }
    }

    async fn in_force(&self) -> BTreeSet<ServiceId> {
        let mut ids = BTreeSet::new();
        for cam in CAMS {
            let found = self.world.ledger.device(&device(cam), at(self.hour)).await.expect("read");
            let all = found.into_iter().flat_map(|device| device.services);
            for one in all.filter(|one| one.service.plan.provider == "test") {
                assert_ne!(one.state, State::Pending, "{one:?}");
                // Where the provider cannot pause it runs on, whatever the ledger shows.
                if one.service.is_carried() {
                    ids.insert(one.service.id);
                }
            }
        }
        ids
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_runs_what_is_in_force() {
    for seed in 1..=5 {
        for world in World::each().await {
            let dice = Dice(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let mut history = History { world, dice, hour: 0, codes: 0, running: BTreeSet::new() };
            for _ in 0..STEPS {
                history.step().await;
            }
            history.end().await;
            assert_eq!(history.in_force().await, history.running, "seed {seed}");
            history.world.verified().await;
        }
    }
}
