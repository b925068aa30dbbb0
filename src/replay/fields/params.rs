//! Known fields among query or form parameters.

use super::{Field, Found, field, plain};

/// The known fields of `name=value&…`.
pub(crate) fn in_query(query: &str) -> Vec<Found> {
    let mut at = 0;
    let mut found = Vec::new();
    for part in query.split('&') {
        if let Some((name, value)) = part.split_once('=') {
            let start = at + name.len() + 1;
            found.extend(read(name, value).map(|(field, value)| Found {
                field,
                range: start..at + part.len(),
                value,
            }));
        }
        at += part.len() + 1;
    }
    found
}

fn read(name: &str, value: &str) -> Option<(Field, String)> {
    let decoded = form_urlencoded::parse(name.as_bytes()).next()?.0.into_owned();
    let pair = format!("v={value}");
    let value = form_urlencoded::parse(pair.as_bytes()).next()?.1.trim().to_owned();
    Some((field(&decoded)?, value))
}

/// A value as it stands in a query or form.
pub(crate) fn write(value: &str) -> String {
    form_urlencoded::byte_serialize(value.as_bytes()).collect()
}

/// Whether the parameters are those of a check: its names, and none that only a notify has.
pub(crate) fn is_check_query(query: &str) -> bool {
    let names: Vec<String> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| plain(&name)).collect();
    let has = |wanted: &[&str]| names.iter().any(|name| wanted.contains(&name.as_str()));
    has(&["requestid", "service", "package", "serviceurl"]) && !has(&["regtype", "queueid", "regid"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_in_place() {
        let query = "queue_id=%2012+&x=1&MSISDN=%2B84945989325&flag";
        let found = in_query(query);
        let read: Vec<_> =
            found.iter().map(|f| (f.field, f.value.as_str(), &query[f.range.clone()])).collect();
        assert_eq!(read, [(Field::Queue, "12", "%2012+"), (Field::Number, "+84945989325", "%2B84945989325")]);
    }

    #[test]
    fn a_check_is_known_by_its_parameters() {
        assert!(is_check_query("requestid=1&msisdn=84945989325&service=1&package=2"));
        assert!(!is_check_query("queueID=1&msisdn=84945989325&regType=1&package_id=2"));
        assert!(!is_check_query("wsdl"));
    }
}
