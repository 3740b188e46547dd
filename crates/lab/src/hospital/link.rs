//! Where frames run: on one VLAN, or through routers over several; and which mirrors see them there.

use std::net::{IpAddr, Ipv4Addr};

use etherparse::{EtherType, Ethernet2Header, Ipv4Header, SingleVlanHeader, VlanId};
use model::MacAddr;

use super::outside;
use super::site::{DeviceId, Hospital, SubnetId};
use super::truth::Party;
use crate::Host;

/// One end of a conversation as its frames show it to the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) device: Option<DeviceId>,
    pub(crate) mac: MacAddr,
    pub(crate) ip: Ipv4Addr,
    /// Where it is plugged in; `None` for what is outside, a group, or behind address translation.
    pub(crate) subnet: Option<SubnetId>,
    ttl: u8,
    /// Everybody on the link hears it.
    is_group: bool,
    /// It appears as this router.
    pub(crate) translated_by: Option<DeviceId>,
}

impl End {
    /// The end as builders want it.
    pub(crate) fn host(&self) -> Host {
        Host { name: String::new(), mac: self.mac, ip: IpAddr::V4(self.ip), vlan: None, ttl: self.ttl }
    }
}

/// The hop limit with which packets from outside arrive.
const FAR: u8 = 52;

/// A party as the other sees it.
pub(crate) fn end(hospital: &Hospital, party: Party, other: Party) -> End {
    let far = |mac, ip, is_group| End { device: None, mac, ip, subnet: None, ttl: FAR, is_group, translated_by: None };
    match party {
        Party::Outside(host) => far(MacAddr::ZERO, outside::HOSTS[host as usize].ip, false),
        Party::Nobody(ip) => far(MacAddr::ZERO, ip, false),
        Party::Group(ip) => {
            let mac = if ip.is_multicast() { Host::group(&ip.to_string()).mac } else { MacAddr::BROADCAST };
            far(mac, ip, true)
        }
        Party::Device(id) | Party::Second(id) => {
            let device = &hospital.devices[id as usize];
            let interface = match party {
                Party::Second(_) => device.second.unwrap_or(device.interface),
                _ => device.interface,
            };
            let ttl = hospital.model(id).ttl;
            let site = &hospital.sites[device.site as usize];
            let elsewhere = match other {
                Party::Device(id) | Party::Second(id) => hospital.devices[id as usize].site != device.site,
                Party::Outside(_) | Party::Nobody(_) => true,
                Party::Group(_) => false,
            };
            if site.nat && elsewhere && id != site.router {
                let router = hospital.devices[site.router as usize].interface;
                let translated_by = Some(site.router);
                return End { device: translated_by, translated_by, ..far(router.mac, router.ip, false) };
            }
            End {
                device: Some(id),
                mac: interface.mac,
                ip: interface.ip,
                subnet: Some(interface.subnet),
                ttl,
                is_group: false,
                translated_by: None,
            }
        }
    }
}

/// A frame on one VLAN that a mirror sees.
pub(crate) struct Leg {
    pub(crate) mirror: u16,
    pub(crate) bytes: Vec<u8>,
    /// It bears the sender's own MAC address.
    pub(crate) own_mac: bool,
}

/// A routed packet crosses two VLANs.
pub(crate) type Legs = Seen;

/// The legs that mirrors see.
#[derive(Default)]
pub(crate) struct Seen([Option<Leg>; 2]);

impl Seen {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0[0].is_none() && self.0[1].is_none()
    }
}

