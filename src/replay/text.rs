//! A message's bytes as text that can be edited and written back without touching anything else,
//! whatever its encoding. It is a view for finding ASCII values, no decoding: a byte is a character.

/// How the characters of the view become bytes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Bytes,
    Utf16Le,
    Utf16Be,
}

/// An editable view of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    /// The view. Characters below U+0080 are what they seem.
    pub(crate) view: String,
    form: Form,
    /// Half a UTF-16 unit at the end.
    rest: Option<u8>,
}

/// UTF-16 surrogates are no characters; in the view they sit in a plane nobody uses.
const SURROGATES_AT: u32 = 0x0010_0000;

impl Text {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let form = match bytes {
            [0xff, 0xfe, ..] | [b'<', 0, ..] => Form::Utf16Le,
            [0xfe, 0xff, ..] | [0, b'<', ..] => Form::Utf16Be,
            _ => Form::Bytes,
        };
        let (view, rest) = match form {
            Form::Bytes => (bytes.iter().map(|byte| char::from(*byte)).collect(), None),
            Form::Utf16Le => (wide(bytes, u16::from_le_bytes), odd(bytes)),
            Form::Utf16Be => (wide(bytes, u16::from_be_bytes), odd(bytes)),
        };
        Self { view, form, rest }
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let units = self.view.chars().map(narrow);
        let mut bytes: Vec<u8> = match self.form {
            Form::Bytes => units.map(|unit| unit.to_le_bytes()[0]).collect(),
            Form::Utf16Le => units.flat_map(u16::to_le_bytes).collect(),
            Form::Utf16Be => units.flat_map(u16::to_be_bytes).collect(),
        };
        bytes.extend(self.rest);
        bytes
    }
}

fn wide(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u32::from(unit([pair[0], pair[1]])));
    units.filter_map(|unit| char::from_u32(unit).or(char::from_u32(SURROGATES_AT + unit))).collect()
}

fn odd(bytes: &[u8]) -> Option<u8> {
    if bytes.len().is_multiple_of(2) { None } else { bytes.last().copied() }
}

fn narrow(character: char) -> u16 {
    // Both planes of the view keep the unit in their low 16 bits.
    (u32::from(character) & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_view() {
        let wide: Vec<u8> = "\u{feff}<a>Đăng ký 😀</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "<a>😀</a>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let mut half = wide.clone();
        half.push(7);
        for bytes in [b"<a>\xff\xfe\x80</a>".to_vec(), "<a>ký</a>".into(), wide, big, half, vec![]] {
            assert_eq!(Text::read(&bytes).write(), bytes);
        }
    }

    #[test]
    fn utf16_is_read_as_what_it_says() {
        let wide: Vec<u8> = "<queueID>12</queueID>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Text::read(&wide).view, "<queueID>12</queueID>");
    }
}
