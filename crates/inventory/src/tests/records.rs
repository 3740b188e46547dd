use model::FactKind as K;
use model::report::Device;

use super::build::{Seen, value};

const GATEWAY: &str = "00:09:fb:00:00:0a@10.0.0.5";

/// `kind=value` of each device reported on.
fn reports(device: &Device) -> Vec<Vec<String>> {
    let entry = |report: &model::report::ReportedDevice| report.facts.iter().map(|fact| fact.value.to_string()).collect();
    device.reports.iter().map(entry).collect()
}

#[test]
fn a_gateway_reports_each_pump_by_itself() {
    let pump = |serial: &'static str| [(K::Model, "hl7.reported.prt-16", "Pump A"), (K::Serial, "hl7.reported.prt-20", serial)];
    let devices = Seen::new()
        .record(1, GATEWAY, &[pump("SN-1"), pump("SN-2")].concat())
        .record(2, GATEWAY, &pump("SN-1"))
        .record(3, GATEWAY, &pump("SN-3"))
        .devices();
    assert_eq!(reports(&devices[0]), [["Pump A", "SN-1"], ["Pump A", "SN-2"], ["Pump A", "SN-3"]]);
    assert!(devices[0].model.is_none() && devices[0].serial.is_none());
}

#[test]
fn a_monitor_reports_itself() {
    let devices = Seen::new()
        .text(1, GATEWAY, K::Eui64, "hl7.msh-3.eui-64", "00a0370022003456")
        .record(
            1,
            GATEWAY,
            &[(K::Eui64, "hl7.reported.obx-18.eui-64", "00a0370022003456"), (K::Model, "hl7.reported.mdc-model", "MX800")],
        )
        .devices();
    assert_eq!(value(&devices[0].model), "MX800");
    assert!(devices[0].reports.is_empty());
}

fn data_set(model: &'static str, serial: &'static str) -> [(K, &'static str, &'static str); 3] {
    [
        (K::Maker, "dicom.dataset.0008,0070", "Philips"),
        (K::Model, "dicom.dataset.0008,1090", model),
        (K::Serial, "dicom.dataset.0018,1000", serial),
    ]
}

#[test]
fn a_modality_stores_what_it_made() {
    let devices = Seen::new()
        .record(1, GATEWAY, &data_set("Brilliance", "1"))
        .record(2, GATEWAY, &data_set("Brilliance", "1"))
        .record(3, GATEWAY, &[(K::DeviceType, "dicom.dataset.0008,0060", "CT")])
        .devices();
    assert_eq!((value(&devices[0].model), value(&devices[0].serial)), ("Brilliance", "1"));
    assert_eq!(value(&devices[0].class), "ct");
}

#[test]
fn an_archive_forwards_what_others_made() {
    let devices = Seen::new().record(1, GATEWAY, &[data_set("Brilliance", "1"), data_set("Ingenia", "2")].concat()).devices();
    assert!(devices[0].model.is_none());
    assert_eq!(reports(&devices[0]), [["Philips", "Brilliance", "1"], ["Philips", "Ingenia", "2"]]);
    let devices = Seen::new()
        .text(1, GATEWAY, K::ServiceType, "dicom.context.accepted", "CT Image Storage")
        .record(2, GATEWAY, &data_set("Brilliance", "1"))
        .devices();
    assert!(devices[0].model.is_none() && devices[0].reports.len() == 1);
}
