//! What devices do, day in, day out: one table. The catalogue names routines by their ids.

use model::Timestamp;

use super::play::{DAY, HOUR, Play};
use super::site::DeviceId;

mod building;
mod imaging;
mod laboratory;
mod network;
mod office;
mod records;
pub(crate) mod talk;
mod telemetry;
mod upkeep;
mod ward;

/// When a routine is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// On average every so many seconds; the manifest's `rate` changes it.
    Every(u32),
    /// Once, within so many seconds from when the device begins.
    Once(u32),
    /// Every so many days, on a day of that cycle (of a week, 0 is Monday), in an hour (UTC).
    At {
        /// Length of the cycle in days.
        every_days: u16,
        /// Day of the cycle.
        day: u16,
        /// Hour of the day.
        hour: u8,
    },
}

/// How busy a time of the week is for a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The same at all times: machines.
    Always,
    /// By day, less at night and at weekends: care.
    Clinical,
    /// On workdays from seven to six, hardly else: offices.
    Office,
}

impl When {
    /// The share of its occasions that a routine takes at a time: 0 to 1.
    #[must_use]
    pub fn share(self, _start: Timestamp, time: Timestamp) -> f64 {
        let hour = time.nanos().rem_euclid(DAY) / HOUR;
        // 1970-01-01 was a Thursday.
        let weekend = (time.nanos().div_euclid(DAY) + 3).rem_euclid(7) >= 5;
        match self {
            Self::Always => 1.0,
            Self::Clinical => match (hour, weekend) {
                (7..=17, false) => 1.0,
                (18..=21, _) | (7..=17, true) => 0.5,
                _ => 0.15,
            },
            Self::Office => match (hour, weekend) {
                (7..=17, false) => 1.0,
                (18..=19, false) | (8..=17, true) => 0.1,
                _ => 0.02,
            },
        }
    }
}

/// Something that devices do.
#[derive(Clone, Copy)]
pub struct Routine {
    /// The word by which the catalogue names it.
    pub id: &'static str,
    /// What it is.
    pub about: &'static str,
    /// When it is due.
    pub plan: Plan,
    /// How busy which times are.
    pub when: When,
    /// Does it.
    pub run: fn(&mut Play, DeviceId),
}

const fn row(id: &'static str, plan: Plan, when: When, run: fn(&mut Play, DeviceId), about: &'static str) -> Routine {
    Routine { id, about, plan, when, run }
}

const fn nightly(hour: u8) -> Plan {
    Plan::At { every_days: 1, day: 0, hour }
}

pub(crate) use imaging::fetch_study;
pub(crate) use network::move_to;
pub(crate) use office::with_share;

use Plan::{At, Every, Once};
use When::{Always, Clinical, Office};

