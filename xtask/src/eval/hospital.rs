//! The virtual hospital through sensor, inventory and report, against what is true in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use inventory::{Config, Inventory, Resolved};
use knowledge::Knowledge;
use lab::hospital::catalogue::{Model, Richness};
use lab::hospital::play::HOUR;
use lab::hospital::truth::{Conversation as Said, Party, address};
use lab::hospital::{Frame as Shown, Hospital, Manifest, Options, Play, people};
use model::report::{Attribute, Device, Party as Side};
use model::{FactKind, FrameRef, MacAddr, Transport};
use sensor::{Credentials, Frame, Sensor};
use wire::layers::LinkType;

use super::key;
use super::look::says;

/// What to play.
pub struct Run {
    /// A manifest that comes with the lab.
    pub manifest: String,
    /// Length in days.
    pub days: f64,
    /// Seed.
    pub seed: u64,
    /// How busy, in place of the manifest's rate.
    pub rate: Option<f64>,
}

/// Default credentials as knowledge has them.
struct Known(Arc<Knowledge>);

impl Credentials for Known {
    fn default_credential(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<String> {
        self.0.default_credential(scheme, user, secret).map(|entry| entry.id.to_string())
    }
}

/// Right, unknown, wrong.
#[derive(Clone, Copy, Default)]
struct Tally {
    right: u32,
    unknown: u32,
    wrong: u32,
}

impl Tally {
    /// A model is right too where what was found says more: `Cisco C9300-48P` for `C9300`.
    fn add(&mut self, found: &str, truth: &str, may_say_more: bool) -> bool {
        let says_more = may_say_more && key(found).contains(&key(truth));
        let wrong = !found.is_empty() && key(found) != key(truth) && !says_more;
        match (found.is_empty(), wrong) {
            (true, _) => self.unknown += 1,
            (_, true) => self.wrong += 1,
            _ => self.right += 1,
        }
        wrong
    }

    const fn all(self) -> u32 {
        self.right + self.unknown + self.wrong
    }

    fn row(self) -> String {
        let percent = |part: u32| 100.0 * f64::from(part) / f64::from(self.all().max(1));
        format!(
            "{} | {} ({:.1} %) | {} ({:.1} %) | {} ({:.1} %)",
            self.all(),
            self.right,
            percent(self.right),
            self.unknown,
            percent(self.unknown),
            self.wrong,
            percent(self.wrong)
        )
    }
}

/// A play, and what was made of it.
pub struct Seen {
    play: Play,
    resolved: Resolved,
    /// Places where a mark of a made-up patient stands in the report.
    leaks: Vec<String>,
    seconds: f64,
    title: String,
    /// Number in truth to places in the report.
    places: HashMap<u32, BTreeSet<usize>>,
    /// Place in the report to numbers in truth.
    members: HashMap<usize, BTreeSet<u32>>,
}

/// Figures that bars are set for.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Devices found, of those that were heard, in percent.
    pub found: f64,
    /// Split or merged wrongly, in percent.
    pub torn: f64,
    /// Class right, in percent of those found.
    pub class_right: f64,
    /// Class wrong.
    pub class_wrong: f64,
    /// Clinical conversations that were not found.
    pub clinical_missed: usize,
    /// Texts about persons in the report.
    pub leaks: usize,
}

