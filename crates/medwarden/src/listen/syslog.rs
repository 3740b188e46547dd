//! Syslog over UDP (RFC 5426) and TCP (RFC 6587).

use std::io::{ErrorKind, Read as _};
use std::net::{IpAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use anyhow::Context as _;
use intake::syslog::{Collector, Framer, MAX_MESSAGE};
use intake::{Clock, Emit, Memory};
use model::{FrameRef, Observation};

use super::LOOK;
use super::exporters::Exporters;
use super::queue::{Batch, Outlet, Shared, add};
use super::udp;
use crate::sensor::clock;

/// Connections that are open at once.
const MAX_CONNECTIONS: u32 = 256;
/// What one connection holds: a message at most, and what is read at once.
const BUFFER: usize = MAX_MESSAGE + 192 * 1024;

/// What a socket or connection works with.
struct Worker {
    shared: Arc<Shared>,
    collector: Collector,
    memory: Memory,
    outlet: Outlet,
    /// Counters as they were told last.
    told: (u64, u64, u64),
}

impl Worker {
    fn new(shared: Arc<Shared>, sender: SyncSender<Batch>, can_wait: bool) -> Self {
        let outlet = Outlet::new(sender, can_wait);
        Self { shared, collector: Collector::default(), memory: Memory::default(), outlet, told: (0, 0, 0) }
    }

    /// Takes a message in.
    fn message(&mut self, message: &[u8], exporter: IpAddr, at: Clock, frame: FrameRef, is_first: bool) {
        let batch = self.outlet.batch();
        let mut sink = |observation: Observation| batch.push(observation);
        let mut out = Emit::new(&mut sink, &mut self.memory, at, frame);
        out.exporter = Some(exporter);
        if is_first {
            self.collector.greet(&mut out);
        }
        self.collector.message(message, &mut out);
    }

    /// Counts, and hands on; false when nobody takes it any more.
    fn hand_on(&mut self, now: bool) -> bool {
        add(&self.shared.messages, self.collector.messages, &mut self.told.0);
        add(&self.shared.understood, self.collector.understood, &mut self.told.1);
        self.outlet.hand_on(now, &self.memory, &self.shared)
    }

    fn clock(&self) -> Clock {
        Clock { reference: clock::now(), ahead_s: self.shared.ahead_s }
    }
}

/// Takes datagrams until the end is wished for.
pub(super) fn serve_udp(socket: UdpSocket, shared: Arc<Shared>, sender: SyncSender<Batch>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut worker = Worker::new(Arc::clone(&shared), sender, false);
        let mut exporters = Exporters::default();
        let is_over = udp::receive(&socket, &shared, |datagram| {
            if let Some((bytes, exporter)) = datagram {
                let (frame, is_first) = exporters.next(exporter, &shared);
                worker.message(bytes.trim_ascii_end(), exporter, worker.clock(), frame, is_first);
            }
            worker.hand_on(datagram.is_none())
        });
        if is_over {
            worker.hand_on(true);
            udp::count_lost(&socket, &shared);
        }
    })
}

/// Takes connections until the end is wished for.
pub(super) fn serve_tcp(listener: TcpListener, shared: Arc<Shared>, sender: SyncSender<Batch>) -> anyhow::Result<JoinHandle<()>> {
    listener.set_nonblocking(true).context("cannot listen")?;
    Ok(std::thread::spawn(move || {
        let mut connections: Vec<JoinHandle<()>> = Vec::new();
        while !shared.stops() {
            connections.retain(|connection| !connection.is_finished());
            let Ok((stream, from)) = listener.accept() else {
                std::thread::sleep(LOOK / 4);
                continue;
            };
            if shared.open.fetch_add(1, Ordering::Relaxed) >= MAX_CONNECTIONS {
                shared.open.fetch_sub(1, Ordering::Relaxed);
                shared.refused.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let worker = Worker::new(Arc::clone(&shared), sender.clone(), true);
            let exporter = from.ip().to_canonical();
            connections.push(std::thread::spawn(move || {
                let open = Arc::clone(&worker.shared);
                converse(&stream, exporter, worker);
                open.open.fetch_sub(1, Ordering::Relaxed);
            }));
        }
        for connection in connections {
            let _ = connection.join();
        }
    }))
}

/// Reads a connection to its end. Nothing is answered.
fn converse(stream: &TcpStream, exporter: IpAddr, mut worker: Worker) {
    let is_ready = stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(LOOK)));
    if is_ready.is_err() {
        return;
    }
    let source = worker.shared.sources.fetch_add(1, Ordering::Relaxed);
    let mut frame = FrameRef { source, frame: 0 };
    let (mut framer, mut buffer, mut filled, mut too_long) = (Framer::default(), vec![0; BUFFER], 0_usize, 0);
    loop {
        let Some(space) = buffer.get_mut(filled..) else { return };
        let is_idle = match (&*stream).read(space) {
            Ok(0) => break,
            Ok(count) => {
                filled = filled.saturating_add(count);
                false
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => true,
            Err(error) if error.kind() == ErrorKind::Interrupted => false,
            Err(_) => break,
        };
        let at = worker.clock();
        let used = framer.each(buffer.get(..filled).unwrap_or_default(), |message| {
            frame.frame = frame.frame.saturating_add(1);
            worker.message(message, exporter, at, frame, frame.frame == 1);
        });
        buffer.copy_within(used..filled, 0);
        filled = filled.saturating_sub(used);
        add(&worker.shared.too_long, framer.too_long, &mut too_long);
        if !worker.hand_on(is_idle) || (is_idle && worker.shared.stops()) {
            break;
        }
    }
    let at = worker.clock();
    framer.end(buffer.get(..filled).unwrap_or_default(), |message| {
        frame.frame = frame.frame.saturating_add(1);
        worker.message(message, exporter, at, frame, frame.frame == 1);
    });
    worker.hand_on(true);
}
