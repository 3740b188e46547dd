//! A clock that is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::FactKind;
use model::report::{Evidence, Finding, Severity};

use crate::site::{Draft, call, of_kind};
use crate::{Detector, Info, Site};

/// A clock that is wrong.
pub struct WrongClock;

static INFO: Info = Info {
    id: "wrong-clock",
    name: "Wrong clock",
    sees: "Time stamps in a protocol that differ from the time of the capture by more than two minutes. Where a time has no zone, \
           whole quarters of an hour are taken for the zone. Messages that are days old are told as such: they may have waited.",
    why: "Results, images and logs carry the wrong time, certificates fail, and an incident cannot be put in order.",
    what_to_do: "Point the device to the site's time server, and find out since when it is wrong: records of care may need a note.",
    severity: Severity::Low,
};

/// Differences below this come from delay and from time stamps that are cut to minutes.
const TOLERATED_S: i64 = 120;
const DAY_S: i64 = 86_400;
const YEAR_S: i64 = 365 * DAY_S;

impl Detector for WrongClock {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for device in site.devices {
            let mut fields: BTreeMap<&str, Vec<Reading<'_>>> = BTreeMap::new();
            for reading in of_kind(&device.facts, FactKind::Clock).flat_map(|fact| &fact.evidence).filter_map(Reading::of) {
                fields.entry(&*reading.evidence.origin.field).or_default().push(reading);
            }
            let mut judged: Vec<(Reading<'_>, bool)> = Vec::new();
            for readings in fields.into_values().filter(|readings| is_clock(readings)) {
                judged.extend(readings.into_iter().filter(Reading::is_wrong).map(|reading| (reading, reading.is_old_message())));
            }
            // A clock that is wrong says more than messages that are old.
            let is_clock_wrong = judged.iter().any(|(_, is_old)| !is_old);
            judged.retain(|(_, is_old)| !(is_clock_wrong && *is_old));
            let Some((worst, is_old)) = judged.iter().max_by_key(|(reading, _)| reading.seconds.abs()) else { continue };
            let off = words(worst.seconds.abs());
            let title = match (is_old, worst.seconds < 0) {
                (true, _) => format!("Messages from {} carry time stamps that are {off} old", call(device)),
                (false, true) if worst.is_unset() => format!("The clock of {} is not set: it runs since its start", call(device)),
                (false, true) => format!("The clock of {} is {off} behind", call(device)),
                (false, false) => format!("The clock of {} is {off} ahead", call(device)),
            };
            let evidence: Vec<Arc<Evidence>> = judged.iter().map(|(reading, _)| Arc::clone(reading.evidence)).collect();
            let draft = Draft::new(&INFO, &device.id).device(device).evidence(evidence);
            let draft = if *is_old { draft.severity(Severity::Info).whatever_impact() } else { draft };
            findings.push(draft.finding(site, title));
        }
        findings
    }
}

/// How far a clock was from the sensor's.
#[derive(Clone, Copy)]
struct Reading<'a> {
    /// Ahead; negative when behind.
    seconds: i64,
    evidence: &'a Arc<Evidence>,
}

impl<'a> Reading<'a> {
    /// Reads `7200.1 s behind`.
    fn of(evidence: &'a Arc<Evidence>) -> Option<Self> {
        let whole: i64 = evidence.value.split('.').next()?.parse().ok()?;
        Some(Self { seconds: if evidence.value.ends_with("behind") { -whole } else { whole }, evidence })
    }

    fn is_wrong(&self) -> bool {
        let off = if self.has_no_zone() && self.seconds.abs() <= 14 * 3600 + TOLERATED_S {
            beside_zone(self.seconds)
        } else {
            self.seconds
        };
        off.abs() > TOLERATED_S
    }

    /// HL7 v2 without offset, and syslog as RFC 3164 §4.1.2 has it, tell the local time.
    fn has_no_zone(&self) -> bool {
        self.evidence.origin.field.ends_with(".local") || self.evidence.origin.field == "syslog.timestamp"
    }

    /// A message's stamp is when it was written: messages wait in queues, and are sent again.
    fn is_old_message(&self) -> bool {
        self.evidence.origin.protocol == "hl7" && self.seconds < -DAY_S
    }

    /// The device's own time, in seconds since 1970.
    fn own_time(&self) -> i64 {
        (self.evidence.first_seen.nanos() / 1_000_000_000).saturating_add(self.seconds)
    }

