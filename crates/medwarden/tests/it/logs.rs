//! Logs among the inputs.

use crate::{case, folder, medwarden};

const LEASES: &str = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n\
                      10.0.0.5,00:09:fb:00:00:05,,3600,1795438800,1,0,0,monitor5,0,\n";

#[test]
fn logs_and_captures_are_one_history() {
    let folder = folder();
    case("dhcp-relayed", &folder);
    std::fs::write(folder.join("kea-leases4.csv"), LEASES).unwrap();
    std::fs::write(folder.join("conn.log"), conn()).unwrap();
    let output = medwarden().args(["inspect", "--format", "json"]).arg(&*folder).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let formats: Vec<&str> = report["inputs"].as_array().unwrap().iter().map(|input| input["format"].as_str().unwrap()).collect();
    assert_eq!(formats, ["Zeek logs", "pcap", "Kea leases"]);
    let device = report["devices"].as_array().unwrap().iter().find(|device| device["id"] == "d-0009fb000005").unwrap();
    assert_eq!(device["name"]["value"], "monitor5");
    let talk = report["conversations"].as_array().unwrap().iter().find(|talk| talk["port"] == 443).unwrap();
    assert_eq!(
        (&talk["client"]["device"], &talk["protocol"], &talk["bytes_to_client"]),
        (&"d-0009fb000005".into(), &"tls".into(), &9000.into())
    );
    // In order of time, captures and logs alike.
    let output =
        medwarden().args(["inspect", "--format", "observations", "--since", "2026-06-01"]).arg(&*folder).output().unwrap();
    let lines: Vec<serde_json::Value> =
        output.stdout.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let of_logs: Vec<&str> =
        lines.iter().filter_map(|line| line["fact"]["time"].as_str().or_else(|| line["flow"]["first"].as_str())).collect();
    assert_eq!(of_logs, ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.5Z"]);
}

fn conn() -> String {
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n\
     #fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\tconn_state\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n\
     1795435200.5\t10.0.0.5\t50000\t192.0.2.9\t443\ttcp\tssl\t1.5\tSF\t10\t1000\t8\t9000\n"
        .to_owned()
}

#[test]
fn unreadable_lines_are_told_with_their_number() {
    let folder = folder();
    let path = folder.join("leases.csv");
    std::fs::write(&path, format!("{LEASES}nonsense\n")).unwrap();
    let output = medwarden().args(["inspect"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("line 3: a lease without an IP address"), "{complaint}");
}

#[test]
fn a_file_of_no_known_kind_says_what_is_known() {
    let folder = folder();
    let path = folder.join("staff.csv");
    std::fs::write(&path, "name,room\nx,y\n").unwrap();
    let output = medwarden().args(["inspect"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(complaint.contains("known besides captures: ") && complaint.contains("Kea leases"), "{complaint}");
}
