//! **site**: a network of a size, frame by frame through sensor and inventory in one process, nothing on disk. A day on which each
//! device announces its address and has ten conversations with servers of the site: so devices and conversations are known
//! exactly, and memory that grows is that of devices with their conversations.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use inventory::{Config, Inventory};
use knowledge::Knowledge;
use model::{FrameRef, Intake, Observation, Timestamp};
use sensor::{Frame, NoCredentials, Sensor};
use wire::layers::LinkType;

use crate::frames::START_NS;

/// Sizes that are compared, smallest first.
const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
/// Conversations of a device.
const TALKS: u32 = 10;
/// Devices for each server.
const OF_A_SERVER: u32 = 100;
const DAY_NS: i64 = 86_400_000_000_000;

/// Runs all sizes, each in a process of its own, prints them, and says whether memory grows no faster than devices.
pub(crate) fn bench() -> Result<ExitCode> {
    let program = std::env::current_exe().context("cannot find this program")?;
    println!(
        "| devices | conversations | frames | observations | CPU s | folded MiB | B/device folded | resolved MiB | B/device resolved |"
    );
    println!("|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let mut of_a_device = Vec::new();
    for size in SIZES {
        let output = std::process::Command::new(&program).args(["site", &size.to_string()]).output().context("cannot start")?;
        let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if !output.status.success() {
            bail!("a site of {size} devices: {}", String::from_utf8_lossy(&output.stderr));
        }
        println!("{line}");
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let cell = |at: usize| cells.get(at).and_then(|text| text.parse::<f64>().ok()).context("a figure is missing");
        of_a_device.push((cell(7)?, cell(9)?));
    }
    let grows = |of: fn(&(f64, f64)) -> f64| match of_a_device.as_slice() {
        [_, middle, large] => of(large) / of(middle),
        _ => f64::INFINITY,
    };
    let (folded, resolved) = (grows(|cost| cost.0), grows(|cost| cost.1));
    let is_linear = folded < 1.2 && resolved < 1.2;
    println!(
        "\n{} bytes per device with 1,000,000 devices, times those with 100,000: folded {folded:.2}, resolved {resolved:.2} (bar 1.2)",
        if is_linear { "met   " } else { "MISSED" }
    );
    Ok(if is_linear { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Counts what the sensor says on its way to the inventory.
struct Counted {
    inventory: Inventory,
    observations: u64,
    flows: u64,
}

impl Intake for Counted {
    fn take(&mut self, observation: Observation) {
        self.observations += 1;
        self.flows += u64::from(matches!(observation, Observation::Flow(_)));
        self.inventory.take(observation);
    }
}

/// One size, in this process: prints a row. Fails when a device, conversation or observation is missing.
pub(crate) fn one(devices: u32) -> Result<ExitCode> {
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(NoCredentials));
    let mut out = Counted { inventory: Inventory::new(Config::default()), observations: 0, flows: 0 };
    let mut frames = 0_u64;
    let before = resident()?;
    let step = DAY_NS / i64::from(devices * (TALKS + 1));
    let mut time = START_NS;
    let mut send = |time: i64, bytes: &[u8], out: &mut Counted| {
        frames += 1;
        let at = FrameRef { source: 0, frame: frames };
        sensor
            .frame(&Frame { time: Timestamp::from_nanos(time), link: LinkType::ETHERNET, bytes, wire_len: bytes.len(), at }, out);
    };
    for round in 0..=TALKS {
        for device in 0..devices {
            if round == 0 {
                send(time, &announcement(device), &mut out);
            } else {
                let (server, port) = (server_of(device, round, devices), 5000 + u16::try_from(round)?);
                send(time, &datagram((device, 40_000), (server, port), 60), &mut out);
                send(time + step / 2, &datagram((server, port), (device, 40_000), 200), &mut out);
            }
            time += step;
        }
    }
    sensor.finish(&mut out);
    let folded = resident()?.saturating_sub(before);
    let resolved = out.inventory.resolve(&Knowledge::builtin());
    let whole = resident()?.saturating_sub(before);
    let (found, conversations) = (resolved.devices.len(), resolved.conversations.len());
    let expected = u64::from(devices) * u64::from(TALKS);
    let flows: u64 = resolved.conversations.iter().map(|conversation| conversation.flows).sum();
    if found as u64 != u64::from(devices)
        || (conversations as u64) < expected
        || flows != out.flows
        || resolved.values_dropped > 0
    {
        bail!(
            "{found} devices, {conversations} conversations, {flows} flows of {}, {} dropped",
            out.flows,
            resolved.values_dropped
        );
    }
    let mib = |bytes: u64| bytes >> 20;
    println!(
        "| {devices} | {conversations} | {frames} | {} | {:.1} | {} | {} | {} | {} |",
        out.observations,
        cpu_s()?,
        mib(folded),
        folded / u64::from(devices),
        mib(whole),
        whole / u64::from(devices)
    );
    // Given back by the end of the process.
    std::mem::forget((resolved, out));
    Ok(ExitCode::SUCCESS)
}

/// The server that a device speaks to in a round: another one each time.
fn server_of(device: u32, round: u32, devices: u32) -> u32 {
    let servers = (devices / OF_A_SERVER).max(TALKS + 1);
    let server = device.wrapping_mul(7).wrapping_add(round) % servers;
    // Nobody speaks to itself.
    if server == device { (server + TALKS) % servers } else { server }
}

fn mac(device: u32) -> [u8; 6] {
    let [a, b, c, d] = device.to_be_bytes();
    [0x00, 0x09, 0xfb ^ a, b, c, d]
}

fn ip(device: u32) -> [u8; 4] {
    let [_, b, c, d] = (device + 256).to_be_bytes();
    [10, b, c, d]
}

/// An ARP announcement (RFC 5227 §2.3).
fn announcement(device: u32) -> [u8; 42] {
    let (mac, ip) = (mac(device), ip(device));
    let mut frame = [0; 42];
    let parts: [&[u8]; 9] = [&[0xff; 6], &mac, &[8, 6], &[0, 1, 8, 0, 6, 4, 0, 1], &mac, &ip, &[0; 6], &ip, &[]];
    fill(&mut frame, &parts);
    frame
}

/// A UDP datagram of a protocol that nobody knows.
fn datagram(from: (u32, u16), to: (u32, u16), payload: u16) -> Vec<u8> {
    let mut frame = vec![0; usize::from(payload) + 42];
    let (length, udp) = ((28 + payload).to_be_bytes(), (8 + payload).to_be_bytes());
    let parts: [&[u8]; 12] = [
        &mac(to.0),
        &mac(from.0),
        &[8, 0, 0x45, 0],
        &length,
        &[0, 0, 0x40, 0, 64, 17, 0, 0],
        &ip(from.0),
        &ip(to.0),
        &from.1.to_be_bytes(),
        &to.1.to_be_bytes(),
        &udp,
        &[0, 0],
        &[0xee, 0x07, 0x55],
    ];
    fill(&mut frame, &parts);
    frame
}

fn fill(frame: &mut [u8], parts: &[&[u8]]) {
    for (place, byte) in frame.iter_mut().zip(parts.iter().copied().flatten()) {
        *place = *byte;
    }
}

/// Memory resident now, in bytes (proc(5), `/proc/self/statm`).
fn resident() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = text.split(' ').nth(1).context("no second number in statm")?.parse()?;
    Ok(pages * 4096)
}

fn cpu_s() -> Result<f64> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}
