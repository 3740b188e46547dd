//! Carries a spool's batches to the hub and removes what the hub has.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, RequestBuilder};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::authority::write_private;
use crate::clock::{Measured, Reading, boot_id};
use crate::messages::{BatchInfo, Durable, Enrol, Hello, Issued, Renew, Welcome};
use crate::spool::{self, Lane, Stored};
use crate::tls::{HUB_NAME, Pinned, Token};

/// Between two signs of life.
const HELLO: Duration = Duration::from_secs(10);
/// Between two looks at an empty spool.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest wait after a failure.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// What the hub answers to a batch that it cannot read.
const UNREADABLE: u16 = 422;
/// Longest that a request may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A certificate is renewed when less than this of it is left.
const RENEW_NANOS: i64 = 84 * 3600 * 1_000_000_000;

/// Where from, and where to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Host and port of the hub.
    pub hub: String,
    /// Folder of the spool.
    pub spool: PathBuf,
    /// Token of an enrolment; absent once enrolled.
    pub token: Option<Token>,
}

/// Who this sensor is, kept beside its spool.
#[derive(Clone, Serialize, Deserialize)]
struct Identity {
    sensor: String,
    authority: String,
    certificate: String,
    key: String,
    not_after: Timestamp,
}

/// A spool with its way to the hub.
pub struct Uplink {
    options: Options,
    identity: Identity,
    client: Client,
    measured: Option<Measured>,
    boot: u64,
}

