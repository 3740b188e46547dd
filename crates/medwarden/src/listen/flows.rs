//! NetFlow, IPFIX and sFlow over UDP.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use intake::flow::Collector;
use intake::{Clock, Emit, Memory};
use model::{FrameRef, Observation};

use super::exporters::Exporters;
use super::queue::{Batch, Outlet, Shared, add};
use super::udp;
use crate::sensor::clock;

struct Worker {
    shared: Arc<Shared>,
    collector: Collector,
    memory: Memory,
    outlet: Outlet,
    told: Told,
}

/// Counters as they were told last.
#[derive(Default)]
struct Told {
    datagrams: u64,
    understood: u64,
    malformed: u64,
    without_template: u64,
}

/// Takes datagrams until the end is wished for.
pub(super) fn serve(socket: UdpSocket, shared: Arc<Shared>, sender: SyncSender<Batch>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let (collector, memory, outlet) = (Collector::default(), Memory::default(), Outlet::new(sender, false));
        let mut worker = Worker { shared: Arc::clone(&shared), collector, memory, outlet, told: Told::default() };
        let mut exporters = Exporters::default();
        let is_over = udp::receive(&socket, &shared, |datagram| {
            match datagram {
                Some((bytes, exporter)) => {
                    let (frame, _) = exporters.next(exporter, &shared);
                    worker.with(frame, |collector, out| {
                        out.exporter = Some(exporter);
                        collector.datagram(bytes, out);
                    });
                }
                None => worker.with(FrameRef::default(), |collector, out| collector.settle(out.clock.reference, out)),
            }
            worker.hand_on(datagram.is_none())
        });
        if is_over {
            worker.with(FrameRef::default(), Collector::end);
            worker.hand_on(true);
            udp::count_lost(&socket, &shared);
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
        let (counts, told, shared) = (self.collector.counts, &mut self.told, &self.shared);
        add(&shared.messages, counts.datagrams, &mut told.datagrams);
        add(&shared.understood, counts.datagrams.saturating_sub(counts.malformed), &mut told.understood);
        add(&shared.malformed, counts.malformed, &mut told.malformed);
        add(&shared.without_template, counts.without_template, &mut told.without_template);
        self.outlet.hand_on(now, &self.memory, &self.shared)
    }
}
