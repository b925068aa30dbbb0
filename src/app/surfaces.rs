//! The surfaces, built from the settings at the start and anew at each reload, and the doors that lead to them. A
//! request goes through the door that stands open when it comes, and is answered by what it found behind it: so a
//! reload drops none.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::activation::{self, Activation};
use crate::admin::Admin;
use crate::carrier::Carrier;
use crate::clock::Clock;
use crate::config::Config;
use crate::flussonic::Flussonic;
use crate::ledger::Ledger;
use crate::limits::Limiter;
use crate::partner::Partners;
use crate::providers::{self, Providers};
use crate::routes::Routes;
use crate::server::Guesses;
use crate::telemetry::Recorder;
use crate::worker::{Beat, Sender};

/// What one listener serves.
pub(super) type Door = Arc<ArcSwap<Routes>>;

/// What surfaces are made of, beside the settings: all of it outlives them.
pub(super) struct Parts {
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) recorder: Recorder,
    pub(super) providers: Arc<Providers>,
    pub(super) sender: Sender,
    pub(super) beat: Option<Beat>,
}

/// The doors, one for each kind of listener.
pub(super) struct Doors {
    pub(super) main: Door,
    pub(super) carrier: Door,
    pub(super) admin: Door,
    /// Whether the carrier has listeners of its own, and is not served by the main ones.
    apart: bool,
}

/// What is behind each.
struct Behind {
    main: Routes,
    carrier: Routes,
    admin: Routes,
}

impl Doors {
    /// Opens them on surfaces of these settings.
    pub(super) fn open(parts: &Parts, config: &Config, apart: bool) -> Self {
        let Behind { main, carrier, admin } = parts.surfaces(config, apart);
        let door = |routes| Arc::new(ArcSwap::from_pointee(routes));
        Self { main: door(main), carrier: door(carrier), admin: door(admin), apart }
    }

    /// Leads to surfaces of other settings from now on.
    pub(super) fn renew(&self, parts: &Parts, config: &Config) {
        let Behind { main, carrier, admin } = parts.surfaces(config, self.apart);
        self.main.store(Arc::new(main));
        self.carrier.store(Arc::new(carrier));
        self.admin.store(Arc::new(admin));
    }
}

impl Parts {
    fn surfaces(&self, config: &Config, apart: bool) -> Behind {
        let (ledger, clock) = (|| self.ledger.clone(), || self.clock.clone());
        let per_second = config.limits.carrier_per_second;
        let carrier = Arc::new(Carrier::new(
            config.carrier.clone(),
            super::reads(&config.carrier),
            per_second,
            ledger(),
            clock(),
        ));
        let limiter = Arc::new(Limiter::new(config.limits.partner_per_second));
        // Each surface has its own: a wrong signature costs nobody his token.
        let guesses = || {
            let per_second = config.limits.bad_signature_per_second;
            Guesses::new(per_second, config.carrier.trusted_proxies.clone())
        };
        let partners = Partners::new(&config.partner, Arc::clone(&limiter), guesses(), ledger(), clock());
        let parts = activation::Parts {
            ledger: ledger(),
            clock: clock(),
            sender: self.sender.clone(),
            pausing: providers::those(&config.providers, |can| can.keeps_state).map(str::to_owned).collect(),
            limiter,
            guesses: guesses(),
        };
        let activation = Arc::new(Activation::new(config, parts));
        let flussonic = Arc::new(Flussonic::new(config, guesses(), ledger(), clock()));
        let (recorder, beat) = (self.recorder.clone(), self.beat.clone());
        let admin = Arc::new(Admin::new(config, guesses(), ledger(), clock(), recorder, beat));
        let with_carrier = (!apart).then(|| Arc::clone(&carrier));
        Behind {
            main: Routes::main(with_carrier, Arc::new(partners), activation, flussonic, Arc::clone(&admin)),
            carrier: Routes::carrier(carrier, Arc::clone(&admin)),
            admin: Routes::admin(admin),
        }
    }
}
