//! NetFlow, IPFIX and sFlow over UDP.

use std::io::ErrorKind;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use intake::flow::{Collector, Counts};
use intake::{Clock, Emit, Memory};
use model::{FrameRef, Observation};

use super::LOOK;
use super::exporters::Exporters;
use super::queue::{Batch, Outlet, Shared};
use crate::sensor::clock;

/// The largest datagram.
const MAX_DATAGRAM: usize = 64 * 1024;

struct Worker {
    shared: Arc<Shared>,
    collector: Collector,
    memory: Memory,
    outlet: Outlet,
    told: Counts,
}

/// Takes datagrams until the end is wished for.
pub(super) fn serve(socket: UdpSocket, shared: Arc<Shared>, sender: SyncSender<Batch>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let _ = socket.set_read_timeout(Some(LOOK));
        let (collector, memory, outlet) = (Collector::default(), Memory::default(), Outlet::new(sender, false));
        let mut worker = Worker { shared, collector, memory, outlet, told: Counts::default() };
        let (mut exporters, mut buffer) = (Exporters::default(), vec![0; MAX_DATAGRAM]);
        while !worker.shared.stops() {
            let is_idle = match socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    let exporter = from.ip().to_canonical();
                    let (frame, _) = exporters.next(exporter, &worker.shared);
                    let datagram = buffer.get(..length).unwrap_or_default();
                    worker.with(frame, |collector, out| {
                        out.exporter = Some(exporter);
                        collector.datagram(datagram, out);
                    });
                    false
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => false,
                Err(_) => {
                    worker.with(FrameRef::default(), |collector, out| collector.settle(out.clock.reference, out));
                    true
                }
            };
            if !worker.hand_on(is_idle) {
                return;
            }
        }
        worker.with(FrameRef::default(), Collector::end);
        worker.hand_on(true);
        if let Ok(address) = socket.local_addr() {
            worker.shared.kernel_dropped.fetch_add(super::udp::dropped_by_kernel(address), Ordering::Relaxed);
        }
    })
}

impl Worker {
    fn with(&mut self, frame: FrameRef, work: impl FnOnce(&mut Collector, &mut Emit<'_>)) {
        let at = Clock { reference: clock::now(), ahead_s: self.shared.ahead_s };
        let batch = self.outlet.batch();
        let mut sink = |observation: Observation| batch.push(observation);
        work(&mut self.collector, &mut Emit::new(&mut sink, &mut self.memory, at, frame));
    }

    /// Counts, and hands on; false when nobody takes it any more.
    fn hand_on(&mut self, now: bool) -> bool {
        let (counts, told) = (self.collector.counts, &mut self.told);
        let grown = |sum: &std::sync::atomic::AtomicU64, now: u64, before: u64| {
            sum.fetch_add(now.saturating_sub(before), Ordering::Relaxed);
        };
        grown(&self.shared.messages, counts.datagrams, told.datagrams);
        grown(
            &self.shared.understood,
            counts.datagrams.saturating_sub(counts.malformed),
            told.datagrams.saturating_sub(told.malformed),
        );
        grown(&self.shared.malformed, counts.malformed, told.malformed);
        grown(&self.shared.without_template, counts.without_template, told.without_template);
        *told = counts;
        self.outlet.hand_on(now, &self.memory, &self.shared)
    }
}
