//! What a session over TLS makes of the server's certificate, as `sslmode` has it: `verify-full` checks it
//! and whose it is, `verify-ca` only checks it, and below that it is not looked at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sqlx::postgres::PgSslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What an address says of TLS, but for its mode.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Instead of the roots that the web trusts.
    pub(super) trusted: Option<PathBuf>,
    /// Our own certificate and its key.
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
}

/// What is wrong with the settings of TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{0}: {1}")]
    File(PathBuf, rustls::pki_types::pem::Error),
    #[error("sslcert and sslkey go together")]
    Half,
    #[error(transparent)]
    Rustls(#[from] Error),
    #[error(transparent)]
    Roots(#[from] rustls::client::VerifierBuilderError),
}

/// Makes what connects.
pub(super) fn connector(mode: PgSslMode, files: &Files) -> Result<MakeRustlsConnect, TlsError> {
    let provider = Arc::new(default_provider());
    let config =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let verifier = verifier(mode, files.trusted.as_deref(), provider)?;
    let config = config.dangerous().with_custom_certificate_verifier(verifier);
    let config = match (&files.certificate, &files.key) {
        (Some(certificate), Some(key)) => {
            let secret =
                PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::File(key.clone(), error))?;
            config.with_client_auth_cert(certificates(certificate)?, secret)?
        }
        (None, None) => config.with_no_client_auth(),
        _ => return Err(TlsError::Half),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    read.map_err(|error| TlsError::File(file.to_owned(), error))
}

fn verifier(
    mode: PgSslMode,
    trusted: Option<&Path>,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    if !matches!(mode, PgSslMode::VerifyCa | PgSslMode::VerifyFull) {
        return Ok(Arc::new(Lenient { chain: None, provider }));
    }
    let mut roots = RootCertStore::empty();
    match trusted {
        Some(file) => certificates(file)?.into_iter().try_for_each(|one| roots.add(one))?,
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let full = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    Ok(if matches!(mode, PgSslMode::VerifyFull) {
        full
    } else {
        Arc::new(Lenient { chain: Some(full), provider })
    })
}

/// Takes a certificate of any name.
#[derive(Debug)]
struct Lenient {
    /// None: any certificate at all. What `require` and `prefer` ask for is that nobody can listen.
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
