//! IEEE 11073 SDC: WS-Discovery, DPWS metadata and the messages of IEEE 11073-10207 in SOAP 1.2 (IEEE 11073-20702, -20701).
//!
//! A provider says [`Provider::hello`] to the group 239.255.255.250 on UDP 3702. A consumer then asks it over HTTP, mostly under TLS:
//! [`get_metadata`] and [`Provider::metadata`], [`get_mdib`] and [`Provider::mdib`]; it subscribes, and the provider sends reports
//! ([`Provider::metrics`], [`Provider::patient`]) to the consumer's own address. [`activate`] is an order to the device.

use super::http;

/// The port of discovery.
pub const DISCOVERY: u16 = 3702;
/// Content type of every message.
pub const SOAP: &str = "application/soap+xml";

const BICEPS: &str = "http://standards.ieee.org/downloads/11073/11073-10207-2017";
const GLUE: &str = "http://standards.ieee.org/downloads/11073/11073-20701-2018";
const DPWS: &str = "http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01";
const WSD: &str = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01";
const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";

/// What a provider says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Provider<'a> {
    /// Its UUID, which it keeps.
    pub uuid: &'a str,
    /// Address and port of its service as a URL: `http://10.0.0.9:6464`.
    pub address: &'a str,
    /// Manufacturer.
    pub maker: &'a str,
    /// Model's name.
    pub model: &'a str,
    /// Model's number.
    pub number: &'a str,
    /// Serial number.
    pub serial: &'a str,
    /// Firmware or software version.
    pub firmware: &'a str,
    /// Unique device identifier in its human readable form; left out where empty.
    pub udi: &'a str,
    /// Code of IEEE 11073-10101 for what it is: 69965 a monitor, 69985 a pump.
    pub code: &'a str,
    /// Facility, point of care and bed; empty where not set.
    pub place: [&'a str; 3],
}

/// Who is tied to a device.
#[derive(Clone, Copy, Debug)]
pub struct Tied<'a> {
    /// Number.
    pub id: &'a str,
    /// Family name.
    pub family: &'a str,
    /// Given name.
    pub given: &'a str,
    /// Date of birth, `YYYY-MM-DD`.
    pub birth: &'a str,
    /// `M` or `F`.
    pub sex: &'a str,
}

fn envelope(action: &str, id: u32, body: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s12:Envelope xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:wsd=\"{WSD}\" xmlns:dpws=\"{DPWS}\" \
         xmlns:wsx=\"http://schemas.xmlsoap.org/ws/2004/09/mex\" xmlns:msg=\"{BICEPS}/message\" xmlns:pm=\"{BICEPS}/participant\" \
         xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s12:Header><wsa:Action>{action}</wsa:Action>\
         <wsa:MessageID>urn:uuid:30000000-0000-4000-8000-{id:012}</wsa:MessageID></s12:Header><s12:Body>{body}</s12:Body></s12:Envelope>"
    )
    .into_bytes()
}

fn post(host: &str, path: &str, message: &[u8]) -> Vec<u8> {
    http::request("POST", host, path, &[("Content-Type", "application/soap+xml; charset=utf-8")], message)
}

fn answer(message: &[u8]) -> Vec<u8> {
    http::response("200 OK", &[("Content-Type", "application/soap+xml; charset=utf-8")], message)
}

/// Asks for DPWS metadata (WS-Transfer Get).
#[must_use]
pub fn get_metadata(host: &str, id: u32) -> Vec<u8> {
    post(host, "/", &envelope(&format!("{TRANSFER}/Get"), id, ""))
}

/// Asks for all that a device is and measures.
#[must_use]
pub fn get_mdib(host: &str, id: u32) -> Vec<u8> {
    post(host, "/Get", &envelope(&format!("{GLUE}/GetService/GetMdib"), id, "<msg:GetMdib/>"))
}