impl IntoIterator for Seen {
    type Item = Option<Leg>;
    type IntoIter = std::array::IntoIter<Option<Leg>, 2>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Where an Ethernet frame with an IPv4 packet, made as if both ends shared a link, is seen.
pub(crate) fn legs(hospital: &Hospital, from: &End, to: &End, frame: &[u8]) -> Seen {
    let router_of = |subnet: SubnetId| hospital.sites[hospital.subnets[subnet as usize].site as usize].router;
    let router_mac = |subnet: SubnetId| hospital.devices[router_of(subnet) as usize].interface.mac;
    let first = from.subnet.map(|subnet| {
        let direct = to.is_group || to.subnet == Some(subnet) || to.device == Some(router_of(subnet));
        (subnet, from.mac, if direct { to.mac } else { router_mac(subnet) }, 0)
    });
    let second = to.subnet.filter(|subnet| from.subnet != Some(*subnet)).map(|subnet| {
        let is_router = from.device == Some(router_of(subnet));
        let site = |subnet: SubnetId| hospital.subnets[subnet as usize].site;
        let hops = match from.subnet {
            _ if is_router => 0,
            Some(other) if site(other) == site(subnet) => 1,
            // A router at each end and the line between.
            Some(_) => 3,
            None => 0,
        };
        (subnet, router_mac(subnet), to.mac, hops)
    });
    // What a router itself sends to, or takes from, a neighbour crosses no second VLAN.
    let second_is_all = matches!((first, second), (Some(_), Some((subnet, ..))) if from.device == Some(router_of(subnet)));
    let first_is_all = matches!((first, second), (Some((subnet, ..)), Some(_)) if to.device == Some(router_of(subnet)));
    let mut seen = Seen::default();
    for (place, leg) in [first.filter(|_| !second_is_all), second.filter(|_| !first_is_all)].into_iter().enumerate() {
        let Some((subnet, source, destination, hops)) = leg else { continue };
        let Some(mirror) = hospital.subnets[subnet as usize].mirror else { continue };
        if !seen.is_empty() && !hospital.mirrors[mirror as usize].both_legs {
            break;
        }
        let bytes = rewritten(frame, source, destination, hops, tag(hospital, mirror, subnet));
        seen.0[place] = Some(Leg { mirror, bytes, own_mac: source == from.mac });
    }
    seen
}

/// A frame that stays on a subnet.
pub(crate) fn on_subnet(hospital: &Hospital, subnet: SubnetId, frame: &[u8]) -> Seen {
    let Some(mirror) = hospital.subnets[subnet as usize].mirror else { return Seen::default() };
    let address = |at: usize| MacAddr::from_slice(&frame[at..]).unwrap_or_default();
    let bytes = rewritten(frame, address(6), address(0), 0, tag(hospital, mirror, subnet));
    Seen([Some(Leg { mirror, bytes, own_mac: true }), None])
}

fn tag(hospital: &Hospital, mirror: u16, subnet: SubnetId) -> Option<u16> {
    hospital.mirrors[mirror as usize].tags.then(|| hospital.subnets[subnet as usize].vlan)
}

/// The frame with other link addresses, a tag, and after so many routers.
fn rewritten(frame: &[u8], source: MacAddr, destination: MacAddr, hops: u8, tag: Option<u16>) -> Vec<u8> {
    let kind = EtherType(u16::from_be_bytes([frame[12], frame[13]]));
    let outer = if tag.is_some() { EtherType::VLAN_TAGGED_FRAME } else { kind };
    let mut bytes = Vec::with_capacity(frame.len() + 4);
    bytes.extend(Ethernet2Header { source: source.0, destination: destination.0, ether_type: outer }.to_bytes());
    if let Some(vlan) = tag {
        let vlan_id = VlanId::try_new(vlan).expect("a VLAN id has 12 bits");
        bytes.extend(SingleVlanHeader { vlan_id, ether_type: kind, ..SingleVlanHeader::default() }.to_bytes());
    }
    let rest = &frame[14..];
    match Ipv4Header::from_slice(rest) {
        Ok((mut header, payload)) if hops > 0 && kind == EtherType::IPV4 => {
            header.time_to_live = header.time_to_live.saturating_sub(hops).max(1);
            header.header_checksum = header.calc_header_checksum();
            bytes.extend(&header.to_bytes()[..]);
            bytes.extend(payload);
        }
        _ => bytes.extend(rest),
    }
    bytes
}
