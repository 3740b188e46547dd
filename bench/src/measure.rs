//! CPU time and memory of a process, as the kernel accounts for it.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};

/// What one run of a command cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// User and system time.
    pub(crate) cpu_us: u64,
    /// The most memory that was resident.
    pub(crate) rss_kib: u64,
}

/// Runs a command once, its output thrown away.
pub(crate) fn run(command: &[&str]) -> Result<Cost> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let output = Command::new(program).arg("run").args(command).stderr(Stdio::inherit()).output().context("cannot start")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers.as_slice() {
        [cpu_us, rss_kib] if output.status.success() => Ok(Cost { cpu_us: *cpu_us, rss_kib: *rss_kib }),
        _ => bail!("{} failed", command.join(" ")),
    }
}

/// The part that runs in a process of its own, whose only child is the command: says its CPU time and memory.
pub(crate) fn helper(command: &[&str]) -> Result<ExitCode> {
    let [program, arguments @ ..] = command else { bail!("run what?") };
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program}: {status}");
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_usec());
    let cpu_us = micros(usage.user_time()).saturating_add(micros(usage.system_time()));
    println!("{cpu_us} {}", usage.max_rss());
    Ok(ExitCode::SUCCESS)
}
