//! A hospital made from its manifest: every device with its addresses. The same manifest and seed make the same hospital.

use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;

use model::{MacAddr, Timestamp};
use toml::Spanned;

use super::catalogue::{Catalogue, Model};
use super::manifest::{self, Manifest, ManifestError};

/// Where a device stands in [`Hospital::devices`].
pub type DeviceId = u32;
/// Where a subnet stands in [`Hospital::subnets`].
pub type SubnetId = u32;

/// An interface of a device.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// Its MAC address.
    pub mac: MacAddr,
    /// Its address now.
    pub ip: Ipv4Addr,
    /// Where it is plugged in now.
    pub subnet: SubnetId,
}

/// A device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Where its model stands in the catalogue.
    pub model: u16,
    /// Its site.
    pub site: u16,
    /// Where its unit stands in [`Hospital::units`].
    pub unit: Option<u32>,
    /// Its number among those of its model, from 1.
    pub number: u32,
    /// Its interface.
    pub interface: Interface,
    /// Its second interface.
    pub second: Option<Interface>,
    /// Its firmware among those of the model.
    pub firmware: u8,
    /// Its clock is ahead by so much.
    pub clock_off_s: i32,
    /// It is plugged in. A device that is not sends nothing.
    pub present: bool,
    /// The name it had before it was exchanged for another of its kind, where it took that over.
    pub named: Option<Box<str>>,
}

/// A subnet of a site.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its name.
    pub name: String,
    /// Its site.
    pub site: u16,
    /// Its VLAN.
    pub vlan: u16,
    /// Its network address.
    pub base: u32,
    /// Length of its prefix.
    pub prefix: u8,
    /// Addresses are leased.
    pub dhcp: bool,
    /// Visitors come and go.
    pub guests: bool,
    /// The mirror that sees it, with how.
    pub mirror: Option<u16>,
    /// Hosts that have an address.
    pub hosts: u32,
    /// Addresses given back.
    pub free: std::collections::VecDeque<Ipv4Addr>,
}

/// First host number that devices get; routers have 1.
const FIRST_HOST: u32 = 10;

impl Subnet {
    /// The address of the router on it.
    #[must_use]
    pub fn gateway(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.base + 1)
    }

    /// The mask, as DHCP carries it.
    #[must_use]
    pub fn mask(&self) -> [u8; 4] {
        (u32::MAX << (32 - u32::from(self.prefix))).to_be_bytes()
    }

    /// Addresses that devices can have.
    #[must_use]
    pub fn room(&self) -> u32 {
        (1_u32 << (32 - u32::from(self.prefix))) - 1 - FIRST_HOST
    }

    /// An address that nobody has; the one given back longest ago first where visitors come and go.
    pub fn take_address(&mut self) -> Option<Ipv4Addr> {
        if let Some(free) = self.free.pop_front() {
            return Some(free);
        }
        (self.hosts < self.room()).then(|| {
            self.hosts += 1;
            Ipv4Addr::from(self.base + FIRST_HOST + self.hosts - 1)
        })
    }
}

/// A site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// What routes between its subnets and to the world.
    pub router: DeviceId,
    /// Its devices appear elsewhere under its router's address.
    pub nat: bool,
    /// Who has which role.
    pub roles: BTreeMap<String, Vec<DeviceId>>,
    /// Its subnets.
    pub subnets: Vec<SubnetId>,
}

/// A mirror port.
#[derive(Clone, Debug)]
pub struct Mirror {
    /// Its name.
    pub name: String,
    /// A routed packet is seen on each VLAN that it crosses.
    pub both_legs: bool,
    /// Frames bear their VLAN tags.
    pub tags: bool,
}

/// A hospital.
#[derive(Clone, Debug)]
pub struct Hospital {
    /// Its name.
    pub name: String,
    /// The domain of its hosts.
    pub domain: String,
    /// When the play begins.
    pub start: Timestamp,
    /// How busy it is.
    pub rate: f64,
    /// The models that devices are of.
    pub models: &'static [Model],
    /// Its sites.
    pub sites: Vec<Site>,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Names of its units, each with its building.
    pub units: Vec<(String, String)>,
    /// Where captures are taken.
    pub mirrors: Vec<Mirror>,
    /// Its devices.
    pub devices: Vec<Device>,
    /// Incidents that the manifest asks for: script, time.
    pub incidents: Vec<(String, Timestamp)>,
    macs: Macs,
}

