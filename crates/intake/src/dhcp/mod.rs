//! What DHCP servers write down: who holds which address, and under which name.

pub(crate) mod dnsmasq;
pub(crate) mod isc;
pub(crate) mod kea;
#[cfg(test)]
mod tests;
pub(crate) mod windows;

use std::net::IpAddr;

use model::{Endpoint, MacAddr};
use wire::{Field, Value};

use crate::emit::address;
use crate::{Emit, text};

/// Fields of one kind of log: the ids are those of the DHCP decoder, the labels name the log.
pub(crate) struct Fields {
    pub(crate) lease: Field,
    pub(crate) bound: Field,
    pub(crate) name: Field,
    pub(crate) fqdn: Field,
    pub(crate) client_id: Field,
    pub(crate) duid: Field,
    pub(crate) vendor: Field,
    pub(crate) server: Field,
    pub(crate) bound6: Field,
    pub(crate) lease6: Field,
    pub(crate) name6: Field,
    pub(crate) fqdn6: Field,
}

macro_rules! fields {
    ($log:literal) => {
        $crate::dhcp::Fields {
            lease: wire::Field::new("dhcp.option51", concat!("DHCP lease (", $log, ")"), model::FactKind::Lease),
            bound: wire::Field::new("dhcp.yiaddr", concat!("DHCP address given (", $log, ")"), model::FactKind::Binding),
            name: wire::Field::new("dhcp.option12", concat!("DHCP host name (", $log, ")"), model::FactKind::HostName),
            fqdn: wire::Field::new("dhcp.option12", concat!("DHCP host name (", $log, ")"), model::FactKind::Fqdn),
            client_id: wire::Field::new(
                "dhcp.option61",
                concat!("DHCP client identifier (", $log, ")"),
                model::FactKind::DhcpClientId,
            ),
            duid: wire::Field::new("dhcpv6.option1", concat!("DHCPv6 client identifier (", $log, ")"), model::FactKind::Duid),
            vendor: wire::Field::new("dhcp.option60", concat!("DHCP vendor class (", $log, ")"), model::FactKind::VendorClass),
            server: wire::Field::new("dhcp.reply", concat!("DHCP server (", $log, ")"), model::FactKind::DhcpServer),
            bound6: wire::Field::new("dhcpv6.option5", concat!("DHCPv6 address given (", $log, ")"), model::FactKind::Binding),
            lease6: wire::Field::new("dhcpv6.valid-lifetime", concat!("DHCPv6 lease (", $log, ")"), model::FactKind::Lease),
            name6: wire::Field::new("dhcpv6.option39", concat!("DHCPv6 host name (", $log, ")"), model::FactKind::HostName),
            fqdn6: wire::Field::new("dhcpv6.option39", concat!("DHCPv6 host name (", $log, ")"), model::FactKind::Fqdn),
        }
    };
}
pub(crate) use fields;

/// One line's lease.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lease<'a> {
    pub(crate) mac: Option<MacAddr>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) name: &'a [u8],
    /// Client identifier (RFC 2132 §9.14), its type first.
    pub(crate) client_id: &'a [u8],
    /// DUID (RFC 8415 §11).
    pub(crate) duid: &'a [u8],
    pub(crate) vendor: &'a [u8],
    /// Its time in seconds, where the log tells; none is for ever.
    pub(crate) seconds: Option<u64>,
}

impl Lease<'_> {
    /// Says what the lease means. One without an address is no lease.
    pub(crate) fn tell(&self, fields: &'static Fields, out: &mut Emit<'_>) {
        let Some(ip) = self.ip else { return };
        let is_v6 = ip.is_ipv6();
        let holder = Endpoint { mac: self.mac, ip: Some(ip) };
        let (lease, bound) = if is_v6 { (&fields.lease6, &fields.bound6) } else { (&fields.lease, &fields.bound) };
        match self.seconds {
            Some(seconds) => out.say(holder, lease, &Value::Number(seconds)),
            None => out.say(holder, bound, &Value::Yes),
        }
        let (name, fqdn) = if is_v6 { (&fields.name6, &fields.fqdn6) } else { (&fields.name, &fields.fqdn) };
        let host = self.name.strip_suffix(b".").unwrap_or(self.name);
        // Some servers fill in the address where the client gave no name.
        if text::ip(host).is_none() && !matches!(host, b"" | b"*" | b"-" | b"unknown") {
            out.say(holder, if host.contains(&b'.') { fqdn } else { name }, &Value::Octets(host));
        }
        self.tell_identifiers(holder, fields, out);
        if let Some(server) = out.exporter {
            out.say(address(server), &fields.server, &Value::Yes);
        }
    }

    fn tell_identifiers(&self, holder: Endpoint, fields: &'static Fields, out: &mut Emit<'_>) {
        if !self.client_id.is_empty() {
            out.say(holder, &fields.client_id, &Value::Hex(self.client_id));
        }
        // The client identifier of newer clients holds a DUID (RFC 4361 §6.1): type 255, four octets of interface, the DUID.
        let inner = self.client_id.strip_prefix(&[255]).and_then(|id| id.get(4..)).unwrap_or_default();
        let duid = if self.duid.is_empty() { inner } else { self.duid };
        if duid.len() >= 4 {
            out.say(holder, &fields.duid, &Value::Hex(duid));
        }
        if !self.vendor.is_empty() {
            out.say(holder, &fields.vendor, &Value::Octets(self.vendor));
        }
    }
}

/// The MAC address inside of a DUID (RFC 8415 §11.2, §11.4: DUID-LLT and DUID-LL over Ethernet). It is of one of the client's
/// interfaces, not always of the one that asks.
pub(crate) fn mac_of_duid(duid: &[u8]) -> Option<MacAddr> {
    let octets = match duid {
        [0, 1, 0, 1, _, _, _, _, octets @ ..] | [0, 3, 0, 1, octets @ ..] => octets,
        _ => return None,
    };
    (octets.len() == 6).then(|| MacAddr::from_slice(octets)).flatten()
}
