//! Services: what a protocol on a port is for, whether it carries care, and whether it administers.

use std::collections::HashMap;
use std::path::Path;

use model::Word;

use crate::error::Error;

/// What is known of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFact {
    /// Its name: `DICOM`, `HL7 v2 (MLLP)`, `SSH`.
    pub name: Word,
    /// What it is for, in a few words: `images`, `remote shell`, `names`.
    pub role: String,
    /// What clinical content it carries, where it carries any.
    pub carries: Option<Word>,
    /// It is a way to administer the server.
    pub management: bool,
    /// Nothing hides what it says, log-ins included.
    pub cleartext: bool,
    /// How sure the name is, in percent: low where the port alone says it.
    pub confidence: u8,
    /// Where it was learnt from.
    pub source: String,
}

/// Services by protocol id and port.
#[derive(Debug, Default)]
pub(crate) struct Services(HashMap<String, HashMap<Option<u16>, ServiceFact>>);

impl Services {
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut services = Self::default();
        services.add(text, file)?;
        Ok(services)
    }

    /// Adds lines of `protocol TAB port TAB flags TAB percent TAB name TAB role TAB carries TAB source`; later lines win.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let rows = service(line).ok_or_else(|| Error::of_line(file, number + 1, "not a service", HINT))?;
            for ((protocol, port), fact) in rows {
                self.0.entry(protocol).or_default().insert(port, fact);
            }
        }
        Ok(())
    }

    /// There is a row for the protocol on this very port.
    pub(crate) fn lists(&self, protocol: &str, port: u16) -> bool {
        self.0.get(protocol).is_some_and(|on| on.contains_key(&Some(port)))
    }

    /// A protocol on a port, else the protocol on any port.
    pub(crate) fn get(&self, protocol: &str, port: u16) -> Option<&ServiceFact> {
        let on = self.0.get(protocol)?;
        on.get(&Some(port)).or_else(|| on.get(&None))
    }
}

const HINT: &str = "write `protocol TAB port or * TAB flags (m: management, c: cleartext) or - TAB percent TAB name TAB role TAB carries or - TAB source`";

type Row = ((String, Option<u16>), ServiceFact);

/// The rows of a line: one a port, as ports may be listed with commas.
fn service(line: &str) -> Option<Vec<Row>> {
    let mut cells = line.split('\t');
    let mut cell = || cells.next();
    let (protocol, ports, flags, percent) = (cell()?, cell()?, cell()?, cell()?);
    let fact = ServiceFact {
        name: cell()?.into(),
        role: cell()?.to_owned(),
        carries: cell().filter(|text| *text != "-").map(Word::from),
        source: cell()?.to_owned(),
        management: flags.contains('m'),
        cleartext: flags.contains('c'),
        confidence: percent.parse().ok().filter(|percent| *percent <= 100)?,
    };
    if ports == "*" {
        return Some(vec![((protocol.to_owned(), None), fact)]);
    }
    ports.split(',').map(|port| Some(((protocol.to_owned(), Some(port.parse().ok()?)), fact.clone()))).collect()
}
