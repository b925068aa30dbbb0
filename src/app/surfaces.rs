//! The surfaces, built from the settings at the start and anew at each reload, and the doors that lead to them. A
//! request goes through the door that stands open when it comes, and is answered by what it found behind it: so a
//! reload drops none.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::activation::{self, Activation};
use crate::admin::{Admin, Health};
use crate::carrier::Carrier;
use crate::clock::Clock;
use crate::config::Config;
use crate::flussonic::Flussonic;
use crate::ledger::Ledger;
use crate::limits::Limiter;
use crate::partner::Partners;
use crate::payments::Payments;
use crate::providers::{self, Providers};
use crate::routes::Routes;
use crate::server::Guesses;
use crate::signed;
use crate::surface::{Listener, Surface};
use crate::telemetry::Recorder;
use crate::vas::Vas;
use crate::worker::{Beat, Sender};

/// What one listener serves.
pub(super) type Door = Arc<ArcSwap<Routes>>;

/// What surfaces are made of, beside the settings: all of it outlives them.
pub(super) struct Parts {
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) recorder: Recorder,
    pub(super) providers: Arc<Providers>,
    pub(super) payments: Arc<Payments>,
    pub(super) sender: Sender,
    pub(super) beat: Option<Beat>,
}

/// The doors, one for each kind of listener, in the order of [`Listener::ALL`].
pub(super) struct Doors {
    doors: [Door; Listener::ALL.len()],
    /// Whether the carrier has listeners of its own, and is not served by the main ones.
    apart: bool,
}

/// What is behind each.
struct Behind {
    routes: [Routes; Listener::ALL.len()],
    apart: bool,
}

impl Doors {
    /// Opens them on surfaces of these settings.
    pub(super) fn open(parts: &Parts, config: &Config, apart: bool) -> Self {
        let doors = parts.surfaces(config, apart).map(|routes| Arc::new(ArcSwap::from_pointee(routes)));
        Self { doors, apart }
    }

    /// Leads to surfaces of other settings from now on.
    pub(super) fn renew(&self, parts: &Parts, config: &Config) {
        for (door, routes) in self.doors.iter().zip(parts.surfaces(config, self.apart)) {
            door.store(Arc::new(routes));
        }
    }

    /// What a listener serves.
    pub(super) fn of(&self, listener: Listener) -> Door {
        Arc::clone(&self.doors[listener as usize])
    }
}

impl Behind {
    fn add<S: Surface>(&mut self, surface: impl Into<Arc<S>>) {
        let surface = surface.into();
        for (listener, routes) in Listener::ALL.into_iter().zip(&mut self.routes) {
            let stands_in = listener == Listener::Main && !self.apart;
            if S::LISTENERS.contains(&listener) || stands_in && S::LISTENERS.contains(&Listener::Carrier) {
                routes.add(&surface);
            }
        }
    }
}

impl Parts {
    /// All surfaces there are, one line each.
    fn surfaces(&self, config: &Config, apart: bool) -> [Routes; Listener::ALL.len()] {
        let (ledger, clock) = (|| self.ledger.clone(), || self.clock.clone());
        // Each surface has its own: a wrong signature costs nobody his token.
        let guesses = || {
            let per_second = config.limits.bad_signature_per_second;
            Guesses::new(per_second, config.carrier.trusted_proxies.clone())
        };
        // One for all that partners call.
        let limiter = Arc::new(Limiter::new(config.limits.partner_per_second));
        let signed = || signed::Parts { ledger: ledger(), limiter: Arc::clone(&limiter), guesses: guesses() };
        let redeeming = activation::Parts {
            signed: signed(),
            clock: clock(),
            sender: self.sender.clone(),
            pausing: providers::those(&config.providers, |can| can.keeps_state).map(str::to_owned).collect(),
        };
        let health = Arc::new(Health::new(ledger(), self.beat.clone()));
        let recorder = self.recorder.clone();
        let mut behind = Behind { routes: Listener::ALL.map(Routes::of), apart };
        behind.add::<Carrier>(Carrier::new(config, super::reads(&config.carrier), ledger(), clock()));
        behind.add::<Partners>(Partners::new(
            &config.partner,
            Arc::clone(&limiter),
            guesses(),
            ledger(),
            clock(),
        ));
        behind.add::<Activation>(Activation::new(config, redeeming));
        behind.add::<Vas>(Vas::new(config, signed(), clock(), Arc::clone(&self.payments)));
        behind.add::<Flussonic>(Flussonic::new(config, guesses(), ledger(), clock()));
        behind.add::<Health>(Arc::clone(&health));
        behind.add::<Admin>(Admin::new(config, guesses(), ledger(), clock(), recorder, health));
        behind.routes
    }
}