    /// Within a month of a day at which clocks without battery begin: the first of a year before the capture's.
    fn is_unset(&self) -> bool {
        let own = self.own_time();
        self.seconds < -YEAR_S && (own < YEAR_S || own.rem_euclid(1_461 * DAY_S / 4) < 30 * DAY_S)
    }
}

/// Readings of one field come from a clock. NTP clients may send random bits as transmit timestamp instead
/// (draft-ietf-ntp-data-minimization §4), which lie anywhere within 136 years.
fn is_clock(readings: &[Reading<'_>]) -> bool {
    let huge: Vec<&Reading<'_>> = readings.iter().filter(|reading| reading.seconds.abs() > YEAR_S).collect();
    if readings.first().is_none_or(|reading| reading.evidence.origin.protocol != "ntp") || huge.is_empty() {
        return true;
    }
    let (low, high) = (huge.iter().map(|r| r.seconds).min(), huge.iter().map(|r| r.seconds).max());
    let together = low.zip(high).is_some_and(|(low, high)| high.saturating_sub(low) < DAY_S);
    together && (huge.len() > 1 || huge.iter().all(|reading| reading.is_unset()))
}

/// Distance from the nearest quarter of an hour: what is left when a zone is taken off.
fn beside_zone(seconds: i64) -> i64 {
    let past = seconds.rem_euclid(900);
    past.min(900 - past)
}

/// `5 minutes`, `3 hours`, `12 days`, `6 years`.
fn words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        // Half a minute more for what a packet and a cut second take.
        0..7_170 => (seconds.saturating_add(30) / 60, "minutes"),
        7_170..172_800 => (seconds.saturating_add(30) / 3600, "hours"),
        172_800..63_072_000 => (seconds / DAY_S, "days"),
        _ => (seconds / YEAR_S, "years"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn evidence(field: &str, value: &str) -> Arc<Evidence> {
        Arc::new(Evidence {
            origin: Arc::new(model::report::Origin {
                protocol: field.split('.').next().unwrap().to_owned().into(),
                field: field.to_owned().into(),
                label: "".into(),
            }),
            value: value.into(),
            rule: None,
            frame: model::FrameRef::default(),
            // 2016-08-22
            first_seen: Timestamp::from_nanos(1_471_860_000_000_000_000),
            last_seen: Timestamp::from_nanos(1_471_860_000_000_000_000),
            count: 1,
        })
    }

    #[test]
    fn zones_are_not_wrong() {
        for (field, value, wrong) in [
            ("hl7.msh-7.local", "21600.0 s behind", false),
            ("hl7.msh-7.local", "20700.9 s ahead", false),
            ("hl7.msh-7.local", "21900.0 s behind", true),
            ("hl7.msh-7", "21600.0 s behind", true),
            ("http.date", "119.0 s behind", false),
            ("http.date", "121.0 s ahead", true),
        ] {
            assert_eq!(Reading::of(&evidence(field, value)).unwrap().is_wrong(), wrong, "{field} {value}");
        }
    }

    #[test]
    fn stamps_of_messages_grow_old() {
        assert!(Reading::of(&evidence("hl7.msh-7.local", "209321245.2 s behind")).unwrap().is_old_message());
        assert!(!Reading::of(&evidence("hl7.msh-7.local", "3900.0 s behind")).unwrap().is_old_message());
        assert!(!Reading::of(&evidence("http.date", "209321245.2 s behind")).unwrap().is_old_message());
    }

    #[test]
    fn random_bits_are_no_clock() {
        let clock = |values: &[&str]| {
            let all: Vec<Arc<Evidence>> = values.iter().map(|value| evidence("ntp.transmit", value)).collect();
            is_clock(&all.iter().filter_map(Reading::of).collect::<Vec<_>>())
        };
        assert!(clock(&["1471859990.0 s behind", "1471859890.0 s behind"]), "since 1970");
        assert!(clock(&["1471859990.0 s behind"]), "since 1970, once");
        assert!(!clock(&["1123456789.0 s behind", "900000000.0 s ahead"]));
        assert!(!clock(&["700000000.0 s ahead"]));
        assert!(clock(&["300.0 s ahead"]));
    }

    #[test]
    fn differences_in_words() {
        assert_eq!(
            [words(7_199), words(10_800), words(1_036_800), words(209_321_245)],
            ["2 hours", "3 hours", "12 days", "6 years"]
        );
    }
}
