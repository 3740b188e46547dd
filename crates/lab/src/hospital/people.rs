//! Patients who do not exist. Their names are put together from syllables and say that they are made up.

/// Marks of which one stands in every text about a person that crosses the wire: none may stand in any output.
pub const MARKS: &[&str] = &["Fictilab", "Madeup", "FICTL", "Pretendo", "1 Nowhere Lane", "Fictonville", "ACFICT"];

/// A patient.
#[derive(Clone, Copy, Debug)]
pub struct Patient(pub u32);

impl Patient {
    /// Family and given name, as HL7 and DICOM write them.
    #[must_use]
    pub fn name(self) -> String {
        const ENDS: [&str; 16] =
            ["ona", "eri", "ula", "imo", "ade", "ori", "une", "ali", "emo", "ita", "oru", "ane", "ilo", "uma", "eso", "ari"];
        let end = |shift: u32| ENDS[(self.0 >> shift) as usize % ENDS.len()];
        format!("Fictilab{}{}^Madeup{}", end(0), end(4), end(8))
    }

    /// Number in the hospital.
    #[must_use]
    pub fn id(self) -> String {
        format!("FICTL{:07}", self.0)
    }

    /// Date of birth: before anybody alive was born.
    #[must_use]
    pub fn birth(self) -> String {
        format!("18{:02}{:02}{:02}", self.0 % 90, self.0 % 12 + 1, self.0 % 28 + 1)
    }

    /// Number of an order.
    #[must_use]
    pub fn accession(self, order: u32) -> String {
        format!("ACFICT{:05}{:03}", self.0 % 100_000, order % 1000)
    }

    /// Sex, as HL7 and DICOM code it.
    #[must_use]
    pub const fn sex(self) -> &'static str {
        if self.0.is_multiple_of(2) { "F" } else { "M" }
    }

    /// The PID segment.
    #[must_use]
    pub fn pid(self) -> String {
        format!(
            "PID|1||{}^^^HOSP^MR||{}||{}|{}|||1 Nowhere Lane^^Fictonville||555-0100",
            self.id(),
            self.name(),
            self.birth(),
            self.sex()
        )
    }
}

/// The physician of all of them.
pub const PHYSICIAN: &str = "Pretendo^Petra";
