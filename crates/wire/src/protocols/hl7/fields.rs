//! The fields that facts of HL7 v2 name as their evidence.
//!
//! For whoever reasons with them: `hl7.reported.*` is said about the endpoint that sent the message, but describes a device that
//! the message **reports**. A gateway speaks for many pumps: then several identifiers come from one sender, and none of them is
//! the sender's. `hl7.msh-3*` and `hl7.sft-*` are about the software that wrote the message. `hl7.msh-7.local` is a time without
//! a zone, read as if it were UTC.

use model::{FactKind as K, PhiKind as P};

use crate::fact::Field;
use crate::said::PhiFields;

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(pub(super) static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    APPLICATION = "hl7.msh-3", "Sending application (MSH-3)", K::Hl7Application;
    APPLICATION_EUI64 = "hl7.msh-3.eui-64", "EUI-64 of the sending application (MSH-3)", K::Eui64;
    FACILITY = "hl7.msh-4", "Sending facility (MSH-4)", K::Hl7Application;
    RECEIVER = "hl7.msh-5", "Receiving application asked for (MSH-5)", K::ServerName;
    CLOCK = "hl7.msh-7", "Date and time of message, with zone (MSH-7)", K::Clock;
    CLOCK_LOCAL = "hl7.msh-7.local", "Date and time of message, without zone (MSH-7)", K::Clock;
    MESSAGE_TYPE = "hl7.msh-9", "Message type (MSH-9)", K::Operation;
    PROCESSING = "hl7.msh-11", "Processing id (MSH-11)", K::Operation;
    VERSION = "hl7.msh-12", "Version (MSH-12)", K::ProtocolVersion;
    ACKNOWLEDGEMENT = "hl7.msa-1", "Acknowledgement code (MSA-1)", K::Operation;
    SOFTWARE_VENDOR = "hl7.sft-1", "Software vendor (SFT-1)", K::Maker;
    SOFTWARE = "hl7.sft-3", "Software product and version (SFT-3, SFT-2)", K::Software;
    SOFTWARE_BINARY = "hl7.sft-4", "Software binary id (SFT-4)", K::Software;
    CREDENTIAL = "hl7.uac-1", "User authentication credential (UAC)", K::LoginTried;

    EQUIPMENT = "hl7.reported.equ-1", "Equipment instance (EQU-1)", K::StationName;
    EQUIPMENT_EUI64 = "hl7.reported.equ-1.eui-64", "EUI-64 of the equipment (EQU-1)", K::Eui64;
    OBSERVER = "hl7.reported.obx-18", "Equipment instance (OBX-18)", K::StationName;
    OBSERVER_EUI64 = "hl7.reported.obx-18.eui-64", "EUI-64 of the equipment (OBX-18)", K::Eui64;
    OBSERVER_UDI = "hl7.reported.obx-18.udi", "UDI of the equipment (OBX-18)", K::Udi;
    OBSERVER_SERIAL = "hl7.reported.obx-18.serial", "Serial number within the UDI (OBX-18)", K::Serial;
    DEVICE = "hl7.reported.prt-10", "Participation device (PRT-10)", K::StationName;
    DEVICE_EUI64 = "hl7.reported.prt-10.eui-64", "EUI-64 of the participation device (PRT-10)", K::Eui64;
    DEVICE_UDI = "hl7.reported.prt-10.udi", "UDI of the participation device (PRT-10)", K::Udi;
    DEVICE_UDI_SERIAL = "hl7.reported.prt-10.serial", "Serial number within the UDI (PRT-10)", K::Serial;
    DEVICE_NAME = "hl7.reported.prt-16", "Participation device identifier, in words (PRT-16)", K::Model;
    DEVICE_IDENTIFIER = "hl7.reported.prt-16.udi", "Participation device identifier (PRT-16)", K::Udi;
    DEVICE_IDENTIFIER_SERIAL = "hl7.reported.prt-16.serial", "Serial number within the UDI (PRT-16)", K::Serial;
    DEVICE_SERIAL = "hl7.reported.prt-20", "Participation device serial number (PRT-20)", K::Serial;
    DEVICE_TYPE = "hl7.reported.prt-22", "Participation device type (PRT-22)", K::DeviceType;
    MDS_OBSERVATION = "hl7.reported.obx-3", "Medical device system observed (OBX-3)", K::DeviceType;
    MDS_ORDER = "hl7.reported.obr-4", "Medical device system observed (OBR-4)", K::DeviceType;
    MDC_MAKER = "hl7.reported.mdc-manufacturer", "MDC_ID_MODEL_MANUFACTURER (OBX-5)", K::Maker;
    MDC_MODEL = "hl7.reported.mdc-model", "MDC_ID_MODEL_NUMBER (OBX-5)", K::Model;
    MDC_MODEL_OF_SYSTEM = "hl7.reported.mdc-attr-model", "MDC_ATTR_ID_MODEL (OBX-5)", K::Model;
    MDC_SERIAL = "hl7.reported.mdc-serial", "MDC_ID_PROD_SPEC_SERIAL (OBX-5)", K::Serial;
    MDC_SOFTWARE = "hl7.reported.mdc-software", "MDC_ID_PROD_SPEC_SW (OBX-5)", K::Software;
    MDC_FIRMWARE = "hl7.reported.mdc-firmware", "MDC_ID_PROD_SPEC_FW (OBX-5)", K::Firmware;
    MDC_SYSTEM_ID = "hl7.reported.mdc-system-id", "MDC_ATTR_SYS_ID (OBX-5)", K::Eui64;
    MDC_UDI = "hl7.reported.mdc-udi", "UDI observed (OBX-5)", K::Udi;
    MDC_UDI_SERIAL = "hl7.reported.mdc-udi.serial", "Serial number within the UDI observed (OBX-5)", K::Serial;

    PHI_NAME = "hl7.phi.name", "Names of persons (PID-5, NK1-2, PV1-7 …)", K::Phi(P::Name);
    PHI_IDENTIFIER = "hl7.phi.identifier", "Patient, account, visit and insurance numbers (PID-3, PV1-19, IN1-36 …)",
        K::Phi(P::Identifier);
    PHI_BIRTH_DATE = "hl7.phi.birth-date", "Dates of birth, death, admission (PID-7, PV1-44 …)", K::Phi(P::BirthDate);
    PHI_CONTACT = "hl7.phi.contact", "Addresses, telephone numbers, beds (PID-11, PID-13, PV1-3 …)", K::Phi(P::Contact);
    PHI_DEMOGRAPHIC = "hl7.phi.demographic", "Sex, race, religion and other traits (PID-8, PID-10 …)", K::Phi(P::Demographic);
    PHI_ORDER_NUMBER = "hl7.phi.order-number", "Order and specimen numbers (ORC-2, OBR-3, SPM-2 …)", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "hl7.phi.clinical", "Results, diagnoses, allergies, medication (OBX-5, DG1, AL1, RXA …)", K::Phi(P::Clinical);
    PHI_DOCUMENT = "hl7.phi.document", "Documents and images (OBX-5 of type ED or RP, TXA)", K::Phi(P::Document);
    PHI_FREE_TEXT = "hl7.phi.free-text", "Notes and other free text (NTE-3, OBX-5 of type TX or FT, Z segments)", K::Phi(P::FreeText);
}

/// Fields of the counts, in the order that [`PhiFields`] asks for.
pub(super) static PHI: PhiFields = [
    &PHI_NAME,
    &PHI_IDENTIFIER,
    &PHI_BIRTH_DATE,
    &PHI_CONTACT,
    &PHI_DEMOGRAPHIC,
    &PHI_ORDER_NUMBER,
    &PHI_CLINICAL,
    &PHI_DOCUMENT,
    &PHI_FREE_TEXT,
];
