//! The elements that are read, by tag (DICOM PS3.6 §6), and what each is: a word about the device, or something that
//! identifies or describes a person (PS3.15 table E.1-1). A catalogue, sorted by tag.

use model::PhiKind::{self, BirthDate, Clinical, Contact, Demographic, FreeText, Identifier, Name, OrderNumber};

use super::fields as f;
use crate::fact::Field;

/// What an element of interest is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// Describes the device that made the object.
    Device(&'static Field),
    /// Belongs to a person: counted where it has a value.
    Phi(PhiKind),
    /// SOP Class UID or SOP Instance UID: the set is an object, not a query.
    Object,
    /// Says YES when what identifies the patient was taken out (PS3.3 §C.7.1.1).
    IdentityRemoved,
    /// A sequence whose items hold the UDI of the device.
    UdiSequence,
    /// The UDI inside of it.
    Udi,
    /// There are pixels.
    Rows,
}

/// Nothing of interest stands behind this tag at the top level.
pub(super) const LAST: u32 = 0x0040_A730;

/// What an element means; `None` for those that are let go.
pub(super) fn meaning(tag: u32) -> Option<Meaning> {
    let at = ELEMENTS.binary_search_by_key(&tag, |(tag, _)| *tag).ok()?;
    ELEMENTS.get(at).map(|(_, meaning)| *meaning)
}

use Meaning::{Device, IdentityRemoved, Object, Phi, Rows, Udi, UdiSequence};

