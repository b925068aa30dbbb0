//! Why a text is not the key or the certificate that belongs in its place.

/// Why a text is not the key that belongs in its place. Each is the end of a sentence that begins with the name of the
/// setting, and quotes nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// Cut off, or no key at all.
    #[error("is neither PEM nor Base64: cut off, perhaps, or not a key")]
    Text,
    /// Needs a passphrase.
    #[error("is locked with a passphrase: openssl pkey -in LOCKED -out KEY takes it off")]
    Locked,
    /// The wrong half.
    #[error("is a public key, and the private one belongs here")]
    Public,
    /// The wrong half, and worse.
    #[error("is a private key, and only the other side's public one belongs here")]
    Private,
    /// What holds a key, and more.
    #[error("is a certificate, and a key alone belongs here")]
    Certificate,
    /// A key alone.
    #[error("is a key, and a certificate belongs here")]
    Key,
    /// Of another kind, such as EC, or damaged.
    #[error("holds no RSA key that can be read, in PKCS#1 or PKCS#8")]
    Unreadable,
    /// Too short.
    #[error("is an RSA key of fewer than 2048 bits: too short")]
    Short,
    /// Read as a certificate, and none.
    #[error("holds no X.509 certificate that can be read")]
    NoCertificate,
}
