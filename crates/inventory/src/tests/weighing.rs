use model::FactKind as K;

use super::build::{Seen, value};

const HOST: &str = "00:1b:17:00:00:0a@10.0.0.5";

#[test]
fn a_name_is_short_and_titles_are_weak() {
    let devices = Seen::new()
        .text(1, HOST, K::AeTitle, "dicom.calling-ae", "CT99")
        .text(1, HOST, K::Fqdn, "ntlm.dns-computer", "ct-room-2.clinic.example")
        .text(1, HOST, K::HostName, "llmnr.answer", "CT-ROOM-2")
        .devices();
    let name = devices[0].name.as_ref().unwrap();
    assert_eq!(name.value.to_lowercase(), "ct-room-2");
    assert_eq!(name.disagreeing.iter().map(|other| other.value.as_str()).collect::<Vec<_>>(), ["CT99"]);
}

#[test]
fn more_detail_is_no_contradiction() {
    let devices = Seen::new().text(1, HOST, K::Os, "x.os", "Linux").text(1, HOST, K::Os, "y.os", "Linux 3.14.0").devices();
    let os = devices[0].os.as_ref().unwrap();
    assert_eq!((os.value.as_str(), os.disagreeing.len()), ("Linux 3.14.0", 0));
}

#[test]
fn contradictions_are_both_shown() {
    let devices = Seen::new().text(1, HOST, K::Model, "x.model", "A100").text(1, HOST, K::Model, "y.model", "B200").devices();
    let model = devices[0].model.as_ref().unwrap();
    assert_eq!(model.disagreeing.len(), 1);
}

#[test]
fn a_part_of_a_firewall_maker_makes_no_firewall_of_an_archive() {
    let devices = Seen::new()
        .text(1, HOST, K::ServiceType, "dicom.context.accepted", "CT Image Storage")
        .flow(1, "00:09:fb:00:00:0b@10.0.0.6", HOST, 104, (64, 64))
        .devices();
    let archive = devices.iter().find(|device| device.id == "d-001b1700000a").unwrap();
    assert_eq!(value(&archive.class), "pacs");
    assert!(archive.maker.is_none());
    let alone = Seen::new().arp(1, HOST).devices();
    assert_eq!(value(&alone[0].maker), "Palo Alto Networks");
}

#[test]
fn who_takes_in_and_passes_on_messages_is_an_engine() {
    const ENGINE: &str = "00:0c:29:00:00:0e@10.0.0.20";
    let devices = Seen::new()
        .flow(1, "00:0c:29:00:00:01@10.0.0.1", ENGINE, 2575, (64, 64))
        .flow(2, "00:0c:29:00:00:02@10.0.0.2", ENGINE, 2575, (64, 64))
        .flow(3, ENGINE, "00:0c:29:00:00:03@10.0.0.3", 2575, (64, 64))
        .devices();
    let classes: Vec<&str> = devices.iter().map(|device| value(&device.class)).collect();
    assert_eq!(classes, ["", "", "clinical_server", "interface_engine"]);
}

#[test]
fn a_computer_is_known_by_its_system_only_where_nothing_clinical_is_near() {
    let with = |of: &'static str| Seen::new().arp(1, of).text(1, of, K::Os, "ntlm.version", "Windows 10 1903");
    assert_eq!(value(&with("00:06:5b:00:00:01@10.0.0.1").devices()[0].class), "workstation");
    let beside = with("00:06:5b:00:00:01@10.0.0.1").flow(1, "00:06:5b:00:00:01@10.0.0.1", HOST, 104, (64, 64));
    assert_eq!(value(&beside.devices()[0].class), "");
}

#[test]
fn several_systems_behind_one_address_are_told() {
    let devices = Seen::new()
        .text(1, HOST, K::UserAgent, "http.user-agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36")
        .text(2, HOST, K::UserAgent, "http.user-agent", "Mozilla/5.0 (Linux; Android 11; SM-A515F) AppleWebKit/537.36")
        .arp(1, HOST)
        .devices();
    assert!(devices[0].facts.iter().any(|fact| fact.value.contains("Android and Windows")), "{:?}", devices[0].facts);
}
