//! `make bench PART=hub`: a hub at the size of a small site and of a large one, on SQLite and on PostgreSQL. Observations go in through the
//! journal as sensors' do; then the API is asked what the page asks. Each row is a process of its own, so that memory is its own.
//!
//! `DEVICES` and `TALKS` give one size (100,000 devices with 20 conversations each where absent), `ASKED` how often each is asked (200).

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on ends"
)]
#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

#[allow(dead_code, reason = "what the tests of the store need beside")]
#[path = "../../store/tests/it/database.rs"]
mod database;

use std::net::SocketAddr;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt as _;
use hub::intake::Batch;
use hub::{App, Options, router};
use model::observation::{Fact, FlowRecord, Opening, Subject, Traffic};
use model::{ConversationKey, Endpoint, FactKind, FactValue, FrameRef, MacAddr, Observation, Timestamp, Transport};
use serde_json::{Value, json};
use store::{Act, Actor, RecordRow};
use tokio::sync::broadcast::error::RecvError;
use tower::ServiceExt as _;

/// 2026-11-01T00:00:00Z.
const BEGIN: i64 = 1_793_491_200_000_000_000;
const BATCH: usize = 1_000;
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(3_600);
const UNITS: u32 = 200;
/// Model and maker's prefix, as devices tell them.
const KINDS: [(&str, [u8; 3]); 6] = [
    ("Plum 360", [0x00, 0x09, 0xfb]),
    ("IntelliVue MX800", [0x00, 0x09, 0xfb]),
    ("MAC 5500", [0x00, 0x0c, 0x29]),
    ("Alaris 8015", [0x00, 0x50, 0x56]),
    ("OptiPlex 7090", [0x00, 0x1b, 0x21]),
    ("", [0xb8, 0x27, 0xeb]),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["one", url, devices, talks] => {
            runtime.block_on(one(url, devices.parse().unwrap(), talks.parse().unwrap()));
            ExitCode::SUCCESS
        }
        _ => runtime.block_on(all()),
    }
}

fn of_env(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Every size on every database, with the bars.
async fn all() -> ExitCode {
    println!(
        "| database | devices | conversations | observations/s | put together s | Home | Devices, 3 facets | Device | Map of a unit | memory MiB | at most |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let (large, talks) = (of_env("DEVICES", 100_000), of_env("TALKS", 20));
    let mut is_met = true;
    for (devices, talks) in [(5_000, 20), (large, talks)] {
        for database in database::all().await {
            let arguments = ["one", &database.url, &devices.to_string(), &talks.to_string()].map(str::to_owned);
            let output = Command::new(std::env::current_exe().unwrap())
                .args(arguments)
                .stderr(std::process::Stdio::inherit())
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let Some(found) = text.lines().last().and_then(|line| serde_json::from_str::<Value>(line).ok()) else {
                println!("| {} | {devices} | did not end: {} |", kind(&database.url), output.status);
                is_met = false;
                continue;
            };
            let asked =
                |name: &str| format!("{:.1} / {:.1} ms", found[name][0].as_f64().unwrap(), found[name][1].as_f64().unwrap());
            println!(
                "| {} | {devices} | {} | {} | {:.1} | {} | {} | {} | {} | {} | {} |",
                kind(&database.url),
                found["conversations"],
                found["observations_s"],
                found["together_s"].as_f64().unwrap(),
                asked("home"),
                asked("devices"),
                asked("device"),
                asked("map"),
                found["memory_mib"],
                found["most_mib"]
            );
            let is_quick = ["home", "devices", "device", "map"].iter().all(|name| found[name][1].as_f64().unwrap() < 150.0);
            is_met &= is_quick && (devices != 5_000 || found["most_mib"].as_u64().unwrap() < 1_024);
        }
    }
    println!("\n{} p95 under 150 ms each; under 1,024 MiB with 5,000 devices", if is_met { "met   " } else { "MISSED" });
    if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn kind(url: &str) -> &str {
    if url.starts_with("sqlite") { "SQLite" } else { "PostgreSQL" }
}

/// Somebody at the API.
struct Visitor {
    router: Router,
    cookie: String,
}

impl Visitor {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (axum::http::response::Parts, Value) {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, &self.cookie);
        let request = request.extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)))).body(body).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        assert!(parts.status.is_success(), "{path}: {} {}", parts.status, String::from_utf8_lossy(&bytes));
        (parts, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.1
    }
}

