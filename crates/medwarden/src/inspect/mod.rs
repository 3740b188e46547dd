//! `medwarden inspect`: captures and logs in, the four answers out.

pub(crate) mod json;
mod logs;
mod notes;
mod pipeline;
mod unseen;
mod watch;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use knowledge::Knowledge;
use model::Observation;
use model::report::{Report, Severity};

pub(crate) use notes::say;
pub(crate) use pipeline::{Known, judge};
pub(crate) use unseen::{Beside, unseen};

use crate::cli::{Format, InspectArgs};
use crate::render::text::Screen;
use crate::render::{self, View};
use watch::Watch;

/// Exit codes, as help and manual have them.
mod exit {
    pub(super) const FINDINGS: u8 = 1;
    pub(super) const USAGE: u8 = 2;
    pub(super) const UNREADABLE: u8 = 3;
}

/// Runs the command. The error is one of usage: a path, a folder or an output that cannot be used.
pub fn run(arguments: &InspectArgs) -> anyhow::Result<ExitCode> {
    notes::check(arguments)?;
    let knowledge = match &arguments.knowledge {
        Some(folder) => Knowledge::with_folder(folder)?,
        None => Knowledge::builtin(),
    };
    let knowledge = Arc::new(knowledge);
    let inputs = pipeline::open(arguments)?;
    let mut out = output(arguments)?;
    let mut watch = Watch::new().context("cannot listen for Ctrl-C")?;
    if arguments.format == Format::Observations {
        return observations(arguments, &knowledge, inputs, &mut watch, &mut out);
    }
    // Never given back: the process ends with it, and piece by piece that would take as long as writing it.
    let mut report = std::mem::ManuallyDrop::new(pipeline::report(arguments, &knowledge, inputs, &mut watch));
    let written = if arguments.explain.is_none() && arguments.format == Format::Json {
        json::write(&mut report, &knowledge, &mut out)
    } else {
        let report = &mut *report;
        respond::fill(&mut report.devices, &report.conversations, &knowledge);
        show(&View::new(report, &knowledge), arguments, &mut out)?
    };
    finish(written.and_then(|()| out.flush()), code(&report, arguments.fail_on, watch.was_interrupted()))
}

/// Says what went wrong on standard error.
pub fn complain(error: &anyhow::Error) -> ExitCode {
    for line in format!("{error:#}").lines() {
        notes::say(line);
    }
    ExitCode::from(exit::USAGE)
}

fn output(arguments: &InspectArgs) -> anyhow::Result<Box<dyn Write>> {
    Ok(match &arguments.out {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(BufWriter::new(io::stdout().lock())),
    })
}

/// Where text goes: the terminal with its width and colours, else 80 columns without. `COLUMNS` and `NO_COLOR` have the last word.
pub(crate) fn screen(to_output: bool) -> Screen {
    const USUAL: usize = 80;
    let terminal = to_output && io::stdout().is_terminal();
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let asked = set("COLUMNS").and_then(|columns| columns.parse::<usize>().ok()).filter(|columns| *columns > 0);
    let real = || terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0));
    let width = asked.or_else(|| if terminal { real() } else { None }).unwrap_or(USUAL);
    let plain = set("NO_COLOR").is_some() || set("TERM").as_deref() == Some("dumb");
    Screen { width: width.clamp(40, 250), colour: terminal && !plain }
}

/// What people read. The error is one of usage.
fn show(view: &View<'_>, arguments: &InspectArgs, out: &mut dyn Write) -> anyhow::Result<io::Result<()>> {
    Ok(match (&arguments.explain, arguments.format) {
        (Some(asked), _) => explain(view, asked, arguments, out)?,
        (None, Format::Csv) => render::csv::write(view, out),
        (None, Format::Html) => render::html::write(view, out),
        (None, _) => render::text::write(view, screen(arguments.out.is_none()), out),
    })
}

/// One device in full. The error is one of usage: no or several devices are meant.
fn explain(view: &View<'_>, asked: &str, arguments: &InspectArgs, out: &mut dyn Write) -> anyhow::Result<io::Result<()>> {
    let device = render::find::find(view, asked)?;
    if arguments.format == Format::Json {
        let written = serde_json::to_writer_pretty(&mut *out, device).map_err(io::Error::from);
        return Ok(written.and_then(|()| writeln!(out)));
    }
    Ok(render::text::explain(view, device, screen(arguments.out.is_none()), out))
}

/// What the sensor says, as it says it.
fn observations(
    arguments: &InspectArgs,
    knowledge: &Arc<Knowledge>,
    inputs: pipeline::Reading,
    watch: &mut Watch,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let mut written: io::Result<()> = Ok(());
    let inputs = pipeline::observe(arguments, knowledge, inputs, watch, &mut |observation: Observation| {
        if written.is_ok() {
            let line = serde_json::to_writer(&mut *out, &observation).map_err(io::Error::from);
            written = line.and_then(|()| writeln!(out));
        }
    });
    let broken = watch.was_interrupted() || inputs.iter().any(|input| !input.damage.is_empty());
    finish(written.and_then(|()| out.flush()), if broken { exit::UNREADABLE } else { 0 })
}

/// A reader that went away is no error.
fn finish(written: io::Result<()>, code: u8) -> anyhow::Result<ExitCode> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::from(code)),
        Err(error) => Err(error).context("cannot write the report"),
        Ok(()) => Ok(ExitCode::from(code)),
    }
}

fn code(report: &Report, fail_on: Option<Severity>, interrupted: bool) -> u8 {
    if interrupted || report.inputs.iter().any(|input| !input.damage.is_empty()) {
        return exit::UNREADABLE;
    }
    match fail_on {
        Some(floor) if report.findings.iter().any(|finding| finding.severity >= floor) => exit::FINDINGS,
        _ => 0,
    }
}
