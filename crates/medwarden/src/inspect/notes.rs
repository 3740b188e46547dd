//! What is said on standard error: usage that cannot work, inputs that were skipped or broken.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::bail;
use capture::Source;

use super::logs::Logs;
use crate::cli::{Format, InspectArgs};
use crate::render::words::clean;

/// Lines about inputs; the rest is counted.
const MAX_LINES: usize = 50;

/// Refuses what cannot work, before any work.
pub(super) fn check(arguments: &InspectArgs) -> anyhow::Result<()> {
    for path in &arguments.paths {
        if !is_stdin(path) && !path.exists() {
            bail!("{}: there is no such file or folder", path.display());
        }
    }
    if arguments.explain.is_some() && !matches!(arguments.format, Format::Text | Format::Json) {
        bail!("--explain goes with --format text or json");
    }
    if let (Some(since), Some(until)) = (arguments.since, arguments.until)
        && since >= until
    {
        bail!("--since {since} is not before --until {until}: no frame could be read");
    }
    if let Some(out) = &arguments.out
        && let Some(input) = arguments.paths.iter().find(|path| is_same(path, out))
    {
        bail!("--out {} would overwrite the input {}", out.display(), input.display());
    }
    Ok(())
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn is_same(a: &PathBuf, b: &PathBuf) -> bool {
    let real = |path| std::fs::canonicalize(path).ok();
    matches!((real(a), real(b)), (Some(a), Some(b)) if a == b)
}

/// Says which inputs were skipped, and where others were broken.
pub(super) fn tell(sources: &[Source], logs: Option<&Logs>) {
    let of_log = |index: usize, source: &Source| {
        let damage = logs.and_then(|logs| logs.told(index)).map_or(&[][..], |told| &told.damage);
        let path = source.path.display().to_string();
        let lines = damage.iter().map(move |damage| format!("{path}: byte {}: {}; {}", damage.offset, damage.what, damage.hint));
        lines.collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = sources
        .iter()
        .enumerate()
        .flat_map(|(index, source)| of_source(source).into_iter().chain(of_log(index, source)))
        .collect();
    let is_unknown = |source: &Source| source.damage.iter().any(|damage| damage.what.starts_with("not a capture"));
    if sources.iter().any(is_unknown) {
        lines.push(format!("known besides captures: {}", intake::known()));
    }
    for line in lines.iter().take(MAX_LINES) {
        say(line);
    }
    if lines.len() > MAX_LINES {
        say(&format!("… and {} more lines about inputs; the report has them all", lines.len() - MAX_LINES));
    }
}

fn of_source(source: &Source) -> Vec<String> {
    let path = source.path.display();
    let skipped = source.skipped.iter().map(|what| format!("{path}: skipped: {what}"));
    let damaged = source.damage.iter().map(|damage| format!("{path}: byte {}: {}; {}", damage.offset, damage.what, damage.hint));
    skipped.chain(damaged).collect()
}

/// A line on standard error. Nothing can be done where that is closed.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "medwarden: {}", clean(line));
}
