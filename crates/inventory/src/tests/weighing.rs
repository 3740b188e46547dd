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
