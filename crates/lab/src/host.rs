//! Who takes part in a scene.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::MacAddr;

/// An interface of a device: what the frames that it sends carry.
#[derive(Clone, Debug)]
pub struct Host {
    /// What it is called in the scene; it appears in frames only where a payload says it.
    pub name: String,
    /// Its MAC address; for a host behind a router, that of the router.
    pub mac: MacAddr,
    /// Its IP address.
    pub ip: IpAddr,
    /// The VLAN that its frames are tagged with.
    pub vlan: Option<u16>,
    /// The hop limit that its packets arrive with.
    pub ttl: u8,
}

impl Host {
    /// A host on the link.
    ///
    /// # Panics
    /// When the addresses are not written as addresses.
    #[must_use]
    pub fn new(name: &str, mac: &str, ip: &str) -> Self {
        let mac = mac.parse().unwrap_or_else(|_| panic!("{mac} is no MAC address"));
        let ip = ip.parse().unwrap_or_else(|_| panic!("{ip} is no IP address"));
        Self { name: name.to_owned(), mac, ip, vlan: None, ttl: 64 }
    }

    /// The same host with frames tagged.
    #[must_use]
    pub fn on_vlan(mut self, vlan: u16) -> Self {
        self.vlan = Some(vlan);
        self
    }

    /// The same host with another hop limit: 128 for Windows, 255 for much equipment, less from far away.
    #[must_use]
    pub const fn with_ttl(mut self, ttl: u8) -> Self {
        self.ttl = ttl;
        self
    }

    /// The same interface under another address.
    ///
    /// # Panics
    /// When the address is not written as one.
    #[must_use]
    pub fn with_ip(mut self, ip: &str) -> Self {
        self.ip = ip.parse().unwrap_or_else(|_| panic!("{ip} is no IP address"));
        self
    }

    /// A host elsewhere, whose packets this router brings.
    #[must_use]
    pub fn behind(name: &str, ip: &str, router: &Self) -> Self {
        Self { name: name.to_owned(), ttl: 52, ..router.clone() }.with_ip(ip)
    }

    /// Before it has an address.
    #[must_use]
    pub fn without_address(&self) -> Self {
        Self { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), ..self.clone() }
    }

    /// Everybody on the link.
    #[must_use]
    pub fn broadcast() -> Self {
        Self::new("everybody", "ff:ff:ff:ff:ff:ff", "255.255.255.255")
    }

    /// A multicast group, with the MAC address that follows from its IP address (RFC 1112 §6.4, RFC 2464 §7).
    ///
    /// # Panics
    /// When the address is not written as one.
    #[must_use]
    pub fn group(ip: &str) -> Self {
        let mut group = Self::broadcast().with_ip(ip);
        group.mac = match group.ip {
            IpAddr::V4(ip) => {
                let [_, b, c, d] = ip.octets();
                MacAddr([0x01, 0x00, 0x5e, b & 0x7f, c, d])
            }
            IpAddr::V6(ip) => {
                let [.., a, b, c, d] = ip.octets();
                MacAddr([0x33, 0x33, a, b, c, d])
            }
        };
        group
    }

    /// The IPv4 address.
    ///
    /// # Panics
    /// When it has an IPv6 address.
    #[must_use]
    pub fn ipv4(&self) -> Ipv4Addr {
        match self.ip {
            IpAddr::V4(ip) => ip,
            IpAddr::V6(ip) => panic!("{ip} is not IPv4"),
        }
    }

    /// The link-local IPv6 address that follows from the MAC address (RFC 4291 appendix A).
    #[must_use]
    pub fn link_local(&self) -> Self {
        let [a, b, c, d, e, f] = self.mac.0;
        let ip = Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f]);
        Self { ip: IpAddr::V6(ip), ttl: 255, ..self.clone() }
    }
}
