//! How both sides know each other: the sensor pins the hub's certificate authority, the hub asks for a certificate that it signed.

use std::sync::Arc;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest as _, Sha256};

use crate::Error;

/// Name by which sensors ask for the hub's own certificate, whatever address it has; `.internal` is nobody's (ICANN, 2024).
pub const HUB_NAME: &str = "hub.medwarden.internal";

/// SHA-256 of a certificate, in hexadecimal.
#[must_use]
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(der))
}

/// What an enrolment needs, as text that a person carries over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Id of the sensor.
    pub sensor: String,
    /// Known to the hub by its hash, and used once.
    pub secret: String,
    /// [`fingerprint`] of the hub's authority.
    pub authority: String,
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let authority = HEXLOWER.decode(self.authority.as_bytes()).unwrap_or_default();
        write!(f, "mw1.{}.{}.{}", self.sensor, self.secret, BASE64URL_NOPAD.encode(&authority))
    }
}

impl std::str::FromStr for Token {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.trim().split('.');
        let (Some("mw1"), Some(sensor), Some(secret), Some(authority), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Token);
        };
        let authority =
            BASE64URL_NOPAD.decode(authority.as_bytes()).ok().filter(|bytes| bytes.len() == 32).ok_or(Error::Token)?;
        if sensor.is_empty() || secret.is_empty() {
            return Err(Error::Token);
        }
        Ok(Self { sensor: sensor.to_owned(), secret: secret.to_owned(), authority: HEXLOWER.encode(&authority) })
    }
}

/// Takes a hub whose certificate the pinned authority signed, and no other.
#[derive(Debug)]
pub(crate) struct Pinned {
    authority: String,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl Pinned {
    pub(crate) fn new(authority: String) -> Self {
        Self { authority, provider: Arc::new(rustls::crypto::ring::default_provider()) }
    }

    fn inner(&self, root: &CertificateDer<'_>) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(root.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let root = intermediates.iter().find(|certificate| fingerprint(certificate) == self.authority);
        let root = root.ok_or(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        self.inner(root)?.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_a_part_of_one_does_not() {
        let token = Token { sensor: "sensor-1".to_owned(), secret: "s".to_owned(), authority: fingerprint(b"authority") };
        let text = token.to_string();
        assert_eq!(text.parse::<Token>().unwrap(), token);
        for end in 0..text.len() {
            assert!(text[..end].parse::<Token>().is_err(), "{}", &text[..end]);
        }
    }
}
