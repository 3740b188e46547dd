//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::{header, request::Parts};
use signin::throttle::Source;

use super::{DEVICE, OIDC, cookie, digest};
use crate::App;
use crate::error::{Answer, Problem};

/// Where a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    address: Option<IpAddr>,
    /// Host that the browser named.
    host: Option<String>,
    is_forwarded: bool,
    /// Token of the browser, if it was given one.
    pub(crate) device: Option<String>,
    /// Mark of a sign-in elsewhere that this browser began.
    pub(crate) oidc: Option<String>,
}

impl Peer {
    /// Address, as it is kept.
    pub(crate) fn address(&self) -> String {
        self.address.map_or_else(String::new, |address| address.to_canonical().to_string())
    }

    /// Somebody at this machine itself: no proxy before it, and the page was not loaded under another name (DNS rebinding).
    pub(crate) fn is_here(&self) -> bool {
        let host = self.host.as_deref().map(|host| name_of(host).to_ascii_lowercase());
        let is_local_name = host.is_none_or(|name| matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]"));
        self.address.is_some_and(|address| address.to_canonical().is_loopback()) && !self.is_forwarded && is_local_name
    }

    /// Host with its port, where it is this machine by name.
    pub(crate) fn localhost(&self) -> Option<&str> {
        self.host.as_deref().filter(|host| name_of(host) == "localhost")
    }

    /// As failures are counted, for somebody.
    pub(crate) async fn source(&self, app: &App, person: Option<&str>) -> Answer<Source> {
        let device = self.device.as_deref().map(digest);
        let device = match (person, device) {
            (Some(person), Some(device)) if app.store.knows_device(person, &device).await? => Some(device),
            _ => None,
        };
        Ok(Source { address: self.network(), device })
    }

    /// The address; of IPv6 the /64, since one host has all of it.
    fn network(&self) -> String {
        match self.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(address)) => address.segments().iter().take(4).map(|part| format!("{part:x}:")).collect(),
            Some(address) => address.to_string(),
            None => String::new(),
        }
    }
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl FromRequestParts<App> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Answer<Self> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
        let named = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = named.or_else(|| parts.uri.authority().map(|authority| authority.as_str())).map(str::to_owned);
        let is_forwarded =
            ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"].iter().any(|name| parts.headers.contains_key(*name));
        Ok(Self { address, host, is_forwarded, device: cookie(parts, DEVICE), oidc: cookie(parts, OIDC) })
    }
}
