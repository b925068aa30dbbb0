//! Settings that are read again while the gateway runs: what of them comes into force, and what takes a restart.

use toml::{Table, Value};

use super::{Config, Provider};

impl Config {
    /// These settings with all of `read` that can come into force while the gateway runs; and the keys that differ
    /// and take a restart. Catalog, partners, callers, limits and every secret come into force. What listens, the
    /// ledger, the log, the worker and what else providers have was handed out at the start and stays; so does the
    /// key of the codes, without which those in stock could not be opened, and what all folds were made under.
    #[must_use]
    pub fn renewed(&self, read: &Self) -> (Self, Vec<String>) {
        let mut taken = Self {
            server: self.server.clone(),
            codes: self.codes.clone(),
            ledger: self.ledger.clone(),
            log: self.log.clone(),
            worker: self.worker.clone(),
            providers: self.providers.clone(),
            ..read.clone()
        };
        taken.carrier.listen = self.carrier.listen;
        taken.carrier.queue_disorder_max_s = self.carrier.queue_disorder_max_s;
        taken.admin.listen = self.admin.listen;
        for (name, provider) in &mut taken.providers {
            if let Some(read) = read.providers.get(name) {
                provider.take_secrets(read);
            }
        }
        let mut left = Vec::new();
        compare(&taken.to_table(), &read.to_table(), "", &mut left);
        (taken, left)
    }

    fn to_table(&self) -> Table {
        self.to_masked_toml().parse().unwrap_or_default()
    }
}

impl Provider {
    fn take_secrets(&mut self, read: &Self) {
        let secrets = [(&mut self.partner_secret, &read.partner_secret), (&mut self.api_key, &read.api_key)];
        for (own, read) in secrets {
            own.clone_from(&read.clone().or(own.clone()));
        }
        if let (Some(own), Some(read)) = (&mut self.billing, &read.billing) {
            own.password.clone_from(&read.password);
        }
    }
}

/// The dotted keys at which two tables differ.
fn compare(one: &Table, other: &Table, above: &str, differing: &mut Vec<String>) {
    let only_there = other.keys().filter(|key| !one.contains_key(*key));
    for key in one.keys().chain(only_there) {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match (one.get(key), other.get(key)) {
            (Some(Value::Table(one)), Some(Value::Table(other))) => compare(one, other, &path, differing),
            (one, other) if one != other => differing.push(path),
            _ => {}
        }
    }
}
