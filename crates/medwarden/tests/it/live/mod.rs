//! The live sensor at the end of a cable, between network namespaces.

mod net;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use net::{Net, net};
use serde_json::Value;

use crate::{case, folder, text};

/// Whom the lab's tunnels go to.
const COLLECTOR: &str = "10.99.0.99";
const COLLECTOR_MAC: &str = "00:50:56:00:00:99";

/// A sensor that runs.
struct Running {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
}

impl Running {
    /// Starts one on `tap`; it listens when this returns.
    fn start(net: &Net, arguments: &[&str]) -> Self {
        let mut command = net.sensor.command(env!("CARGO_BIN_EXE_medwarden"));
        command.args(["sensor", "--interface", "tap", "--buffer", "4"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut first = String::new();
        said.read_line(&mut first).unwrap();
        assert!(first.contains("listening on tap"), "{first}");
        Self { child, said }
    }

    /// Ends it as Ctrl-C does: what it said on standard error.
    fn end(mut self) -> String {
        // What was sent has arrived, but the kernel hands it over in blocks.
        std::thread::sleep(Duration::from_millis(300));
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.wait()
    }

    fn wait(&mut self) -> String {
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {said}");
        said
    }
}

/// A hub that is killed when the test ends, however that is.
struct Hub(Child);

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The observations of a kind (`fact`, `flow`) in a file.
fn observed(file: &Path, kind: &str) -> Vec<Value> {
    let lines = text(&std::fs::read(file).unwrap());
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line.get(kind).cloned()).collect()
}

#[test]
fn it_sees_what_passes_and_no_frame_leaves() {
    let Some(net) = net() else { return };
    let folder = folder();
    let out = folder.join("observed.jsonl");
    let heard = net.far.listen("far");
    let before = net.sensor.sent("tap");
    let sensor = Running::start(&net, &["--threads", "2", "--out", out.to_str().unwrap()]);
    let cases = ["dicom-store", "tcp-tagged", "fragments-udp", "arp-and-dhcp", "icmp"];
    let sent: u64 = cases.iter().map(|name| net.far.replay(&case(name, &folder))).sum();
    let said = sensor.end();
    assert!(said.contains(&format!("tap: {sent} frames read, 0 dropped")), "{said}");
    let flows = observed(&out, "flow");
    let dicom = flows.iter().find(|flow| flow["protocol"] == "dicom").expect("DICOM is seen");
    assert_eq!(dicom["opening"], "opened");
    assert_eq!((&dicom["to_server"]["lost"], &dicom["to_client"]["lost"]), (&0.into(), &0.into()));
    let tagged = flows.iter().find(|flow| flow["protocol"] == "http").expect("what is tagged is seen");
    assert_eq!(tagged["vlan"], 120, "the tag is put back");
    assert!(observed(&out, "fact").iter().any(|fact| fact["protocol"] == "dhcp"));
    assert_eq!(net.sensor.sent("tap"), before, "by the kernel's count nothing left");
    assert_eq!(heard.end(), [] as [&str; 0], "and nothing arrived at the other end");
}

/// The last state of the sensor in a file of observations.
fn health(file: &Path) -> Value {
    observed(file, "health").pop().unwrap()
}

#[test]
fn mirrors_in_tunnels_are_opened_and_named() {
    let Some(net) = net() else { return };
    let folder = folder();
    // The collector of the lab's tunnels is this machine.
    net.sensor.run(&format!("ip link set tap address {COLLECTOR_MAC}"));
    net.sensor.run(&format!("ip addr add {COLLECTOR}/24 dev tap"));
    net.sensor.run("ip neigh add 10.99.0.2 lladdr 00:50:56:00:00:02 dev tap nud permanent");
    net.far.replay(&case("tunnel-vxlan", &folder));
    std::thread::sleep(Duration::from_millis(100));
    assert!(net.sensor.sent("tap") > 0, "without the sensor the system answers that nobody is there");
    let out = folder.join("observed.jsonl");
    let heard = net.far.listen("far");
    let sensor = Running::start(&net, &["--tunnels", "--threads", "2", "--out", out.to_str().unwrap()]);
    let before = net.sensor.sent("tap");
    for name in ["tunnel-vxlan", "tunnel-erspan-2", "tunnel-gre-ethernet", "tunnel-tzsp"] {
        net.far.replay(&case(name, &folder));
    }
    sensor.end();
    let flows = observed(&out, "flow");
    // All four mirror the same conversation. Three come to one thread, whose sensor knows it again; a TZSP header is not looked into when
    // a thread is chosen, so what it carries may come to the other.
    assert!((1..=2).contains(&flows.len()), "{flows:?}");
    assert!(flows.iter().all(|flow| flow["protocol"] == "dns"), "{flows:?}");
    assert!(flows.iter().any(|flow| flow["tunnel"] == "vxlan") && !flows.iter().any(|flow| flow["tunnel"] == "gre"), "{flows:?}");
    let health = health(&out);
    let mirrors = health["mirrors"].as_array().unwrap();
    let kinds: Vec<&str> = mirrors.iter().map(|mirror| mirror["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["erspan", "gre", "tzsp", "vxlan"]);
    assert!(mirrors.iter().all(|mirror| mirror["destination"] == COLLECTOR), "{mirrors:?}");
    let source = mirrors[0]["source"].as_str().unwrap();
    assert!(!flows.iter().any(|flow| flow["key"].to_string().contains(source)), "a mirror's source has no conversations");
    assert_eq!(heard.end(), [] as [&str; 0], "nothing is answered");
    assert_eq!(net.sensor.sent("tap"), before);
}

#[test]
fn it_says_how_it_is() {
    let Some(net) = net() else { return };
    let folder = folder();
    let out = folder.join("observed.jsonl");
    let report = folder.join("report.json");
    let page = folder.join("page.html");
    let files = [out.to_str().unwrap(), report.to_str().unwrap(), page.to_str().unwrap()];
    let sensor = Running::start(&net, &["--out", files[0], "--report", files[1], "--every", "300ms", "--health-every", "300ms"]);
    for name in ["ntp", "tcp-tagged", "dicom-store"] {
        net.far.replay(&case(name, &folder));
    }
    std::thread::sleep(Duration::from_millis(900));
    let early: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!(early["inputs"][0]["format"], "live");
    assert!(!early["devices"].as_array().unwrap().is_empty(), "there is a report while it listens");
    let said = sensor.end();
    assert!(said.contains("frames/s"), "{said}");
    assert!(observed(&out, "health").len() > 2);
    let health = health(&out);
    assert_eq!(health["vlans"], serde_json::json!([120]));
    assert!(health["subnets"].as_array().unwrap().contains(&"10.20.1.0/24".into()), "{health}");
    assert!(health["clock"]["ntp_servers"].as_u64().unwrap() > 0, "{health}");
    let unseen = health["cannot_see"].as_array().unwrap();
    let kinds: Vec<&str> = unseen.iter().map(|unseen| unseen["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"clock"), "the replayed time server is months off: {kinds:?}");
    assert!(!kinds.contains(&"no-clinical") && !kinds.contains(&"sends"), "{kinds:?}");
    let last: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let talks = last["conversations"].as_array().unwrap();
    assert!(talks.iter().any(|talk| talk["protocol"] == "dicom"));
    Running::start(&net, &["--report", files[2], "--for", "100ms"]).wait();
    assert!(text(&std::fs::read(&page).unwrap()).to_lowercase().starts_with("<!doctype html>"));
}

#[test]
fn the_answers_are_printed_where_nothing_else_is_asked_for() {
    let Some(net) = net() else { return };
    let folder = folder();
    let mut sensor = Running::start(&net, &["--count", "19"]);
    net.far.replay(&case("dicom-store", &folder));
    sensor.wait();
    let mut printed = String::new();
    sensor.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(printed.contains("DICOM"), "{printed}");
}

#[test]
fn the_listener_would_hear_a_frame() {
    let Some(net) = net() else { return };
    let folder = folder();
    let heard = net.sensor.listen("tap");
    let sent = net.far.replay(&case("icmp", &folder));
    assert_eq!(heard.end().len() as u64, sent);
}

#[test]
fn it_ends_by_itself() {
    let Some(net) = net() else { return };
    let folder = folder();
    let mut sensor = Running::start(&net, &["--count", "3"]);
    net.far.replay(&case("dicom-store", &folder));
    assert!(sensor.wait().contains("tap: 3 frames read"));
    assert!(Running::start(&net, &["--for", "100ms"]).wait().contains("tap: 0 frames read"));
}

/// A line of `/proc/PID/status`.
fn status(process: &str, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).unwrap();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The threads of the sensor that a `nsenter` became.
fn threads(sensor: &Running) -> Vec<String> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", sensor.child.id())).unwrap();
    tasks.map(|task| task.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn it_has_no_rights_left() {
    let Some(net) = net() else { return };
    let folder = folder();
    let out = folder.join("observed.jsonl");
    let sensor = Running::start(&net, &["--threads", "2", "--out", out.to_str().unwrap()]);
    let threads = threads(&sensor);
    assert!(threads.len() >= 3, "{threads:?}");
    for thread in threads {
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(status(&thread, set), "0000000000000000", "{set}");
        }
        assert_eq!(status(&thread, "NoNewPrivs"), "1");
        assert_eq!(status(&thread, "Seccomp"), "2");
    }
    sensor.end();
}

#[test]
fn it_becomes_another_user() {
    let Some(net) = net() else { return };
    if status("self", "Uid") != "0 0 0 0" {
        println!("skipped: becoming another user needs root");
        return;
    }
    let sensor = Running::start(&net, &["--user", "nobody"]);
    assert_eq!(status(&sensor.child.id().to_string(), "Uid"), "65534 65534 65534 65534");
    assert_eq!(status(&sensor.child.id().to_string(), "CapBnd"), "0000000000000000");
    assert_eq!(status(&sensor.child.id().to_string(), "Groups"), "");
    sensor.end();
}

#[test]
fn an_interface_that_cannot_be_used_is_named() {
    let Some(net) = net() else { return };
    let said = |interface: &str| {
        let mut command = net.sensor.command(env!("CARGO_BIN_EXE_medwarden"));
        let out = command.args(["sensor", "--interface", interface]).output().unwrap();
        assert_eq!(out.status.code(), Some(2));
        text(&out.stderr)
    };
    assert!(said("nowhere").contains("there is no interface \"nowhere\""));
    assert!(said("../tap").contains("there is no interface \"../tap\""));
    net.sensor.run("ip link set tap down");
    assert!(said("tap").contains("interface tap is down"));
}

#[test]
fn a_hospital_played_on_the_cable_is_heard_whole() {
    let Some(net) = net() else { return };
    let folder = folder();
    let (out, truth) = (folder.join("observed.jsonl"), folder.join("truth.jsonl"));
    let sensor = Running::start(&net, &["--out", out.to_str().unwrap()]);
    let mut play = net.far.command(env!("CARGO_BIN_EXE_medwarden"));
    play.args(["lab", "play", "clinic", "--days", "0.02", "--interface", "far", "--speed", "1000", "--truth"]).arg(&truth);
    let played = play.output().unwrap();
    let told = text(&played.stderr);
    assert!(played.status.success(), "{told}");
    let sent: u64 = told.strip_prefix("medwarden: ").and_then(|told| told.split(' ').next()).unwrap().parse().unwrap();
    let end = text(&std::fs::read(&truth).unwrap());
    let end: Value = serde_json::from_str(end.lines().last().unwrap()).unwrap();
    assert_eq!(end["frames"], sent, "the truth counts what was sent");
    let said = sensor.end();
    assert!(said.contains(&format!("tap: {sent} frames read, 0 dropped")), "{sent} were sent: {said}");
    assert!(observed(&out, "flow").iter().any(|flow| flow["protocol"] == "dicom" || flow["protocol"] == "hl7"));
}

/// A hub that listens itself, and the command line that asks it.
#[test]
fn a_hub_listens_on_its_own_machine_and_tells_the_command_line() {
    let Some(net) = net() else { return };
    let folder = folder();
    net.sensor.run("ip link set lo up");
    let mut hub = net.sensor.command(env!("CARGO_BIN_EXE_medwarden"));
    hub.args(["run", "--plain", "--listen", "127.0.0.1:0", "--interface", "tap", "--data"]).arg(folder.join("data"));
    let mut hub = Hub(hub.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(hub.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    let mut said = BufReader::new(hub.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("listening on tap")), "the sensor began");
    std::thread::spawn(move || said.for_each(drop));
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/live/account.py");
    let token = net.sensor.run(&format!("python3 {script} {url}")).trim().to_owned();
    let ask = |arguments: &[&str]| {
        let mut command = net.sensor.command(env!("CARGO_BIN_EXE_medwarden"));
        let output = command.args(arguments).args(["--hub", &url]).env("MEDWARDEN_TOKEN", &token).output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    net.far.replay(&crate::clinic(&folder));
    let mut findings = (0, String::new(), String::new());
    for _ in 0..300 {
        findings = ask(&["findings"]);
        if findings.1.lines().count() > 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(findings.0 == 0 && findings.1.starts_with("SEVERITY") && findings.1.lines().count() > 1, "{findings:?}");
    let (_, json, _) = ask(&["findings", "--json"]);
    let first = serde_json::from_str::<Value>(&json).unwrap()[0]["finding"].clone();
    let is_shown = |line: &str| {
        line.starts_with(first["severity"].as_str().unwrap())
            && line.contains(first["title"].as_str().unwrap().get(..20).unwrap())
    };
    assert!(findings.1.lines().any(is_shown), "{first} is not in {findings:?}");
    let (code, devices, _) = ask(&["devices", "--class", "infusion_pump"]);
    let (_, json, _) = ask(&["devices", "--class", "infusion_pump", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert!(code == 0 && devices.starts_with("NAME") && devices.lines().count() == rows.len() + 1, "{devices}");
    let (code, sensors, _) = ask(&["api", "GET", "/api/sensors"]);
    let sensors: Value = serde_json::from_str(&sensors).unwrap();
    assert_eq!((code, &sensors[0]["name"], &sensors[0]["state"]), (0, &"this machine".into(), &"listening".into()), "{sensors}");
    let (code, answer, _) = ask(&["api", "get", "/api/people"]);
    assert!(code == 1 && answer.contains("no-right"), "the token has no right to it: {answer}");
    let (code, _, wrong) = ask(&["api", "GET", "https://elsewhere.example/api/devices"]);
    assert!(code == 2 && wrong.contains("leads away"), "{wrong}");

    // Killed without a word, the hub takes its sensor along.
    drop(hub);
    let mut left = String::new();
    for _ in 0..100 {
        let spool = format!("--spool {}", folder.join("data").display());
        left = text(&std::process::Command::new("pgrep").args(["-f", "--", &spool]).output().unwrap().stdout);
        if left.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(left, "", "the sensor ended");
}

#[test]
fn the_command_line_says_what_keeps_it_from_a_hub() {
    let ask = |arguments: &[&str], token: Option<&str>| {
        let mut command = crate::medwarden();
        command.args(arguments).env_remove("MEDWARDEN_TOKEN").env_remove("MEDWARDEN_HUB");
        command.envs(token.map(|token| ("MEDWARDEN_TOKEN", token)));
        let output = command.output().unwrap();
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let (code, said) = ask(&["devices"], None);
    assert!(code == 2 && said.contains("MEDWARDEN_TOKEN"), "{said}");
    let (code, said) = ask(&["devices", "--hub", "http://192.0.2.1:8443"], Some("t"));
    assert!(code == 2 && said.contains("https only"), "{said}");
    let (code, said) = ask(&["findings", "--hub", "https://127.0.0.1:1"], Some("t"));
    assert!(code == 2 && said.contains("cannot be reached"), "{said}");
}
