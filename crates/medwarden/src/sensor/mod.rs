//! `medwarden sensor`: interfaces in, observations out. It only listens.
//!
//! Each thread ([`worker`]) reads a ring of every interface with a sensor of its own and hands on what it observed. This thread
//! ([`desk`]) puts that in order ([`merge`]), writes it ([`output`]), has it folded into a report ([`report`]), and says how the sensor
//! is ([`health`]). Before the first frame is read the process gives up all its rights ([`confine`]).

mod args;
pub(crate) mod clock;
mod confine;
mod desk;
mod health;
mod merge;
pub(crate) mod output;
mod report;
mod screen;
mod tally;
mod worker;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use capture::live::{Interface, Quiet, Ring, Settings};
use knowledge::Knowledge;
use signal_hook::consts::{SIGINT, SIGTERM};
use wire::layers::LinkType;

use crate::inspect;
pub use args::SensorArgs;
pub(crate) use args::duration;
use confine::Files;
use desk::{Desk, Outputs, Periods};
use output::Lines;
use report::Reporter;
use worker::{Batch, Shared, Worker};

/// Batches of observations that wait between a thread and the writer.
const QUEUE: usize = 256;
/// How long a block waits to be full.
const RETIRE_MS: u32 = 50;
/// Between two looks at the clock.
const LOOK: Duration = Duration::from_millis(100);
/// Threads without being asked for more.
const MAX_THREADS: usize = 8;
/// Exit code after a second wish to stop, as shells have it for SIGINT.
const GIVEN_UP: i32 = 130;
/// Exit code when not all went well.
pub(crate) const BROKEN: u8 = 3;

/// Runs the command. The error is one of usage: an interface, a folder or an output that cannot be used.
pub fn run(arguments: &SensorArgs) -> anyhow::Result<ExitCode> {
    let knowledge = Arc::new(match &arguments.knowledge {
        Some(folder) => Knowledge::with_folder(folder)?,
        None => Knowledge::builtin(),
    });
    let shared = Arc::new(Shared {
        stop: stop_on_signals().context("cannot listen for Ctrl-C")?,
        frames_left: arguments.count.map(AtomicU64::new),
        retire: Duration::from_millis(RETIRE_MS.into()),
        threads: threads(arguments),
    });
    let (interfaces, rings) = open(arguments, shared.threads)?;
    let addresses = own_addresses();
    let _quiet = arguments.tunnels.then(Quiet::keep);
    if let Some(user) = &arguments.user {
        confine::become_user(user)?;
    }
    let lines = arguments.out.as_deref().map(|file| Lines::rotating(file, arguments.rotate << 20, arguments.keep)).transpose()?;
    let spool = arguments.spool.as_deref().map(|folder| open_spool(folder, arguments.spool_max << 20)).transpose()?;
    let files = confine::confine(&rings, &written_folders(arguments))?;
    // Threads only from here on: they inherit what was given up.
    let links: Vec<(String, LinkType)> =
        interfaces.iter().map(|interface| (interface.name().to_owned(), LinkType(interface.link()))).collect();
    if arguments.until_input_ends {
        let stop = Arc::clone(&shared.stop);
        std::thread::spawn(move || {
            // Whatever ends it.
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            stop.store(true, Ordering::Relaxed);
        });
    }
    let watch = health::Watch::new(interfaces, addresses, Arc::clone(&knowledge));
    let reporter = reporter(arguments, &knowledge);
    let periods = Periods { health: arguments.health_every, report: arguments.report.as_ref().map(|_| arguments.every) };
    let (sender, receiver) = sync_channel(QUEUE);
    let workers = start(rings, &links, &shared, &sender, &knowledge);
    drop(sender);
    if files == Files::AsOwned {
        inspect::say("this kernel has no Landlock: what the sensor may open is decided by its user's rights alone");
    }
    inspect::say(&format!("listening on {}", arguments.interface.join(", ")));
    let mut desk = Desk::new(shared.threads, Outputs { lines, spool, reporter }, watch, links, &periods);
    let as_asked = receive(arguments, &shared, &receiver, &mut desk);
    let (mut well, mut kept) = (as_asked, Vec::new());
    for worker in workers {
        match worker.join() {
            Ok(Ok(rings)) => kept.extend(rings),
            Ok(Err(error)) => {
                inspect::complain(&error);
                well = false;
            }
            Err(_) => well = false,
        }
    }
    well &= desk.end().context("cannot write the report")?;
    drop(kept);
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) })
}

