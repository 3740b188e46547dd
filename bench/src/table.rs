//! The runs, the table and the bars.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::Captures;
use crate::measure::{self, Cost};

/// Times that every tool is run, in turn.
const ROUNDS: usize = 5;

/// Packets from the beginning of a capture that tshark is given: all of it would take minutes.
const TSHARK_PACKETS: u64 = 100_000;

/// A tool on a capture.
struct Run {
    part: &'static str,
    tool: &'static str,
    command: Vec<String>,
    packets: u64,
    costs: Vec<Cost>,
    /// Why it was not run.
    missing: Option<String>,
}

/// Runs everything of a part (of all parts, when that is empty), prints it, and says whether the bars were met.
pub(crate) fn bench(captures: &Captures, part: &str) -> Result<ExitCode> {
    let mut runs: Vec<Run> = runs(captures)?.into_iter().filter(|run| run.part.starts_with(part)).collect();
    for round in 1..=ROUNDS {
        for run in &mut runs {
            // What takes minutes and only stands for scale is run once.
            if run.missing.is_some() || (round > 1 && run.tool == "tshark") {
                continue;
            }
            eprintln!("round {round} of {ROUNDS}: {} on {}", run.tool, run.part);
            let command: Vec<&str> = run.command.iter().map(String::as_str).collect();
            match measure::run(&command) {
                Ok(cost) => run.costs.push(cost),
                Err(error) => run.missing = Some(format!("{error:#}")),
            }
        }
    }
    println!("Median of {ROUNDS} runs in turn (tshark: one). CPU is user and system time.\n");
    println!("| capture | tool | packets | CPU s | M packets/s | times yardstick | max RSS MiB |");
    println!("|---|---|---:|---:|---:|---:|---:|");
    for run in &runs {
        println!("{}", row(run, find(&runs, run.part, "yardstick")));
    }
    println!();
    let bars = bars(&runs);
    for bar in &bars {
        println!("{bar}");
    }
    Ok(if bars.iter().all(|bar| bar.starts_with("met")) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn runs(captures: &Captures) -> Result<Vec<Run>> {
    let this = std::env::current_exe().context("cannot find this program")?;
    let medwarden = this.with_file_name("medwarden");
    let mut runs = Vec::new();
    let parts: [(&'static str, &PathBuf); 4] =
        [("mix", &captures.mix), ("bulk", &captures.bulk), ("many 100k", &captures.many_100k), ("many 1M", &captures.many_1m)];
    for (part, file) in parts {
        let packets = count(file)?;
        let name = file.display().to_string();
        runs.push(Run::new(part, "yardstick", packets, &[&this.display().to_string(), "yardstick", &name]));
        let program = medwarden.display().to_string();
        let words = [program.as_str(), "inspect", "--format", "json", "--out", "/dev/null", &name];
        runs.push(Run::new(part, "medwarden", packets, &words));
        if !part.starts_with("many") {
            runs.push(Run::new(part, "ndpiReader", packets, &["ndpiReader", "-q", "-i", &name]));
        }
        if !part.starts_with("many") {
            let words = ["tshark", "-r", &name, "-c", &TSHARK_PACKETS.to_string(), "-q", "-z", "conv,tcp"];
            runs.push(Run::new(part, "tshark", packets.min(TSHARK_PACKETS), &words));
        }
    }
    Ok(runs)
}

/// Packets of a capture, by reading it.
fn count(path: &Path) -> Result<u64> {
    let mut reader = capture::Reader::open(path).map_err(|damage| anyhow::anyhow!("{}: {damage}", path.display()))?;
    let mut packets = 0;
    while reader.next().map_err(|damage| anyhow::anyhow!("{}: {damage}", path.display()))?.is_some() {
        packets += 1;
    }
    Ok(packets)
}

impl Run {
    fn new(part: &'static str, tool: &'static str, packets: u64, command: &[&str]) -> Self {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let missing = command.first().filter(|program| !is_there(program)).map(|program| format!("{program} is not installed"));
        Self { part, tool, command, packets, costs: Vec::new(), missing }
    }

    /// Median CPU time in seconds.
    fn cpu_s(&self) -> Option<f64> {
        median(self.costs.iter().map(|cost| cost.cpu_us)).map(|us| us / 1e6)
    }

    /// Median of the most memory resident, in bytes.
    fn rss(&self) -> Option<f64> {
        median(self.costs.iter().map(|cost| cost.rss_kib)).map(|kib| kib * 1024.0)
    }

    /// CPU time of a packet, in nanoseconds.
    fn packet_ns(&self) -> Option<f64> {
        Some(self.cpu_s()? * 1e9 / f64::from(u32::try_from(self.packets).ok()?))
    }
}

/// A program that can be started.
fn is_there(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn median(values: impl Iterator<Item = u64>) -> Option<f64> {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    let middle = values.get(values.len() / 2)?;
    // Microseconds and kibibytes of one run are far below 2^32 of each.
    u32::try_from(*middle).ok().map(f64::from)
}

fn find<'a>(runs: &'a [Run], part: &str, tool: &str) -> Option<&'a Run> {
    runs.iter().find(|run| run.part == part && run.tool == tool)
}

fn row(run: &Run, yardstick: Option<&Run>) -> String {
    if let Some(why) = &run.missing {
        return format!("| {} | {} | not run: {why} | | | | |", run.part, run.tool);
    }
    let (Some(cpu), Some(rss), Some(packet)) = (run.cpu_s(), run.rss(), run.packet_ns()) else {
        return format!("| {} | {} | not run | | | | |", run.part, run.tool);
    };
    let times = yardstick.and_then(Run::packet_ns).map_or_else(String::new, |least| format!("{:.2}", packet / least));
    format!(
        "| {} | {} | {} | {cpu:.2} | {:.3} | {times} | {:.0} |",
        run.part,
        run.tool,
        run.packets,
        1e3 / packet,
        rss / 1024.0 / 1024.0
    )
}

/// What was measured against each bar; a bar whose runs are missing is not mentioned.
fn bars(runs: &[Run]) -> Vec<String> {
    let ours = |part| find(runs, part, "medwarden");
    let times_yardstick = |part| Some(ours(part)?.cpu_s()? / find(runs, part, "yardstick")?.cpu_s()?);
    let of_a_flow = || Some((ours("many 1M")?.rss()? - ours("many 100k")?.rss()?) / 900_000.0);
    let slower = || Some(ours("many 1M")?.packet_ns()? / ours("many 100k")?.packet_ns()?);
    let measured: [(&str, Option<f64>, f64, f64); 5] = [
        ("mix: CPU, times the yardstick's", times_yardstick("mix"), 4.0, 2.5),
        ("mix: max RSS, MiB", ours("mix").and_then(Run::rss).map(|bytes| bytes / 1024.0 / 1024.0), 200.0, 100.0),
        ("bulk: CPU, times the yardstick's", times_yardstick("bulk"), 1.3, 1.1),
        ("many: bytes of an open flow", of_a_flow(), 1024.0, 512.0),
        ("many: cost of a packet with 1M flows, times that with 100k", slower(), 2.5, 2.5),
    ];
    let bar = |(what, value, bar, wish): (&str, Option<f64>, f64, f64)| {
        let value = value?;
        let met = if value <= bar { "met   " } else { "MISSED" };
        Some(format!("{met} {what}: {value:.2} (bar {bar}, wished {wish})"))
    };
    measured.into_iter().filter_map(bar).collect()
}
