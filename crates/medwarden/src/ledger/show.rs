//! Entries as a list.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::Entries;
use model::Timestamp;
use serde_json::Value;

use super::args::{Form, ShowArgs};
use super::{folder, newest};
use crate::render::words::clean;

/// Lists the entries that are asked for.
pub fn run(arguments: &ShowArgs) -> anyhow::Result<ExitCode> {
    let source = folder(&arguments.folder)?;
    let size = newest(&source)?.head.size;
    let mut out = BufWriter::new(io::stdout().lock());
    for entry in Entries::from(&source, size, 0) {
        let (number, bytes) = entry.context("the ledger is damaged: see `medwarden ledger verify`")?;
        let value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if !wanted(&value, arguments) {
            continue;
        }
        let written = match arguments.format {
            Form::Text => writeln!(out, "{}", line(number, &value, &bytes)),
            Form::Json => out.write_all(&bytes).and_then(|()| out.write_all(b"\n")),
        };
        match written {
            // A reader that went away is no error.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
            written => written.context("cannot write to standard output")?,
        }
    }
    match out.flush() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn wanted(entry: &Value, arguments: &ShowArgs) -> bool {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let time = text("time").parse::<Timestamp>().ok();
    let early = arguments.since.is_some_and(|since| time.is_none_or(|time| time < since));
    let late = arguments.until.is_some_and(|until| time.is_none_or(|time| time >= until));
    let of_actor = |wanted: &String| {
        let (id, name) = actor(entry);
        id == wanted || name.to_lowercase().contains(&wanted.to_lowercase())
    };
    !early
        && !late
        && arguments.actor.as_ref().is_none_or(of_actor)
        && arguments.action.as_ref().is_none_or(|wanted| text("action").starts_with(wanted.as_str()))
        && arguments.subject.as_ref().is_none_or(|wanted| text("subject") == wanted)
}

/// Id and name of who acted.
fn actor(entry: &Value) -> (&str, &str) {
    let of = |name: &str| entry.get("actor").and_then(|actor| actor.get(name)).and_then(Value::as_str).unwrap_or_default();
    (of("id"), of("name"))
}

/// `number  time  who  action  subject  details`; what is no entry of a hub is shown as it is.
fn line(number: u64, entry: &Value, bytes: &[u8]) -> String {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("action").is_empty() {
        return format!("{number:>8}  {}", clean(&String::from_utf8_lossy(bytes)));
    }
    let (id, name) = actor(entry);
    let who = if name.is_empty() { id } else { name };
    let glass = if entry.get("actor").is_some_and(|actor| actor.get("break_glass").is_some()) { " (break-glass)" } else { "" };
    let details = entry.get("details").filter(|details| !details.is_null()).map(ToString::to_string).unwrap_or_default();
    let whole = format!("{number:>8}  {}  {who}{glass}  {}  {}  {details}", text("time"), text("action"), text("subject"));
    clean(whole.trim_end()).into_owned()
}