/// Starts a thread for each ring of an interface.
fn start(
    rings: Vec<Ring>,
    links: &[(String, LinkType)],
    shared: &Arc<Shared>,
    sender: &SyncSender<Batch>,
    knowledge: &Arc<Knowledge>,
) -> Vec<JoinHandle<anyhow::Result<Vec<Ring>>>> {
    let links: Vec<LinkType> = links.iter().map(|(_, link)| *link).collect();
    let spawned = by_thread(rings, shared.threads).into_iter().enumerate().map(|(thread, rings)| {
        let worker = Worker::new(thread, rings, links.clone(), Arc::clone(shared), sender.clone());
        let knowledge = Arc::clone(knowledge);
        let stop = Arc::clone(&shared.stop);
        std::thread::spawn(move || {
            let ended = worker.run(knowledge);
            // One that fails does not leave the others to go on with a part of the traffic.
            stop.store(true, Ordering::Relaxed);
            ended
        })
    });
    spawned.collect()
}

/// Whoever writes the report: to a file from time to time, or at the end to standard output where nothing else is written.
fn reporter(arguments: &SensorArgs, knowledge: &Arc<Knowledge>) -> Option<Reporter> {
    if arguments.report.is_none() && (arguments.out.is_some() || arguments.spool.is_some()) {
        return None;
    }
    let config = match arguments.site_networks.as_slice() {
        [] => inventory::Config::default(),
        networks => inventory::Config { site_networks: networks.to_vec() },
    };
    Some(Reporter::start(arguments.report.clone(), config, Arc::clone(knowledge)))
}

/// This machine's own addresses: who sends a tunnel to one of them mirrors traffic.
fn own_addresses() -> Vec<IpAddr> {
    let Ok(all) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let ip = |interface: nix::ifaddrs::InterfaceAddress| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    all.filter_map(ip).filter(|ip| !ip.is_loopback()).collect()
}

/// The first SIGINT or SIGTERM is a wish to stop, the second ends the program.
pub(crate) fn stop_on_signals() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, GIVEN_UP, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

fn threads(arguments: &SensorArgs) -> usize {
    let of_machine = || std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    arguments.threads.map_or_else(of_machine, usize::from)
}

/// Opens the interfaces; the rings of the first, one for each thread, then those of the next.
fn open(arguments: &SensorArgs, threads: usize) -> anyhow::Result<(Vec<Interface>, Vec<Ring>)> {
    let settings = Settings {
        rings: u16::try_from(threads).unwrap_or(u16::MAX),
        buffer_bytes: arguments.buffer << 20,
        retire_ms: RETIRE_MS,
        promiscuous: !arguments.no_promiscuous,
    };
    let (mut interfaces, mut rings) = (Vec::new(), Vec::new());
    for name in &arguments.interface {
        let (interface, of_interface) = Interface::open(name, &settings)?;
        interfaces.push(interface);
        rings.extend(of_interface);
    }
    Ok((interfaces, rings))
}

/// One ring of each interface for each thread.
fn by_thread(rings: Vec<Ring>, threads: usize) -> Vec<Vec<Ring>> {
    let mut by_thread: Vec<Vec<Ring>> = (0..threads).map(|_| Vec::new()).collect();
    for (index, ring) in rings.into_iter().enumerate() {
        if let Some(of_thread) = by_thread.get_mut(index % threads.max(1)) {
            of_thread.push(ring);
        }
    }
    by_thread
}

fn open_spool(folder: &Path, max_bytes: u64) -> anyhow::Result<link::spool::Writer> {
    link::spool::Writer::open(folder, max_bytes).with_context(|| format!("cannot use the spool {}", folder.display()))
}

/// The folders in which something is written.
fn written_folders(arguments: &SensorArgs) -> Vec<PathBuf> {
    let files = arguments.out.iter().chain(&arguments.report).filter(|file| file.as_path() != Path::new("-"));
    files.map(|file| confine::folder_of(file)).chain(arguments.spool.clone()).collect()
}

/// Takes what the threads hand on until all have ended. False when it ended unasked.
fn receive(arguments: &SensorArgs, shared: &Shared, receiver: &Receiver<Batch>, desk: &mut Desk) -> bool {
    let began = clock::instant();
    let mut as_asked = true;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(batch) => desk.take(batch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return as_asked && shared.stop.load(Ordering::Relaxed),
        }
        if arguments.run_for.is_some_and(|time| clock::instant().duration_since(began) >= time) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        if !desk.look() {
            as_asked &= desk.reporter.as_ref().is_none_or(|reporter| !reporter.has_ended());
            shared.stop.store(true, Ordering::Relaxed);
        }
    }
}
