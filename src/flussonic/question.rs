//! What a streamer asks, as the parameters of its request. Leaves judging them to the surface.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The parameters, each with one value. Of what the streamer tells (`ip`, `proto`, `request_type`, `session_id`,
/// `qs`, `user_agent` and others) only a few bear on the answer.
pub(super) struct Question<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> Question<'a> {
    /// Reads a query; none where a parameter is given twice with different values, since two readers of such a
    /// question could take it for two.
    pub(super) fn read(query: &'a str) -> Option<Self> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if parameters.get(&name).is_some_and(|known| *known != value) {
                return None;
            }
            parameters.insert(name, value);
        }
        Some(Self(parameters))
    }

    /// The stream.
    pub(super) fn name(&self) -> &str {
        self.parameter("name")
    }

    /// What the viewer's URL carried.
    pub(super) fn token(&self) -> &str {
        self.parameter("token")
    }

    /// What the streamer's own settings put there.
    pub(super) fn key(&self) -> &str {
        self.parameter("key")
    }

    /// Absent is empty.
    fn parameter(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_unknown_ones_read_past() {
        let question =
            Question::read("name=c%C3%A2m%201&token=v1.a-_b.c&ip=203.0.113.7&qs=a%3D1%26token%3Dx&later=1");
        let question = question.expect("a question");
        assert_eq!((question.name(), question.token(), question.key()), ("câm 1", "v1.a-_b.c", ""));
    }

    #[test]
    fn one_value_each() {
        assert!(Question::read("name=a&token=t&name=a").is_some());
        for twice in ["name=a&name=b", "token=t&token=", "key=a&key=b", "ip=1&ip=2", "name=a&n%61me=b"] {
            assert!(Question::read(twice).is_none(), "{twice}");
        }
    }
}