/// MAC addresses given so far, a count for each block.
#[derive(Clone, Debug, Default)]
struct Macs {
    given: BTreeMap<String, u64>,
    seed: u64,
    numbers: BTreeMap<u16, u32>,
}

impl Macs {
    /// The next address of a model. An odd multiplier scatters the numbers of a block and repeats none.
    fn next(&mut self, model: &Model, number: u32) -> Option<MacAddr> {
        let block = &model.ouis[number as usize % model.ouis.len()];
        let (block, digits) = if block == "local" { ("02", 2) } else { (block.as_str(), block.len()) };
        let bits = 48 - 4 * digits as u32;
        let given = self.given.entry(block.to_owned()).or_default();
        // Each block begins elsewhere, so that the last digits of two makers' addresses differ.
        let start = block.bytes().fold(self.seed, |mix, byte| (mix ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let low = (given.wrapping_mul(0x9E37_79B1).wrapping_add(start >> 16)) & ((1 << bits) - 1);
        *given += 1;
        if *given > 1 << bits {
            return None;
        }
        let high = u64::from_str_radix(block, 16).ok()? << bits;
        let [_, _, mac @ ..] = (high | low).to_be_bytes();
        Some(MacAddr(mac))
    }
}

impl Hospital {
    /// Makes the hospital of a manifest.
    ///
    /// # Errors
    /// Says the line of the manifest and what does not fit there.
    pub fn new(manifest: &Manifest, seed: u64) -> Result<Self, ManifestError> {
        let start = manifest.hospital.start.get_ref().parse();
        let start = start.map_err(|error| manifest.wrong(&manifest.hospital.start, format!("{error}")))?;
        let mut hospital = Self {
            name: manifest.hospital.name.clone(),
            domain: manifest.hospital.domain.clone(),
            start,
            rate: manifest.hospital.rate,
            models: Catalogue::builtin().models(),
            sites: Vec::new(),
            subnets: Vec::new(),
            units: Vec::new(),
            mirrors: Vec::new(),
            devices: Vec::new(),
            incidents: Vec::new(),
            macs: Macs { seed: seed.wrapping_mul(0x2545_F491_4F6C_DD1D), ..Macs::default() },
        };
        let space = &manifest.hospital.space;
        let (first, prefix) = manifest::network(space.get_ref())
            .ok_or_else(|| manifest.wrong(space, format!("`{}` is no network such as 10.0.0.0/8", space.get_ref())))?;
        let mut builder =
            Builder { manifest, next: u64::from(u32::from(first)), end: u64::from(u32::from(first)) + (1 << (32 - prefix)) };
        for site in &manifest.sites {
            for copy in 0..site.repeat {
                builder.site(&mut hospital, site, copy)?;
            }
        }
        for incident in &manifest.incidents {
            let at = start.plus_nanos((incident.at_hours * 3.6e12) as i64);
            if super::incidents::find(incident.script.get_ref()).is_none() {
                let known = super::incidents::SCRIPTS.iter().map(|script| script.id).collect::<Vec<_>>().join(", ");
                let what = format!("there is no incident `{}`; there are {known}", incident.script.get_ref());
                return Err(manifest.wrong(&incident.script, what));
            }
            hospital.incidents.push((incident.script.get_ref().clone(), at));
        }
        Ok(hospital)
    }

    /// The model of a device.
    #[must_use]
    pub fn model(&self, device: DeviceId) -> &'static Model {
        &self.models[self.devices[device as usize].model as usize]
    }

    /// What a device is called in the network.
    #[must_use]
    pub fn host_name(&self, device: DeviceId) -> String {
        let one = &self.devices[device as usize];
        if let Some(named) = &one.named {
            return named.to_string();
        }
        let [_, _, _, a, b, c] = one.interface.mac.0;
        let low = format!("{a:02x}{b:02x}{c:02x}");
        let text = self.model(device).host.replace("{mac}", &low).replace("{MAC}", &low.to_uppercase());
        text.replace("{n}", &format!("{:04}", one.number))
    }

    /// Its serial number.
    #[must_use]
    pub fn serial(&self, device: DeviceId) -> String {
        let one = &self.devices[device as usize];
        format!("LAB{:03}{:06}", one.model, one.number)
    }

    /// Its firmware.
    #[must_use]
    pub fn firmware(&self, device: DeviceId) -> &'static str {
        let model = self.model(device);
        model.firmware.get(self.devices[device as usize].firmware as usize).map_or("", String::as_str)
    }

