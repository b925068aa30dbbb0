//! A callback's form, and its signature: over the values as they are once decoded, empty ones too, sorted by name.

use std::collections::BTreeMap;

use super::super::called::Unproven;
use crate::signature::rsa::PublicKey;
use crate::signature::spelled;

/// Alipay sends some 30 fields.
const FIELDS_MAX: usize = 256;

/// The only kind of signature that counts: the older one is of SHA-1.
const RSA2: &str = "RSA2";

/// What a callback holds, by name.
pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads one.
    ///
    /// # Errors
    /// [`Unproven::Unreadable`] where a name comes twice, which leaves open what was signed, or there are too many.
    pub(super) fn read(body: &[u8]) -> Result<Self, Unproven> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(body) {
            let earlier = fields.insert(name.into_owned(), value.into_owned());
            if earlier.is_some() || fields.len() > FIELDS_MAX {
                return Err(Unproven::Unreadable);
            }
        }
        Ok(Self(fields))
    }

    /// A field's value, which may be empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether it is signed with this key. Callbacks of some of Alipay's products sign `sign_type` along with the rest;
    /// those of payments do not.
    ///
    /// # Errors
    /// [`Unproven`].
    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), Unproven> {
        let sign = self.get("sign").filter(|sign| !sign.is_empty()).ok_or(Unproven::Unsigned)?;
        let sign_type = self.get("sign_type");
        if sign_type.is_some_and(|sign_type| sign_type != RSA2) {
            return Err(Unproven::Signature);
        }
        let sign = spelled(sign);
        let is_signed = |without: &[&str]| key.verify(self.text(without).as_bytes(), &sign);
        let verified = is_signed(&["sign", "sign_type"]) || sign_type.is_some() && is_signed(&["sign"]);
        if verified { Ok(()) } else { Err(Unproven::Signature) }
    }

    /// What is signed.
    fn text(&self, without: &[&str]) -> String {
        let fields = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signed: Vec<String> = fields
            .filter(|(name, _)| !without.contains(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        signed.join("&")
    }
}
