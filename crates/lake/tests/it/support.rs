//! Rows made to order, and a history in a temporary folder.

use std::path::Path;
use std::sync::Arc;

use lake::{Batch, Config, End, Event, Flow, Lake, Mark, Origin, Place, Plain, Scope, Span};
use model::Timestamp;

pub const SECOND: i64 = 1_000_000_000;
pub const DAY: i64 = 86_400 * SECOND;

/// 2026-11-01T00:00:00Z.
pub const BEGIN: Timestamp = Timestamp::from_nanos(1_793_491_200 * SECOND);

pub fn at(nanos: i64) -> Timestamp {
    BEGIN.plus_nanos(nanos)
}

pub fn origin(tenant: &str, site: &str) -> Origin {
    Origin { tenant: tenant.to_owned(), site: site.to_owned(), sensor: "east".to_owned() }
}

pub fn scope(tenant: &str) -> Scope {
    Scope { tenant: tenant.to_owned(), sites: None }
}

pub fn always() -> Span {
    Span { from: Timestamp::from_nanos(0), before: Timestamp::from_nanos(i64::MAX) }
}

/// The nth flow: one a second, from one of 50 devices to one of five servers.
pub fn flow(origin: &Origin, number: i64) -> Flow {
    let (client, server) = (number % 50, number % 5);
    let end = |name: &str, host: i64| End {
        device: Some(format!("{name}-{host}")),
        mac: format!("02:00:00:00:{:02x}:{host:02x}", name.len()).parse().ok(),
        ip: format!("10.0.{}.{host}", name.len()).parse().ok(),
    };
    Flow {
        origin: origin.clone(),
        first: at(number * SECOND),
        last: at(number * SECOND + SECOND / 2),
        client: end("pump", client),
        server: end("server", server),
        server_name: (server == 1).then(|| "pacs.example".to_owned()),
        transport: "tcp".to_owned(),
        port: [104, 443, 2575, 22, 445][usize::try_from(server).unwrap()],
        protocol: Some(["dicom", "tls", "hl7", "ssh", "smb"][usize::try_from(server).unwrap()].to_owned()),
        packets_to_server: 10,
        bytes_to_server: 1_000,
        packets_to_client: 5,
        bytes_to_client: u64::try_from(number).unwrap(),
        encryption: (server == 1).then(|| "TLS 1.3".to_owned()),
        phi: u32::from(server == 2),
        opening: "opened".to_owned(),
        vlan: 7,
    }
}

pub fn event(origin: &Origin, number: i64) -> Event {
    Event {
        origin: origin.clone(),
        time: at(number * SECOND),
        subject: End { device: Some(format!("pump-{}", number % 50)), mac: None, ip: "10.0.4.1".parse().ok() },
        server: (number % 2 == 0).then(|| End { ip: "10.0.6.1".parse().ok(), ..End::default() }),
        kind: if number % 3 == 0 { "login_failed" } else { "host_name" }.to_owned(),
        value: Some(format!("v{number}")),
        protocol: "ssh".to_owned(),
        field: "ssh.banner".to_owned(),
        source: 1,
        frame: u64::try_from(number).unwrap(),
        ..Event::default()
    }
}

pub fn batch(flows: Vec<Flow>, number: u64) -> Batch {
    Batch { mark: Some(Mark { sensor: "east".to_owned(), number }), flows, events: Vec::new() }
}

/// Flows `from..until` of a tenant.
pub fn flows(tenant: &str, range: std::ops::Range<i64>) -> Vec<Flow> {
    let origin = origin(tenant, "main");
    range.map(|number| flow(&origin, number)).collect()
}

pub async fn open_with(folder: &Path, config: Config, now: Timestamp) -> Lake {
    let manifest = Plain::file(&folder.join("manifest.json")).unwrap();
    Lake::open(&Place::Folder(folder.join("history")), Arc::new(manifest), config, now).await.unwrap()
}

pub async fn open(folder: &Path) -> Lake {
    open_with(folder, Config::default(), at(0)).await
}

/// All files below a folder that end so.
pub fn files(folder: &Path, end: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}