/// One size on one database; prints its figures as JSON.
async fn one(url: &str, devices: u32, talks: u32) {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { data: folder.path().join("data"), database: Some(url.to_owned()) };
    let app = App::open(options, None, false).await.unwrap();
    app.start();
    let visitor = sign_in(&app).await;
    let site = app.sites().remove(0).id;

    let begun = Instant::now();
    let (mut number, mut batch) = (0, Vec::with_capacity(BATCH));
    let count = std::cell::Cell::new(0_u64);
    let mut give = |batch: &mut Vec<Observation>| {
        number += 1;
        count.set(count.get() + batch.len() as u64);
        let batch = Batch { site: site.clone(), sensor: "bench".into(), number, observations: std::mem::take(batch) };
        app.intake.take(batch, &|site| app.networks(site)).unwrap();
    };
    for device in 0..devices {
        batch.extend(introduction(device));
        batch.extend((0..talks).map(|round| talk(device, round, devices)));
        if batch.len() >= BATCH {
            tokio::task::block_in_place(|| give(&mut batch));
        }
    }
    give(&mut batch);
    let (count, taken_s) = (count.get(), begun.elapsed().as_secs_f64());
    eprintln!("{devices} devices: {count} observations in {taken_s:.1} s");

    let begun = Instant::now();
    until(&app, &site, || {
        app.answers(&site).is_ok_and(|answers| answers.conversations.len() as u64 >= u64::from(devices) * u64::from(talks))
    })
    .await;
    let together_s = begun.elapsed().as_secs_f64();
    let answers = app.answers(&site).unwrap();
    assert_eq!(answers.devices.len(), usize::try_from(devices).unwrap());
    say(&app, &site, &answers.devices).await;
    batch.extend(introduction(0));
    give(&mut batch);
    until(&app, &site, || true).await;

    let asked = of_env("ASKED", 200);
    let facets = visitor.get("/api/devices?limit=1").await["facets"].clone();
    let best = |name: &str| {
        facets[name].as_array().unwrap().iter().find(|one| one["value"] != "").unwrap()["value"]
            .as_str()
            .unwrap()
            .replace(' ', "%20")
    };
    let three = format!("/api/devices?class={}&maker={}&unit=", best("class"), best("maker"));
    let ids: Vec<String> = answers.devices.iter().map(|device| device.id.to_string()).collect();
    let conversations = answers.conversations.len();
    drop(answers);
    let home = times(&visitor, asked, |_| "/api/home".to_owned()).await;
    let list = times(&visitor, asked, |at| format!("{three}Unit-{}", at % UNITS)).await;
    let device =
        times(&visitor, asked, |at| format!("/api/devices/{}", ids[(at as usize).wrapping_mul(7_919) % ids.len()])).await;
    let map = times(&visitor, asked, |at| format!("/api/map?by=unit&group=Unit-{}", at % UNITS)).await;
    assert!(visitor.get("/api/map?by=unit&group=Unit-3").await["devices"].as_array().unwrap().len() > 1);
    let found = json!({
        "conversations": conversations, "observations_s": (count as f64 / taken_s).round(), "together_s": together_s, "home": home,
        "devices": list, "device": device, "map": map, "memory_mib": memory("VmRSS:"), "most_mib": memory("VmHWM:"),
    });
    println!("{found}");
}

async fn sign_in(app: &App) -> Visitor {
    let mut visitor = Visitor { router: router(app), cookie: String::new() };
    let password = "four words make a password";
    let setup = json!({
        "tenant": "Bench", "site": "Bench", "time_zone": "UTC", "networks": [], "name": "Bench", "login": "bench", "password": password,
    });
    visitor.ask(Method::POST, "/api/setup", Some(setup)).await;
    let (parts, _) = visitor.ask(Method::POST, "/api/session", Some(json!({ "login": "bench", "password": password }))).await;
    let cookies = parts.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()?.split(';').next());
    visitor.cookie = cookies.collect::<Vec<_>>().join("; ");
    visitor
}

