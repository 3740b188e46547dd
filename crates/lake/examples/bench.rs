//! `make bench PART=history`: a month of a site's flows through history as the hub drives it, then what the page and analysts ask of it.
//!
//! `ROWS` says how many flows (100 million where absent), `ASKED` how often each question is asked (25).

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a measurement that cannot go on ends")]
#![allow(clippy::disallowed_methods, reason = "a measurement looks at the clock")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lake::{Batch, Config, End, Flow, FlowFilter, Lake, Limits, Mark, Order, Origin, Party, Place, Plain, Scope, Span};
use model::{MacAddr, Timestamp};

/// 2026-11-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp::from_nanos(1_793_491_200_000_000_000);
const SECOND: i64 = 1_000_000_000;
const DAYS: i64 = 30;
const DEVICES: u64 = 5_000;
/// The hub writes every ten minutes.
const STEP_S: i64 = 600;

const SERVICES: [(u16, &str); 12] = [
    (104, "dicom"),
    (2575, "hl7"),
    (443, "tls"),
    (53, "dns"),
    (123, "ntp"),
    (445, "smb"),
    (161, "snmp"),
    (80, "http"),
    (3389, "rdp"),
    (22, "ssh"),
    (24105, "intellivue"),
    (47808, "bacnet"),
];

/// xorshift64: the same month each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound.max(1)
    }
}

fn end(device: u64) -> End {
    let octet = |shift: u32| u8::try_from(device >> shift & 0xff).unwrap_or_default();
    End {
        device: Some(format!("d-0200000{device:05x}")),
        mac: Some(MacAddr([2, 0, 0, 0, octet(8), octet(0)])),
        ip: Some(IpAddr::V4(Ipv4Addr::new(10, 4, octet(8), octet(0)))),
    }
}

/// A device speaks again and again with the same few servers.
fn flow(origin: &Origin, random: &mut Random, at: Timestamp) -> Flow {
    let client = random.below(DEVICES);
    let habit = random.below(4);
    let (port, protocol) = SERVICES.get(usize::try_from((client + habit) % 12).unwrap_or_default()).copied().unwrap_or_default();
    let server = DEVICES + (client * 7 + habit * 13) % 60;
    let bytes = random.below(20_000);
    Flow {
        origin: origin.clone(),
        first: at,
        last: at.plus_nanos(i64::try_from(random.below(30 * 1_000_000_000)).unwrap_or_default()),
        client: end(client),
        server: end(server),
        server_name: (port == 443).then(|| format!("s{server}.clinic.example")),
        transport: if matches!(port, 53 | 123 | 161 | 24105 | 47808) { "udp" } else { "tcp" }.to_owned(),
        port,
        protocol: Some(protocol.to_owned()),
        packets_to_server: bytes / 800 + 1,
        bytes_to_server: bytes,
        packets_to_client: bytes / 700 + 1,
        bytes_to_client: random.below(60_000),
        encryption: (port == 443).then(|| "TLS 1.3".to_owned()),
        phi: u32::from(port == 2575),
        opening: "opened".to_owned(),
        vlan: 40,
    }
}

fn memory(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn of_env(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

fn size(folder: &Path) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let meta = entry.metadata().expect("a file of the measurement");
        let (inner, octets) = if meta.is_dir() { size(&entry.path()) } else { (1, meta.len()) };
        files += inner;
        bytes += octets;
    }
    (files, bytes)
}

async fn fill(lake: &Lake, rows: u64) {
    let origin = Origin { tenant: "clinic".to_owned(), site: "main".to_owned(), sensor: "east".to_owned() };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let steps = DAYS * 86_400 / STEP_S;
    let each = rows / u64::try_from(steps).unwrap_or(1);
    let mut number = 0;
    for step in 0..steps {
        let from = BEGIN.plus_nanos(step * STEP_S * SECOND);
        let mut left = each;
        while left > 0 {
            let some = left.min(20_000);
            let passed =
                |index: u64| i64::try_from(index).unwrap_or_default() * STEP_S * SECOND / i64::try_from(each).unwrap_or(1);
            let flows = (each - left..each - left + some).map(|index| flow(&origin, &mut random, from.plus_nanos(passed(index))));
            number += 1;
            let batch =
                Batch { mark: Some(Mark { sensor: "east".to_owned(), number }), flows: flows.collect(), events: Vec::new() };
            lake.append(batch, from).expect("history takes the flows");
            left -= some;
            if lake.is_flush_due() {
                lake.flush().await.expect("history is written");
            }
        }
        lake.upkeep(from.plus_nanos(STEP_S * SECOND)).await.expect("upkeep");
    }
}