#[rustfmt::skip]
static ELEMENTS: &[(u32, Meaning)] = &[
    (0x0008_0016, Object),                       // SOP Class UID
    (0x0008_0018, Object),                       // SOP Instance UID
    (0x0008_0020, Phi(BirthDate)),               // Study Date
    (0x0008_0021, Phi(BirthDate)),               // Series Date
    (0x0008_0022, Phi(BirthDate)),               // Acquisition Date
    (0x0008_0023, Phi(BirthDate)),               // Content Date
    (0x0008_002A, Phi(BirthDate)),               // Acquisition DateTime
    (0x0008_0050, Phi(OrderNumber)),             // Accession Number
    (0x0008_0055, Device(&f::STATION_AE)),
    (0x0008_0060, Device(&f::MODALITY)),
    (0x0008_0070, Device(&f::MAKER)),
    (0x0008_0080, Device(&f::INSTITUTION)),
    (0x0008_0090, Phi(Name)),                    // Referring Physician's Name
    (0x0008_0092, Phi(Contact)),                 // Referring Physician's Address
    (0x0008_0094, Phi(Contact)),                 // Referring Physician's Telephone Numbers
    (0x0008_009C, Phi(Name)),                    // Consulting Physician's Name
    (0x0008_1010, Device(&f::STATION_NAME)),
    (0x0008_1030, Phi(FreeText)),                // Study Description
    (0x0008_103E, Phi(FreeText)),                // Series Description
    (0x0008_1040, Device(&f::DEPARTMENT)),
    (0x0008_1048, Phi(Name)),                    // Physician(s) of Record
    (0x0008_1050, Phi(Name)),                    // Performing Physician's Name
    (0x0008_1060, Phi(Name)),                    // Name of Physician(s) Reading Study
    (0x0008_1070, Phi(Name)),                    // Operators' Name
    (0x0008_1080, Phi(Clinical)),                // Admitting Diagnoses Description
    (0x0008_1084, Phi(Clinical)),                // Admitting Diagnoses Code Sequence
    (0x0008_1090, Device(&f::MODEL)),
    (0x0008_2111, Phi(FreeText)),                // Derivation Description
    (0x0008_4000, Phi(FreeText)),                // Identifying Comments
    (0x0010_0010, Phi(Name)),                    // Patient's Name
    (0x0010_0020, Phi(Identifier)),              // Patient ID
    (0x0010_0030, Phi(BirthDate)),               // Patient's Birth Date
    (0x0010_0032, Phi(BirthDate)),               // Patient's Birth Time
    (0x0010_0040, Phi(Demographic)),             // Patient's Sex
    (0x0010_0050, Phi(Identifier)),              // Patient's Insurance Plan Code Sequence
    (0x0010_1000, Phi(Identifier)),              // Other Patient IDs
    (0x0010_1001, Phi(Name)),                    // Other Patient Names
    (0x0010_1002, Phi(Identifier)),              // Other Patient IDs Sequence
    (0x0010_1005, Phi(Name)),                    // Patient's Birth Name
    (0x0010_1010, Phi(Demographic)),             // Patient's Age
    (0x0010_1020, Phi(Demographic)),             // Patient's Size
    (0x0010_1030, Phi(Demographic)),             // Patient's Weight
    (0x0010_1040, Phi(Contact)),                 // Patient's Address
    (0x0010_1050, Phi(Identifier)),              // Insurance Plan Identification
    (0x0010_1060, Phi(Name)),                    // Patient's Mother's Birth Name
    (0x0010_1080, Phi(Demographic)),             // Military Rank
    (0x0010_1081, Phi(Demographic)),             // Branch of Service
    (0x0010_1090, Phi(Identifier)),              // Medical Record Locator
    (0x0010_2000, Phi(Clinical)),                // Medical Alerts
    (0x0010_2110, Phi(Clinical)),                // Allergies
    (0x0010_2150, Phi(Demographic)),             // Country of Residence
    (0x0010_2152, Phi(Demographic)),             // Region of Residence
    (0x0010_2154, Phi(Contact)),                 // Patient's Telephone Numbers
    (0x0010_2155, Phi(Contact)),                 // Patient's Telecom Information
    (0x0010_2160, Phi(Demographic)),             // Ethnic Group
    (0x0010_2180, Phi(Demographic)),             // Occupation
    (0x0010_21A0, Phi(Clinical)),                // Smoking Status
    (0x0010_21B0, Phi(Clinical)),                // Additional Patient History
    (0x0010_21C0, Phi(Clinical)),                // Pregnancy Status
    (0x0010_21D0, Phi(Clinical)),                // Last Menstrual Date
    (0x0010_21F0, Phi(Demographic)),             // Patient's Religious Preference
    (0x0010_2203, Phi(Demographic)),             // Patient's Sex Neutered
    (0x0010_2297, Phi(Name)),                    // Responsible Person
    (0x0010_4000, Phi(FreeText)),                // Patient Comments
    (0x0012_0040, Phi(Identifier)),              // Clinical Trial Subject ID
    (0x0012_0042, Phi(Identifier)),              // Clinical Trial Subject Reading ID
    (0x0012_0062, IdentityRemoved),
    (0x0018_1000, Device(&f::SERIAL)),
    (0x0018_1002, Device(&f::DEVICE_UID)),
    (0x0018_1009, Udi),
    (0x0018_100A, UdiSequence),
    (0x0018_1016, Device(&f::CAPTURE_MAKER)),
    (0x0018_1018, Device(&f::CAPTURE_MODEL)),
    (0x0018_1019, Device(&f::CAPTURE_SOFTWARE)),
    (0x0018_1020, Device(&f::SOFTWARE)),
    (0x0018_1030, Phi(FreeText)),                // Protocol Name
    (0x0018_4000, Phi(FreeText)),                // Acquisition Comments
    (0x0020_000D, Phi(OrderNumber)),             // Study Instance UID
    (0x0020_0010, Phi(OrderNumber)),             // Study ID
    (0x0020_4000, Phi(FreeText)),                // Image Comments
    (0x0028_0010, Rows),
    (0x0032_1032, Phi(Name)),                    // Requesting Physician
    (0x0032_1060, Phi(FreeText)),                // Requested Procedure Description
    (0x0032_1070, Phi(Clinical)),                // Requested Contrast Agent
    (0x0032_4000, Phi(FreeText)),                // Study Comments
    (0x0038_0010, Phi(Identifier)),              // Admission ID
    (0x0038_0020, Phi(BirthDate)),               // Admitting Date
    (0x0038_0040, Phi(Clinical)),                // Discharge Diagnosis Description
    (0x0038_0050, Phi(Clinical)),                // Special Needs
    (0x0038_0060, Phi(Identifier)),              // Service Episode ID
    (0x0038_0062, Phi(FreeText)),                // Service Episode Description
    (0x0038_0300, Phi(Contact)),                 // Current Patient Location
    (0x0038_0400, Phi(Contact)),                 // Patient's Institution Residence
    (0x0038_0500, Phi(Clinical)),                // Patient State
    (0x0038_4000, Phi(FreeText)),                // Visit Comments
    (0x0040_0241, Device(&f::PERFORMED_AE)),
    (0x0040_0242, Device(&f::PERFORMED_NAME)),
    (0x0040_0243, Device(&f::PERFORMED_LOCATION)),
    (0x0040_0253, Phi(OrderNumber)),             // Performed Procedure Step ID
    (0x0040_0254, Phi(FreeText)),                // Performed Procedure Step Description
    (0x0040_0275, Phi(OrderNumber)),             // Request Attributes Sequence
    (0x0040_0280, Phi(FreeText)),                // Comments on the Performed Procedure Step
    (0x0040_1001, Phi(OrderNumber)),             // Requested Procedure ID
    (0x0040_1002, Phi(Clinical)),                // Reason for the Requested Procedure
    (0x0040_1010, Phi(Name)),                    // Names of Intended Recipients of Results
    (0x0040_1400, Phi(FreeText)),                // Requested Procedure Comments
    (0x0040_2001, Phi(Clinical)),                // Reason for the Imaging Service Request
    (0x0040_2008, Phi(Name)),                    // Order Entered By
    (0x0040_2010, Phi(Contact)),                 // Order Callback Phone Number
    (0x0040_2016, Phi(OrderNumber)),             // Placer Order Number
    (0x0040_2017, Phi(OrderNumber)),             // Filler Order Number
    (0x0040_2400, Phi(FreeText)),                // Imaging Service Request Comments
    (0x0040_A075, Phi(Name)),                    // Verifying Observer Name
    (0x0040_A123, Phi(Name)),                    // Person Name
    (0x0040_A160, Phi(FreeText)),                // Text Value
    (LAST, Phi(Clinical)),                       // Content Sequence
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted() {
        assert!(ELEMENTS.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(ELEMENTS.last().unwrap().0, LAST);
    }
}