/// Waits until a site was put together and written after it became as wanted.
async fn until(app: &App, site: &str, is_wanted: impl Fn() -> bool) {
    let mut events = app.listen();
    let wait = async {
        loop {
            match events.recv().await {
                Ok(event) if event.kind == "observed" && event.site == site && is_wanted() => break,
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => panic!("the hub ended"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

/// p50 and p95, in milliseconds.
async fn times(visitor: &Visitor, asked: u32, path: impl Fn(u32) -> String) -> (f64, f64) {
    let mut all = Vec::new();
    for at in 0..asked {
        let path = path(at);
        let begun = Instant::now();
        visitor.get(&path).await;
        all.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    all.sort_by(f64::total_cmp);
    (all[all.len() / 2], all[all.len() * 95 / 100])
}

/// People say to which unit each device belongs.
async fn say(app: &App, site: &str, devices: &[model::report::Device]) {
    for (part, chunk) in devices.chunks(5_000).enumerate() {
        let mut change = app.store.begin(&Actor::hub("bench"), app.now()).await.unwrap();
        for (place, device) in chunk.iter().enumerate() {
            let (number, unit) = (part * 5_000 + place, format!("Unit-{}", (part * 5_000 + place) % UNITS as usize));
            let row = RecordRow {
                id: format!("record-{number:06}"),
                site_id: site.to_owned(),
                device_id: Some(device.id.to_string()),
                anchors: serde_json::to_string(&records::follow::anchors_of_device(device)).unwrap(),
                doc: json!({ "unit": unit, "clinical_owner": format!("Owner {}", number % 20) }).to_string(),
                clinical_owner: format!("Owner {}", number % 20),
                unit,
                ..RecordRow::default()
            };
            change.add_record(&row).await.unwrap();
        }
        change.commit(Act::new("bench.records", site)).await.unwrap();
    }
}

fn end(device: u32) -> Endpoint {
    let (_, [a, b, c]) = KINDS[device as usize % KINDS.len()];
    let [_, x, y, z] = device.to_be_bytes();
    Endpoint { mac: Some(MacAddr([a, b, c, x, y, z])), ip: Some([10, x.wrapping_add(1), y, z].into()) }
}

fn at(device: u32, round: u32) -> Timestamp {
    Timestamp::from_nanos(BEGIN + i64::from(device) * 500_000_000 + i64::from(round) * 1_000_000)
}

/// What a device says of itself.
fn introduction(device: u32) -> Vec<Observation> {
    let fact = |kind, protocol: &'static str, value| {
        Observation::Fact(Fact {
            time: at(device, 0),
            subject: Subject::Endpoint(end(device)),
            kind,
            value,
            protocol: protocol.into(),
            field: "field".into(),
            label: "field".into(),
            frame: FrameRef { source: 0, frame: u64::from(device) + 1 },
        })
    };
    let mut said = vec![fact(FactKind::Binding, "arp", FactValue::Yes)];
    let (model, _) = KINDS[device as usize % KINDS.len()];
    if !model.is_empty() {
        said.push(fact(FactKind::Model, "dhcp", FactValue::Text(model.into())));
    }
    said
}

/// A conversation with a server of the site, another one each round.
fn talk(device: u32, round: u32, devices: u32) -> Observation {
    let servers = (devices / 100).max(25);
    let server = (device.wrapping_mul(7) + round) % servers;
    let server = if server == device { servers } else { server };
    let traffic = |bytes| Traffic { packets: 10, bytes, lost: 0, hop_limit: 64 };
    Observation::Flow(FlowRecord {
        key: ConversationKey {
            client: end(device),
            server: end(server),
            transport: Transport::Tcp,
            port: [104, 443, 2575, 445][round as usize % 4],
        },
        first: at(device, round),
        last: at(device, round).plus_nanos(1_000_000_000),
        protocol: None,
        to_server: traffic(4_000),
        to_client: traffic(40_000),
        answered_from: None,
        opening: Opening::Opened,
        direction_known: true,
        vlan: 40,
        tunnel: None,
        frame: FrameRef { source: 0, frame: u64::from(device) + 1 },
    })
}

/// Memory of this process in MiB (proc(5), `/proc/self/status`).
fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1_024
}
