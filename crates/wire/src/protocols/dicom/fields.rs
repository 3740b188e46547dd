//! The fields that facts of DICOM name as their evidence.
//!
//! For whoever reasons with them: `dicom.dataset.*` describes the device that **made** an object, and is said about the
//! endpoint that sent it. An archive or router that forwards studies sends other devices' data sets: then several records
//! differ, and `dicom.dataset.several-sources` is said once. The facts of one data set come one after the other in the order of
//! their tags, so that a tag no higher than the one before begins another record. Records are said in full, never in part.

use model::{FactKind as K, PhiKind as P};

use crate::fact::Field;
use crate::said::PhiFields;

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(pub(super) static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    CALLING_AE = "dicom.calling-ae", "Calling AE title (PS3.8 §9.3.2)", K::AeTitle;
    CALLED_AE = "dicom.called-ae", "Called AE title asked for (PS3.8 §9.3.2)", K::ServerName;
    ANSWERING_AE = "dicom.answering-ae", "Called AE title that accepted an association (PS3.8 §9.3.2)", K::AeTitle;
    IMPLEMENTATION_UID = "dicom.implementation-uid", "Implementation class UID (PS3.7 §D.3.3.2)", K::ImplementationUid;
    IMPLEMENTATION_VERSION = "dicom.implementation-version", "Implementation version name (PS3.7 §D.3.3.2)",
        K::ImplementationVersion;
    OFFERED = "dicom.context.offered", "Abstract syntax proposed (PS3.8 §9.3.2.2)", K::ServiceType;
    ACCEPTED = "dicom.context.accepted", "Abstract syntax accepted (PS3.8 §9.3.3.2)", K::ServiceType;
    TRANSFER_SYNTAX = "dicom.transfer-syntax", "Transfer syntax accepted (PS3.8 §9.3.3.2)", K::Alpn;
    IDENTITY = "dicom.identity", "User identity offered (PS3.7 §D.3.3.7)", K::LoginTried;
    IDENTITY_USER = "dicom.identity.user", "User name offered without a passcode (PS3.7 §D.3.3.7)", K::Account;
    IDENTITY_PASSCODE = "dicom.identity.passcode", "User name and passcode (PS3.7 §D.3.3.7)", K::Credential;
    IDENTITY_ACCEPTED = "dicom.identity.accepted", "User identity confirmed (PS3.7 §D.3.3.7.2)", K::LoginSucceeded;
    NOT_RECOGNISED = "dicom.reject.ae", "Association rejected: AE title not recognised (PS3.8 §9.3.4)", K::LoginFailed;
    REJECTED = "dicom.reject", "Association rejected (PS3.8 §9.3.4)", K::Operation;
    ABORTED = "dicom.abort", "Association aborted (PS3.8 §9.3.8)", K::Operation;
    COMMAND = "dicom.command", "Command field (PS3.7 §E.1)", K::Operation;
    SOP_CLASS = "dicom.sop-class", "Affected SOP class (PS3.7 §E.1)", K::Operation;
    MOVE_DESTINATION = "dicom.move-destination", "Move destination AE title (PS3.7 §9.3.4)", K::Tunnel;
    NOT_AUTHORISED = "dicom.status.not-authorised", "Operation refused (PS3.7 §C.5.17)", K::LoginFailed;
    FAILURE = "dicom.status", "Operation failed (PS3.7 Annex C)", K::Operation;

    SEVERAL_SOURCES = "dicom.dataset.several-sources", "Objects of several devices from one sender", K::Operation;
    STATION_AE = "dicom.dataset.0008,0055", "Station AE Title (0008,0055)", K::AeTitle;
    MODALITY = "dicom.dataset.0008,0060", "Modality (0008,0060)", K::DeviceType;
    MAKER = "dicom.dataset.0008,0070", "Manufacturer (0008,0070)", K::Maker;
    INSTITUTION = "dicom.dataset.0008,0080", "Institution Name (0008,0080)", K::Location;
    STATION_NAME = "dicom.dataset.0008,1010", "Station Name (0008,1010)", K::StationName;
    DEPARTMENT = "dicom.dataset.0008,1040", "Institutional Department Name (0008,1040)", K::Location;
    MODEL = "dicom.dataset.0008,1090", "Manufacturer's Model Name (0008,1090)", K::Model;
    SERIAL = "dicom.dataset.0018,1000", "Device Serial Number (0018,1000)", K::Serial;
    DEVICE_UID = "dicom.dataset.0018,1002", "Device UID (0018,1002)", K::Uuid;
    UDI = "dicom.dataset.0018,1009", "Unique Device Identifier (0018,1009)", K::Udi;
    UDI_SERIAL = "dicom.dataset.0018,1009.serial", "Serial number within the UDI (0018,1009)", K::Serial;
    CAPTURE_MAKER = "dicom.dataset.0018,1016", "Secondary Capture Device Manufacturer (0018,1016)", K::Maker;
    CAPTURE_MODEL = "dicom.dataset.0018,1018", "Secondary Capture Device Manufacturer's Model Name (0018,1018)", K::Model;
    CAPTURE_SOFTWARE = "dicom.dataset.0018,1019", "Secondary Capture Device Software Versions (0018,1019)", K::Software;
    SOFTWARE = "dicom.dataset.0018,1020", "Software Versions (0018,1020)", K::Firmware;
    PERFORMED_AE = "dicom.dataset.0040,0241", "Performed Station AE Title (0040,0241)", K::AeTitle;
    PERFORMED_NAME = "dicom.dataset.0040,0242", "Performed Station Name (0040,0242)", K::StationName;
    PERFORMED_LOCATION = "dicom.dataset.0040,0243", "Performed Location (0040,0243)", K::Location;

    PHI_NAME = "dicom.phi.name", "Names of persons in data sets", K::Phi(P::Name);
    PHI_IDENTIFIER = "dicom.phi.identifier", "Patient, admission or trial identifiers in data sets", K::Phi(P::Identifier);
    PHI_BIRTH_DATE = "dicom.phi.birth-date", "Dates of birth and of care in data sets", K::Phi(P::BirthDate);
    PHI_CONTACT = "dicom.phi.contact", "Addresses and telephone numbers in data sets", K::Phi(P::Contact);
    PHI_DEMOGRAPHIC = "dicom.phi.demographic", "Sex, age, size and other traits in data sets", K::Phi(P::Demographic);
    PHI_ORDER_NUMBER = "dicom.phi.order-number", "Accession, study and order numbers in data sets", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "dicom.phi.clinical", "Diagnoses, allergies and results in data sets", K::Phi(P::Clinical);
    PHI_DOCUMENT = "dicom.phi.document", "Objects about patients (images, waveforms, reports)", K::Phi(P::Document);
    PHI_FREE_TEXT = "dicom.phi.free-text", "Descriptions and comments in data sets", K::Phi(P::FreeText);
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
