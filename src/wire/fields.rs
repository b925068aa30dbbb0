//! How a known field is found under any of its spellings, and how its value is taken. Which fields
//! there are is left to the messages.

/// The longest known name, `subpackagecode`, and some room; longer names are unknown.
const FOLDED_BYTES_MAX: usize = 16;

/// A name as all its spellings have it: ASCII lower case, without underscores. Kept on the stack,
/// because there is one for every tag read.
pub(super) struct Folded {
    bytes: [u8; FOLDED_BYTES_MAX],
    len: usize,
}

impl Folded {
    /// Folds a local name. One that is too long for a known name becomes empty.
    pub(super) fn new(name: &str) -> Self {
        let mut folded = Self { bytes: [0; FOLDED_BYTES_MAX], len: 0 };
        for byte in name.bytes().filter(|byte| *byte != b'_') {
            let Some(place) = folded.bytes.get_mut(folded.len) else {
                folded.len = 0;
                break;
            };
            *place = byte.to_ascii_lowercase();
            folded.len += 1;
        }
        folded
    }

    /// The folded name, to be matched against byte strings.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Where the value of a known field goes.
pub(super) struct Slot<'m> {
    /// The name that the carrier's guide gives the field.
    pub(super) name: &'static str,
    /// The field's place in its message.
    pub(super) value: &'m mut Option<String>,
    /// Where the message keeps the name of a field that contradicts itself.
    pub(super) twice: &'m mut Option<&'static str>,
}

impl Slot<'_> {
    /// Takes a value, trimmed; an empty one is as good as none. The first of two stays.
    pub(super) fn take(self, value: &str) {
        let value = value.trim();
        match self.value {
            _ if value.is_empty() => {}
            None => *self.value = Some(value.to_owned()),
            Some(first) if first == value => {}
            Some(_) => {
                self.twice.get_or_insert(self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_fold_into_one() {
        for (name, expected) in [
            ("service_id", "serviceid"),
            ("SERVICE_ID", "serviceid"),
            ("_Service__Id_", "serviceid"),
            ("sixteen_bytes_ok", "sixteenbytesok"),
            ("", ""),
            ("___", ""),
            ("seventeenbyteslong", ""),
        ] {
            assert_eq!(Folded::new(name).as_bytes(), expected.as_bytes(), "{name}");
        }
    }

    #[test]
    fn values_are_taken_once() {
        let mut slot = None;
        let mut twice = None;
        for (value, kept, told) in [
            (" \n", None, None),
            (" 1 ", Some("1"), None),
            ("", Some("1"), None),
            ("1\t", Some("1"), None),
            ("2", Some("1"), Some("price")),
        ] {
            Slot { name: "price", value: &mut slot, twice: &mut twice }.take(value);
            assert_eq!((slot.as_deref(), twice), (kept, told), "{value:?}");
        }
    }
}
