//! The report as JSON.

use std::cell::RefCell;
use std::io::{self, BufWriter, Write};

use knowledge::Knowledge;
use model::report::{Device, Report};
use respond::Responder;
use serde::ser::{Serialize, SerializeSeq as _, SerializeStruct, Serializer};

/// Reports are written in very small pieces.
const BUFFER: usize = 64 << 10;

/// Writes a report whose devices do not say yet what isolating them does. That is worked out device by device, as each is written:
/// for a large site all of it at once is as much as the site itself.
pub(crate) fn write(report: &mut Report, knowledge: &Knowledge, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, out);
    let Report { schema, version, inputs, site_networks, devices, conversations, findings, unseen } = report;
    let responder = Responder::new(devices, conversations, knowledge);
    let mut json = serde_json::Serializer::new(&mut out);
    let mut fields = json.serialize_struct("Report", 8)?;
    fields.serialize_field("schema", schema)?;
    fields.serialize_field("version", version)?;
    fields.serialize_field("inputs", inputs)?;
    fields.serialize_field("site_networks", site_networks)?;
    fields.serialize_field("devices", &Devices { devices: RefCell::new(devices), responder: &responder })?;
    fields.serialize_field("conversations", conversations)?;
    fields.serialize_field("findings", findings)?;
    fields.serialize_field("unseen", unseen)?;
    SerializeStruct::end(fields)?;
    writeln!(out)?;
    out.flush()
}

/// Devices, each completed while it is written.
struct Devices<'a> {
    devices: RefCell<&'a mut Vec<Device>>,
    responder: &'a Responder<'a>,
}

impl Serialize for Devices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut devices = self.devices.borrow_mut();
        let mut list = serializer.serialize_seq(Some(devices.len()))?;
        for device in devices.iter_mut() {
            device.if_isolated = Some(Box::new(self.responder.isolation(device)));
            list.serialize_element(&*device)?;
            device.if_isolated = None;
        }
        list.end()
    }
}
