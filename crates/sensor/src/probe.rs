//! Which protocol a payload is: the port is a hint, the bytes decide.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use wire::{Context, Hint, PROTOCOLS, Protocol, Verdict};

type Map<K, V> = HashMap<K, V, FixedState>;

/// The protocol table, indexed by where each protocol is met.
#[derive(Debug)]
pub(crate) struct Rows {
    tcp: Vec<u8>,
    udp: Vec<u8>,
    tcp_ports: Map<u16, Vec<u8>>,
    udp_ports: Map<u16, Vec<u8>>,
    ethertypes: Map<u16, u8>,
    llc: Map<u8, u8>,
    snap: Map<(u32, u16), u8>,
    ip: Map<u8, u8>,
    ids: Map<&'static str, u8>,
}

/// The outcome of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This row.
    Row(u8),
    /// Perhaps, with more bytes.
    Perhaps,
    /// None.
    Nobody,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let mut rows = Self {
            tcp: Vec::new(),
            udp: Vec::new(),
            tcp_ports: Map::default(),
            udp_ports: Map::default(),
            ethertypes: Map::default(),
            llc: Map::default(),
            snap: Map::default(),
            ip: Map::default(),
            ids: Map::default(),
        };
        for (index, protocol) in PROTOCOLS.iter().enumerate() {
            let Ok(row) = u8::try_from(index) else { break };
            rows.add(row, protocol.info());
        }
        rows
    }

    fn add(&mut self, row: u8, info: &'static wire::Info) {
        self.ids.insert(info.id, row);
        for hint in info.hints {
            match *hint {
                Hint::EtherType(number) => drop(self.ethertypes.insert(number, row)),
                Hint::Llc(sap) => drop(self.llc.insert(sap, row)),
                Hint::Snap(organisation, id) => drop(self.snap.insert((organisation, id), row)),
                Hint::IpProtocol(number) => drop(self.ip.insert(number, row)),
                Hint::Tcp(port) => {
                    self.tcp_ports.entry(port).or_default().push(row);
                    add_once(&mut self.tcp, row);
                }
                Hint::Udp(port) => {
                    self.udp_ports.entry(port).or_default().push(row);
                    add_once(&mut self.udp, row);
                }
                Hint::AnyTcp => add_once(&mut self.tcp, row),
                Hint::AnyUdp => add_once(&mut self.udp, row),
            }
        }
    }

    pub(crate) fn ethertype(&self, number: u16) -> Option<u8> {
        self.ethertypes.get(&number).copied()
    }

    pub(crate) fn llc(&self, sap: u8) -> Option<u8> {
        self.llc.get(&sap).copied()
    }

    pub(crate) fn snap(&self, organisation: u32, id: u16) -> Option<u8> {
        self.snap.get(&(organisation, id)).copied()
    }

    pub(crate) fn ip(&self, number: u8) -> Option<u8> {
        self.ip.get(&number).copied()
    }

    pub(crate) fn id(&self, id: &str) -> Option<u8> {
        self.ids.get(id).copied()
    }

    /// A port on which some protocol is usually served.
    pub(crate) fn is_service_port(&self, is_tcp: bool, port: u16) -> bool {
        if is_tcp { self.tcp_ports.contains_key(&port) } else { self.udp_ports.contains_key(&port) }
    }

    /// Asks the protocols hinted by either port first, then all: certain beats unsure, and unsure needs the port.
    pub(crate) fn ask(&self, is_tcp: bool, context: &Context, head: &[u8], refused: &[u8]) -> Answer {
        let (ports, all) = if is_tcp { (&self.tcp_ports, &self.tcp) } else { (&self.udp_ports, &self.udp) };
        let of_port = |port| ports.get(&port).map_or(&[][..], Vec::as_slice).iter();
        let hinted = of_port(context.dst_port).chain(of_port(context.src_port));
        let mut plausible = None;
        for row in hinted.copied().filter(|row| !refused.contains(row)) {
            match verdict(row, context, head) {
                Verdict::Certain => return Answer::Row(row),
                Verdict::Unsure => plausible = plausible.or(Some(row)),
                Verdict::No => {}
            }
        }
        let mut perhaps = false;
        for row in all.iter().copied().filter(|row| !refused.contains(row)) {
            match verdict(row, context, head) {
                Verdict::Certain => return Answer::Row(row),
                Verdict::Unsure => perhaps = true,
                Verdict::No => {}
            }
        }
        match plausible {
            // An octet or two are plausible to many.
            Some(_) if is_tcp && head.len() < 3 => Answer::Perhaps,
            Some(row) => Answer::Row(row),
            None if perhaps => Answer::Perhaps,
            None => Answer::Nobody,
        }
    }
}

/// The length of the line or the header in which a load balancer says whom it speaks for, before the client's own bytes
/// (the PROXY protocol, versions 1 and 2).
pub(crate) fn proxy_header(head: &[u8]) -> Option<usize> {
    const LONGEST_LINE: usize = 107;
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    if let Some(rest) = head.strip_prefix(SIGNATURE) {
        let &[_, _, l0, l1] = rest.first_chunk()?;
        return Some(usize::from(u16::from_be_bytes([l0, l1])).saturating_add(16));
    }
    if !head.starts_with(b"PROXY TCP4 ") && !head.starts_with(b"PROXY TCP6 ") {
        return None;
    }
    let line = head.get(..LONGEST_LINE).unwrap_or(head);
    line.windows(2).position(|end| end == b"\r\n").map(|at| at.saturating_add(2))
}

fn add_once(rows: &mut Vec<u8>, row: u8) {
    if !rows.contains(&row) {
        rows.push(row);
    }
}

/// The protocol of a row.
pub(crate) fn protocol(row: u8) -> Option<&'static dyn Protocol> {
    PROTOCOLS.get(usize::from(row)).copied()
}

/// The id of a row.
pub(crate) fn id(row: u8) -> &'static str {
    protocol(row).map_or("", |protocol| protocol.info().id)
}

fn verdict(row: u8, context: &Context, head: &[u8]) -> Verdict {
    protocol(row).map_or(Verdict::No, |protocol| protocol.probe(context, head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_load_balancers() {
        assert_eq!(proxy_header(b"PROXY TCP4 10.0.0.1 10.0.0.2 5 443\r\n\x16\x03\x01"), Some(36));
        assert_eq!(proxy_header(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c0123456789ab"), Some(28));
        for other in [&b"PROXY TCP4 10.0.0.1"[..], b"PROXY me please\r\n", b"\r\n\r\n\0\r\nQUIT\n", b""] {
            assert_eq!(proxy_header(other), None, "{other:?}");
        }
    }
}
