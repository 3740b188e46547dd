//! `medwarden inspect`: captures in, the four answers out.

mod pipeline;
mod unseen;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use knowledge::Knowledge;
use model::Observation;
use model::report::{Report, Severity};

use crate::cli::{Format, InspectArgs};

/// Exit codes, as the manual has them.
mod exit {
    pub(super) const FINDINGS: u8 = 1;
    pub(super) const USAGE: u8 = 2;
    pub(super) const UNREADABLE: u8 = 3;
}

/// Runs the command. The error is one of usage: a path, a folder or an output that cannot be used.
pub fn run(arguments: &InspectArgs) -> anyhow::Result<ExitCode> {
    let knowledge = match &arguments.knowledge {
        Some(folder) => Knowledge::with_folder(folder)?,
        None => Knowledge::builtin(),
    };
    let knowledge = std::sync::Arc::new(knowledge);
    let mut out = output(arguments)?;
    if arguments.format == Format::Observations {
        let mut failed = None;
        let inputs = pipeline::observe(arguments, &knowledge, &mut |observation: Observation| {
            if failed.is_none() {
                failed =
                    serde_json::to_writer(&mut out, &observation).map_err(io::Error::from).and_then(|()| writeln!(out)).err();
            }
        });
        return finish(failed.map_or(Ok(()), Err).and_then(|()| out.flush()), code(&inputs, &[], None));
    }
    let report = pipeline::report(arguments, &knowledge);
    let written = write(arguments.format, &report, &mut out).and_then(|()| out.flush());
    let severities: Vec<Severity> = report.findings.iter().map(|finding| finding.severity).collect();
    finish(written, code(&report.inputs, &severities, arguments.fail_on))
}

/// Says what went wrong on standard error.
#[expect(clippy::print_stderr, reason = "the program's one place for errors")]
pub fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("medwarden: {error:#}");
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

fn write(format: Format, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Text | Format::Json | Format::Html | Format::Csv | Format::Observations => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            writeln!(out)
        }
    }
}

/// A reader that went away is no error.
fn finish(written: io::Result<()>, code: u8) -> anyhow::Result<ExitCode> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::from(code)),
        Err(error) => Err(error).context("cannot write the report"),
        Ok(()) => Ok(ExitCode::from(code)),
    }
}

fn code(inputs: &[model::report::Input], severities: &[Severity], fail_on: Option<Severity>) -> u8 {
    if inputs.iter().any(|input| !input.damage.is_empty()) {
        return exit::UNREADABLE;
    }
    match fail_on {
        Some(floor) if severities.iter().any(|severity| *severity >= floor) => exit::FINDINGS,
        _ => 0,
    }
}
