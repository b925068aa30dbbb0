//! Which notices are older than what is known: one that stands after them speaks of the same packages.

use std::collections::HashSet;

use super::decide::Event;

/// Of each of a service's notices, which stand in their order, whether a later one speaks of the same packages (one
/// without a time of its own is later than none). An operator's grant says nothing against what stands before it of the
/// same package. One walk, from the end.
pub(super) fn superseded(service_id: &str, sorted: &[(usize, &Event)]) -> Vec<bool> {
    let (mut carriers, mut all, mut granted) = (Later::default(), Later::default(), HashSet::new());
    let mut superseded = vec![false; sorted.len()];
    for (place, (_, event)) in sorted.iter().enumerate().rev() {
        let packages = event.change.packages(service_id);
        let registered = event.change.registered();
        superseded[place] = match registered {
            Some(package) => {
                carriers.speaks_of(packages.as_deref())
                    || packages.is_none() && granted.iter().any(|granted| *granted != package)
            }
            None => all.speaks_of(packages.as_deref()),
        };
        if event.place.at.is_some() {
            all.add(packages.as_deref());
            match registered.filter(|_| event.own.is_some()) {
                Some(package) => drop(granted.insert(package)),
                None => carriers.add(packages.as_deref()),
            }
        }
    }
    superseded
}

/// Of what packages any later notice speaks: none of them, or all.
#[derive(Default)]
struct Later<'a> {
    any: bool,
    all: bool,
    packages: HashSet<&'a str>,
}

impl<'a> Later<'a> {
    fn speaks_of(&self, packages: Option<&[&str]>) -> bool {
        match packages {
            Some(packages) => self.all || packages.iter().any(|package| self.packages.contains(package)),
            None => self.any,
        }
    }

    fn add(&mut self, packages: Option<&[&'a str]>) {
        self.any = true;
        self.all |= packages.is_none();
        self.packages.extend(packages.into_iter().flatten());
    }
}
