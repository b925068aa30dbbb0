//! `[codes]`: the key that activation codes are kept under. Leaves sealing to `stock`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};

use super::reading::Reading;

const KEY_BYTES: usize = 32;

/// Enough for the key in hexadecimal and a line's end; a device given by mistake is not read on.
const FILE_BYTES_MAX: u64 = 2 * KEY_BYTES as u64 + 2;

/// How activation codes are kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Codes {
    /// Where the key is; none: codes are kept in plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Its content.
    #[serde(skip)]
    pub key: Option<CodesKey>,
}

/// 32 bytes that codes are sealed with. Masks itself.
#[derive(Debug, Clone)]
pub struct CodesKey(Arc<SecretBox<[u8; KEY_BYTES]>>);

impl CodesKey {
    /// A key of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(bytes))))
    }

    /// The bytes, for deriving keys from them.
    #[must_use]
    pub fn expose(&self) -> &[u8; KEY_BYTES] {
        self.0.expose_secret()
    }
}

impl Codes {
    /// Reads the key's file, where one is set. Who can do without goes on without.
    pub(super) fn with_key(self, reading: &mut Reading) -> Self {
        let must = reading.secrets().are_of("codes");
        let key = self.key_file.as_deref().and_then(|path| match read(path) {
            Ok(key) => Some(key),
            Err(what) => {
                if must {
                    reading.fault("codes.key_file", format!("{} {what}", path.display()));
                }
                None
            }
        });
        Self { key, ..self }
    }
}

/// The key as bytes, or as hexadecimal digits with or without a line's end.
fn read(path: &Path) -> Result<CodesKey, String> {
    let mut content = Vec::new();
    let file = std::fs::File::open(path);
    let length = file.and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut content));
    length.map_err(|error| format!("cannot be read: {error}"))?;
    let bytes = <[u8; KEY_BYTES]>::try_from(content.as_slice()).ok().or_else(|| hexadecimal(&content));
    bytes
        .map(CodesKey::new)
        .ok_or_else(|| format!("holds neither {KEY_BYTES} bytes nor {} hexadecimal digits", 2 * KEY_BYTES))
}

fn hexadecimal(content: &[u8]) -> Option<[u8; KEY_BYTES]> {
    let digits = content.trim_ascii_end();
    let mut bytes = [0; KEY_BYTES];
    if digits.len() != 2 * KEY_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
