//! Values on their way from one engine to the other.

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Absent.
    Null,
    /// A number.
    Integer(i64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A row's values in the order of its table's columns.
pub(super) type Row = Vec<Value>;

impl Value {
    /// The number that a statement was asked for.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text that a statement was asked for.
    pub(super) fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value for an operator's eyes.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
        }
    }

    /// Writes the value so that no two sequences of values are written alike: its kind, and its length
    /// where that varies.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let (kind, bytes) = match self {
            Self::Null => return out.push(b'0'),
            Self::Integer(number) => {
                out.push(b'i');
                return out.extend_from_slice(&number.to_be_bytes());
            }
            Self::Text(text) => (b't', text.as_bytes()),
            Self::Bytes(bytes) => (b'b', bytes.as_slice()),
        };
        out.push(kind);
        out.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        out.extend_from_slice(bytes);
    }
}
