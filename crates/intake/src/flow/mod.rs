//! Flow exports: NetFlow v5 (Cisco), v9 (RFC 3954), IPFIX (RFC 7011, RFC 5103) and sFlow v5 (sflow.org), as datagrams.
//!
//! Most exporters tell each direction of a conversation by itself, and a long one in pieces. [`Pending`] puts what belongs together
//! into one flow before it is said. A flow tells who talked how much with whom, and nothing of what was said.

mod netflow;
mod pending;
mod record;
mod sflow;
mod template;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;

use model::{FactKind, Timestamp};
use wire::{Field, Value};

use crate::Emit;
use crate::emit::address;
use pending::Pending;
use record::Record;
use template::Templates;

static EXPORTER: Field = Field::new("netflow.exporter", "exports flows", FactKind::Software);
static SAMPLED: Field = Field::new("netflow.sampled", "bytes and packets are estimated from samples", FactKind::Operation);

/// Takes datagrams of exporters.
#[derive(Debug, Default)]
pub struct Collector {
    templates: Templates,
    pending: Pending,
    /// What was taken in and what could not be read.
    pub counts: Counts,
}

/// What was taken in and what could not be read. All of them only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams.
    pub datagrams: u64,
    /// Datagrams of no known form, or cut.
    pub malformed: u64,
    /// Records of flows, or samples.
    pub records: u64,
    /// Sets of records whose template had not come yet: exporters repeat templates every few minutes.
    pub without_template: u64,
    /// Templates that were not kept because there were too many, or too large.
    pub templates_refused: u64,
}

impl Collector {
    /// Takes one datagram. `out` bears its sender as exporter and the time of its arrival as the clock's reference.
    pub fn datagram(&mut self, bytes: &[u8], out: &mut Emit<'_>) {
        self.counts.datagrams = self.counts.datagrams.saturating_add(1);
        let arrival = out.clock.reference;
        out.at(arrival);
        self.pending.settle(arrival, out);
        let exporter = out.exporter.unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let (pending, records) = (&mut self.pending, &mut self.counts.records);
        let frame = out.frame;
        let mut take = |record: Record| {
            *records = records.saturating_add(1);
            pending.take(exporter, &record, arrival, frame);
        };
        let read = match bytes {
            [0, 5, ..] => netflow::v5(bytes, &mut take).map(|()| "NetFlow v5"),
            [0, 9, ..] => self.templates.v9(exporter, bytes, &mut take).map(|()| "NetFlow v9"),
            [0, 10, ..] => self.templates.ipfix(exporter, bytes, &mut take).map(|()| "IPFIX"),
            [0, 0, 0, 5, ..] => sflow::datagram(bytes, arrival, &mut take).map(|()| "sFlow v5"),
            _ => None,
        };
        (self.counts.without_template, self.counts.templates_refused) = (self.templates.without, self.templates.refused);
        match read {
            Some(kind) => {
                out.at(arrival);
                out.say(address(exporter), &EXPORTER, &Value::Text(Cow::Borrowed(kind)));
            }
            None => self.counts.malformed = self.counts.malformed.saturating_add(1),
        }
        self.pending.overflow(out);
    }

    /// Says what has waited long enough. To be called now and then, also when nothing arrives.
    pub fn settle(&mut self, now: Timestamp, out: &mut Emit<'_>) {
        self.pending.settle(now, out);
    }

    /// Says all that waits: nothing more comes.
    pub fn end(&mut self, out: &mut Emit<'_>) {
        self.pending.settle(Timestamp::MAX, out);
    }
}
