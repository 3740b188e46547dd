//! History of a running hub, asked over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hub::auth::{Role, hash};
use serde_json::{Value, json};
use store::{Act, Actor, ExceptionRow, RoleRow, Store};

use crate::{clinic, folder, inspect, medwarden, text};

const PASSWORD: &str = "four words make a password";

/// A hub that runs, ended with it.
struct Hub {
    child: Child,
    address: String,
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Hub {
    fn start(data: &Path) -> Self {
        let mut command = medwarden();
        command.args(["run", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        assert!(!address.is_empty(), "{line}");
        Self { child, address }
    }

    /// Asks it to end, and waits until it has.
    fn end(mut self) {
        assert!(Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }

    fn visitor(&self) -> Visitor {
        Visitor { address: self.address.clone(), cookie: String::new(), csrf: String::new() }
    }

    fn signed_in(&self, login: &str) -> Visitor {
        let mut visitor = self.visitor();
        let (status, head, _) =
            visitor.send("POST", "/api/session", json!({ "login": login, "password": PASSWORD }).to_string().as_bytes());
        assert_eq!(status, 204, "{head}");
        let cookies = head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        visitor.cookie = cookies.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ");
        visitor.csrf = visitor.get("/api/session")["csrf"].as_str().unwrap().to_owned();
        visitor
    }
}

/// Somebody at a browser.
struct Visitor {
    address: String,
    cookie: String,
    csrf: String,
}

impl Visitor {
    fn send(&self, method: &str, path: &str, body: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let kind = if path.starts_with("/api/captures") { "application/octet-stream" } else { "application/json" };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Cookie: {}\r\nX-Medwarden-CSRF: {}\r\n\r\n",
            body.len(),
            self.cookie,
            self.csrf
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.replace("\r\n", "\n"), body.to_owned())
    }

    fn get(&self, path: &str) -> Value {
        let (status, _, body) = self.send("GET", path, b"");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let (status, _, body) = self.send("POST", path, body.to_string().as_bytes());
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn asked(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The one number that a statement answers with, and what is missing from it.
    fn number(&self, statement: &str) -> (u64, usize) {
        let table = self.asked("/api/history/sql", json!({ "statement": statement }));
        let number = table["rows"][0][0].as_str().unwrap().parse().unwrap_or_else(|_| panic!("{table}"));
        (number, table["missing"].as_array().unwrap().len())
    }

    fn flows(&self) -> u64 {
        self.number("SELECT count(*) FROM flow").0
    }

    /// The id of a pump, when the hub knows one.
    fn pump(&self) -> String {
        for _ in 0..300 {
            if let Some(id) = self.get("/api/devices?class=infusion_pump&limit=1")["items"][0]["id"].as_str() {
                return id.to_owned();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("there is no pump");
    }

    /// Hands a capture in and waits until history has this many more flows.
    fn feed(&self, site: &str, capture: &Path, flows: u64) {
        let before = self.flows();
        let (status, _, body) = self.send("POST", &format!("/api/captures?site={site}&name=x"), &std::fs::read(capture).unwrap());
        assert_eq!(status, 202, "{body}");
        self.until(before + flows);
    }

    /// Waits until history has so many flows, and a little longer for those that should not come.
    fn until(&self, flows: u64) {
        for _ in 0..600 {
            if self.flows() >= flows {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert_eq!(self.flows(), flows);
    }
}

/// A hub that went through its first run, and its site.
fn set_up(data: &Path) -> (Hub, Visitor, String) {
    let hub = Hub::start(data);
    let setup = json!({
        "tenant": "Lakeside", "site": "Clinic", "time_zone": "Europe/Berlin", "networks": [],
        "name": "Alex", "login": "alex", "password": PASSWORD,
    });
    assert_eq!(hub.visitor().post("/api/setup", setup).0, 201);
    let visitor = hub.signed_in("alex");
    let site = visitor.get("/api/session")["sites"][0]["id"].as_str().unwrap().to_owned();
    (hub, visitor, site)
}

/// What the sensor says of a capture: how many flows, how many facts that history keeps.
fn observed(capture: &Path) -> (u64, u64) {
    let output = inspect(&[capture.as_os_str(), "--format".as_ref(), "observations".as_ref()]);
    let said = text(&output.stdout);
    let count = |mark: &str| said.lines().filter(|line| line.contains(mark)).count() as u64;
    (count("{\"flow\":"), count("{\"fact\":"))
}

/// All files of segments.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(segments(&path));
        } else if path.extension().is_some_and(|end| end == "parquet") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_a_capture_shows_is_found() {
    let folder = folder();
    let capture = clinic(&folder);
    let (flows, facts) = observed(&capture);
    assert!(flows > 100 && facts > 100, "{flows} {facts}");
    let (_hub, visitor, site) = set_up(&folder.join("data"));
    visitor.feed(&site, &capture, flows);
    let (events, _) = visitor.number("SELECT count(*) FROM event");
    assert!(events > 0 && events <= facts, "{events} of {facts}: credentials are not kept");

    // Pages hold every flow once.
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = visitor.asked("/api/history/search", json!({ "site": site, "limit": 50, "cursor": cursor }));
        seen.extend(page["rows"].as_array().unwrap().iter().cloned());
        assert_eq!(page["has_more"], !page["next"].is_null());
        assert_eq!(page["missing"], json!([]));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen.len() as u64, flows);

    // By protocol, port, network and time.
    let search = |body: Value| visitor.asked("/api/history/search", body)["rows"].as_array().unwrap().clone();
    let dicom = search(json!({ "site": site, "protocol": "dicom", "limit": 1000 }));
    let (counted, _) = visitor.number("SELECT count(*) FROM flow WHERE protocol = 'dicom'");
    assert!(counted > 0);
    assert_eq!(dicom.len() as u64, counted);
    let ip = dicom[0][7].as_str().unwrap();
    let network = format!("{ip}/32");
    let by_address = search(json!({ "site": site, "address": ip, "limit": 1000 }));
    assert_eq!(by_address, search(json!({ "site": site, "address": network, "limit": 1000 })));
    assert!(by_address.iter().all(|row| row[4] == ip || row[7] == ip) && by_address.len() >= dicom.len());
    let port = dicom[0][10].as_str().unwrap();
    assert!(search(json!({ "site": site, "port": port.parse::<u16>().unwrap() })).iter().all(|row| row[10] == port));
    let newest = seen[0][1].as_str().unwrap();
    assert!(search(json!({ "site": site, "since": newest })).iter().all(|row| row[1].as_str().unwrap() >= newest));

    // What crossed readable, and what was encrypted, stands beside the flow.
    assert!(visitor.number("SELECT count(*) FROM flow WHERE phi > 0").0 > 0);
    assert!(visitor.number("SELECT count(*) FROM flow WHERE encryption IS NOT NULL").0 > 0);

    // By device: known by its interfaces, also for rows that came before it was known.
    let id = visitor.pump();
    let device = &visitor.get(&format!("/api/devices/{id}"))["device"];
    let mac = device["interfaces"][0]["mac"].as_str().unwrap();
    let rows = search(json!({ "site": site, "device": device["id"], "limit": 1000 }));
    assert!(!rows.is_empty());
    assert!(
        rows.iter().all(|row| row[3] == mac || row[6] == mac || row[2] == device["id"] || row[5] == device["id"]),
        "{rows:?}"
    );

    // Over time.
    let span = json!({ "site": site, "since": "2020-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z", "buckets": 40 });
    let histogram = visitor.asked("/api/history/histogram", span);
    let counts = histogram["buckets"].as_array().unwrap();
    assert_eq!(counts.len(), 40);
    assert_eq!(counts.iter().map(|bucket| bucket["flows"].as_u64().unwrap()).sum::<u64>(), flows);

    // What cannot be answered is told as the caller's.
    for (path, body) in [
        ("/api/history/search", json!({ "site": site, "address": "pump 7" })),
        ("/api/history/search", json!({ "site": site, "cursor": "far" })),
        ("/api/history/search", json!({ "site": site, "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" })),
        ("/api/history/histogram", json!({ "site": site, "buckets": 3 })),
        ("/api/history/sql", json!({ "statement": "DELETE FROM flow" })),
        ("/api/history/sql", json!({ "statement": "SELECT * FROM person" })),
        ("/api/history/sql", json!({ "statement": "COPY flow TO '/tmp/x'" })),
        ("/api/history/sql", json!({ "statement": format!("SELECT '{}'", "x".repeat(5_000)) })),
    ] {
        let (status, answer) = visitor.post(path, body.clone());
        assert_eq!(status, 422, "{body}: {answer}");
    }
    // The bound of rows.
    let every = "SELECT a.first FROM flow a JOIN flow b ON a.transport = b.transport JOIN flow c ON b.transport = c.transport";
    let all = visitor.asked("/api/history/sql", json!({ "statement": every }));
    assert_eq!((all["rows"].as_array().unwrap().len(), &all["has_more"]), (10_000, &json!(true)));
}

/// A second tenant with a site and an administrator of its own, written beside the hub.
fn second_tenant(data: &Path) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite://{}", data.join("state.db").display())).await.unwrap();
        let now = model::Timestamp::from_nanos(1_780_000_000_000_000_000);
        let mut change = store.begin(&Actor::hub("test"), now).await.unwrap();
        let tenant = change.add_tenant("Hilltop").await.unwrap();
        let site = change.add_site(&tenant, "Practice", "Europe/Berlin", &[]).await.unwrap();
        let person = change.add_person("blake", "Blake", "", Some(&hash(PASSWORD).unwrap())).await.unwrap();
        let role = RoleRow { role: Role::Administrator.name().to_owned(), tenant_id: tenant.clone(), site_id: None };
        change.add_role(&person, &role).await.unwrap();
        let reason = "history is what this test is about".to_owned();
        let excepted = ExceptionRow { reason, given_by: "test".into(), until: now.plus_nanos(i64::MAX / 8) };
        change.set_exception(&person, &excepted).await.unwrap();
        change.commit(Act::new("tenant.add", tenant)).await.unwrap();
        store.close().await;
        site
    })
}

#[test]
fn a_tenant_never_sees_another_ones_history() {
    let folder = folder();
    let data = folder.join("data");
    let capture = clinic(&folder);
    let (flows, _) = observed(&capture);
    let (hub, _, clinic) = set_up(&data);
    hub.end();
    let practice = second_tenant(&data);
    let hub = Hub::start(&data);
    let (alex, blake) = (hub.signed_in("alex"), hub.signed_in("blake"));
    alex.feed(&clinic, &capture, flows);
    for statement in [
        "SELECT count(*) FROM flow".to_owned(),
        "SELECT count(*) FROM event".to_owned(),
        format!("SELECT count(*) FROM flow WHERE site = '{clinic}'"),
        format!("SELECT count(*) FROM flow WHERE site = '{clinic}' OR 1 = 1"),
        "SELECT count(*) FROM (SELECT site FROM flow UNION ALL SELECT site FROM event)".to_owned(),
    ] {
        assert_eq!(blake.number(&statement).0, 0, "{statement}");
    }
    for (path, body) in [
        ("/api/history/search", json!({ "site": clinic })),
        (
            "/api/history/histogram",
            json!({ "site": clinic, "buckets": 1, "since": "2020-01-01T00:00:00Z", "until": "2030-01-01T00:00:00Z" }),
        ),
        ("/api/history/sql", json!({ "sites": [clinic], "statement": "SELECT 1" })),
        ("/api/history/sql", json!({ "sites": [practice, clinic], "statement": "SELECT 1" })),
        ("/api/history/sql", json!({ "sites": ["nowhere"], "statement": "SELECT 1" })),
    ] {
        let (status, answer) = blake.post(path, body.clone());
        assert_eq!(status, 404, "{body}: {answer}");
    }
    assert_eq!(blake.asked("/api/history/search", json!({ "site": practice }))["rows"], json!([]));
    blake.feed(&practice, &capture, flows);
    assert_eq!((alex.flows(), blake.flows()), (flows, flows));
}

#[test]
fn nothing_is_lost_or_doubled_when_the_hub_dies_or_ends() {
    let folder = folder();
    let data = folder.join("data");
    let capture = clinic(&folder);
    let (flows, _) = observed(&capture);
    let (hub, visitor, site) = set_up(&data);
    visitor.feed(&site, &capture, flows);
    assert!(segments(&data.join("history")).is_empty(), "still in memory");
    drop(hub); // kill -9
    let hub = Hub::start(&data);
    hub.signed_in("alex").until(flows);
    hub.end();
    let written = segments(&data.join("history"));
    assert!(!written.is_empty(), "written at the end");
    let hub = Hub::start(&data);
    hub.signed_in("alex").feed(&site, &capture, flows);
    drop(hub);
    let hub = Hub::start(&data);
    hub.signed_in("alex").until(2 * flows);
    hub.end();

    // A broken segment is named, and the rest answered.
    let broken = written.iter().find(|path| path.to_string_lossy().contains("kind=flow")).unwrap();
    let mut bytes = std::fs::read(broken).unwrap();
    let half = bytes.len() / 2;
    bytes[4..half].fill(0xaa);
    std::fs::write(broken, bytes).unwrap();
    for _ in 0..2 {
        let hub = Hub::start(&data);
        let visitor = hub.signed_in("alex");
        let (left, missing) = visitor.number("SELECT count(*) FROM flow WHERE bytes_to_server + bytes_to_client >= 0");
        assert!(left >= flows && left < 2 * flows, "{left} of {flows} twice");
        assert_eq!(missing, 1);
        let page = visitor.asked("/api/history/search", json!({ "site": site }));
        assert!(page["missing"][0].as_str().unwrap().contains("SHA-256"), "{}", page["missing"]);
    }
}
