//! One record of an export, whatever the protocol that carried it.

use std::net::IpAddr;

use model::{MacAddr, Timestamp};

/// Who the source of a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Side {
    /// Not told.
    #[default]
    Unknown,
    /// It opened the conversation (`biflowDirection`, `initiatorOctets`).
    Client,
    /// It was spoken to.
    Server,
}

/// Packets and bytes.
pub(super) type Amount = (u64, u64);

/// A record.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) src: Option<IpAddr>,
    pub(super) dst: Option<IpAddr>,
    pub(super) src_mac: Option<MacAddr>,
    pub(super) dst_mac: Option<MacAddr>,
    pub(super) src_port: u16,
    pub(super) dst_port: u16,
    pub(super) protocol: u8,
    /// From source to destination.
    pub(super) sent: Amount,
    /// The other way, where one record tells both (RFC 5103).
    pub(super) received: Amount,
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// All TCP flags that were seen, together.
    pub(super) tcp_flags: u8,
    pub(super) hop_limit: u8,
    pub(super) vlan: u16,
    pub(super) side: Side,
    /// One packet of so many was looked at; 0 or 1 where all were.
    pub(super) sampling: u32,
}

impl Record {
    /// The same with packets and bytes scaled by the sampling rate.
    pub(super) fn scaled(mut self) -> Self {
        let rate = u64::from(self.sampling.max(1));
        for (packets, bytes) in [&mut self.sent, &mut self.received] {
            *packets = packets.saturating_mul(rate);
            *bytes = bytes.saturating_mul(rate);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_scaled() {
        let record = Record { sent: (2, 300), sampling: 100, ..Record::default() };
        assert_eq!(record.scaled().sent, (200, 30_000));
    }
}
