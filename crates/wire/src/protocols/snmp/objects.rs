//! The objects that describe a device; every other object in an answer is passed over.

use model::FactKind;

use super::dotted_value;
use crate::ber::{self, Element, arcs};
use crate::fact::{About, Field, Sink, Value};

static DESCRIPTION: Field = Field::new("snmp.sysDescr", "SNMP sysDescr.0", FactKind::SysDescr);
static OBJECT: Field = Field::new("snmp.sysObjectID", "SNMP sysObjectID.0", FactKind::SysObjectId);
static OBJECT_MAKER: Field = Field::new("snmp.sysObjectID-enterprise", "Enterprise in sysObjectID.0", FactKind::EnterpriseNumber);
static NAME: Field = Field::new("snmp.sysName", "SNMP sysName.0", FactKind::HostName);
static LONG_NAME: Field = Field::new("snmp.sysName.fqdn", "SNMP sysName.0, qualified", FactKind::Fqdn);
static LOCATION: Field = Field::new("snmp.sysLocation", "SNMP sysLocation.0", FactKind::Location);
static PHYSICAL_FIRMWARE: Field = Field::new("snmp.entPhysicalFirmwareRev", "SNMP entPhysicalFirmwareRev", FactKind::Firmware);
static PHYSICAL_SOFTWARE: Field = Field::new("snmp.entPhysicalSoftwareRev", "SNMP entPhysicalSoftwareRev", FactKind::Firmware);
static PHYSICAL_SERIAL: Field = Field::new("snmp.entPhysicalSerialNum", "SNMP entPhysicalSerialNum", FactKind::Serial);
static PHYSICAL_MAKER: Field = Field::new("snmp.entPhysicalMfgName", "SNMP entPhysicalMfgName", FactKind::Maker);
static PHYSICAL_MODEL: Field = Field::new("snmp.entPhysicalModelName", "SNMP entPhysicalModelName", FactKind::Model);
static PRINTER_NAME: Field = Field::new("snmp.prtGeneralPrinterName", "SNMP prtGeneralPrinterName", FactKind::ProductName);
static PRINTER_SERIAL: Field = Field::new("snmp.prtGeneralSerialNumber", "SNMP prtGeneralSerialNumber", FactKind::Serial);
static HOST_DEVICE: Field = Field::new("snmp.hrDeviceDescr", "SNMP hrDeviceDescr.1", FactKind::ProductName);

/// mib-2 (1.3.6.1.2.1) as encoded.
const MIB_2: [u8; 5] = [0x2b, 6, 1, 2, 1];
/// enterprises (1.3.6.1.4.1) as encoded.
const ENTERPRISES: [u8; 5] = [0x2b, 6, 1, 4, 1];

/// The enterprise number in an object id below `enterprises`.
pub(super) fn enterprise(object: &[u8]) -> Option<u32> {
    arcs(object.strip_prefix(&ENTERPRISES).map(|_| object)?).nth(6)
}

/// Says what a binding says of the device. Rows beyond the first of a table are its parts, not itself.
pub(super) fn say(object: &[u8], value: Element<'_>, out: &mut dyn Sink) {
    let Some(place) = object.strip_prefix(&MIB_2) else { return };
    let field = match place {
        // RFC 3418 §2.
        [1, 1, 0] => &DESCRIPTION,
        [1, 2, 0] if value.tag == ber::OID => return object_id(value.value, out),
        [1, 5, 0] if value.value.contains(&b'.') => &LONG_NAME,
        [1, 5, 0] => &NAME,
        [1, 6, 0] => &LOCATION,
        // RFC 6933 §3: the first physical entity is the chassis, or the whole.
        [47, 1, 1, 1, 1, 9, 1] => &PHYSICAL_FIRMWARE,
        [47, 1, 1, 1, 1, 10, 1] => &PHYSICAL_SOFTWARE,
        [47, 1, 1, 1, 1, 11, 1] => &PHYSICAL_SERIAL,
        [47, 1, 1, 1, 1, 12, 1] => &PHYSICAL_MAKER,
        [47, 1, 1, 1, 1, 13, 1] => &PHYSICAL_MODEL,
        // RFC 3805 §6.
        [43, 5, 1, 1, 16, 1] => &PRINTER_NAME,
        [43, 5, 1, 1, 17, 1] => &PRINTER_SERIAL,
        // RFC 2790 §4.
        [25, 3, 2, 1, 3, 1] => &HOST_DEVICE,
        _ => return,
    };
    let text = value.value.trim_ascii();
    if value.tag == ber::OCTET_STRING && !text.is_empty() {
        out.say(About::Sender, field, Value::Octets(text));
    }
}

fn object_id(object: &[u8], out: &mut dyn Sink) {
    if let Some(number) = enterprise(object) {
        out.say(About::Sender, &OBJECT, dotted_value(object));
        out.say(About::Sender, &OBJECT_MAKER, Value::Number(u64::from(number)));
    }
}
