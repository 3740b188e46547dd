//! `medwarden listen`: logs and flow exports as they arrive, observations out. It answers nobody.
//!
//! A thread for each socket and each connection takes messages apart ([`syslog`], [`flows`]) and hands observations on in batches, through
//! a queue that is bounded; this thread writes them. Streams wait where the queue is full; datagrams cannot, and are counted as lost.

mod args;
mod exporters;
mod flows;
mod queue;
mod syslog;
mod udp;

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;

use crate::inspect::say;
use crate::render::words::thousands;
use crate::sensor::clock;
use crate::sensor::output::Lines;
pub use args::ListenArgs;
use queue::{Batch, Shared, queue};

/// Between two looks at the clock and at the wish to stop.
const LOOK: Duration = Duration::from_millis(200);

/// Runs the command. The error is one of usage: an address or an output that cannot be used.
pub fn run(arguments: &ListenArgs) -> anyhow::Result<ExitCode> {
    let shared =
        Arc::new(Shared::new(arguments.log_zone.0, crate::sensor::stop_on_signals().context("cannot listen for Ctrl-C")?));
    let mut lines = arguments.out.as_deref().map(Lines::open).transpose()?;
    let (sender, receiver) = queue();
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    let mut sockets = Vec::new();
    for address in &arguments.syslog {
        let tcp = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}/tcp"))?;
        // Port 0 is for tests: both sockets get the same one.
        let bound = tcp.local_addr().context("a socket without an address")?;
        let udp = bind(bound)?;
        sockets.push(("syslog", bound));
        threads.push(syslog::serve_tcp(tcp, Arc::clone(&shared), sender.clone())?);
        threads.push(syslog::serve_udp(udp, Arc::clone(&shared), sender.clone()));
    }
    for (name, address) in
        arguments.netflow.iter().map(|at| ("netflow", at)).chain(arguments.sflow.iter().map(|at| ("sflow", at)))
    {
        let udp = bind(*address)?;
        sockets.push((name, udp.local_addr().context("a socket without an address")?));
        threads.push(flows::serve(udp, Arc::clone(&shared), sender.clone()));
    }
    drop(sender);
    for (name, address) in &sockets {
        say(&format!("listening for {name} on {address}"));
    }
    let written = receive(arguments, &shared, &receiver, &mut lines);
    shared.stop.store(true, Ordering::Relaxed);
    // What is under way is still taken.
    for batch in receiver.iter() {
        write(&batch, &mut lines)?;
    }
    let panicked = threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
    if let Some(lines) = &mut lines {
        lines.flush().context("cannot write what was observed")?;
    }
    told(&shared);
    written.context("cannot write what was observed")?;
    Ok(if panicked > 0 { ExitCode::from(crate::sensor::BROKEN) } else { ExitCode::SUCCESS })
}

fn bind(address: SocketAddr) -> anyhow::Result<UdpSocket> {
    UdpSocket::bind(address).with_context(|| format!("cannot listen on {address}/udp"))
}

/// Takes what the threads hand on until somebody wants no more.
fn receive(
    arguments: &ListenArgs,
    shared: &Shared,
    receiver: &Receiver<Batch>,
    lines: &mut Option<Lines>,
) -> std::io::Result<()> {
    let began = clock::instant();
    let mut flushed = began;
    while !shared.stop.load(Ordering::Relaxed) {
        match receiver.recv_timeout(LOOK) {
            Ok(batch) => write(&batch, lines)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let now = clock::instant();
        let is_over = arguments.run_for.is_some_and(|time| now.duration_since(began) >= time);
        let is_enough = arguments.count.is_some_and(|count| shared.messages.load(Ordering::Relaxed) >= count);
        if is_over || is_enough {
            break;
        }
        if now.duration_since(flushed) >= LOOK
            && let Some(lines) = lines
        {
            flushed = now;
            lines.flush()?;
            if lines.is_closed() {
                break;
            }
        }
    }
    Ok(())
}

fn write(batch: &Batch, lines: &mut Option<Lines>) -> std::io::Result<()> {
    let Some(lines) = lines else { return Ok(()) };
    batch.iter().try_for_each(|observation| lines.write(observation))
}

/// Says what came and what was lost.
fn told(shared: &Shared) {
    let number = |of: &std::sync::atomic::AtomicU64| thousands(of.load(Ordering::Relaxed));
    say(&format!(
        "{} messages, {} of them understood, {} observations",
        number(&shared.messages),
        number(&shared.understood),
        number(&shared.observations)
    ));
    let losses = [
        ("datagrams lost before they were read", &shared.kernel_dropped),
        ("observations of datagrams lost because the queue was full", &shared.lost),
        ("messages that were cut because they were too long", &shared.too_long),
        ("datagrams that could not be read", &shared.malformed),
        ("sets of flows whose template had not come", &shared.without_template),
        ("connections refused because too many were open", &shared.refused),
        ("log-ins to devices whose address is not known", &shared.unplaced),
    ];
    for (what, count) in losses.iter().filter(|(_, count)| count.load(Ordering::Relaxed) > 0) {
        say(&format!("{} {what}", number(count)));
    }
}
