//! `config`: checks settings and catalog, warns of what is weak, and prints what is in force.

use super::{Ended, Failure, Global, tell};
use crate::catalog::Catalog;
use crate::config::{Config, environment};

pub(super) fn run(global: &Global) -> Ended {
    let (config, mut faults) = Config::inspect(global.config.as_deref(), environment());
    let grace_days = config.carrier.renewal_grace_days;
    if let Err(of_catalog) = Catalog::load(&config.catalog, &config.providers, grace_days) {
        faults.0.extend(of_catalog.0);
    }
    match faults.into_result() {
        Ok(()) => {
            config.warnings().iter().for_each(|warning| tell(format!("warning: {warning}")));
            super::print(&config.to_masked_toml());
        }
        // Where a person or a deployment looks for them, one a line.
        Err(faults) => {
            tell(faults);
            return Err(Failure::Told);
        }
    }
    Ok(())
}
