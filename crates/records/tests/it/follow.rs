use std::collections::BTreeSet;

use records::follow::{Conflict, Held, Place, anchors_of_device, anchors_of_record, follow};

use crate::{device, said};

fn places(records: &[(&str, BTreeSet<records::follow::Anchor>, Option<&str>)], devices: &[model::report::Device]) -> Vec<Place> {
    let held: Vec<Held<'_>> = records.iter().map(|(id, anchors, device)| Held { id, anchors, device: *device }).collect();
    follow(&held, devices)
}

fn at(device: &str) -> Place {
    Place { device: Some(device.to_owned()), conflict: None }
}

#[test]
fn a_record_follows_its_device_when_the_id_changes() {
    let before = device("d1", Some("00:00:5e:00:53:01"), Some("S1"), None);
    let anchors = anchors_of_device(&before);
    // A network card was changed: another id, the serial number stays.
    let after = device("d2", Some("00:00:5e:00:53:09"), Some("s1"), None);
    assert_eq!(places(&[("r1", anchors.clone(), Some("d1"))], &[before]), [at("d1")]);
    assert_eq!(places(&[("r1", anchors, Some("d1"))], &[after]), [at("d2")]);
}

#[test]
fn what_several_devices_state_holds_nothing() {
    let devices = [device("d1", None, Some("0000"), None), device("d2", None, Some("0000"), None)];
    let record = anchors_of_record(&said(&[("serial", "0000")]));
    assert_eq!(places(&[("r1", record, None)], &devices), [Place::default()]);
}

#[test]
fn of_two_records_of_one_device_the_other_is_told() {
    let devices = [device("d1", Some("00:00:5e:00:53:01"), Some("S1"), None)];
    let by_serial = anchors_of_record(&said(&[("serial", "S1")]));
    let by_mac = anchors_of_record(&said(&[("macs", "00:00:5e:00:53:01")]));
    let found = places(&[("r1", by_serial, Some("d1")), ("r2", by_mac, None)], &devices);
    let conflict = Conflict::OtherRecord { record: "r2".into(), device: "d1".into() };
    assert_eq!(found, [Place { device: None, conflict: Some(conflict) }, at("d1")]);
}

#[test]
fn a_record_of_two_devices_stays_and_says_so() {
    let devices = [device("d1", Some("00:00:5e:00:53:01"), None, None), device("d2", Some("00:00:5e:00:53:02"), None, None)];
    let record = anchors_of_record(&said(&[("macs", "00:00:5e:00:53:01 00:00:5e:00:53:02")]));
    let found = places(&[("r1", record, Some("d2"))], &devices);
    assert_eq!(found[0].device.as_deref(), Some("d2"));
    assert_eq!(found[0].conflict, Some(Conflict::SeveralDevices { others: vec!["d1".into()] }));
}