/// All routines.
pub const ROUTINES: &[Routine] = &[
    row(
        "boot",
        Once(1800),
        Always,
        network::boot,
        "gets an address by DHCP where its subnet leases them, and asks who the router is",
    ),
    row("renew", Every(14_400), Always, network::renew, "asks its DHCP server to go on"),
    row("arp", Every(2_700), Always, network::arp, "asks for its router again"),
    row("ntp", Every(4_200), Always, network::ntp, "asks for the time"),
    row("lldp", Every(600), Always, network::lldp, "tells its neighbours what it is"),
    row("cdp", Every(900), Always, network::cdp, "tells its neighbours what it is, as Cisco does"),
    row("mdns", Every(7_200), Always, network::mdns, "announces its services on the link"),
    row("syslog", Every(1_200), Always, network::syslog, "writes to the log server"),
    row("snmp-poll", Every(7), Always, network::snmp_poll, "asks network equipment, printers and power supplies how they are"),
    row("radius", Every(420), Always, network::radius, "asks who may join the network"),
    row("capwap", Every(900), Always, network::capwap, "an access point tells its controller that it lives"),
    row("reboot", Every(864_000), Always, network::reboot, "restarts"),
    row(
        "exchange",
        Every(5_184_000),
        Always,
        upkeep::exchange,
        "is taken away for repair, and another of its kind takes its place and name",
    ),
    row("roam", Every(10_800), Clinical, network::roam, "walks to where another subnet is"),
    row("visit", Every(18_000), Clinical, network::visit, "comes and goes as visitors do"),
    row("domain", Every(14_400), Office, office::domain, "signs in to the domain: Kerberos, LDAP, policies over SMB"),
    row("machine", Every(28_800), Always, office::domain, "renews its tickets as a member of the domain"),
    row("files", Every(9_000), Office, office::files, "works on files of the file server"),
    row("browse", Every(2_400), Office, office::browse, "looks at pages outside"),
    row("print", Every(14_400), Office, office::print, "prints"),
    row("phone", Every(3_600), Always, office::phone, "keeps its place at the telephone exchange"),
    row("push", Every(3_600), Always, office::push, "keeps in touch with the maker of a telephone"),
    row("chart", Every(2_700), Clinical, records::chart, "somebody opens the electronic record"),
    row("admissions", Every(420), Clinical, records::admission, "admits, moves and discharges patients: ADT to all that need it"),
    row("orders", Every(300), Clinical, records::order, "passes orders to laboratory and imaging"),
    row("fhir", Every(3_600), Clinical, records::fhir, "reads the record over FHIR, inside TLS"),
    row("study", Every(2_000), Clinical, imaging::study, "asks for its worklist, makes a study and stores it"),
    row("echo", Every(43_200), Always, imaging::echo, "asks whether the archive answers"),
    row("read-images", Every(2_400), Clinical, imaging::read, "a radiologist's workstation asks for studies and shows them"),
    row("forward", Every(10_800), Always, imaging::forward, "passes studies on to the archive elsewhere"),
    row("result-hl7", Every(600), Clinical, laboratory::result, "sends results to the laboratory system in HL7 v2"),
    row("result-astm", Every(600), Clinical, laboratory::astm, "sends results to the laboratory system in LIS2-A2"),
    row("result-poct", Every(2_400), Clinical, laboratory::poct, "a point-of-care device reports in POCT1-A"),
    row("query-lis", Every(1_800), Clinical, laboratory::query, "asks the laboratory system what to do with a specimen"),
    row("lis-out", Every(240), Clinical, laboratory::out, "passes results on to the interface engine"),
    row("pump", Every(420), Always, ward::pump, "tells the pump server its state"),
    row("drug-library", Every(43_200), Always, ward::drug_library, "takes a new drug library where there is one"),
    row("pump-out", Every(600), Always, ward::pump_documentation, "passes infusions on to the record (IHE PCD)"),
    row("pump-opaque", Every(420), Always, ward::pump_opaque, "tells the pump server its state in its maker's own words"),
    row("telemetry", Every(45), Always, ward::telemetry, "sends vital signs to the central station"),
    row("central-out", Every(300), Always, ward::central, "passes vital signs on to the record (IHE PCD)"),
    row("gateway-out", Every(600), Always, ward::gateway, "reports on devices behind it (IHE PCD)"),
    row("sdc", Every(600), Always, telemetry::sdc, "tells the gateway over SDC what it is and measures"),
    row("ventilation", Every(300), Always, ward::ventilation, "reports settings and measurements to the gateway"),
    row("spot-check", Every(3_600), Clinical, ward::spot_check, "sends a patient's vital signs to the record"),
    row("ecg", Every(5_400), Clinical, ward::ecg, "stores an electrocardiogram"),
    row("dispense", Every(900), Clinical, ward::dispense, "tells its server what was taken out"),
    row("nurse-call", Every(600), Always, ward::nurse_call, "passes calls to the nurse-call server"),
    row("bed", Every(900), Always, ward::bed, "tells the bed server how it stands"),
    row("badge-voice", Every(1_800), Clinical, ward::badge, "a voice badge registers and talks"),
    row("camera", Every(1_200), Always, building::camera, "shows pictures to the recorder"),
    row("door", Every(900), Clinical, building::door, "tells the badge server who came"),
    row("bacnet", Every(300), Always, building::bacnet, "a building controller's values are read"),
    row("modbus", Every(600), Always, building::modbus, "a plant controller's registers are read"),
    row("tag", Every(600), Always, building::tag, "a locating tag's reader reports"),
    row("backup", nightly(2), Always, upkeep::backup, "copies itself to the backup server"),
    row("patch", At { every_days: 7, day: 1, hour: 3 }, Always, upkeep::patch, "takes updates, on Tuesday nights"),
    row("definitions", Every(21_600), Always, upkeep::definitions, "takes virus definitions"),
    row("vendor-beat", Every(10_800), Always, upkeep::vendor_beat, "tells its maker that it lives"),
    row("monthly-report", At { every_days: 28, day: 2, hour: 5 }, Always, upkeep::monthly, "sends a monthly report outside"),
    row(
        "quarterly-service",
        At { every_days: 91, day: 9, hour: 13 },
        Always,
        upkeep::service,
        "its maker's engineer works on it",
    ),
    row("console", Every(28_800), Office, upkeep::console, "an administrator looks at its page"),
    row("administer", Every(21_600), Office, upkeep::administer, "works on servers by SSH and remote desktop"),
];

/// A routine by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Routine> {
    ROUTINES.iter().find(|routine| routine.id == id)
}

/// Where a routine stands in the table.
pub(crate) fn place(id: &str) -> usize {
    ROUTINES.iter().position(|routine| routine.id == id).unwrap_or_else(|| panic!("no routine {id}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::hospital::catalogue::Catalogue;

    #[test]
    fn ids_are_unique_and_each_is_used() {
        let ids: BTreeSet<&str> = ROUTINES.iter().map(|routine| routine.id).collect();
        assert_eq!(ids.len(), ROUTINES.len());
        let used: BTreeSet<&str> =
            Catalogue::builtin().models().iter().flat_map(|model| &model.does).map(String::as_str).collect();
        let idle: Vec<_> = ids.difference(&used).collect();
        assert!(idle.is_empty(), "no model does {idle:?}");
    }

    #[test]
    fn nights_and_weekends_are_quiet() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let monday = at("2026-03-02T00:00:00Z");
        assert!(When::Office.share(monday, at("2026-03-02T09:00:00Z")) > 0.9);
        assert!(When::Office.share(monday, at("2026-03-07T09:00:00Z")) < 0.2);
        assert!(When::Clinical.share(monday, at("2026-03-02T03:00:00Z")) < 0.2);
    }
}
