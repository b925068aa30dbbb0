//! `config`: checks settings and catalog, and prints what is in force.

use super::{Ended, Failure, Global};
use crate::catalog::Catalog;

pub(super) fn run(global: &Global) -> Ended {
    let config = match global.load() {
        Ok(config) => config,
        Err(faults) => return tell(&faults.to_string()),
    };
    let grace_days = config.carrier.renewal_grace_days;
    match Catalog::load(&config.catalog, &config.providers, grace_days) {
        Ok(_) => super::print(&config.to_masked_toml()),
        Err(faults) => return tell(&faults.to_string()),
    }
    Ok(())
}

/// Faults go where a person or a deployment looks for them, one a line.
fn tell(faults: &str) -> Ended {
    eprintln!("{faults}");
    Err(Failure::Told)
}
