//! The command line against a hub: `devices`, `findings`, `api`.

mod args;
mod table;

use std::io::Read as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{Certificate, Client, Method, Url};
use serde_json::Value;

pub use args::{ApiArgs, DevicesArgs, FindingsArgs, HubArgs};
use table::table;

use crate::tools::print;

/// Longest that a hub may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Rows of a page.
const PAGE_ROWS: &str = "500";
/// Exit code of a request that the hub refused.
const REFUSED: u8 = 1;

/// A hub, and who asks.
struct Hub {
    url: Url,
    token: String,
    client: Client,
}

/// What a hub answered.
struct Answered {
    is_success: bool,
    is_json: bool,
    bytes: Vec<u8>,
}

impl Hub {
    fn of(arguments: &HubArgs) -> anyhow::Result<Self> {
        let url: Url =
            arguments.hub.parse().with_context(|| format!("--hub {:?} is no URL such as https://hub:8443", arguments.hub))?;
        let is_here = url.host_str().is_some_and(|host| matches!(host, "127.0.0.1" | "localhost" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
            bail!("--hub {url}: a token is sent over https only, and over http to this machine; give https://…");
        }
        let Some(token) = arguments.token.clone() else {
            bail!("no token: make one on the page (Your account, Tokens) and give it in the variable MEDWARDEN_TOKEN");
        };
        // Whoever called may have installed one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy();
        if let Some(file) = &arguments.ca {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let chain =
                Certificate::from_pem_bundle(&bytes).with_context(|| format!("{} is no certificate in PEM", file.display()))?;
            builder = builder.tls_certs_only(chain);
        }
        Ok(Self { url, token, client: builder.build().context("cannot prepare a connection")? })
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let url = self.url.join(path).with_context(|| format!("{path:?} is no path such as /api/devices"))?;
        // The token goes to the hub and nowhere else, whatever the path says.
        if url.origin() != self.url.origin() {
            bail!("{path:?} leads away from {}", self.url);
        }
        Ok(url)
    }

    async fn ask(&self, method: Method, url: Url, body: Option<Vec<u8>>) -> anyhow::Result<Answered> {
        let mut request = self.client.request(method, url.clone()).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.map_err(|error| unreachable(&url, &error))?;
        let is_json =
            response.headers().get("content-type").is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
        let is_success = response.status().is_success();
        let bytes = response.bytes().await.map_err(|error| unreachable(&url, &error))?;
        Ok(Answered { is_success, is_json, bytes: bytes.to_vec() })
    }

    /// All rows of a list, page by page.
    async fn all(&self, path: &str, filters: &[(&str, Option<String>)]) -> anyhow::Result<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut url = self.url(path)?;
            {
                let mut query = url.query_pairs_mut();
                query.append_pair("limit", PAGE_ROWS);
                query.extend_pairs(filters.iter().filter_map(|(name, value)| Some((name, value.as_ref()?))));
                query.extend_pairs(cursor.iter().map(|cursor| ("cursor", cursor)));
            }
            let answer = self.ask(Method::GET, url, None).await?;
            let mut page: Value = serde_json::from_slice(&answer.bytes).context("the hub answered something else than JSON")?;
            if !answer.is_success {
                bail!("{}", refused(&page));
            }
            let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) else {
                bail!("the hub answered without a list")
            };
            rows.extend(items);
            let next = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() || next == cursor {
                return Ok(rows);
            }
            cursor = next;
        }
    }
}

/// What a hub's problem says (RFC 9457), and what to do.
fn refused(problem: &Value) -> String {
    let said = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
    let words = [said("title"), said("detail"), said("what_to_do")];
    format!("the hub refused: {}", words.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "))
}

fn unreachable(url: &Url, error: &reqwest::Error) -> anyhow::Error {
    let mut said = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        said = inner.to_string();
        cause = inner.source();
    }
    let origin = url.origin().ascii_serialization();
    let certificate = said.to_lowercase().contains("certificate") || said.contains("UnknownIssuer");
    let hint =
        if certificate { "; give the hub's own certificate with --ca (tls/certificate.pem in its data folder)" } else { "" };
    anyhow::anyhow!("{origin} cannot be reached: {said}{hint}")
}

fn run<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?.block_on(work)
}

/// `medwarden devices`.
pub fn devices(arguments: &DevicesArgs) -> anyhow::Result<ExitCode> {
    const COLUMNS: [(&str, &str); 7] = [
        ("/name", "NAME"),
        ("/class", "CLASS"),
        ("/maker", "MAKER"),
        ("/model", "MODEL"),
        ("/addresses", "ADDRESSES"),
        ("/unit", "UNIT"),
        ("/last_seen", "LAST SEEN"),
    ];
    let filters = [
        ("site", arguments.hub.site.clone()),
        ("q", arguments.text.clone()),
        ("class", arguments.class.clone()),
        ("impact", arguments.impact.clone()),
        ("maker", arguments.maker.clone()),
        ("unit", arguments.unit.clone()),
        ("state", arguments.state.clone()),
    ];
    let hub = Hub::of(&arguments.hub)?;
    let rows = run(hub.all("/api/devices", &filters))?;
    shown(&rows, arguments.hub.json, &COLUMNS)
}

/// `medwarden findings`.
pub fn findings(arguments: &FindingsArgs) -> anyhow::Result<ExitCode> {
    const COLUMNS: [(&str, &str); 5] = [
        ("/finding/severity", "SEVERITY"),
        ("/state", "STATE"),
        ("/finding/title", "FINDING"),
        ("/finding/devices", "DEVICES"),
        ("/finding/last_seen", "LAST SEEN"),
    ];
    let filters = [
        ("site", arguments.hub.site.clone()),
        ("severity", arguments.severity.clone()),
        ("state", arguments.state.clone()),
        ("detector", arguments.detector.clone()),
    ];
    let hub = Hub::of(&arguments.hub)?;
    let rows = run(hub.all("/api/findings", &filters))?;
    shown(&rows, arguments.hub.json, &COLUMNS)
}

fn shown(rows: &[Value], is_json: bool, columns: &[(&str, &str)]) -> anyhow::Result<ExitCode> {
    if !is_json {
        return print(table(rows, columns).as_bytes());
    }
    let mut text = serde_json::to_vec_pretty(rows)?;
    text.push(b'\n');
    print(&text)
}

/// `medwarden api`.
pub fn api(arguments: &ApiArgs) -> anyhow::Result<ExitCode> {
    let body = match arguments.body.as_deref() {
        None => None,
        Some("-") => {
            let mut body = Vec::new();
            std::io::stdin().lock().read_to_end(&mut body).context("cannot read standard input")?;
            Some(body)
        }
        Some(text) => Some(text.as_bytes().to_vec()),
    };
    let hub = Hub::of(&arguments.hub)?;
    let answer = run(hub.ask(arguments.method.clone(), hub.url(&arguments.path)?, body))?;
    let mut bytes = answer.bytes;
    if answer.is_json
        && let Ok(value) = serde_json::from_slice::<Value>(&bytes)
    {
        bytes = serde_json::to_vec_pretty(&value)?;
        bytes.push(b'\n');
    }
    print(&bytes)?;
    Ok(if answer.is_success { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}
