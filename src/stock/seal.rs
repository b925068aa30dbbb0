//! How a code is kept: sealed, and found again by a value that tells nothing of it. Leaves reading the
//! key file to `config`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use super::CodeText;
use crate::config::CodesKey;

/// What each derived key is for; a new form takes a new word.
const FOR_SEALS: &[u8] = b"sdp-gateway codes: seal 1";
const FOR_LOOKUPS: &[u8] = b"sdp-gateway codes: look-up 1";

/// How a kept text begins.
const SEALED: &str = "s1:";
const PLAIN: &str = "p1:";

/// Keeps codes. With the 32 bytes of `codes.key_file`: sealed by AES-256-GCM, each bound to its own
/// look-up value, and looked up by HMAC-SHA256, under two keys derived from the file's. Without: **in
/// plain text**, looked up by SHA-256; whoever reads the ledger or a backup of it can use the codes.
///
/// A key may be set later: codes kept before it are still found and opened, and stay plain. With
/// another key, or none any more, sealed codes are lost.
pub struct Vault(Option<Keys>);

struct Keys {
    seal: RandomizedNonceKey,
    lookup: hmac::Key,
}

/// What a code is found by: the same for every spelling of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lookup(String);

/// The code could not be sealed; nothing a caller did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a code could not be sealed")]
pub struct SealError;

/// What was kept cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It is sealed, and there is no key.
    #[error("the code is sealed, and codes.key_file is not set")]
    NoKey,
    /// It was sealed with another key, belongs to another code, or was changed.
    #[error("the code cannot be opened: another key sealed it, or it was changed")]
    WrongKey,
    /// It is nothing that was ever kept.
    #[error("what is kept for the code is none of ours")]
    Unknown,
}

impl Vault {
    /// With a key: sealing; without: plain.
    ///
    /// # Errors
    /// [`SealError`] where the cryptography refuses the key, which no 32 bytes are known to bring
    /// about.
    pub fn new(key: Option<&CodesKey>) -> Result<Self, SealError> {
        let Some(key) = key else { return Ok(Self(None)) };
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &derived(key, FOR_SEALS)?).map_err(|_| SealError)?;
        let lookup = hmac::Key::new(hmac::HMAC_SHA256, &derived(key, FOR_LOOKUPS)?);
        Ok(Self(Some(Keys { seal, lookup })))
    }

    /// What the code is kept under.
    #[must_use]
    pub fn lookup(&self, code: &CodeText) -> Lookup {
        match &self.0 {
            Some(keys) => {
                let tag = hmac::sign(&keys.lookup, code.plain().as_bytes());
                Lookup(format!("h1:{}", BASE64.encode(tag)))
            }
            None => plain_lookup(code),
        }
    }

    /// All that the code may be kept under, likeliest first: with a key also what it had without.
    #[must_use]
    pub fn lookups(&self, code: &CodeText) -> Vec<Lookup> {
        let mut lookups = vec![self.lookup(code)];
        lookups.extend(self.0.is_some().then(|| plain_lookup(code)));
        lookups
    }

    /// What to keep.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, code: &CodeText) -> Result<String, SealError> {
        let Some(keys) = &self.0 else { return Ok(format!("{PLAIN}{}", code.in_full())) };
        let mut sealed = code.in_full().as_bytes().to_vec();
        let bound_to = Aad::from(self.lookup(code).0);
        let nonce = keys.seal.seal_in_place_append_tag(bound_to, &mut sealed).map_err(|_| SealError)?;
        let whole = [nonce.as_ref().as_slice(), &sealed].concat();
        Ok(format!("{SEALED}{}", BASE64.encode(whole)))
    }

    /// The code that was kept as `kept` under `lookup`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, kept: &str, lookup: &Lookup) -> Result<CodeText, OpenError> {
        if let Some(text) = kept.strip_prefix(PLAIN) {
            return CodeText::parse(text).map_err(|_| OpenError::Unknown);
        }
        let whole = kept.strip_prefix(SEALED).and_then(|text| BASE64.decode(text).ok());
        let whole = whole.filter(|whole| whole.len() > NONCE_LEN).ok_or(OpenError::Unknown)?;
        let keys = self.0.as_ref().ok_or(OpenError::NoKey)?;
        let (nonce, sealed) = whole.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError::Unknown)?;
        let mut sealed = sealed.to_vec();
        let opened = keys.seal.open_in_place(nonce, Aad::from(lookup.as_str()), &mut sealed);
        let text = std::str::from_utf8(opened.map_err(|_| OpenError::WrongKey)?);
        CodeText::parse(text.map_err(|_| OpenError::Unknown)?).map_err(|_| OpenError::Unknown)
    }
}

impl Lookup {
    /// As it stands in the ledger.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Trusts what the ledger gives back.
    #[must_use]
    pub fn from_ledger(text: String) -> Self {
        Self(text)
    }
}

fn plain_lookup(code: &CodeText) -> Lookup {
    Lookup(format!("h0:{}", BASE64.encode(digest(&SHA256, code.plain().as_bytes()))))
}

fn derived(key: &CodesKey, purpose: &[u8]) -> Result<[u8; 32], SealError> {
    let mut out = [0; 32];
    let whole = Salt::new(HKDF_SHA256, &[]).extract(key.expose());
    let expanded = whole.expand(&[purpose], HKDF_SHA256).map_err(|_| SealError)?.fill(&mut out);
    expanded.map(|()| out).map_err(|_| SealError)
}
