//! Keeps the kernel from answering mirrored traffic that comes in tunnels to this machine's own address. Without somebody who takes
//! GRE or a tunnel's UDP port, it tells the sender that nobody is there (ICMP unreachable, RFC 1122 §3.2.2.1), and these answers leave
//! through an interface that is to be silent. The sockets here take it and drop it; the frames themselves come through the rings.

use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};

use super::kernel::{Instruction, Socket};

/// UDP ports of tunnels: VXLAN (two), GENEVE, TZSP, GRE in UDP.
const PORTS: [u16; 5] = [4789, 8472, 6081, 37008, 4754];
/// A program that lets nothing through.
pub(super) const NOTHING: [Instruction; 1] = [(6, 0, 0, 0)];

/// Sockets that are never read and never written.
pub struct Quiet {
    _sockets: Vec<Socket>,
}

impl Quiet {
    /// Takes what can be taken. A port that another program has is answered by that one.
    #[must_use]
    pub fn keep() -> Self {
        let mut sockets = Vec::new();
        for port in PORTS {
            sockets.extend(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).map(Socket::from));
            sockets.extend(UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).map(Socket::from));
        }
        for family in [libc::AF_INET, libc::AF_INET6] {
            sockets.extend(Socket::of_protocol(family, libc::IPPROTO_GRE));
        }
        // Where the filter cannot be set, the socket's queue fills and drops.
        sockets.iter().for_each(|socket| drop(socket.set_program(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &NOTHING)));
        Self { _sockets: sockets }
    }
}