impl Uplink {
    /// Reads who this sensor is, or enrols it with the token.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn open(options: Options) -> Result<Self, Error> {
        let path = options.spool.join("identity");
        let identity = match (&options.token, fs::read(&path)) {
            (Some(token), _) => enrol(&options, token).await?,
            (None, Ok(bytes)) => serde_json::from_slice(&bytes).map_err(|error| Error::Certificate(error.to_string()))?,
            (None, Err(_)) => return Err(Error::NotEnrolled),
        };
        let client = client(&options.hub, &identity.authority, Some(&identity)).await?;
        Ok(Self { options, identity, client, measured: None, boot: boot_id() })
    }

    /// Id of the sensor.
    #[must_use]
    pub fn sensor(&self) -> &str {
        &self.identity.sensor
    }

    /// Carries batches until the future is dropped. What goes wrong is told and tried again, later each time.
    pub async fn run(mut self, tell: impl Fn(&Error)) {
        let mut wait = PAUSE;
        loop {
            match self.round().await {
                Ok(()) => wait = PAUSE,
                Err(error) => {
                    tell(&error);
                    wait = (wait * 2).min(MAX_WAIT);
                    // The hub may have another address by now.
                    if let Ok(client) = client(&self.options.hub, &self.identity.authority, Some(&self.identity)).await {
                        self.client = client;
                    }
                }
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Says that it lives, and sends until the spool is empty or the next sign of life is due.
    ///
    /// # Errors
    /// See [`Error`]: what the hub has not acknowledged stays.
    pub async fn round(&mut self) -> Result<(), Error> {
        self.renew().await?;
        self.hello().await?;
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < HELLO {
            let mut is_empty = true;
            for lane in Lane::ALL {
                for stored in spool::batches(&self.options.spool, lane)?.into_iter().take(64) {
                    is_empty = false;
                    self.send(lane, &stored).await?;
                }
            }
            if is_empty {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn hello(&mut self) -> Result<(), Error> {
        let folder = &self.options.spool;
        let offset = self.measured.map(|measured| measured.at(Reading::now().base(), true));
        let hello = Hello {
            epoch: spool::epoch(folder)?,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            spooled_bytes: spool::bytes(folder)?,
            dropped: spool::dropped(folder),
            offset,
            health: spool::health(folder),
        };
        let sent = Reading::now();
        let welcome: Welcome = answer(self.client.post(url(&self.options.hub, "hello")).json(&hello)).await?;
        let back = Reading::now();
        let measured = Measured::of(sent, welcome.received, welcome.answered, back);
        // An exchange of long ago may be better and yet say nothing of a clock that drifted since.
        self.measured = measured.or(self.measured);
        Ok(())
    }

    async fn send(&mut self, lane: Lane, stored: &Stored) -> Result<(), Error> {
        let body = match fs::read(&stored.path) {
            // The sensor gave it up for room.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            read => read?,
        };
        let measured = self.measured.ok_or_else(|| Error::Unreachable("the hub's clock is not known yet".to_owned()))?;
        let offset = measured.at(stored.base, stored.boot == self.boot);
        let now = Reading::now();
        let info = BatchInfo {
            epoch: spool::epoch(&self.options.spool)?,
            lane: lane.name().to_owned(),
            number: stored.number,
            offset_nanos: offset.nanos,
            error_nanos: offset.error_nanos,
            same_boot: offset.same_boot,
            sent: now.wall.plus_nanos(measured.at(now.base(), true).nanos),
        };
        let request = self.client.post(url(&self.options.hub, "batches")).query(&info);
        match answer::<Durable>(request.header("content-type", "application/octet-stream").body(body)).await {
            Ok(durable) => Ok(spool::acknowledge(&self.options.spool, lane, durable.number)?),
            Err(error) => {
                if matches!(error, Error::Refused { status: UNREADABLE, .. }) {
                    spool::set_aside(stored)?;
                }
                Err(error)
            }
        }
    }

    async fn renew(&mut self) -> Result<(), Error> {
        if self.identity.not_after.since(Reading::now().wall) > RENEW_NANOS {
            return Ok(());
        }
        let (key, csr) = request(&self.identity.sensor)?;
        let issued: Issued = answer(self.client.post(url(&self.options.hub, "renew")).json(&Renew { csr })).await?;
        let identity = Identity { certificate: issued.certificate, not_after: issued.not_after, key, ..self.identity.clone() };
        self.client = client(&self.options.hub, &identity.authority, Some(&identity)).await?;
        keep(&self.options.spool, &identity)?;
        self.identity = identity;
        Ok(())
    }
}

async fn enrol(options: &Options, token: &Token) -> Result<Identity, Error> {
    fs::create_dir_all(&options.spool)?;
    let (key, csr) = request(&token.sensor)?;
    let client = client(&options.hub, &token.authority, None).await?;
    let enrol = Enrol { sensor: token.sensor.clone(), secret: token.secret.clone(), csr };
    let issued: Issued = answer(client.post(url(&options.hub, "enrol")).json(&enrol)).await?;
    let identity = Identity {
        sensor: token.sensor.clone(),
        authority: token.authority.clone(),
        certificate: issued.certificate,
        not_after: issued.not_after,
        key,
    };
    keep(&options.spool, &identity)?;
    Ok(identity)
}

fn keep(spool: &Path, identity: &Identity) -> Result<(), Error> {
    let text = serde_json::to_string(identity).map_err(|error| Error::Certificate(error.to_string()))?;
    Ok(write_private(&spool.join("identity"), &text)?)
}

/// A new key and what asks for its certificate.
fn request(sensor: &str) -> Result<(String, String), Error> {
    let key = KeyPair::generate()?;
    let csr = CertificateParams::new([sensor.to_owned()])?.serialize_request(&key)?.pem()?;
    Ok((key.serialize_pem(), csr))
}

async fn client(hub: &str, authority: &str, identity: Option<&Identity>) -> Result<Client, Error> {
    let resolved: Vec<_> = tokio::net::lookup_host(hub)
        .await
        .map_err(|error| if hub.contains(':') { Error::Unreachable(error.to_string()) } else { Error::Address(hub.to_owned()) })?
        .collect();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Pinned::new(authority.to_owned())));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let wrong = |error: rustls::pki_types::pem::Error| Error::Certificate(error.to_string());
            let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).map_err(wrong)?;
            let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(wrong)?;
            builder.with_client_auth_cert(vec![certificate], key)?
        }
    };
    Client::builder()
        .tls_backend_preconfigured(config)
        .resolve_to_addrs(HUB_NAME, &resolved)
        .no_proxy()
        .https_only(true)
        .timeout(PATIENCE)
        .build()
        .map_err(|error| Error::Unreachable(said(&error)))
}

fn url(hub: &str, what: &str) -> String {
    let port = hub.rsplit(':').next().unwrap_or_default();
    format!("https://{HUB_NAME}:{port}/api/link/{what}")
}

async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, Error> {
    let response = request.send().await.map_err(|error| Error::Unreachable(said(&error)))?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(|error| Error::Unreachable(said(&error)))?;
    if !status.is_success() {
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let part = |name: &str| body.get(name).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
        let said = [part("title"), part("detail")].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        return Err(Error::Refused { status: status.as_u16(), said });
    }
    serde_json::from_slice(&bytes).map_err(|error| Error::Unreachable(error.to_string()))
}

/// An error with what is behind it.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
