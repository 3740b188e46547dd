//! The live sensor at the end of a cable, between network namespaces.

mod net;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use net::{Net, net};
use serde_json::Value;

use crate::{case, folder, text};

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
