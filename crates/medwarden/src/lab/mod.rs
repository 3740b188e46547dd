//! `medwarden lab`: the virtual hospital.

mod cable;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use knowledge::Knowledge;
use lab::hospital::catalogue::Catalogue;
use lab::hospital::play::HOUR;
use lab::hospital::{Capture, Frame, Hospital, Manifest, Options, Play, SCRIPTS, Sink as _, generate};
use model::{FrameRef, Intake, Observation};
use wire::layers::LinkType;

use crate::cli::{LabCommand, PlayArgs};
use cable::Cable;

/// Runs the command.
pub fn run(command: &LabCommand) -> anyhow::Result<ExitCode> {
    match command {
        LabCommand::Play(arguments) => play(arguments)?,
        LabCommand::Incidents => print(&incidents())?,
        LabCommand::Models => print(&models())?,
        LabCommand::Manifest { name } => {
            let names = || lab::hospital::manifest::SHIPPED.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            print(Manifest::shipped(name).with_context(|| format!("there is no manifest `{name}`; there are {}", names()))?)?;
        }
        LabCommand::Generate { devices } => print(&generate::manifest(*devices))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn play(arguments: &PlayArgs) -> anyhow::Result<()> {
    ensure!(arguments.days > 0.0 && arguments.days <= 3660.0, "--days takes more than 0 and at most 3660");
    let wanted = [&arguments.pcap, &arguments.observations, &arguments.truth];
    ensure!(
        arguments.interface.is_some() || wanted.iter().any(|path| path.is_some()),
        "give --pcap, --observations, --truth or --interface: else nothing would come of it"
    );
    ensure!((1e-3..=1e9).contains(&arguments.speed), "--speed takes more than 0.001 and at most 1,000,000,000");
    let mut hospital = read(&arguments.manifest, arguments.seed)?;
    if let Some(rate) = arguments.rate {
        ensure!(rate > 0.0 && rate <= 10_000.0, "--rate takes more than 0 and at most 10,000");
        hospital.rate = rate;
    }
    for incident in &arguments.incident {
        let (script, hours) = incident.split_once('@').unwrap_or((incident, "1"));
        let known = SCRIPTS.iter().find(|known| known.id == script);
        let known = known.with_context(|| format!("there is no incident `{script}`; `medwarden lab incidents` lists them"))?;
        let hours: f64 =
            hours.parse().ok().filter(|hours| (0.0..1e5).contains(hours)).with_context(|| {
                format!("`{incident}`: after @ stands a number of hours after the start, such as {script}@10.5")
            })?;
        #[allow(clippy::cast_possible_truncation)] // of hours below 100,000
        let after = (hours * HOUR as f64) as i64;
        hospital.incidents.push((known.id.to_owned(), hospital.start.plus_nanos(after)));
    }
    let mut play = Play::new(hospital, &Options { seed: arguments.seed, days: arguments.days });
    frames(arguments, &mut play)?;
    if let Some(path) = &arguments.truth {
        let mut out = create(path)?;
        let written = play.truth.write(&play.hospital, arguments.seed, &mut out).and_then(|()| out.flush());
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Plays, and gives each frame to those who want it.
fn frames(arguments: &PlayArgs, play: &mut Play) -> anyhow::Result<()> {
    let mut capture = match &arguments.pcap {
        None => None,
        Some(path) => {
            let out = create(path)?;
            let is_ng = path.extension().is_some_and(|extension| extension == "pcapng");
            let begun = if is_ng { Capture::pcapng(out, &play.hospital) } else { Capture::pcap(out) };
            Some(begun.with_context(|| format!("cannot write {}", path.display()))?)
        }
    };
    let mut cable = match &arguments.interface {
        Some(interface) => Some(Cable::open(interface, arguments.speed)?),
        None => None,
    };
    let mut observer = arguments.observations.as_deref().map(Observer::new).transpose()?;
    play.run(&mut |frame: &Frame<'_>| {
        if let Some(capture) = &mut capture {
            capture.frame(frame)?;
        }
        if let Some(cable) = &mut cable {
            cable.frame(frame)?;
        }
        observer.as_mut().map_or(Ok(()), |observer| observer.frame(frame))
    })
    .context("cannot write what was played")?;
    if let Some(capture) = capture {
        capture.finish().context("cannot write the capture")?;
    }
    if let Some(cable) = cable {
        crate::inspect::say(&format!("{} frames sent", cable.sent()));
    }
    observer.map_or(Ok(()), Observer::finish)
}

/// A sensor at the mirrors, and where its observations go.
struct Observer {
    sensor: sensor::Sensor,
    lines: Lines,
}

/// Observations as lines; the first error is kept.
struct Lines {
    out: Box<dyn Write>,
    written: io::Result<()>,
}

impl Intake for Lines {
    fn take(&mut self, observation: Observation) {
        if self.written.is_ok() {
            let line = serde_json::to_writer(&mut self.out, &observation).map_err(io::Error::from);
            self.written = line.and_then(|()| writeln!(self.out));
        }
    }
}

impl Observer {
    fn new(path: &Path) -> anyhow::Result<Self> {
        let credentials = crate::inspect::Known(Arc::new(Knowledge::builtin()));
        let sensor = sensor::Sensor::new(&sensor::Config::default(), Box::new(credentials));
        Ok(Self { sensor, lines: Lines { out: create(path)?, written: Ok(()) } })
    }

    fn frame(&mut self, frame: &Frame<'_>) -> io::Result<()> {
        let at = FrameRef { source: frame.mirror.into(), frame: frame.number };
        let (bytes, wire_len) = (frame.bytes, frame.bytes.len());
        self.sensor.frame(&sensor::Frame { time: frame.time, link: LinkType(1), bytes, wire_len, at }, &mut self.lines);
        std::mem::replace(&mut self.lines.written, Ok(()))
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.sensor.finish(&mut self.lines);
        self.lines.written.and_then(|()| self.lines.out.flush()).context("cannot write the observations")
    }
}

/// A manifest from a file, else one that comes with the program.
fn read(path: &Path, seed: u64) -> anyhow::Result<Hospital> {
    let shipped = path.to_str().filter(|_| !path.exists()).and_then(Manifest::shipped);
    let text = match shipped {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(path).with_context(|| format!("cannot read the manifest {}", path.display()))?,
    };
    let manifest = Manifest::parse(&text).with_context(|| path.display().to_string())?;
    Hospital::new(&manifest, seed).with_context(|| path.display().to_string())
}

fn create(path: &Path) -> anyhow::Result<Box<dyn Write>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    }
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Box::new(BufWriter::with_capacity(1 << 20, file)))
}

fn incidents() -> String {
    let rows = SCRIPTS.iter().map(|script| {
        let word = if script.harmful { "alarm   " } else { "no alarm" };
        format!("{:24} {word}  {}\n", script.id, script.about)
    });
    rows.collect()
}

fn models() -> String {
    let rows = Catalogue::builtin().models().iter().map(|model| {
        let held = if model.held_out { "held out" } else { "" };
        let name = format!("{} {}", model.maker, model.name);
        format!("{:28} {:24} {:8} {held:8} {}\n", model.id, model.class, model.richness.name(), name.trim())
    });
    rows.collect()
}

/// A reader that went away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => bail!("cannot write to standard output: {error}"),
        _ => Ok(()),
    }
}
