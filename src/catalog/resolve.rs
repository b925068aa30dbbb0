//! Which offers a message means: ids before codes, codes before nothing. Pure; leaves what follows
//! from several or none to the callers.

use super::{Catalog, Offer};

/// How a message names its service and package; what it left out or left empty is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent<'a> {
    /// `service_id`.
    pub service_id: Option<&'a str>,
    /// `package_id`.
    pub package_id: Option<&'a str>,
    /// `serviceCode`.
    pub service_code: Option<&'a str>,
    /// `packageCode`.
    pub package_code: Option<&'a str>,
}

/// What a register, or a check, means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Resolved<'a> {
    /// This offer.
    One(&'a Offer),
    /// One of several, and nobody can tell which.
    Several,
    /// Nothing in the catalog.
    None,
}

/// What a cancel means.
#[derive(Debug, Clone, PartialEq)]
pub enum Cancelled<'a> {
    /// A package was named: every offer it can be; never empty.
    Offers(Vec<&'a Offer>),
    /// A service alone was named: every package of these service ids; never empty.
    Services(Vec<&'a str>),
    /// Nothing in the catalog.
    None,
}

impl Sent<'_> {
    fn names_package(&self) -> bool {
        self.package_id.or(self.package_code).is_some()
    }

    fn names_service(&self) -> bool {
        self.service_id.or(self.service_code).is_some()
    }

    fn fits(&self, offer: &Offer) -> bool {
        one_fits(self.service_id, &offer.service_id, self.service_code, offer.service_code.as_deref())
            && one_fits(self.package_id, &offer.package_id, self.package_code, offer.package_code.as_deref())
    }
}

/// An id that was sent decides alone: a code beside an unknown id must not lend it a meaning, for the
/// code may be of another tier.
fn one_fits(sent_id: Option<&str>, id: &str, sent_code: Option<&str>, code: Option<&str>) -> bool {
    match (sent_id, sent_code) {
        (Some(sent), _) => sent == id,
        (None, Some(sent)) => Some(sent) == code,
        (None, None) => true,
    }
}

impl Catalog {
    /// The offer that a register or a check means. One without a package means none.
    #[must_use]
    pub fn resolve_register(&self, sent: &Sent<'_>) -> Resolved<'_> {
        if !sent.names_package() {
            return Resolved::None;
        }
        if let (Some(service), Some(package)) = (sent.service_id, sent.package_id) {
            return self.offer(service, package).map_or(Resolved::None, Resolved::One);
        }
        let mut fitting = self.fitting(sent);
        match (fitting.next(), fitting.next()) {
            (Some(offer), None) => Resolved::One(offer),
            (Some(_), Some(_)) => Resolved::Several,
            (None, _) => Resolved::None,
        }
    }

    /// The offers, or whole services, that a cancel means. One without either means none.
    #[must_use]
    pub fn resolve_cancel(&self, sent: &Sent<'_>) -> Cancelled<'_> {
        if sent.names_package() {
            let offers: Vec<_> = self.fitting(sent).collect();
            return if offers.is_empty() { Cancelled::None } else { Cancelled::Offers(offers) };
        }
        if !sent.names_service() {
            return Cancelled::None;
        }
        let mut services: Vec<&str> = self.fitting(sent).map(|offer| offer.service_id.as_str()).collect();
        services.sort_unstable();
        services.dedup();
        if services.is_empty() { Cancelled::None } else { Cancelled::Services(services) }
    }

    fn fitting(&self, sent: &Sent<'_>) -> impl Iterator<Item = &Offer> {
        self.offers.iter().filter(move |offer| sent.fits(offer))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const OFFERS: [(&str, &str, &str, &str, &str); 5] = [
        ("a-day", "1", "11", "A", "NGAY"),
        ("a-week", "1", "12", "A", "TUAN"),
        ("b-day", "2", "11", "B", "NGAY"),
        ("b-month", "2", "13", "B", "THANG"),
        ("a-again", "3", "14", "A", "TUAN"),
    ];

    fn catalog() -> Catalog {
        let text: String = OFFERS
            .iter()
            .map(|(id, service, package, service_code, package_code)| {
                format!(
                    "[[offer]]\nid = {id:?}\nperiod = \"day\"\nservice_id = {service:?}\npackage_id = {package:?}\n\
                     service_code = {service_code:?}\npackage_code = {package_code:?}\n"
                )
            })
            .collect();
        Catalog::parse(&text, "test", &BTreeMap::new(), 35).unwrap()
    }

    /// `service_id package_id service_code package_code`, `-` for what was not sent.
    fn sent(words: &str) -> Sent<'_> {
        let given: Vec<_> = words.split(' ').map(|word| Some(word).filter(|word| *word != "-")).collect();
        Sent { service_id: given[0], package_id: given[1], service_code: given[2], package_code: given[3] }
    }

    #[track_caller]
    fn register(words: &str, expected: &str) {
        let catalog = catalog();
        let found = match catalog.resolve_register(&sent(words)) {
            Resolved::One(offer) => &offer.id,
            Resolved::Several => "several",
            Resolved::None => "none",
        };
        assert_eq!(found, expected, "{words}");
    }

    #[track_caller]
    fn cancel(words: &str, expected: &str) {
        let catalog = catalog();
        let found = match catalog.resolve_cancel(&sent(words)) {
            Cancelled::Offers(all) => all.iter().map(|offer| offer.id.as_str()).collect::<Vec<_>>().join(" "),
            Cancelled::Services(ids) => format!("all of {}", ids.join(" ")),
            Cancelled::None => "none".to_owned(),
        };
        assert_eq!(found, expected, "{words}");
    }

    #[test]
    fn a_register_means_one_offer_or_is_not_known() {
        register("1 11 - -", "a-day");
        register("2 11 - -", "b-day");
        register("1 13 - -", "none");
        register("1 - - TUAN", "a-week");
        register("- 11 B -", "b-day");
        register("- - B NGAY", "b-day");
        register("- 13 - -", "b-month");
        register("- 11 - -", "several");
        register("- - - NGAY", "several");
        register("- - A TUAN", "several");
        register("- - - THANG", "b-month");
        register("2 - - -", "none");
        register("- - - -", "none");
    }

    #[test]
    fn an_id_rules_over_its_code() {
        register("1 11 B THANG", "a-day");
        register("1 99 A NGAY", "none");
        register("9 11 A NGAY", "none");
        register("9 - A NGAY", "none");
        cancel("9 - A -", "none");
    }

    #[test]
    fn a_cancel_means_every_offer_it_can() {
        cancel("1 11 - -", "a-day");
        cancel("- 11 - -", "a-day b-day");
        cancel("- - - NGAY", "a-day b-day");
        cancel("- - A TUAN", "a-week a-again");
        cancel("1 99 - -", "none");
        cancel("- - - X", "none");
        cancel("- - - -", "none");
    }

    #[test]
    fn a_cancel_of_a_service_alone_means_the_service() {
        cancel("1 - - -", "all of 1");
        cancel("2 - A -", "all of 2");
        cancel("- - B -", "all of 2");
        cancel("- - A -", "all of 1 3");
        cancel("- - X -", "none");
    }

    #[test]
    fn a_code_that_contradicts_its_id_is_noticed() {
        let catalog = catalog();
        let offer = catalog.offer("1", "11").unwrap();
        for (words, expected) in [
            ("1 11 A NGAY", false),
            ("1 11 - -", false),
            ("1 11 B NGAY", true),
            ("1 11 A TUAN", true),
            ("- 11 B -", false),
        ] {
            assert_eq!(offer.disagrees(&sent(words)), expected, "{words}");
        }
    }
}
