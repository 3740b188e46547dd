//! The hub's own certificate authority: it signs sensors' certificates for a few days, and the certificate that the hub shows to them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use time::OffsetDateTime;

use crate::Error;
use crate::messages::Issued;
use crate::tls::{HUB_NAME, fingerprint};

/// How long a sensor's certificate holds.
const SENSOR_DAYS: i64 = 7;
/// How long the authority and the hub's certificate hold: they are pinned, not looked up.
const OWN_DAYS: i64 = 20 * 365;
/// A certificate holds from a little before it is made, for sensors whose clock is behind.
const BEFORE_DAYS: i64 = 2;
const DAY: i64 = 24 * 3600;

/// The authority.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    /// Opens the authority of a folder; makes one where there is none.
    ///
    /// # Errors
    /// The file system's, and what is wrong with the files.
    pub fn open(folder: &Path, now: Timestamp) -> Result<Self, Error> {
        let (certificate_path, key_path) = (folder.join("authority.pem"), folder.join("authority.key"));
        if !(certificate_path.exists() && key_path.exists()) {
            fs::create_dir_all(folder)?;
            let key = KeyPair::generate()?;
            let mut params = params("Medwarden hub", now, OWN_DAYS)?;
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
            let certificate = params.self_signed(&key)?;
            write_private(&key_path, &key.serialize_pem())?;
            write_private(&certificate_path, &certificate.pem())?;
        }
        let (pem, key) = (fs::read_to_string(&certificate_path)?, fs::read_to_string(&key_path)?);
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| Error::Certificate(error.to_string()))?;
        Ok(Self { issuer: Issuer::from_ca_cert_der(&certificate, KeyPair::from_pem(&key)?)?, certificate })
    }

    /// By which a sensor knows it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.certificate)
    }

    /// Signs a sensor's request; returns the certificate and its fingerprint. Of the request only its key counts.
    ///
    /// # Errors
    /// [`Error::Certificate`] where the request is none, or its signature is not by its key.
    pub fn issue(&self, csr: &str, sensor: &str, now: Timestamp) -> Result<(Issued, String), Error> {
        let mut request = CertificateSigningRequestParams::from_pem(csr)?;
        request.params = params(sensor, now, SENSOR_DAYS)?;
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let signed = request.signed_by(&self.issuer)?;
        let not_after = now.plus_nanos(SENSOR_DAYS * DAY * 1_000_000_000);
        Ok((Issued { certificate: signed.pem(), not_after }, fingerprint(signed.der())))
    }

    /// How the hub meets sensors: with a certificate of the authority, asking for one of it; none is needed to enrol.
    ///
    /// # Errors
    /// What is wrong with keys or certificates.
    pub fn server_config(&self, now: Timestamp) -> Result<ServerConfig, Error> {
        let key = KeyPair::generate()?;
        let mut params = params(HUB_NAME, now, OWN_DAYS)?;
        params.subject_alt_names = vec![rcgen::SanType::DnsName(HUB_NAME.try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = params.signed_by(&key, &self.issuer)?;
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| Error::Certificate(error.to_string()))?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| Error::Certificate(error.to_owned()))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![own.der().clone(), self.certificate.clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn params(name: &str, now: Timestamp, days: i64) -> Result<CertificateParams, Error> {
    let seconds = now.nanos() / 1_000_000_000;
    let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| Error::Certificate(error.to_string()));
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    (params.not_before, params.not_after) = (at(seconds - BEFORE_DAYS * DAY)?, at(seconds + days * DAY)?);
    Ok(params)
}

/// Writes a file that only its owner reads, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}
