//! `medwarden sensor`: interfaces in, observations out. It only listens.
//!
//! Each thread ([`worker`]) reads a ring of every interface with a sensor of its own and hands on what it observed; this thread puts
//! that in order ([`merge`]) and writes it ([`output`]).

mod args;
pub(crate) mod clock;
mod confine;
mod merge;
pub(crate) mod output;
mod tally;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use capture::live::{Interface, Ring, Settings};
use knowledge::Knowledge;
use signal_hook::consts::{SIGINT, SIGTERM};
use wire::layers::LinkType;

use crate::inspect;
use crate::render::words;
pub use args::SensorArgs;
pub(crate) use args::duration;
use confine::Files;
use merge::Merge;
use output::Lines;
use tally::Tally;
use worker::{Batch, Shared, Worker};

/// Batches of observations that wait between a thread and the writer.
const QUEUE: usize = 256;
/// How long a block waits to be full.
const RETIRE_MS: u32 = 50;
/// Between two looks at the clock.
const LOOK: Duration = Duration::from_millis(200);
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
    if let Some(user) = &arguments.user {
        confine::become_user(user)?;
    }
    let mut lines = arguments.out.as_deref().map(Lines::open).transpose()?;
    let files = confine::confine(&rings, &written_folders(arguments))?;
    let links: Vec<LinkType> = interfaces.iter().map(|interface| LinkType(interface.link())).collect();
    let (sender, receiver) = sync_channel(QUEUE);
    let workers: Vec<JoinHandle<anyhow::Result<()>>> = by_thread(rings, shared.threads)
        .into_iter()
        .enumerate()
        .map(|(thread, rings)| {
            let worker = Worker::new(thread, rings, links.clone(), Arc::clone(&shared), sender.clone());
            let knowledge = Arc::clone(&knowledge);
            std::thread::spawn(move || worker.run(knowledge))
        })
        .collect();
    drop(sender);
    if files == Files::AsOwned {
        inspect::say("this kernel has no Landlock: what the sensor may open is decided by its user's rights alone");
    }
    inspect::say(&format!("listening on {}", arguments.interface.join(", ")));
    let mut tally = Tally::new(shared.threads);
    let written = receive(arguments, &shared, &receiver, &mut lines, &mut tally);
    shared.stop.store(true, Ordering::Relaxed);
    drop(receiver);
    for worker in workers {
        match worker.join() {
            Ok(ended) => ended?,
            Err(_) => return Ok(ExitCode::from(BROKEN)),
        }
    }
    for (index, interface) in interfaces.iter().enumerate() {
        let frames = tally.interface(index);
        inspect::say(&format!(
            "{}: {} frames read, {} dropped by the ring",
            interface.name(),
            words::thousands(frames.frames),
            words::thousands(frames.dropped)
        ));
    }
    written.context("cannot write what was observed")?;
    Ok(ExitCode::SUCCESS)
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

/// The folders in which something is written.
fn written_folders(arguments: &SensorArgs) -> Vec<PathBuf> {
    let files = arguments.out.iter().filter(|file| file.as_path() != Path::new("-"));
    files.map(|file| confine::folder_of(file)).collect()
}

/// Takes what the threads hand on until all have ended.
fn receive(
    arguments: &SensorArgs,
    shared: &Shared,
    receiver: &Receiver<Batch>,
    lines: &mut Option<Lines>,
    tally: &mut Tally,
) -> std::io::Result<()> {
    let began = clock::instant();
    let mut flushed = began;
    let mut merge = Merge::new(shared.threads);
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(mut batch) => {
                tally.take(&mut batch);
                merge.take(&mut batch);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        while let Some(observation) = merge.next() {
            if let Some(lines) = lines {
                lines.write(&observation)?;
            }
        }
        let now = clock::instant();
        if arguments.run_for.is_some_and(|time| now.duration_since(began) >= time) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        if now.duration_since(flushed) >= LOOK
            && let Some(lines) = lines
        {
            flushed = now;
            lines.flush()?;
            if lines.is_closed() {
                shared.stop.store(true, Ordering::Relaxed);
            }
        }
    }
    lines.as_mut().map_or(Ok(()), Lines::flush)
}