/// Plays a manifest through the whole chain.
pub fn evaluate(run: &Run, knowledge: &Arc<Knowledge>) -> Result<Seen> {
    let text = match Manifest::shipped(&run.manifest) {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(&run.manifest).with_context(|| run.manifest.clone())?,
    };
    let mut hospital = Hospital::new(&Manifest::parse(&text)?, run.seed)?;
    hospital.rate = run.rate.unwrap_or(hospital.rate);
    // A password that everybody knows, so that there is one to be found.
    hospital.incidents.push(("default-credential".to_owned(), hospital.start.plus_nanos(HOUR * 10 / 24)));
    let title = format!("{}, {} simulated days, seed {}, rate {}", hospital.name, run.days, run.seed, hospital.rate);
    #[allow(clippy::disallowed_methods)] // how long the chain takes is one of the figures
    let began = Instant::now();
    let mut play = Play::new(hospital, &Options { seed: run.seed, days: run.days });
    let mut inventory = Inventory::new(Config::default());
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(Known(Arc::clone(knowledge))));
    play.run(&mut |shown: &Shown<'_>| {
        let at = FrameRef { source: 0, frame: shown.number };
        let (bytes, wire_len) = (shown.bytes, shown.bytes.len());
        sensor.frame(&Frame { time: shown.time, link: LinkType(1), bytes, wire_len, at }, &mut inventory);
        Ok(())
    })?;
    sensor.finish(&mut inventory);
    let mut resolved = inventory.resolve(knowledge);
    drop(inventory);
    respond::fill(&mut resolved.devices, &resolved.conversations, knowledge);
    let findings = detect::findings(&detect::Site::new(&resolved.devices, &resolved.conversations, knowledge));
    let seconds = began.elapsed().as_secs_f64();
    let leaks = leaks(&resolved, &findings)?;
    let (places, members) = identity(&play, &resolved);
    Ok(Seen { play, resolved, leaks, seconds, title, places, members })
}

/// Everything of the report that names somebody made up.
fn leaks(resolved: &Resolved, findings: &[model::report::Finding]) -> Result<Vec<String>> {
    let mut leaks = Vec::new();
    let mut look = |text: String| {
        let lower = text.to_lowercase();
        for mark in people::MARKS {
            if let Some(at) = lower.find(&mark.to_lowercase()) {
                leaks.push(text.get(at.saturating_sub(80)..(at + 80).min(text.len())).unwrap_or(mark).to_owned());
            }
        }
    };
    resolved.devices.iter().try_for_each(|one| serde_json::to_string(one).map(&mut look))?;
    resolved.conversations.iter().try_for_each(|one| serde_json::to_string(one).map(&mut look))?;
    findings.iter().try_for_each(|one| serde_json::to_string(one).map(&mut look))?;
    Ok(leaks)
}

type Places = HashMap<u32, BTreeSet<usize>>;
type Members = HashMap<usize, BTreeSet<u32>>;

/// Which device of the report is which of truth: by MAC address; by address and time where the report knows no MAC address.
fn identity(play: &Play, resolved: &Resolved) -> (Places, Members) {
    let (mut by_mac, mut by_ip): (HashMap<MacAddr, u32>, HashMap<IpAddr, Vec<u32>>) = (HashMap::new(), HashMap::new());
    for address in &play.truth.addresses {
        by_mac.insert(address.mac, address.device);
        by_ip.entry(IpAddr::V4(address.ip)).or_default().push(address.device);
    }
    for subnet in &play.hospital.subnets {
        let router = play.hospital.sites.get(usize::from(subnet.site)).map_or(0, |site| site.router);
        by_ip.insert(IpAddr::V4(subnet.gateway()), vec![router]);
    }
    let (mut places, mut members) = (Places::new(), Members::new());
    for (place, device) in resolved.devices.iter().enumerate() {
        let macs: Vec<u32> = device.interfaces.iter().filter_map(|interface| by_mac.get(&interface.mac?)).copied().collect();
        let of_address = |address: &model::report::Address| by_ip.get(&address.ip)?.last().copied();
        let is_nameless = device.interfaces.iter().all(|interface| interface.mac.is_none());
        let ips: Vec<u32> = device.addresses.iter().filter(|_| is_nameless).filter_map(of_address).collect();
        for id in macs.into_iter().chain(ips) {
            places.entry(id).or_default().insert(place);
            members.entry(place).or_default().insert(id);
        }
    }
    (places, members)
}

