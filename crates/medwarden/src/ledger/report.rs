//! The report of a check, for people and for scripts.

use std::fmt::Write as _;
use std::path::Path;

use ledger::{Problem, Report};
use serde_json::json;

use crate::inspect::screen;
use crate::render::text::{Screen, Style, wrap};

/// For a terminal.
pub fn text(report: &Report, folder: &Path) -> String {
    let screen = screen(true);
    let mut out = String::new();
    let count = report.problems.len();
    let verdict = match count {
        0 => screen.paint(Style::Good, "INTACT"),
        1 => screen.paint(Style::Bad, "NOT INTACT: 1 problem"),
        _ => screen.paint(Style::Bad, &format!("NOT INTACT: {count} problems")),
    };
    let _ = writeln!(out, "{verdict}  {}", folder.display());
    if let Some(head) = &report.head {
        let _ = writeln!(out, "\nlog        {}\nentries    {}\nroot       {}", head.origin, head.size, head.root);
    }
    if let Some(key) = &report.key {
        let from = if report.key_given { "yours" } else { "from the folder" };
        let _ = writeln!(out, "key        {key} ({from})");
    }
    if !report.problems.is_empty() {
        let _ = writeln!(out, "\n{}", screen.paint(Style::Bold, "What is wrong"));
        report.problems.iter().for_each(|problem| tell(problem, screen, &mut out));
        if report.further_problems > 0 {
            let _ = writeln!(out, "  and {} more", report.further_problems);
        }
    }
    list("What this shows", &report.shown(), screen, &mut out);
    list("What this does not show", &report.not_shown(), screen, &mut out);
    list("Besides", &besides(report), screen, &mut out);
    out
}

fn tell(problem: &Problem, screen: Screen, out: &mut String) {
    let place = problem.entry.map_or_else(|| problem.path.clone(), |entry| format!("entry {entry}, {}", problem.path));
    let _ = writeln!(out, "  {}", screen.paint(Style::Warn, &place));
    for line in
        wrap(&problem.what, screen.width.saturating_sub(4)).iter().chain(&wrap(problem.meaning, screen.width.saturating_sub(4)))
    {
        let _ = writeln!(out, "    {line}");
    }
}

fn list(heading: &str, lines: &[String], screen: Screen, out: &mut String) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", screen.paint(Style::Bold, heading));
    for text in lines {
        for (number, line) in wrap(text, screen.width.saturating_sub(4)).iter().enumerate() {
            let _ = writeln!(out, "  {} {line}", if number == 0 { "-" } else { " " });
        }
    }
}

/// Files that say nothing.
fn besides(report: &Report) -> Vec<String> {
    let some = |files: &[String]| files.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    let mut out = Vec::new();
    if !report.unsigned_files.is_empty() {
        let (count, some) = (report.unsigned_files.len(), some(&report.unsigned_files));
        out.push(format!(
            "{count} files lie behind the end of the log and are not signed: an append that was stopped leaves them ({some})."
        ));
    }
    if !report.foreign_files.is_empty() {
        out.push(format!("{} files among the tiles are none ({}).", report.foreign_files.len(), some(&report.foreign_files)));
    }
    out
}

/// For scripts.
pub fn json(report: &Report) -> anyhow::Result<String> {
    let problems: Vec<_> = report
        .problems
        .iter()
        .map(|problem| {
            let Problem { code, entry, path, what, meaning } = problem;
            json!({ "code": code, "entry": entry, "path": path, "what": what, "meaning": meaning })
        })
        .collect();
    let kept: Vec<_> =
        report.kept.iter().map(|kept| json!({ "name": kept.label, "size": kept.size, "holds": kept.holds })).collect();
    let witnesses: Vec<_> = report.witnesses.iter().map(|(witness, seen)| {
        json!({ "name": witness.name(), "size": seen.map(|(size, _)| size), "time_s": seen.map(|(_, time_s)| time_s) })
    }).collect();
    let whole = json!({
        "intact": report.intact(),
        "origin": report.head.as_ref().map(|head| head.origin.clone()),
        "size": report.head.as_ref().map(|head| head.size),
        "root": report.head.as_ref().map(|head| head.root.to_string()),
        "key": report.key.as_ref().map(ToString::to_string),
        "key_given": report.key_given,
        "vouched": report.vouched(),
        "kept": kept,
        "witnesses": witnesses,
        "problems": problems,
        "further_problems": report.further_problems,
        "shown": report.shown(),
        "not_shown": report.not_shown(),
        "unsigned_files": report.unsigned_files,
        "foreign_files": report.foreign_files,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&whole)?))
}
