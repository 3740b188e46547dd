//! Made-up patients and secrets: what crosses the wire in the clinic and must never be shown.

/// A patient who does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Patient {
    /// Family name.
    pub family: &'static str,
    /// Given name.
    pub given: &'static str,
    /// Number in the clinic.
    pub id: &'static str,
    /// Date of birth, `YYYYMMDD`.
    pub birth: &'static str,
    /// Number of today's order.
    pub accession: &'static str,
    /// Sex as HL7 and DICOM code it.
    pub sex: &'static str,
}

/// Today's patients.
pub const PATIENTS: [Patient; 4] = [
    Patient { family: "Fictitia", given: "Ada Madeup", id: "FICT-900001", birth: "19010101", accession: "ACCFICT0001", sex: "F" },
    Patient {
        family: "Inventio",
        given: "Bruno Madeup",
        id: "FICT-900002",
        birth: "19020202",
        accession: "ACCFICT0002",
        sex: "M",
    },
    Patient {
        family: "Nonexista",
        given: "Cleo Madeup",
        id: "FICT-900003",
        birth: "19030303",
        accession: "ACCFICT0003",
        sex: "F",
    },
    Patient {
        family: "Imaginari",
        given: "Dan Madeup",
        id: "FICT-900004",
        birth: "19040404",
        accession: "ACCFICT0004",
        sex: "M",
    },
];

/// Free text about a patient.
pub const NOTE: &str = "entirely invented remark about nobody";

/// Contact of a patient.
pub const STREET: &str = "1 Nowhere Lane^^Fictonville";

/// The physician of all of them.
pub const PHYSICIAN: &str = "Pretendo^Petra";

/// Every text about a person that crosses in the capture: none may stand in any output.
pub const PHI: &[&str] = &[
    "Fictitia",
    "Inventio",
    "Nonexista",
    "Imaginari",
    "Madeup",
    "FICT-90000",
    "19010101",
    "19020202",
    "19030303",
    "19040404",
    "1901-01-01",
    "ACCFICT000",
    "entirely invented",
    "Nowhere Lane",
    "Fictonville",
    "Pretendo",
    "Petra",
];

/// Every secret that crosses in the capture: none may stand in any output.
pub const SECRETS: &[&str] = &["sysadm-7", "YWRtaW46YWRtaW4=", "cm9vdDpwYXNz"];

impl Patient {
    /// The name as DICOM and HL7 write it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}^{}", self.family, self.given)
    }

    /// The PID segment.
    #[must_use]
    pub fn pid(&self) -> String {
        format!("PID|1||{}^^^CLINIC^MR||{}||{}|{}|||{STREET}||555-0100", self.id, self.name(), self.birth, self.sex)
    }
}
