//! Settings: `config/default.toml`, then the `--config` file, then the environment; read, checked
//! whole and handed on as plain values. Leaves all use of a setting to whoever owns the matter; this
//! is the only module that looks at the environment.

mod activation;
mod admin;
mod caller;
mod carrier;
mod catalog_file;
mod codes;
mod env;
mod faults;
mod flussonic;
mod host;
mod keys;
mod layers;
mod ledger;
mod limits;
mod lines;
mod log;
mod net;
mod partner;
mod payments;
mod provider;
mod reading;
mod renew;
mod secret;
mod server;
mod vas;
mod weak;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

pub use activation::Activation;
pub use admin::Admin;
pub use caller::Caller;
pub use carrier::{Carrier, Channel, CheckAnswers, FailedResult, RegMeaning};
pub use catalog_file::CatalogFile;
pub use codes::{Codes, CodesKey};
pub use env::{environment, journal_stream, login, named_file};
pub use faults::{Fault, Faults};
pub use flussonic::Flussonic;
pub use host::Host;
pub(crate) use keys::{adopt, syntax_fault};
pub use ledger::{Ledger, LedgerUrl};
pub use limits::Limits;
pub(crate) use lines::Lines;
pub use log::{Log, LogFormat};
pub use partner::Partner;
pub use payments::{Alipay, Payments, Sdp, Verify, WeChat};
pub(crate) use payments::{PUBLIC_KEY_ID, wechat_serial};
pub use provider::{
    ActivationRemote, Billing, BillingRemote, Mode, PhoneType, Provider, ProviderKind, ScriptWord, SendAs,
    Suspend, WatcherRemote,
};
pub use secret::Secrets;
pub use server::Server;
pub use vas::Vas;
pub use weak::SECRET_BYTES_SAFE;
pub use worker::Worker;

use reading::Reading;

/// The defaults and the manual of every key, as shipped.
pub const DEFAULT_TOML: &str = include_str!("../config/default.toml");

/// The effective settings of one process.
#[derive(Debug, Clone, Serialize)]
pub struct Config {
    /// The listener of all surfaces but admin, and its bounds.
    pub server: Server,
    /// The carrier surface and how its messages are judged.
    pub carrier: Carrier,
    /// How many requests a second are taken.
    pub limits: Limits,
    /// How strictly signed requests are judged.
    pub activation: Activation,
    /// What camera apps order.
    pub vas: Vas,
    /// How activation codes are kept.
    pub codes: Codes,
    /// What streamers are answered that ask whether somebody may play.
    pub flussonic: Flussonic,
    /// Where the offers are written.
    pub catalog: CatalogFile,
    /// Where notices and subscriptions are kept.
    pub ledger: Ledger,
    /// The operators' listener.
    pub admin: Admin,
    /// How the log is written.
    pub log: Log,
    /// Who may call the partner and activation surfaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partner: Vec<Partner>,
    /// Who carries out grants, by name; `local` is always among them.
    pub providers: BTreeMap<String, Provider>,
    /// How orders may be paid.
    #[serde(skip_serializing_if = "Payments::is_empty")]
    pub payments: Payments,
    /// The worker that sends owed tasks.
    pub worker: Worker,
}

impl Config {
    /// Reads all layers and checks the whole. `env` is everything the process was given (see
    /// [`environment`]); names outside `SDP_GATEWAY__` are none of our business.
    ///
    /// # Errors
    /// Every fault of every layer at once: unreadable file, unknown key, wrong type, value out of
    /// its range, secret file that cannot be read, settings that contradict one another.
    pub fn load(file: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Self, Faults> {
        let (config, faults) = Self::inspect(file, env, Secrets::All);
        faults.into_result().map(|()| config)
    }

    /// The same for whoever wants to look on in spite of faults, where what has one is as by default, or who needs
    /// not all `secrets`: the others may hold a stand-in.
    pub fn inspect(
        file: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        secrets: Secrets,
    ) -> (Self, Faults) {
        let mut reading = Reading::new(DEFAULT_TOML, secrets);
        if let Some(path) = file {
            reading.add_file(path);
        }
        reading.add_environment(env);
        let config = Self::read(&mut reading);
        config.check(&mut reading);
        (config, reading.finish())
    }

    /// The settings with neither file nor environment.
    ///
    /// # Panics
    /// Never: a test loads the compiled-in file.
    #[must_use]
    pub fn defaults() -> Self {
        Self::load(None, std::iter::empty()).expect("config/default.toml is without faults")
    }

    /// For how many days recordings are kept after the end of a service of the provider of this name, which the
    /// settings may not have any more.
    #[must_use]
    pub fn keep_days_after_end(&self, provider: &str) -> u32 {
        self.providers.get(provider).map_or(provider::KEEP_DAYS_AFTER_END, Provider::keep_days_after_end)
    }

    /// The effective settings as a settings file, every secret as `***`.
    ///
    /// # Panics
    /// Never: every setting came from TOML.
    #[must_use]
    pub fn to_masked_toml(&self) -> String {
        toml::to_string(self).expect("settings can be written as the TOML they came from")
    }

    /// The same as JSON.
    ///
    /// # Panics
    /// Never, as above.
    #[must_use]
    pub fn to_masked_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("settings can be written as JSON")
    }

    /// Lists come before the sections they are written in, which know nothing of them.
    fn read(reading: &mut Reading) -> Self {
        let caller = reading.list("carrier.caller", caller::SECRETS);
        let partner = reading.list("partner", partner::SECRETS);
        let verify = reading.list("payments.wechat.verify", payments::VERIFY_SECRETS);
        Self {
            server: reading.section("server", &[]),
            carrier: Carrier { caller, ..reading.section("carrier", &[]) },
            limits: reading.section("limits", &[]),
            activation: reading.section("activation", &[]),
            vas: reading.section("vas", &[]),
            codes: reading.section::<Codes>("codes", &[]).with_key(reading),
            flussonic: reading.section("flussonic", flussonic::SECRETS),
            catalog: reading.section("catalog", &[]),
            ledger: reading.section("ledger", ledger::SECRETS),
            admin: reading.section("admin", admin::SECRETS),
            log: reading.section("log", &[]),
            partner,
            providers: reading.section("providers", provider::SECRETS),
            payments: reading.section::<Payments>("payments", payments::SECRETS).with_verify(verify),
            worker: reading.section("worker", &[]),
        }
    }

    fn check(&self, reading: &mut Reading) {
        self.server.check(reading);
        self.carrier.check(reading, self.server.listen);
        self.limits.check(reading);
        self.activation.check(reading);
        self.vas.check(reading);
        self.flussonic.check(reading);
        self.catalog.check(reading);
        self.ledger.check(reading);
        self.log.check(reading);
        self.admin.check(reading, &[Some(self.server.listen), self.carrier.listen]);
        partner::check(&self.partner, reading);
        self.worker.check(reading);
        provider::check(&self.providers, &self.worker, reading);
        self.payments.check(reading);
    }
}
