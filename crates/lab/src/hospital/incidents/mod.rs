//! What goes wrong, and what only looks so: scripts with exact labels.
//!
//! A script runs once at its time and makes frames by way of [`Play`]; every frame that it makes, and every frame of what it schedules,
//! bears its label. `harmful` says whether an alarm would be right; the others must not alarm.

mod change;
mod data;
mod guess;
mod intrusion;

use super::play::Play;
use super::site::DeviceId;

/// An incident that can be played.
#[derive(Clone, Copy)]
pub struct Script {
    /// The word for it.
    pub id: &'static str,
    /// What happens.
    pub about: &'static str,
    /// An alarm would be right.
    pub harmful: bool,
    /// Plays it.
    pub run: fn(&mut Play),
}

const fn bad(id: &'static str, run: fn(&mut Play), about: &'static str) -> Script {
    Script { id, about, harmful: true, run }
}

const fn benign(id: &'static str, run: fn(&mut Play), about: &'static str) -> Script {
    Script { id, about, harmful: false, run }
}

/// All scripts.
pub const SCRIPTS: &[Script] = &[
    bad("rogue-device", intrusion::rogue, "a small computer that nobody knows is plugged in on a ward and looks around"),
    bad("new-device-undocumented", change::undocumented, "a pump of a usual kind appears; nobody wrote it down"),
    benign("new-device-onboarded", change::onboarded, "a pump appears as its onboarding, two hours before, said"),
    bad("default-credential", guess::default_credential, "somebody signs in to a printer's page with the password it came with"),
    bad("guessing-http", guess::http, "a computer tries passwords on the page of a device"),
    bad("guessing-ssh", guess::ssh, "a computer tries passwords on a server's SSH"),
    bad("guessing-telnet", guess::telnet, "a computer tries passwords on a device's Telnet"),
    bad("guessing-snmp", guess::snmp, "a computer tries communities on a switch"),
    bad("beacon", intrusion::beacon, "a computer asks the same unknown host outside for orders every few minutes"),
    bad("dns-tunnel", intrusion::dns_tunnel, "a computer carries data out in the names that it asks for"),
    bad(
        "ransomware-smb",
        intrusion::ransomware,
        "a computer rewrites and renames the files of a share and knocks at other computers",
    ),
    bad(
        "arp-spoofing",
        intrusion::arp_spoofing,
        "a computer puts itself between an analyser and its router, and so the laboratory system",
    ),
    bad(
        "dicom-exfiltration",
        data::exfiltration,
        "a workstation fetches studies in bulk from the archive and sends as much outside",
    ),
    bad(
        "vendor-visit",
        data::vendor_visit,
        "a maker's engineer works on a scanner, which from then on talks to a host it never knew",
    ),
    benign("firmware-update", change::firmware, "pumps take new firmware from their server and restart"),
    bad("clock-drift", change::clock_drift, "an analyser's clock runs away"),
    bad("printer-scanner", intrusion::printer, "a printer begins to look for open ports"),
    benign("pacs-migration", data::migration, "an archive sends its studies to its successor"),
    benign("renumbering", change::renumbering, "devices of a subnet get other addresses"),
    benign("new-server", change::new_server, "a server is put into service and used"),
    benign("fire-drill", change::fire_drill, "doors, calls and telephones at once, for ten minutes"),
];

/// A script by its id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Script> {
    SCRIPTS.iter().find(|script| script.id == id)
}

/// The first present device in a role; where the hospital has none, says that the incident cannot be played in full.
fn first(play: &mut Play, role: &str) -> Option<DeviceId> {
    nth(play, role, 0)
}

/// One of the devices in a role.
fn nth(play: &mut Play, role: &str, place: usize) -> Option<DeviceId> {
    let found = (0..play.hospital.sites.len() as u16).find_map(|site| {
        let all = play.hospital.in_role(site, role);
        (!all.is_empty()).then(|| all[place % all.len()])
    });
    if found.is_none() {
        play.event(None, "incident not played in full", format!("no device has the role `{role}`"));
    }
    found
}

/// So many devices in a role.
fn some(play: &Play, role: &str, count: usize) -> Vec<DeviceId> {
    play.hospital.in_role(0, role).iter().copied().take(count).collect()
}