/// Has a device do something.
#[must_use]
pub fn activate(host: &str, id: u32, operation: &str) -> Vec<u8> {
    let body = format!("<msg:Activate><msg:OperationHandleRef>{operation}</msg:OperationHandleRef></msg:Activate>");
    post(host, "/Set", &envelope(&format!("{GLUE}/SetService/Activate"), id, &body))
}

/// The answer to [`activate`], and what a consumer answers to reports: taken.
#[must_use]
pub fn accepted() -> Vec<u8> {
    http::response("202 Accepted", &[], b"")
}

impl Provider<'_> {
    fn place(&self) -> String {
        let [facility, point, bed] = self.place;
        format!("<pm:LocationDetail Facility=\"{facility}\" PoC=\"{point}\" Bed=\"{bed}\"/>")
    }

    /// The datagram by which it joins.
    #[must_use]
    pub fn hello(&self, id: u32) -> Vec<u8> {
        let [facility, point, bed] = self.place.map(|part| part.replace(' ', "%20"));
        let body = format!(
            "<wsd:Hello><wsa:EndpointReference><wsa:Address>urn:uuid:{}</wsa:Address></wsa:EndpointReference>\
             <wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types><wsd:Scopes>sdc.mds.pkp:1.2.840.10004.20701.1.1 \
             sdc.cdc.type:///{} sdc.ctxt.loc:/sdc.ctxt.loc.detail/x?fac={facility}&amp;poc={point}&amp;bed={bed}</wsd:Scopes>\
             <wsd:XAddrs>{}</wsd:XAddrs><wsd:MetadataVersion>1</wsd:MetadataVersion></wsd:Hello>",
            self.uuid, self.code, self.address
        );
        envelope(&format!("{WSD}/Hello"), id, &body)
    }

    /// DPWS metadata: `ThisModel`, `ThisDevice`, and what it hosts.
    #[must_use]
    pub fn metadata(&self, id: u32) -> Vec<u8> {
        let body = format!(
            "<wsx:Metadata><wsx:MetadataSection Dialect=\"{DPWS}/ThisModel\"><dpws:ThisModel><dpws:Manufacturer>{}</dpws:Manufacturer>\
             <dpws:ModelName>{}</dpws:ModelName><dpws:ModelNumber>{}</dpws:ModelNumber></dpws:ThisModel></wsx:MetadataSection>\
             <wsx:MetadataSection Dialect=\"{DPWS}/ThisDevice\"><dpws:ThisDevice><dpws:FriendlyName>{} {}</dpws:FriendlyName>\
             <dpws:FirmwareVersion>{}</dpws:FirmwareVersion><dpws:SerialNumber>{}</dpws:SerialNumber></dpws:ThisDevice>\
             </wsx:MetadataSection><wsx:MetadataSection Dialect=\"{DPWS}/Relationship\"><dpws:Relationship Type=\"{DPWS}/host\">\
             <dpws:Host><wsa:EndpointReference><wsa:Address>urn:uuid:{}</wsa:Address></wsa:EndpointReference>\
             <dpws:Types>dpws:Device mdpws:MedicalDevice</dpws:Types></dpws:Host></dpws:Relationship></wsx:MetadataSection></wsx:Metadata>",
            self.maker, self.model, self.number, self.model, self.place[2], self.firmware, self.serial, self.uuid
        );
        answer(&envelope(&format!("{TRANSFER}/GetResponse"), id, &body))
    }

    /// Its whole information base: description and contexts, without measurements.
    #[must_use]
    pub fn mdib(&self, id: u32) -> Vec<u8> {
        let udi = if self.udi.is_empty() {
            String::new()
        } else {
            format!(
                "<pm:Udi><pm:DeviceIdentifier>{}</pm:DeviceIdentifier><pm:HumanReadableForm>{}</pm:HumanReadableForm>\
                 <pm:Issuer Root=\"2.51.1.1\"/></pm:Udi>",
                self.udi.get(4..18).unwrap_or_default(),
                self.udi
            )
        };
        let body = format!(
            "<msg:GetMdibResponse SequenceId=\"urn:uuid:{uuid}\" MdibVersion=\"{id}\"><msg:Mdib SequenceId=\"urn:uuid:{uuid}\">\
             <pm:MdDescription><pm:Mds Handle=\"mds0\"><pm:Type Code=\"{code}\"/><pm:ProductionSpecification>\
             <pm:SpecType Code=\"531975\"/><pm:ProductionSpec>{firmware}</pm:ProductionSpec></pm:ProductionSpecification><pm:MetaData>{udi}\
             <pm:Manufacturer>{maker}</pm:Manufacturer><pm:ModelName>{model}</pm:ModelName><pm:ModelNumber>{number}</pm:ModelNumber>\
             <pm:SerialNumber>{serial}</pm:SerialNumber></pm:MetaData><pm:SystemContext Handle=\"sc\"><pm:PatientContext Handle=\"pc\"/>\
             <pm:LocationContext Handle=\"lc\"/></pm:SystemContext><pm:Vmd Handle=\"vmd0\"/></pm:Mds></pm:MdDescription><pm:MdState>\
             <pm:State xsi:type=\"pm:LocationContextState\" DescriptorHandle=\"lc\" Handle=\"l1\">{place}</pm:State></pm:MdState></msg:Mdib>\
             </msg:GetMdibResponse>",
            uuid = self.uuid,
            code = self.code,
            firmware = self.firmware,
            maker = self.maker,
            model = self.model,
            number = self.number,
            serial = self.serial,
            place = self.place(),
        );
        answer(&envelope(&format!("{GLUE}/GetService/GetMdibResponse"), id, &body))
    }

    /// A report of measurements to a consumer: handles and values.
    #[must_use]
    pub fn metrics(&self, host: &str, id: u32, values: &[(&str, &str)]) -> Vec<u8> {
        let states: String = values
            .iter()
            .map(|(handle, value)| {
                format!(
                    "<msg:MetricState xsi:type=\"pm:NumericMetricState\" DescriptorHandle=\"{handle}\"><pm:MetricValue Value=\"{value}\">\
                     <pm:MetricQuality Validity=\"Vld\"/></pm:MetricValue></msg:MetricState>"
                )
            })
            .collect();
        let body = format!(
            "<msg:EpisodicMetricReport SequenceId=\"urn:uuid:{}\" MdibVersion=\"{id}\"><msg:ReportPart>{states}</msg:ReportPart>\
             </msg:EpisodicMetricReport>",
            self.uuid
        );
        post(host, "/events", &envelope(&format!("{GLUE}/StateEventService/EpisodicMetricReport"), id, &body))
    }

    /// A report that a patient was tied to it.
    #[must_use]
    pub fn patient(&self, host: &str, id: u32, who: &Tied<'_>) -> Vec<u8> {
        let body = format!(
            "<msg:EpisodicContextReport SequenceId=\"urn:uuid:{}\" MdibVersion=\"{id}\"><msg:ReportPart>\
             <msg:ContextState xsi:type=\"pm:PatientContextState\" DescriptorHandle=\"pc\" Handle=\"p{id}\" ContextAssociation=\"Assoc\">\
             <pm:Identification Root=\"1.2.3\" Extension=\"{}\"/><pm:CoreData><pm:Givenname>{}</pm:Givenname><pm:Familyname>{}</pm:Familyname>\
             <pm:Sex>{}</pm:Sex><pm:DateOfBirth>{}</pm:DateOfBirth></pm:CoreData></msg:ContextState></msg:ReportPart>\
             </msg:EpisodicContextReport>",
            self.uuid, who.id, who.given, who.family, who.sex, who.birth
        );
        post(host, "/events", &envelope(&format!("{GLUE}/ContextService/EpisodicContextReport"), id, &body))
    }
}
