//! The walk from header to header: what has been peeled, and what stands next.

use super::{Inner, LinkType, MAX_DEPTH, Opaque, Packet, Tunnel};

/// A header that stands at the front of what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The header of a link type.
    Link(LinkType),
    /// An Ethernet header.
    Ethernet,
    /// What an EtherType names.
    EtherType(u16),
    /// An IEEE 802.2 header.
    Llc,
    /// An 802.11 frame inside a tunnel.
    Wireless,
    /// A PPP frame without address and control.
    Ppp,
    /// An IP header of the version that its first four bits say.
    Ip,
    /// An IPv4 header.
    Ipv4,
    /// An IPv6 header.
    Ipv6,
    /// What an IP protocol number names.
    Transport(u8),
    /// Nothing: the packet is read as far as it can be.
    Done,
}

/// A packet on its way: `packet.payload` and `packet.wire_len` are what is left of it.
pub(super) struct Walk<'p, 'a> {
    pub(super) packet: &'p mut Packet<'a>,
    /// The link addresses are those of a tunnel's outside: an IP header that comes next has none.
    pub(super) link_is_outside: bool,
}

impl<'p, 'a> Walk<'p, 'a> {
    /// Goes on where the packet stands: it is filled in where it will be read, since it is large.
    #[inline]
    pub(super) const fn new(packet: &'p mut Packet<'a>) -> Self {
        Self { packet, link_is_outside: false }
    }

    /// Peels headers until none is left that is known.
    #[inline]
    pub(super) fn run(&mut self, first: Layer) {
        let mut layer = first;
        for _ in 0..MAX_DEPTH {
            layer = match layer {
                Layer::Link(link) => self.link(link),
                Layer::Ethernet => self.ethernet(),
                Layer::EtherType(number) => self.ether_type(number),
                Layer::Llc => self.llc(),
                Layer::Wireless => self.wireless_tunnelled(),
                Layer::Ppp => self.ppp(),
                Layer::Ip => self.ip(),
                Layer::Ipv4 => self.ipv4(),
                Layer::Ipv6 => self.ipv6(),
                Layer::Transport(number) => self.transport(number),
                Layer::Done => return,
            };
        }
        if layer != Layer::Done {
            self.packet.inner = Inner::Opaque(Opaque::TooDeep);
        }
    }

    /// The header at the front, taken off; `Err` is the end of the walk when it is not all there.
    #[inline]
    pub(super) fn header<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Layer> {
        match self.packet.payload.split_first_chunk() {
            Some((header, rest)) => {
                self.packet.payload = rest;
                self.packet.wire_len = self.packet.wire_len.saturating_sub(N);
                Ok(*header)
            }
            None => Err(self.short(what)),
        }
    }

    /// Lets go of `count` bytes at the front.
    #[inline]
    pub(super) fn skip(&mut self, count: usize, what: &'static str) -> Result<(), Layer> {
        match self.packet.payload.split_at_checked(count) {
            Some((_, rest)) => {
                self.packet.payload = rest;
                self.packet.wire_len = self.packet.wire_len.saturating_sub(count);
                Ok(())
            }
            None => Err(self.short(what)),
        }
    }

    /// What is left is this long by a header: padding and trailers behind it go.
    #[inline]
    pub(super) fn limit(&mut self, wire_len: usize) {
        self.packet.payload = self.packet.payload.get(..wire_len).unwrap_or(self.packet.payload);
        self.packet.wire_len = wire_len;
    }

    /// What was read so far was the outside of a tunnel.
    pub(super) fn enter(&mut self, kind: &'static str) {
        let outer = self.packet.ip.take();
        self.link_is_outside |= outer.is_some();
        self.packet.tunnel = Some(Tunnel { kind, src: outer.map(|ip| ip.src), dst: outer.map(|ip| ip.dst) });
    }

    /// An IP header comes: the link addresses of a tunnel's ends are not those of whom it carries.
    #[inline]
    pub(super) fn enter_ip(&mut self) {
        if self.link_is_outside {
            (self.packet.src_mac, self.packet.dst_mac) = (None, None);
        }
    }

    /// Ends the walk.
    #[inline]
    pub(super) const fn done(&mut self, inner: Inner) -> Layer {
        self.packet.inner = inner;
        Layer::Done
    }

    /// Ends the walk at bytes that contradict themselves.
    #[cold]
    pub(super) const fn malformed(&mut self, what: &'static str) -> Layer {
        self.done(Inner::Opaque(Opaque::Malformed(what)))
    }

    /// Ends the walk where bytes are missing: cut by the capture, or never sent.
    #[cold]
    pub(super) const fn short(&mut self, what: &'static str) -> Layer {
        if self.packet.payload.len() < self.packet.wire_len {
            self.done(Inner::Opaque(Opaque::Cut))
        } else {
            self.malformed(what)
        }
    }
}
