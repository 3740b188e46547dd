//! The lay-out of the wire: VLANs, networks and tunnels that frames showed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wire::layers::{Packet, Tunnel};

/// Networks that are kept; further ones are counted.
const MAX_SUBNETS: usize = 4096;
/// Tunnels that are kept; further ones are counted.
const MAX_TUNNELS: usize = 256;

/// A tunnel's kind, source and destination.
pub type TunnelEnds = (&'static str, IpAddr, IpAddr);

/// What a sensor saw of the wire's lay-out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// VLAN ids.
    pub vlans: BTreeSet<u16>,
    /// First addresses of private networks that senders are in: of 24 bits (IPv4) or 64 bits (IPv6).
    pub subnets: BTreeSet<IpAddr>,
    /// Packets by tunnel.
    pub tunnels: BTreeMap<TunnelEnds, u64>,
    /// Times that a network or a tunnel was one too many.
    pub too_many: u64,
}

impl Seen {
    /// Adds what another sensor saw.
    pub fn add(&mut self, other: &Self) {
        self.vlans.extend(&other.vlans);
        self.subnets.extend(&other.subnets);
        for (ends, packets) in &other.tunnels {
            let sum = self.tunnels.entry(*ends).or_default();
            *sum = sum.saturating_add(*packets);
        }
        self.too_many = self.too_many.saturating_add(other.too_many);
    }

    /// A packet in a tunnel.
    #[cold]
    pub(crate) fn tunnel(&mut self, tunnel: &Tunnel) {
        let (Some(src), Some(dst)) = (tunnel.src, tunnel.dst) else { return };
        let ends = (tunnel.kind, src, dst);
        let full = self.tunnels.len() >= MAX_TUNNELS;
        match self.tunnels.get_mut(&ends) {
            Some(packets) => *packets = packets.saturating_add(1),
            None if full => self.too_many = self.too_many.saturating_add(1),
            None => drop(self.tunnels.insert(ends, 1)),
        }
    }

    /// The first packet of a flow.
    pub(crate) fn flow(&mut self, packet: &Packet<'_>) {
        self.vlans.extend(packet.vlans.iter().filter(|vlan| **vlan != 0));
        let Some(subnet) = packet.ip.and_then(|ip| private_subnet(ip.src)) else { return };
        if self.subnets.len() < MAX_SUBNETS {
            self.subnets.insert(subnet);
        } else if !self.subnets.contains(&subnet) {
            self.too_many = self.too_many.saturating_add(1);
        }
    }
}

/// The first address of a private network: RFC 1918, RFC 6598, RFC 4193.
fn private_subnet(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let private = v4.is_private() || (a == 100 && b & 0xc0 == 64);
            private.then(|| Ipv4Addr::new(a, b, c, 0).into())
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            (a & 0xfe00 == 0xfc00).then(|| Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_private_networks_are_ours() {
        let subnet = |text: &str| private_subnet(text.parse().unwrap()).map(|ip| ip.to_string());
        assert_eq!(subnet("10.1.2.3").as_deref(), Some("10.1.2.0"));
        assert_eq!(subnet("100.64.9.9").as_deref(), Some("100.64.9.0"));
        assert_eq!(subnet("fd00:1:2:3:4::1").as_deref(), Some("fd00:1:2:3::"));
        for other in ["8.8.8.8", "0.0.0.0", "169.254.1.1", "fe80::1", "2001:db8::1"] {
            assert_eq!(subnet(other), None, "{other}");
        }
    }
}