    /// Who has a role for a site: there, else where it is kept for all.
    #[must_use]
    pub fn in_role(&self, site: u16, role: &str) -> &[DeviceId] {
        let at = |site: usize| self.sites.get(site).and_then(|site| site.roles.get(role)).map(Vec::as_slice);
        at(site as usize).or_else(|| (0..self.sites.len()).find_map(at)).unwrap_or_default()
    }

    /// Adds a device that was not there before: somebody plugs it in. `None` where the subnet is full.
    ///
    /// # Panics
    /// When the catalogue has no such model.
    pub fn plug_in(&mut self, model: &str, subnet: SubnetId, unit: Option<u32>) -> Option<DeviceId> {
        let model = Catalogue::builtin().position(model).unwrap_or_else(|| panic!("no model {model}"));
        let site = self.subnets[subnet as usize].site;
        self.add(model, site, subnet, None, unit)
    }

    fn add(
        &mut self,
        model: usize,
        site: u16,
        subnet: SubnetId,
        second: Option<SubnetId>,
        unit: Option<u32>,
    ) -> Option<DeviceId> {
        let about = &self.models[model];
        let model = model as u16;
        let number = self.macs.numbers.entry(model).or_default();
        *number += 1;
        let number = *number;
        let interface = |hospital: &mut Self, subnet: SubnetId| {
            let mac = hospital.macs.next(about, number)?;
            let ip = hospital.subnets[subnet as usize].take_address()?;
            Some(Interface { mac, ip, subnet })
        };
        let own = interface(self, subnet)?;
        let second = match second {
            Some(second) => Some(interface(self, second)?),
            None => None,
        };
        let id = self.devices.len() as DeviceId;
        let versions = about.firmware.len().max(1) as u32;
        self.devices.push(Device {
            model,
            site,
            unit,
            number,
            interface: own,
            second,
            // Most run the newest, which stands first; one in four an older one.
            firmware: if number.is_multiple_of(4) { (number / 4 % versions) as u8 } else { 0 },
            clock_off_s: 0,
            present: true,
            named: None,
        });
        Some(id)
    }
}

/// Reads the manifest into a hospital.
struct Builder<'m> {
    manifest: &'m Manifest,
    /// The next address of the space, and its end.
    next: u64,
    end: u64,
}

