//! Figures of the hub for those who watch it, in the text form of OpenMetrics 1.0, which Prometheus reads.

use std::sync::atomic::AtomicU64;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::App;
use crate::error::Answer;
use crate::intake::Intake;

/// Bounds of how long an answer took, in seconds.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AtSite {
    site: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Grave {
    severity: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSensor {
    sensor: String,
    site: String,
}

/// The hub's figures.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    asked: Family<Asked, Counter>,
    seconds: Family<Route, Histogram>,
    devices: Family<AtSite, Gauge>,
    conversations: Family<AtSite, Gauge>,
    findings: Family<Grave, Gauge>,
    silence: Family<OfSensor, Gauge<f64, AtomicU64>>,
    memory: Gauge,
}

impl Metrics {
    /// Of a hub that takes observations in.
    pub(crate) fn new(intake: &Intake) -> Self {
        let mut registry = Registry::default();
        let (asked, devices, conversations, findings, silence, memory) = Default::default();
        let seconds = Family::<Route, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let of = &mut registry;
        of.register("medwarden", "The program", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
        of.register("medwarden_requests", "Requests answered", Family::clone(&asked));
        of.register_with_unit("medwarden_request", "How long answers took", Unit::Seconds, seconds.clone());
        of.register(
            "medwarden_observations",
            "Observations of sensors that were taken in since the start",
            intake.observations.clone(),
        );
        of.register("medwarden_devices", "Devices known", Family::clone(&devices));
        of.register("medwarden_conversations", "Conversations known", Family::clone(&conversations));
        of.register("medwarden_findings", "Findings that are open or worked on", Family::clone(&findings));
        of.register_with_unit(
            "medwarden_sensor_silence",
            "How long ago a sensor gave a sign of life",
            Unit::Seconds,
            Family::clone(&silence),
        );
        of.register_with_unit("process_resident_memory", "Memory of the hub", Unit::Bytes, Gauge::clone(&memory));
        Self { registry, asked, seconds, devices, conversations, findings, silence, memory }
    }
}

/// Counts a request, and how long its answer took. What names things in a path is not told.
pub(crate) async fn measure(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = tokio::time::Instant::now();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let response = next.run(request).await;
    if let Some(route) = path {
        app.metrics.seconds.get_or_create(&Route { route: route.clone() }).observe(begun.elapsed().as_secs_f64());
        app.metrics.asked.get_or_create(&Asked { method, route, status: response.status().as_u16() }).inc();
    }
    response
}

/// The figures as they are now.
pub(crate) async fn told(app: &App) -> Answer<String> {
    let metrics = &app.metrics;
    let sites: Vec<String> = app.sites().into_iter().map(|site| site.id).collect();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    for site in &sites {
        let Some(answers) = app.intake.answers(site) else { continue };
        let label = AtSite { site: site.clone() };
        metrics.devices.get_or_create(&label).set(number(answers.devices.len()));
        metrics.conversations.get_or_create(&label).set(number(answers.conversations.len()));
    }
    let counts = app.store.finding_counts(&sites).await?;
    for severity in model::report::Severity::ALL {
        let count = counts.iter().find(|(one, _)| *one == severity).map_or(0, |(_, count)| *count);
        metrics.findings.get_or_create(&Grave { severity: severity.name() }).set(count.cast_signed());
    }
    metrics.silence.clear();
    for sensor in app.store.sensors(&sites).await?.into_iter().filter(|one| one.state == "enrolled") {
        if let Some(seen) = sensor.last_seen {
            let label = OfSensor { sensor: sensor.id, site: sensor.site_id };
            metrics.silence.get_or_create(&label).set(seconds(app.now().since(seen)));
        }
    }
    metrics.memory.set(resident());
    let mut out = String::new();
    text::encode(&mut out, &metrics.registry).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(out)
}

#[allow(clippy::cast_precision_loss, reason = "to the second is enough")]
fn seconds(nanos: i64) -> f64 {
    nanos.max(0) as f64 / 1e9
}

/// Memory of this process in octets (proc(5), `/proc/self/statm`).
fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse::<i64>().ok()).unwrap_or_default().saturating_mul(4096)
}
