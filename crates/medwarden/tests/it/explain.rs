//! One device in full.

use crate::{clinic, folder, inspect, text};

#[test]
fn a_device_is_found_by_any_of_its_handles() {
    let folder = folder();
    let clinic = clinic(&folder);
    for handle in ["CT01", "ct01", "10.20.2.11", "88:4b:39:0c:71:11", "88-4B-39-0C-71-11", "d-884b390c7111", "LAB-CT-0001"] {
        let out = inspect(&[clinic.as_os_str(), "--explain".as_ref(), handle.as_ref()]);
        assert_eq!(out.status.code(), Some(0), "{handle}: {}", text(&out.stderr));
        let shown = text(&out.stdout);
        for wanted in ["SOMATOM go.Up", "Manufacturer's Model Name (0008,1090)", "clinic.pcap:", "disagrees: ", "LAB-CT-0001"] {
            assert!(shown.contains(wanted), "{handle}: {wanted} is missing in\n{shown}");
        }
    }
}

#[test]
fn as_json_it_is_the_object_of_the_report() {
    let folder = folder();
    let clinic = clinic(&folder);
    let json = |arguments: &[&str]| -> serde_json::Value {
        let mut all = vec![clinic.as_os_str(), "--format".as_ref(), "json".as_ref()];
        all.extend(arguments.iter().map(std::ffi::OsStr::new));
        serde_json::from_slice(&inspect(&all).stdout).unwrap()
    };
    let (report, device) = (json(&[]), json(&["--explain", "ct01"]));
    assert!(report["devices"].as_array().unwrap().contains(&device));
    assert_eq!(device["id"], "d-884b390c7111");
}

#[test]
fn what_is_not_clear_is_answered_with_candidates() {
    let folder = folder();
    let clinic = clinic(&folder);
    let asked = |handle: &str| {
        let out = inspect(&[clinic.as_os_str(), "--explain".as_ref(), handle.as_ref()]);
        assert_eq!(out.status.code(), Some(2), "{handle}");
        text(&out.stderr)
    };
    let several = asked("pump-005");
    for pump in ["PUMP-0051", "PUMP-0052", "PUMP-0053"] {
        assert!(several.contains(pump), "{several}");
    }
    assert!(asked("toaster").contains("no device is called toaster"));
    assert!(asked("clinic.example").contains("devices are called clinic.example"));
}
