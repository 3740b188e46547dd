//! A clinic's morning, held against what is true in it: nothing wrong is said of a device, and every fault is found.

use lab::clinic::truth::Truth;
use lab::clinic::{DEVICES, FAULTS};
use serde_json::Value;

use crate::{clinic, folder, inspect};

fn report() -> Value {
    let folder = folder();
    let capture = clinic(&folder);
    let output = inspect(&["--format".as_ref(), "json".as_ref(), capture.as_os_str()]);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn device<'r>(report: &'r Value, mac: &str) -> Option<&'r Value> {
    let has = |device: &&Value| device["interfaces"].as_array().is_some_and(|all| all.iter().any(|i| i["mac"] == mac));
    report["devices"].as_array()?.iter().find(has)
}

fn said<'r>(device: &'r Value, attribute: &str) -> Option<&'r str> {
    device[attribute]["value"].as_str()
}

/// What is said is right, or nothing is said.
fn assert_not_wrong(truth: &Truth, device: &Value, attribute: &str, right: &str) {
    if let (Some(said), false) = (said(device, attribute), right.is_empty()) {
        let agrees = said.to_lowercase().contains(&right.to_lowercase()) || right.to_lowercase().contains(&said.to_lowercase());
        assert!(agrees, "{} ({}): {attribute} is {right}, not {said}", truth.name, truth.mac);
    }
}

#[test]
fn every_device_is_found_and_nothing_wrong_is_said_of_it() {
    let report = report();
    let (mut named, mut of) = (0, 0);
    for truth in DEVICES {
        let device = device(&report, truth.mac).unwrap_or_else(|| panic!("{} ({}) was not found", truth.name, truth.mac));
        let addresses = device["addresses"].as_array().unwrap();
        assert!(addresses.iter().any(|address| address["ip"] == truth.ip), "{} has {addresses:?}", truth.name);
        for (attribute, right) in [("maker", truth.maker), ("model", truth.model), ("serial", truth.serial)] {
            assert_not_wrong(truth, device, attribute, right);
            of += usize::from(!right.is_empty());
            named += usize::from(!right.is_empty() && said(device, attribute).is_some());
        }
        if truth.maker.is_empty() {
            let maker = said(device, "maker");
            assert_eq!(maker, None, "{}: nothing shows its maker", truth.name);
        }
    }
    assert_eq!(report["devices"].as_array().map(Vec::len), Some(DEVICES.len()), "no device is made up");
    assert!(named * 100 >= of * 75, "{named} of {of} makers, models and serial numbers were found");
}

/// Detector of a fault in the lab's words.
fn detector(what: &str) -> &'static str {
    match what {
        "cleartext PHI" => "cleartext-phi",
        "default credential used" => "default-credential",
        "cleartext management login" => "cleartext-login",
        "obsolete TLS" => "weak-encryption",
        "expired certificate" => "expired-certificate",
        "SMBv1" => "smb1",
        "unsupported OS" => "unsupported-os",
        "unexpected internet destination" => "unexpected-internet",
        "vendor remote tool" => "remote-tool",
        "vendor access from outside" => "management-service",
        "wrong clock" => "wrong-clock",
        other => panic!("no detector for {other}"),
    }
}

#[test]
fn every_fault_is_found() {
    let report = report();
    let findings = report["findings"].as_array().unwrap();
    for fault in FAULTS {
        let truth = DEVICES.iter().find(|truth| truth.name == fault.device).unwrap();
        let id = &device(&report, truth.mac).unwrap()["id"];
        let detector = detector(fault.what);
        let found = findings.iter().any(|finding| {
            finding["detector"] == detector && finding["devices"].as_array().is_some_and(|devices| devices.contains(id))
        });
        assert!(found, "{} of {} was not found: {}", fault.what, fault.device, fault.why);
    }
}

#[test]
fn no_wrong_clock_is_found_where_the_clock_is_right() {
    let report = report();
    let wrong = FAULTS.iter().filter(|fault| fault.what == "wrong clock").count();
    let found = report["findings"].as_array().unwrap().iter().filter(|f| f["detector"] == "wrong-clock").count();
    assert_eq!(found, wrong);
}
