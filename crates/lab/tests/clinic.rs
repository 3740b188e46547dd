//! The demonstration capture, read by an independent program.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Protocols that tshark must name in the capture.
const PROTOCOLS: &[&str] = &[
    "arp", "dhcp", "dicom", "dns", "hl7", "http", "json", "lldp", "mdns", "nbss", "ntp", "smb", "snmp", "ssdp", "ssh", "syslog",
    "telnet", "tls", "tpkt",
];

fn written() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clinic.pcap");
    std::fs::write(&path, lab::clinic()).unwrap();
    path
}

fn tshark(file: &Path, arguments: &[&str]) -> String {
    let out = Command::new("tshark").arg("-r").arg(file).args(arguments).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn tshark_reads_it_all() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return eprintln!("skipped: tshark is not installed");
    }
    let file = written();
    assert_eq!(tshark(&file, &["-Y", "_ws.malformed || tcp.analysis.flags || ip.checksum.status == 0"]), "");
    let seen = tshark(&file, &["-T", "fields", "-e", "frame.protocols"]);
    let seen: BTreeSet<&str> = seen.split([':', '\n']).collect();
    let missing: Vec<_> = PROTOCOLS.iter().filter(|protocol| !seen.contains(**protocol)).collect();
    assert!(missing.is_empty(), "{missing:?} not among {seen:?}");
}

#[test]
fn every_planted_value_crosses_and_is_found_by_its_own_list() {
    let bytes = lab::clinic();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    // The password of the Telnet log-in is typed a character a packet; dates with hyphens are how others write them.
    let absent = ["sysadm-7", "1901-01-01"];
    for text in lab::clinic::PHI.iter().chain(lab::clinic::SECRETS) {
        assert!(holds(text) || absent.contains(text), "{text}");
    }
}

#[test]
fn it_is_small_and_the_same_each_time() {
    let bytes = lab::clinic();
    assert!(bytes == lab::clinic());
    assert!(bytes.len() < 4_000_000, "{} bytes", bytes.len());
}

#[test]
fn the_ground_truth_is_what_the_frames_show() {
    let scene = lab::clinic::scene();
    let senders: BTreeSet<String> = scene
        .frames()
        .iter()
        .map(|(_, frame, _)| frame[6..12].iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":"))
        .collect();
    let known: BTreeSet<String> = lab::clinic::DEVICES.iter().map(|device| device.mac.to_owned()).collect();
    assert_eq!(senders, known);
    let bytes = scene.pcap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    for device in lab::clinic::DEVICES {
        for text in [device.model, device.serial, device.software] {
            assert!(text.is_empty() || holds(text), "{}: {text}", device.name);
        }
    }
    for fault in lab::clinic::FAULTS {
        assert!(lab::clinic::DEVICES.iter().any(|device| device.name == fault.device), "{}", fault.device);
    }
}