impl Seen {
    /// Devices that a mirror heard.
    fn heard(&self) -> impl Iterator<Item = u32> + '_ {
        (0..u32::try_from(self.play.hospital.devices.len()).unwrap_or(u32::MAX))
            .filter(|id| self.play.truth.heard(*id).frames > 0)
    }

    fn model(&self, id: u32) -> &'static Model {
        self.play.hospital.model(id)
    }

    /// What the report says of a device.
    fn device(&self, id: u32) -> Option<&Device> {
        let place = self.places.get(&id)?.first()?;
        self.resolved.devices.get(*place)
    }

    /// The figures that bars are set for.
    pub fn figures(&self) -> Figures {
        let heard: Vec<u32> = self.heard().collect();
        let found = heard.iter().filter(|id| self.places.contains_key(id)).count();
        let class = self.tally(&|_| true, (&|model| &model.class, false), &|device| device.class.as_deref()).0;
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        Figures {
            found: percent(found, heard.len()),
            torn: percent(self.split().len() + self.merged().len(), heard.len()),
            class_right: percent(class.right as usize, class.all() as usize),
            class_wrong: percent(class.wrong as usize, class.all() as usize),
            clinical_missed: self.missed(true).len(),
            leaks: self.leaks.len(),
        }
    }

    fn split(&self) -> Vec<u32> {
        self.heard().filter(|id| self.places.get(id).is_some_and(|places| places.len() > 1)).collect()
    }

    fn merged(&self) -> Vec<usize> {
        let mut merged: Vec<usize> = self.members.iter().filter(|(_, ids)| ids.len() > 1).map(|(place, _)| *place).collect();
        merged.sort_unstable();
        merged
    }

    /// The party of the report that a party of truth is.
    fn sides(&self, party: Party) -> Vec<String> {
        match party {
            Party::Device(id) | Party::Second(id) => self
                .places
                .get(&id)
                .into_iter()
                .flatten()
                .filter_map(|place| self.resolved.devices.get(*place).map(|device| device.id.to_string()))
                .collect(),
            other => vec![address(&self.play.hospital, other).to_string()],
        }
    }

    /// Conversations of the report by parties and port.
    fn index(&self) -> HashMap<(String, String, bool, u16), usize> {
        let name = |side: &Side| {
            side.device.as_ref().map(ToString::to_string).or_else(|| side.ip.map(|ip| ip.to_string())).unwrap_or_default()
        };
        let mut index = HashMap::new();
        for (place, one) in self.resolved.conversations.iter().enumerate() {
            let tcp = match one.transport {
                Transport::Tcp => true,
                Transport::Udp => false,
                Transport::Ip(_) | Transport::Link(_) => continue,
            };
            index.insert((name(&one.client), name(&one.server), tcp, one.port), place);
        }
        index
    }

    /// What the report has of a conversation of truth.
    fn find(&self, index: &HashMap<(String, String, bool, u16), usize>, said: &Said) -> Option<usize> {
        let (clients, servers) = (self.sides(said.key.client), self.sides(said.key.server));
        let pairs = clients.iter().flat_map(|client| servers.iter().map(move |server| (client, server)));
        let keys = pairs.map(|(client, server)| (client.clone(), server.clone(), said.key.tcp, said.key.port));
        keys.into_iter().find_map(|key| index.get(&key).copied())
    }

    fn missed(&self, clinical: bool) -> Vec<&Said> {
        let index = self.index();
        let seen = self.play.truth.conversations.iter().filter(|said| said.packets != [0, 0]);
        seen.filter(|said| (!clinical || said.clinical) && self.find(&index, said).is_none()).collect()
    }

    /// For reading, and for `bench/RESULTS.md`.
    pub fn table(&self, each: bool) -> String {
        let truth = &self.play.truth;
        let mut out = format!("### {}\n\n", self.title);
        let _ = writeln!(
            out,
            "{} frames, {} MB, {} devices of which {} were heard; played, observed and resolved in {:.0} s.\n",
            truth.frames,
            truth.bytes / 1_000_000,
            self.play.hospital.devices.len(),
            self.heard().count(),
            self.seconds
        );
        self.continuity(&mut out);
        self.attributes(&mut out, each);
        self.conversations(&mut out);
        out
    }

    fn continuity(&self, out: &mut String) {
        let figures = self.figures();
        let phantom: Vec<&Device> = (0..self.resolved.devices.len())
            .filter(|place| !self.members.contains_key(place))
            .filter_map(|place| self.resolved.devices.get(place))
            .collect();
        out.push_str("| identity | measured | bar |\n|---|---:|---:|\n");
        let _ = writeln!(out, "| devices found, of those heard | {:.2} % | 98 % |", figures.found);
        let (split, merged) = (self.split(), self.merged());
        let _ = writeln!(
            out,
            "| split or merged wrongly | {:.2} % ({} split, {} merged) | 0.5 % |",
            figures.torn,
            split.len(),
            merged.len()
        );
        let _ = writeln!(out, "| devices in the report that are none | {} | |", phantom.len());
        let _ = writeln!(out, "| class right, of those found | {:.2} % | 95 % |", figures.class_right);
        let _ = writeln!(out, "| class wrong | {:.2} % | 1 % |", figures.class_wrong);
        let _ = writeln!(out, "| clinical conversations missed | {} | 0 |", figures.clinical_missed);
        let _ = writeln!(out, "| texts about persons in the report | {} | 0 |\n", figures.leaks);
        let example = |out: &mut String, what: &str, names: Vec<String>| {
            if !names.is_empty() {
                let _ = writeln!(out, "{what}: {}\n", names.iter().take(12).cloned().collect::<Vec<_>>().join(", "));
            }
        };
        example(
            out,
            "Split",
            split.iter().map(|id| format!("{} ({})", self.play.hospital.host_name(*id), self.model(*id).id)).collect(),
        );
        let names = |place: &usize| {
            let ids = self.members.get(place).into_iter().flatten();
            ids.map(|id| self.play.hospital.host_name(*id)).collect::<Vec<_>>().join("+")
        };
        example(out, "Merged", merged.iter().map(names).collect());
        example(out, "None", phantom.iter().map(|device| device.id.to_string()).collect());
        example(out, "Leaks", self.leaks.clone());
        let lost = self.heard().filter(|id| !self.places.contains_key(id));
        example(out, "Not found", lost.map(|id| self.play.hospital.host_name(id)).collect());
    }

    fn attributes(&self, out: &mut String, each: bool) {
        out.push_str(
            "| attribute | models | says of itself | devices | right | unknown | wrong |\n|---|---|---|---:|---:|---:|---:|\n",
        );
        let mut odd_of: BTreeMap<&str, BTreeMap<(String, String), u32>> = BTreeMap::new();
        for attribute in ["maker", "model", "class"] {
            let truth = |model: &'static Model| match attribute {
                "maker" => model.maker.as_str(),
                "model" => model.name.as_str(),
                _ => model.class.as_str(),
            };
            let get: &dyn Fn(&Device) -> Option<&Attribute> = match attribute {
                "maker" => &|device| device.maker.as_deref(),
                "model" => &|device| device.model.as_deref(),
                _ => &|device| device.class.as_deref(),
            };
            for held in [false, true] {
                for richness in Richness::ALL {
                    let wanted = |model: &Model| model.held_out == held && model.richness == richness;
                    let (tally, _) = self.tally(&wanted, (&truth, attribute == "model"), get);
                    let part = if held { "held out" } else { "known" };
                    let _ = writeln!(out, "| {attribute} | {part} | {} | {} |", richness.name(), tally.row());
                }
                let (tally, odd) = self.tally(&|model: &Model| model.held_out == held, (&truth, attribute == "model"), get);
                let part = if held { "held out" } else { "known" };
                let _ = writeln!(out, "| {attribute} | {part} | all | {} |", tally.row());
                odd_of.entry(attribute).or_default().extend(odd);
            }
        }
        out.push('\n');
        for (attribute, odd) in odd_of {
            for ((model, found), count) in odd {
                let is_unknown = found.is_empty();
                if each || !is_unknown || attribute == "class" {
                    let found = if is_unknown { "unknown" } else { found.as_str() };
                    let _ = writeln!(out, "    {attribute:6} {model:32} {found:32} {count}");
                }
            }
        }
    }

    /// Compares an attribute of the found devices of some models; also says of which models it is wrong or unknown.
    fn tally(
        &self,
        wanted: &dyn Fn(&Model) -> bool,
        (truth, may_say_more): (&dyn Fn(&'static Model) -> &'static str, bool),
        of: &dyn Fn(&Device) -> Option<&Attribute>,
    ) -> (Tally, BTreeMap<(String, String), u32>) {
        let (mut tally, mut odd) = (Tally::default(), BTreeMap::new());
        for id in self.heard() {
            let model = self.model(id);
            let (true, false, Some(device)) = (wanted(model), truth(model).is_empty(), self.device(id)) else { continue };
            let found = says(of(device));
            if tally.add(found, truth(model), may_say_more) || found.is_empty() {
                *odd.entry((model.id.clone(), found.to_owned())).or_default() += 1;
            }
        }
        (tally, odd)
    }

    fn conversations(&self, out: &mut String) {
        let index = self.index();
        let mut rows: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
        let (mut phi, mut no_phi, mut credentials) = (BTreeMap::<&str, Tally>::new(), 0, Tally::default());
        let mut missed: Vec<String> = Vec::new();
        let mut found_places = HashSet::new();
        for said in self.play.truth.conversations.iter().filter(|said| said.packets != [0, 0]) {
            let place = self.find(&index, said);
            found_places.extend(place);
            let found = place.and_then(|place| self.resolved.conversations.get(place));
            let protocol = if said.protocol.is_empty() { "(not public)" } else { said.protocol };
            let row = rows.entry(protocol).or_default();
            row[0] += 1;
            row[1] += u32::from(found.is_some());
            row[2] += u32::from(found.is_some_and(|found| found.protocol == said.protocol));
            if found.is_none() && missed.len() < 12 {
                missed.push(format!("{:?} {}", said.key, said.protocol));
            }
            let (seen, shown) = (found.is_some_and(|found| !found.phi.is_empty()), said.phi);
            match (shown, seen) {
                (true, true) => phi.entry(protocol).or_default().right += 1,
                (true, false) => phi.entry(protocol).or_default().unknown += 1,
                (false, true) => phi.entry(protocol).or_default().wrong += 1,
                (false, false) => no_phi += 1,
            }
            let used = found.is_some_and(|found| found.facts.iter().any(|fact| fact.kind == FactKind::DefaultCredential));
            match (said.default_credential, used) {
                (true, true) => credentials.right += 1,
                (true, false) => credentials.unknown += 1,
                (false, true) => credentials.wrong += 1,
                (false, false) => {}
            }
        }
        out.push_str("\n| conversations | true | found | protocol named |\n|---|---:|---:|---:|\n");
        let mut all = [0; 3];
        for (protocol, row) in &rows {
            let _ = writeln!(out, "| {protocol} | {} | {} | {} |", row[0], row[1], row[2]);
            all.iter_mut().zip(row).for_each(|(all, one)| *all += one);
        }
        let _ = writeln!(out, "| all | {} | {} | {} |\n", all[0], all[1], all[2]);
        out.push_str(
            "| PHI in the clear | conversations that have some | found | missed | said of others |\n|---|---:|---:|---:|---:|\n",
        );
        for (protocol, tally) in &phi {
            let (some, found) = (tally.right + tally.unknown, tally.right);
            let _ = writeln!(out, "| {protocol} | {some} | {found} | {} | {} |", tally.unknown, tally.wrong);
        }
        let _ = writeln!(out, "\n{no_phi} conversations are rightly said to have none.");
        let _ = writeln!(
            out,
            "Default credentials: {} conversations found, {} missed, {} said that have none.\n",
            credentials.right, credentials.unknown, credentials.wrong
        );
        for one in missed {
            let _ = writeln!(out, "    missed {one}");
        }
        let surplus = self.resolved.conversations.len().saturating_sub(found_places.len());
        let _ = writeln!(
            out,
            "    conversations of the report that truth does not list (groups, links, names of the link): {surplus}"
        );
    }
}