impl Builder<'_> {
    fn site(&mut self, hospital: &mut Hospital, text: &manifest::Site, copy: u32) -> Result<(), ManifestError> {
        let site = hospital.sites.len() as u16;
        let name = match text.repeat {
            1 => text.name.get_ref().clone(),
            _ => format!("{}-{}", text.name.get_ref(), copy + 1),
        };
        let subnets = self.subnets(hospital, text, site)?;
        self.mirrors(hospital, text, &name, &subnets)?;
        let first_unit = hospital.units.len() as u32;
        for building in &text.buildings {
            hospital.units.extend(building.units.iter().map(|unit| (building.name.clone(), unit.clone())));
        }
        let (first, mut roles) = (hospital.devices.len() as DeviceId, BTreeMap::<String, Vec<DeviceId>>::new());
        for devices in &text.devices {
            self.devices(hospital, devices, (site, first_unit), &subnets, &mut roles)?;
        }
        let Some(router) = roles.get("router").and_then(|routers| routers.first()).copied() else {
            return Err(self.manifest.wrong(&text.name, format!("site `{name}` has no device with the role `router`")));
        };
        debug_assert!(router >= first);
        // The router has the first address of each subnet, and shows that of its own.
        let own = hospital.devices[router as usize].interface;
        hospital.devices[router as usize].interface.ip = hospital.subnets[own.subnet as usize].gateway();
        let subnets = subnets.into_iter().map(|(_, id)| id).collect();
        hospital.sites.push(Site { name, router, nat: text.nat, roles, subnets });
        Ok(())
    }

    fn subnets(
        &mut self,
        hospital: &mut Hospital,
        text: &manifest::Site,
        site: u16,
    ) -> Result<Vec<(String, SubnetId)>, ManifestError> {
        let mut known: Vec<(String, SubnetId)> = Vec::new();
        let mut vlans = HashSet::new();
        for subnet in &text.subnets {
            let wrong = |what| Err(self.manifest.wrong(&subnet.name, what));
            let name = subnet.name.get_ref();
            if !(8..=29).contains(&subnet.prefix) {
                return wrong(format!("subnet `{name}`: a prefix of 8 to 29 bits is wanted, not {}", subnet.prefix));
            }
            if !(1..=4094).contains(&subnet.vlan) || !vlans.insert(subnet.vlan) {
                return wrong(format!("subnet `{name}`: VLAN {} is no VLAN or taken by another", subnet.vlan));
            }
            if known.iter().any(|(other, _)| other == name) {
                return wrong(format!("there are two subnets `{name}`"));
            }
            let size = 1_u64 << (32 - subnet.prefix);
            let base = self.next.next_multiple_of(size);
            if base + size > self.end {
                return wrong(format!("subnet `{name}`: the hospital's space is used up; give `space` a shorter prefix"));
            }
            self.next = base + size;
            known.push((name.clone(), hospital.subnets.len() as SubnetId));
            hospital.subnets.push(Subnet {
                name: name.clone(),
                site,
                vlan: subnet.vlan,
                base: base as u32,
                prefix: subnet.prefix,
                dhcp: subnet.dhcp || subnet.guests,
                guests: subnet.guests,
                mirror: None,
                hosts: 0,
                free: std::collections::VecDeque::new(),
            });
        }
        Ok(known)
    }

    fn mirrors(
        &self,
        hospital: &mut Hospital,
        text: &manifest::Site,
        site: &str,
        subnets: &[(String, SubnetId)],
    ) -> Result<(), ManifestError> {
        for mirror in &text.mirrors {
            let id = hospital.mirrors.len() as u16;
            let name = if text.repeat > 1 { format!("{site} {}", mirror.name) } else { mirror.name.clone() };
            hospital.mirrors.push(Mirror { name, both_legs: mirror.both_legs, tags: mirror.tags });
            for switch in &mirror.switches {
                let Some(known) = text.switches.iter().find(|known| known.name.get_ref() == switch.get_ref()) else {
                    let names = list(text.switches.iter().map(|switch| switch.name.get_ref().as_str()));
                    return Err(self
                        .manifest
                        .wrong(switch, format!("there is no switch `{}`; there are {names}", switch.get_ref())));
                };
                for subnet in &known.subnets {
                    let id_of = self.subnet(subnet, subnets)?;
                    hospital.subnets[id_of as usize].mirror.get_or_insert(id);
                }
            }
        }
        Ok(())
    }

    fn subnet(&self, name: &Spanned<String>, subnets: &[(String, SubnetId)]) -> Result<SubnetId, ManifestError> {
        let found = subnets.iter().find(|(known, _)| known == name.get_ref()).map(|(_, id)| *id);
        found.ok_or_else(|| {
            let names = list(subnets.iter().map(|(name, _)| name.as_str()));
            self.manifest.wrong(name, format!("there is no subnet `{}` at this site; there are {names}", name.get_ref()))
        })
    }

    fn devices(
        &self,
        hospital: &mut Hospital,
        text: &manifest::Devices,
        (site, first_unit): (u16, u32),
        subnets: &[(String, SubnetId)],
        roles: &mut BTreeMap<String, Vec<DeviceId>>,
    ) -> Result<(), ManifestError> {
        let Some(model) = Catalogue::builtin().position(text.model.get_ref()) else {
            let what = format!("the catalogue has no model `{}`; `medwarden lab models` lists them", text.model.get_ref());
            return Err(self.manifest.wrong(&text.model, what));
        };
        let subnet = self.subnet(&text.subnet, subnets)?;
        let second = text.second.as_ref().map(|second| self.subnet(second, subnets)).transpose()?;
        let unit = match &text.unit {
            None => None,
            Some(unit) => {
                let at = hospital.units.iter().skip(first_unit as usize).position(|(_, name)| name == unit.get_ref());
                let Some(at) = at else {
                    return Err(self.manifest.wrong(unit, format!("no building of this site has a unit `{}`", unit.get_ref())));
                };
                Some(first_unit + at as u32)
            }
        };
        for _ in 0..text.count {
            let Some(id) = hospital.add(model, site, subnet, second, unit) else {
                let about = &hospital.subnets[subnet as usize];
                let what = format!(
                    "no room for {} of `{}`: subnet `{}` with a prefix of {} bits has {} addresses for devices, and a MAC block its bound",
                    text.count,
                    text.model.get_ref(),
                    about.name,
                    about.prefix,
                    about.room()
                );
                return Err(self.manifest.wrong(&text.model, what));
            };
            for role in hospital.models[model].roles.iter().chain(&text.roles) {
                roles.entry(role.clone()).or_default().push(id);
            }
        }
        Ok(())
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
