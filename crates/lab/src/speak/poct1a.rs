//! POCT1-A (CLSI POCT1-A2 §4): XML messages between a device at the point of care and its manager, one behind the other on TCP.
//!
//! The device begins: [`Device::hello`], then [`status`]; the manager acknowledges each ([`acknowledge`]) and asks ([`request`]); the device
//! sends [`observation`]s and [`end_of_topic`].

/// What a device says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// EUI-64, sixteen hexadecimal digits.
    pub id: &'a str,
    /// Vendor's short name.
    pub vendor: &'a str,
    /// Manufacturer's name; left out where empty.
    pub maker: &'a str,
    /// Model.
    pub model: &'a str,
    /// Serial number.
    pub serial: &'a str,
    /// Hardware version.
    pub hardware: &'a str,
    /// Software version.
    pub software: &'a str,
    /// Name of the device; left out where empty.
    pub name: &'a str,
}

/// Whose result it is.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Patient's number.
    pub id: &'a str,
    /// Name as it is written.
    pub name: &'a str,
    /// Date of birth, `YYYY-MM-DD`.
    pub birth: &'a str,
    /// Sex: `M` or `F`.
    pub sex: &'a str,
    /// Operator's number.
    pub operator: &'a str,
}

fn element(name: &str, value: &str) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    if value.is_empty() { String::new() } else { format!("<{name} V=\"{value}\"/>") }
}

/// A message of a kind with its header; `time` in ISO 8601 with zone.
fn message(kind: &str, control: u32, time: &str, body: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<{kind}><HDR><HDR.control_id V=\"{control}\"/><HDR.version_id V=\"POCT1\"/>\
         <HDR.creation_dttm V=\"{time}\"/></HDR>{body}</{kind}>\r\n"
    )
    .into_bytes()
}

impl Device<'_> {
    /// The greeting.
    #[must_use]
    pub fn hello(&self, control: u32, time: &str) -> Vec<u8> {
        let own = [
            ("DEV.device_id", self.id),
            ("DEV.vendor_id", self.vendor),
            ("DEV.model_id", self.model),
            ("DEV.serial_id", self.serial),
            ("DEV.manufacturer_name", self.maker),
            ("DEV.hw_version", self.hardware),
            ("DEV.sw_version", self.software),
            ("DEV.device_name", self.name),
        ];
        let own: String = own.iter().map(|(name, value)| element(name, value)).collect();
        let abilities = "<DCP><DCP.application_timeout V=\"60\"/></DCP><DSC><DSC.connection_profile_cd V=\"SA\"/>\
                         <DSC.topics_supported_cd V=\"D_EV\"/><DSC.max_message_sz V=\"3000\"/></DSC>";
        message("HEL.R01", control, time, &format!("<DEV>{own}{abilities}</DEV>"))
    }
}

/// An acknowledgement of a message.
#[must_use]
pub fn acknowledge(control: u32, time: &str, of: u32) -> Vec<u8> {
    message("ACK.R01", control, time, &format!("<ACK><ACK.type_cd V=\"AA\"/><ACK.ack_control_id V=\"{of}\"/></ACK>"))
}

/// How many results wait.
#[must_use]
pub fn status(control: u32, time: &str, waiting: u32) -> Vec<u8> {
    let body = format!(
        "<DST><DST.status_dttm V=\"{time}\"/><DST.new_observations_qty V=\"{waiting}\"/><DST.condition_cd V=\"R\"/></DST>"
    );
    message("DST.R01", control, time, &body)
}

/// The manager asks for a topic: `ROBS` for results, `RDEV` for events.
#[must_use]
pub fn request(control: u32, time: &str, topic: &str) -> Vec<u8> {
    message("REQ.R01", control, time, &format!("<REQ><REQ.request_cd V=\"{topic}\"/></REQ>"))
}

/// The manager directs: `START_CONTINUOUS`, `SET_TIME`, `LOCK` …
#[must_use]
pub fn directive(control: u32, time: &str, command: &str) -> Vec<u8> {
    message("DTV.R01", control, time, &format!("<DTV><DTV.command_cd V=\"{command}\"/></DTV>"))
}

/// Results of a patient: LOINC code, value, unit.
#[must_use]
pub fn observation(control: u32, time: &str, whose: &Subject<'_>, results: &[(&str, &str, &str)]) -> Vec<u8> {
    let results: String = results
        .iter()
        .map(|(code, value, unit)| {
            format!(
                "<OBS><OBS.observation_id V=\"{code}\" SN=\"LN\"/><OBS.value V=\"{value}\" U=\"{unit}\"/><OBS.method_cd V=\"M\"/></OBS>"
            )
        })
        .collect();
    let who = [
        element("PT.patient_id", whose.id),
        element("PT.name", whose.name),
        element("PT.birth_date", whose.birth),
        element("PT.gender_cd", whose.sex),
    ]
    .concat();
    let operator = element("OPR.operator_id", whose.operator);
    let service = format!("<SVC.role_cd V=\"OBS\"/><SVC.observation_dttm V=\"{time}\"/>");
    message("OBS.R01", control, time, &format!("<SVC>{service}<PT>{who}{results}</PT><OPR>{operator}</OPR></SVC>"))
}

/// No more of a topic: `OBS`.
#[must_use]
pub fn end_of_topic(control: u32, time: &str, topic: &str) -> Vec<u8> {
    message("EOT.R01", control, time, &format!("<EOT><EOT.topic_cd V=\"{topic}\"/></EOT>"))
}

/// The conversation ends.
#[must_use]
pub fn end(control: u32, time: &str) -> Vec<u8> {
    message("END.R01", control, time, "<TRM><TRM.reason_cd V=\"NRM\"/></TRM>")
}
