//! TCP and UDP headers.

use super::walk::{Layer, Walk};
use super::{Inner, Tcp};

/// SYN among the flags.
const SYN: u8 = 2;

impl Walk<'_, '_> {
    /// RFC 9293 §3.1. Options that the capture cut off leave an empty payload, not an unread header.
    #[inline]
    pub(super) fn tcp(&mut self) -> Layer {
        let header = match self.header::<20>("TCP header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = header;
        let options_len = match (usize::from(offset >> 4) << 2).checked_sub(20) {
            Some(len) if len <= self.packet.wire_len => len,
            _ => return self.malformed("TCP data offset"),
        };
        let (mut mss, mut window_scale) = (0, 255);
        if options_len > 0 {
            let payload = self.packet.payload;
            let (options, rest) = payload.split_at_checked(options_len).unwrap_or((payload, &[]));
            if flags & SYN != 0 {
                (mss, window_scale) = syn_options(options);
            }
            self.packet.payload = rest;
            self.packet.wire_len = self.packet.wire_len.saturating_sub(options_len);
        }
        self.done(Inner::Tcp(Tcp {
            src_port: u16::from_be_bytes([s0, s1]),
            dst_port: u16::from_be_bytes([d0, d1]),
            seq: u32::from_be_bytes([q0, q1, q2, q3]),
            ack: u32::from_be_bytes([a0, a1, a2, a3]),
            flags,
            window: u16::from_be_bytes([w0, w1]),
            mss,
            window_scale,
        }))
    }

    /// RFC 768. A length of 0, or of more than IP carries, leaves IP's.
    #[inline]
    pub(super) fn udp(&mut self) -> Layer {
        let [s0, s1, d0, d1, l0, l1, _, _] = match self.header::<8>("UDP header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        match usize::from(u16::from_be_bytes([l0, l1])).checked_sub(8) {
            Some(len) if len < self.packet.wire_len => self.limit(len),
            None if [l0, l1] != [0, 0] => return self.malformed("UDP length"),
            _ => {}
        }
        let (src_port, dst_port) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
        self.packet.inner = Inner::Udp { src_port, dst_port };
        match (src_port, dst_port) {
            (_, 2152 | 3544 | 4341 | 4754 | 4789 | 5247 | 6081 | 6635 | 8472 | 37008) | (2152 | 3544 | 5247, _) => {
                self.udp_tunnel(src_port, dst_port)
            }
            _ => Layer::Done,
        }
    }
}

/// Maximum segment size (0 without) and window scale (255 without), RFC 9293 §3.2 and RFC 7323 §2.2.
fn syn_options(mut options: &[u8]) -> (u16, u8) {
    let (mut mss, mut window_scale) = (0, 255);
    // At most 40 octets, of which each turn takes one or more.
    while let Some((&kind, rest)) = options.split_first() {
        options = match (kind, rest) {
            (0, _) => break,
            (1, _) => rest,
            (_, [len, tail @ ..]) => {
                let Some((value, next)) = usize::from(*len).checked_sub(2).and_then(|len| tail.split_at_checked(len)) else {
                    break;
                };
                match (kind, value) {
                    (2, &[m0, m1]) => mss = u16::from_be_bytes([m0, m1]),
                    (3, &[scale]) => window_scale = scale,
                    _ => {}
                }
                next
            }
            (_, []) => break,
        };
    }
    (mss, window_scale)
}
