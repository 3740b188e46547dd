//! One port: the API and the page, over HTTPS, or over plain HTTP on loopback only.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, AddExtension};
use axum::routing::get;
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsConfig;
use futures::future::BoxFuture;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tower::Layer as _;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::{App, api, idempotency, metrics, page};

/// Largest body, except where a route says otherwise.
pub(crate) const MAX_BODY: usize = 2 << 20;
/// How long open requests may take once the hub is asked to end.
const FAREWELL: Duration = Duration::from_secs(5);
/// What a page may load: nothing but what the hub serves. Attributes of style are the page library's.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
                   connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// Certificate chain and key, PEM; the hub makes its own where absent.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Plain HTTP; on loopback only.
    pub plain: bool,
}

/// All routes.
pub fn router(app: &App) -> Router {
    let (api, _) = api::routes().split_for_parts();
    let fixed =
        |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let router = api
        .route("/api/openapi.json", get(|| async { axum::Json(api::document()) }))
        .fallback(page::file)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(app.clone(), idempotency::once))
        .layer(middleware::from_fn_with_state(app.clone(), metrics::measure))
        .layer(fixed(header::CONTENT_SECURITY_POLICY, CSP))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"));
    let router = if app.is_https { router.layer(fixed(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000")) } else { router };
    router.with_state(app.clone())
}

/// Serves the hub until `end` is done. `ready` is told the address once connections are taken.
///
/// # Errors
/// What keeps the port from being opened, and what to do.
pub async fn serve(
    app: App,
    listen: Listen,
    ready: impl FnOnce(SocketAddr),
    end: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    if listen.plain && !listen.address.ip().is_loopback() {
        bail!("plain HTTP is for loopback only, and {} is not: leave --plain out, or listen on 127.0.0.1", listen.address);
    }
    let listener = TcpListener::bind(listen.address).with_context(|| format!("cannot listen on {}", listen.address))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let ending = handle.clone();
    tokio::spawn(async move {
        end.await;
        ending.graceful_shutdown(Some(FAREWELL));
    });
    app.start();
    let service = router(&app).into_make_service_with_connect_info::<SocketAddr>();
    if listen.plain {
        ready(address);
        axum_server::from_tcp(listener)?.handle(handle).serve(service).await?;
    } else {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (chain, key) = match listen.certificate {
            Some(given) => given,
            None => own_certificate(&app.data.join("tls"), address)?,
        };
        let config = RustlsConfig::from_pem_file(&chain, &key).await;
        let config =
            config.with_context(|| format!("cannot use the certificate {} with the key {}", chain.display(), key.display()))?;
        let sensors = app.authority.server_config(app.now()).context("cannot meet sensors")?;
        let door = Door { people: config.get_inner(), sensors: Arc::new(sensors) };
        ready(address);
        axum_server::from_tcp(listener)?.acceptor(door).handle(handle).serve(service).await?;
    }
    // What is not written now is taken from the journal again at the next start.
    if let Some(Err(error)) = match &app.history {
        Some(history) => Some(history.finish().await),
        None => None,
    } {
        tracing::warn!(%error, "history could not be written at the end");
    }
    app.store.close().await;
    Ok(())
}

/// SHA-256 of the certificate that a sensor showed, in hexadecimal.
#[derive(Clone, Debug)]
pub(crate) struct PeerCertificate(pub(crate) String);

/// Two ways in at one port, by the name that is asked for: people's browsers, and sensors, who are asked for a certificate.
#[derive(Clone)]
struct Door {
    people: Arc<ServerConfig>,
    sensors: Arc<ServerConfig>,
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

impl<S: Send + 'static> Accept<TcpStream, S> for Door {
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<S, Option<PeerCertificate>>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let door = self.clone();
        Box::pin(async move {
            let handshake = async {
                let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
                let is_sensor = start.client_hello().server_name() == Some(link::HUB_NAME);
                start.into_stream(if is_sensor { door.sensors } else { door.people }).await
            };
            let stream =
                tokio::time::timeout(HANDSHAKE, handshake).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let peer = shown.map(|certificate| PeerCertificate(link::fingerprint(certificate)));
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}

/// The hub's own certificate, made on the first start.
fn own_certificate(folder: &Path, address: SocketAddr) -> anyhow::Result<(PathBuf, PathBuf)> {
    let (chain, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    if chain.exists() && key.exists() {
        return Ok((chain, key));
    }
    crate::private_folder(folder)?;
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    if !address.ip().is_unspecified() {
        names.push(address.ip().to_string());
    }
    names
        .extend(std::fs::read_to_string("/etc/hostname").ok().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    names.dedup();
    let made = rcgen::generate_simple_self_signed(names).context("cannot make a certificate")?;
    write_private(&key, &made.signing_key.serialize_pem())?;
    write_private(&chain, &made.cert.pem())?;
    Ok((chain, key))
}

pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(file.sync_all()?)
}