struct Times(Vec<Duration>);

impl Times {
    fn line(mut self, what: &str) {
        self.0.sort();
        let at = |share: usize| {
            self.0.get((self.0.len() * share / 100).min(self.0.len() - 1)).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        println!("| {what} | {:.0} | {:.0} | {:.0} |", at(50), at(95), at(100));
    }
}

/// Asks again and again with another device each time.
async fn asked(what: &str, times: u64, mut ask: impl AsyncFnMut(u64)) {
    let mut taken = Vec::new();
    for time in 0..times {
        let begun = Instant::now();
        ask(time * 389 % DEVICES).await;
        taken.push(begun.elapsed());
    }
    Times(taken).line(what);
}

async fn questions(lake: &Lake, times: u64) {
    let scope = Scope { tenant: "clinic".to_owned(), sites: None };
    let all = Span { from: BEGIN, before: BEGIN.plus_nanos(DAYS * 86_400 * SECOND) };
    let search = async |filter: FlowFilter| {
        lake.search(&scope, &filter, all, Order::Newest, 100, None).await.expect("an answer");
    };
    let count = async |filter: FlowFilter| {
        lake.histogram(&scope, &filter, all, 120).await.expect("an answer");
    };
    let device =
        |number: u64| FlowFilter { ends: vec![Party::Mac(end(number).mac.unwrap_or_default())], ..FlowFilter::default() };
    let network = "10.4.7.0/24".parse().expect("a network");
    println!("| asked of 30 days | p50 ms | p95 ms | longest ms |\n|---|---|---|---|");
    asked("newest 100 flows", times, async |_| search(FlowFilter::default()).await).await;
    asked("newest 100 of a device", times, async |number| {
        search(FlowFilter::of_device(&end(number).device.unwrap_or_default())).await
    })
    .await;
    asked("newest 100 of an address", times, async |number| search(device(number)).await).await;
    asked("newest 100 of a device and a protocol it does not speak", times, async |number| {
        search(FlowFilter { protocols: vec!["telnet".to_owned()], ..device(number) }).await;
    })
    .await;
    asked("an address that is nowhere", times, async |_| {
        search(FlowFilter { ends: vec![Party::Ip("192.0.2.1".parse().expect("an address"))], ..FlowFilter::default() }).await;
    })
    .await;
    asked("newest 100 of a network and port", times, async |_| {
        search(FlowFilter { ends: vec![Party::Network(network)], ports: vec![3389], ..FlowFilter::default() }).await;
    })
    .await;
    asked("histogram of a device", times, async |number| count(device(number)).await).await;
    let few = times.div_ceil(5);
    asked("histogram of everything", few, async |_| count(FlowFilter::default()).await).await;
    let scopes = [scope.clone()];
    let sql = async |text: &str| {
        let answer = lake.sql(&scopes, text, Limits::default()).await;
        if let Err(error) = answer {
            println!("({error})");
        }
    };
    asked("SQL: count by protocol", few, async |_| sql("SELECT protocol, count(*) FROM flow GROUP BY 1").await).await;
    asked("SQL: ten largest talkers", few, async |_| {
        sql("SELECT client_ip, sum(bytes_to_server) AS b FROM flow GROUP BY 1 ORDER BY 2 DESC LIMIT 10").await;
    })
    .await;
}

#[tokio::main]
async fn main() {
    let (rows, times) = (of_env("ROWS", 100_000_000), of_env("ASKED", 25));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = Place::Folder(folder.path().to_owned());
    let config = Config { query_time: Duration::from_secs(120), ..Config::default() };
    let lake = Lake::open(&place, Arc::new(Plain::memory()), config, BEGIN).await.expect("history opens");
    let begun = Instant::now();
    fill(&lake, rows).await;
    let seconds = begun.elapsed().as_secs_f64();
    lake.upkeep(BEGIN.plus_nanos((DAYS + 2) * 86_400 * SECOND)).await.expect("upkeep");
    let (files, bytes) = size(folder.path());
    println!(
        "{rows} flows of {DEVICES} devices in {DAYS} days, taken in, written and put together in {seconds:.0} s ({:.0} a second)",
        rows as f64 / seconds
    );
    println!(
        "{files} files, {:.1} bytes a flow; memory {} MiB, at most {} MiB\n",
        bytes as f64 / rows as f64,
        memory("VmRSS:"),
        memory("VmHWM:")
    );
    questions(&lake, times).await;
    println!("\nmemory {} MiB, at most {} MiB", memory("VmRSS:"), memory("VmHWM:"));
}
