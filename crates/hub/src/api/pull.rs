//! Records of NetBox and Snipe-IT, asked for by their APIs.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use records::Table;
use records::import::{Pages, netbox_page, snipe_it_page};
use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::redirect::Policy;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use super::imports::{Import, MAX_LINES, keep_table};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};

/// Devices that are asked for at once.
const PAGE: u64 = 200;
/// Largest answer.
const MAX_ANSWER: usize = 16 << 20;
/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long all of them may take.
const ALL: Duration = Duration::from_secs(300);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(pull_records))
}

/// Whose API it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OtherSystem {
    /// NetBox, `GET /api/dcim/devices/`.
    Netbox,
    /// Snipe-IT, `GET /api/v1/hardware`.
    SnipeIt,
}

/// Where records are.
#[derive(Deserialize, ToSchema)]
struct Pull {
    /// Site whose devices they are.
    site: String,
    /// Whose API it is.
    system: OtherSystem,
    /// Its address, `https://netbox.clinic.example`; plain HTTP on this machine only, since the token crosses.
    url: String,
    /// Token for its API, with the right to read. It is used once and not kept.
    token: String,
}

/// Asks NetBox or Snipe-IT for its devices, which become an import like an uploaded table. Nothing changes by it.
#[utoipa::path(post, path = "/api/imports-by-api", tag = "imports", request_body = Pull, responses((status = 201, body = Import)))]
async fn pull_records(
    State(app): State<App>,
    caller: Caller,
    Json(pull): Json<Pull>,
) -> Answer<(StatusCode, axum::Json<Import>)> {
    caller.require(&app, Right::MoveData, &pull.site)?;
    let base = base(&pull.url)?;
    let host = base.host_str().unwrap_or_default().to_owned();
    let fetched = tokio::time::timeout(ALL, fetch(&pull, &base)).await;
    let table = fetched.map_err(|_| refused(&host, "it did not give everything within 5 minutes"))??;
    let source = if pull.system == OtherSystem::Netbox { "netbox" } else { "snipe_it" };
    keep_table(&app, &caller, &pull.site, source, host, &table).await
}

fn refused(host: &str, what: &str) -> Problem {
    Problem::new(&kinds::UNPROCESSABLE, format!("{host}: {what}"))
}

/// An address to which a token may be sent.
fn base(text: &str) -> Answer<reqwest::Url> {
    let wrong = |what: &str| Problem::new(&kinds::UNPROCESSABLE, format!("url: {what}"));
    let url = reqwest::Url::parse(text.trim()).map_err(|_| wrong("an address such as https://netbox.clinic.example"))?;
    let is_here = url.host_str().is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    });
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        "http" => Err(wrong("https, since the token crosses; plain HTTP on this machine only")),
        _ => Err(wrong("https")),
    }
}

async fn fetch(pull: &Pull, base: &reqwest::Url) -> Answer<Table> {
    let host = base.host_str().unwrap_or_default();
    // The process has one already, or takes this.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none()).no_proxy().build();
    let client = client.map_err(|error| refused(host, &error.to_string()))?;
    let (mut pages, mut offset, mut lines) = (Pages::default(), 0, 0);
    loop {
        let (path, scheme) = match pull.system {
            OtherSystem::Netbox => ("api/dcim/devices/", "Token"),
            OtherSystem::SnipeIt => ("api/v1/hardware", "Bearer"),
        };
        let address = format!("{}/{path}?limit={PAGE}&offset={offset}", base.as_str().trim_end_matches('/'));
        let asked =
            client.get(address).header(ACCEPT, "application/json").header(AUTHORIZATION, format!("{scheme} {}", pull.token));
        let body = answer(asked, host).await?;
        let next = match pull.system {
            OtherSystem::Netbox => netbox_page(&mut pages, offset, &body),
            OtherSystem::SnipeIt => snipe_it_page(&mut pages, offset, &body),
        };
        let Some(next) = next.map_err(|error| refused(host, &error.to_string()))? else { break };
        lines += usize::try_from(next.saturating_sub(offset)).unwrap_or(usize::MAX);
        if lines > MAX_LINES {
            return Err(Problem::new(&kinds::TOO_LARGE, format!("{host} has more than {MAX_LINES} devices")));
        }
        offset = next;
    }
    pages.finish().map_err(|_| refused(host, "it has no devices that this token may read"))
}

/// The body of a good answer, within bounds. What another server says besides is not passed on.
async fn answer(asked: reqwest::RequestBuilder, host: &str) -> Answer<Vec<u8>> {
    let unreachable = |error: reqwest::Error| {
        refused(
            host,
            if error.is_timeout() {
                "it did not answer in 30 s"
            } else {
                "it cannot be reached, or its certificate is not trusted"
            },
        )
    };
    let mut response = asked.send().await.map_err(unreachable)?;
    if !response.status().is_success() {
        return Err(refused(host, &format!("it answered {}: see address and token", response.status().as_u16())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(Problem::new(&kinds::TOO_LARGE, format!("an answer of {host} has more than 16 MiB")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
