//! A replay between two network namespaces: the highest rate that tcpdump holds without loss, writing to nowhere, and the highest that
//! the sensor holds with everything on.
//!
//! The bench makes the namespaces `mw-bench-tap` and `mw-bench-far` with a veth pair between them and removes them at the end; it needs
//! root. The replayer is this program in the second namespace ([`send`]).

use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, bind, socket};

const TAP: &str = "mw-bench-tap";
const FAR: &str = "mw-bench-far";
/// Length of a run.
const SECONDS: u64 = 5;
/// Steps towards the highest rate.
const STEPS: u32 = 6;
/// Buffer of both tools for frames that wait, in MiB.
const BUFFER_MIB: u64 = 64;
/// Frames that are held in memory, so that none is sent twice in a run.
const MAX_FRAMES: usize = 4_000_000;
/// The longest frame that is sent.
const MAX_FRAME: usize = 9_000;
/// The share of tcpdump's rate that the sensor is to hold, in percent.
const BAR_PERCENT: u64 = 50;

/// Runs the part.
pub(crate) fn bench(capture: &Path) -> Result<ExitCode> {
    let _net = Net::make()?;
    let this = std::env::current_exe().context("cannot find this program")?;
    let medwarden = this.with_file_name("medwarden").display().to_string();
    let buffer_kib = (BUFFER_MIB << 10).to_string();
    let tcpdump = ["tcpdump", "-i", "tap", "-n", "-B", &buffer_kib, "-w", "/dev/null"].map(str::to_owned).to_vec();
    let buffer = BUFFER_MIB.to_string();
    let sensor =
        [&medwarden, "sensor", "--interface", "tap", "--buffer", &buffer, "--out", "/dev/null"].map(str::to_owned).to_vec();
    let tools = [("tcpdump -w /dev/null", tcpdump), ("medwarden sensor --out /dev/null", sensor)];
    println!("A replay of {} between two namespaces, {SECONDS} s a run.\n", capture.display());
    println!("| tool | highest rate without loss, frames/s | Mbit/s | tried |");
    println!("|---|---:|---:|---|");
    let mut held = Vec::new();
    for (name, command) in &tools {
        let (best, tried) = highest(command, capture).with_context(|| format!("{name} failed"))?;
        println!("| {name} | {} | {} | {} |", best.rate(), best.megabits(), tried.join(", "));
        held.push(best.rate());
    }
    let (of_tcpdump, of_sensor) = (held.first().copied().unwrap_or_default(), held.get(1).copied().unwrap_or_default());
    let percent = of_sensor.saturating_mul(100).checked_div(of_tcpdump).unwrap_or_default();
    let met = percent >= BAR_PERCENT;
    println!("\n{}: the sensor holds {percent}% of tcpdump's rate (bar: {BAR_PERCENT}%)", if met { "met" } else { "missed" });
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What one run came to.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    frames: u64,
    bytes: u64,
    millis: u64,
    received: u64,
    dropped: u64,
}

impl Run {
    const fn rate(&self) -> u64 {
        self.frames * 1000 / if self.millis == 0 { 1 } else { self.millis }
    }

    const fn megabits(&self) -> u64 {
        self.bytes * 8 / 1000 / if self.millis == 0 { 1 } else { self.millis }
    }

    const fn is_lossless(&self) -> bool {
        self.dropped == 0 && self.received == self.frames && self.frames > 0
    }
}

/// The highest rate without loss: as fast as can be sent, else halving the interval in between.
fn highest(command: &[String], capture: &Path) -> Result<(Run, Vec<String>)> {
    let mut tried = Vec::new();
    let mut run = |rate: u64| -> Result<Run> {
        let run = once(command, capture, rate)?;
        eprintln!("{}: asked {rate}, {run:?}", command.first().map_or("", String::as_str));
        tried.push(format!("{}{}", run.rate(), if run.is_lossless() { "" } else { " (lost)" }));
        Ok(run)
    };
    let full = run(0)?;
    let (mut best, mut low, mut high) = (Run::default(), 0, full.rate());
    if full.is_lossless() {
        best = full;
    } else {
        for _ in 0..STEPS {
            let middle = (low + high) / 2;
            let tried = run(middle)?;
            if tried.is_lossless() {
                (low, best) = (middle, tried);
            } else {
                high = middle;
            }
        }
    }
    Ok((best, tried))
}

/// One replay to a tool.
fn once(command: &[String], capture: &Path, rate: u64) -> Result<Run> {
    let mut tool =
        in_namespace(TAP, command).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("cannot start the tool")?;
    sleep(Duration::from_millis(1500));
    let this = std::env::current_exe().context("cannot find this program")?;
    let replay = [this.display().to_string(), "send".to_owned(), capture.display().to_string(), rate.to_string()];
    let sent = in_namespace(FAR, &replay).output().context("cannot start the replayer")?;
    if !sent.status.success() {
        let _ = tool.kill();
        bail!("the replayer: {}", String::from_utf8_lossy(&sent.stderr));
    }
    sleep(Duration::from_secs(2));
    let said = interrupt(&mut tool)?;
    let sent = numbers(&String::from_utf8_lossy(&sent.stdout));
    let [frames, bytes, millis] = sent.as_slice() else { bail!("the replayer said {sent:?}") };
    let (received, dropped) = counted(&said).with_context(|| format!("the tool said {said:?}"))?;
    Ok(Run { frames: *frames, bytes: *bytes, millis: *millis, received, dropped })
}

/// Ends a tool as Ctrl-C does: what it said on standard error.
fn interrupt(tool: &mut Child) -> Result<String> {
    let pid = i32::try_from(tool.id())?;
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGINT)?;
    let mut said = String::new();
    tool.stderr.take().context("no standard error")?.read_to_string(&mut said)?;
    tool.wait()?;
    Ok(said)
}

/// Frames received and dropped, as either tool tells it at its end.
fn counted(said: &str) -> Option<(u64, u64)> {
    let number_before = |words: &str| {
        let line = said.lines().find(|line| line.contains(words))?;
        line.split(words).next()?.split_whitespace().last()?.parse::<u64>().ok()
    };
    match number_before(" frames read") {
        Some(read) => Some((read, numbers(said.split(" frames read,").nth(1)?).first().copied()?)),
        None => Some((number_before(" packets captured")?, number_before(" packets dropped by kernel")?)),
    }
}

fn numbers(text: &str) -> Vec<u64> {
    text.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

fn in_namespace(name: &str, command: &[String]) -> Command {
    let mut all = Command::new("ip");
    all.args(["netns", "exec", name]).args(command).stdin(Stdio::null());
    all
}

/// The namespaces and the cable, removed when dropped.
struct Net;

impl Net {
    fn make() -> Result<Self> {
        // What an earlier bench left that was killed.
        drop(Self);
        let net = Self;
        for line in [
            format!("ip netns add {TAP}"),
            format!("ip netns add {FAR}"),
            format!("ip -n {TAP} link add tap mtu {MAX_FRAME} type veth peer name far mtu {MAX_FRAME} netns {FAR}"),
            format!("ip netns exec {TAP} sysctl -qw net.ipv6.conf.tap.disable_ipv6=1"),
            format!("ip netns exec {FAR} sysctl -qw net.ipv6.conf.far.disable_ipv6=1"),
            format!("ip -n {TAP} link set tap up"),
            format!("ip -n {FAR} link set far up"),
        ] {
            let mut words = line.split_whitespace();
            let status = Command::new(words.next().unwrap_or_default()).args(words).status();
            if !status.is_ok_and(|status| status.success()) {
                bail!("{line}: failed; this part needs root and network namespaces");
            }
        }
        Ok(net)
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for name in [TAP, FAR] {
            let _ = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
        }
    }
}

/// The replayer: sends the frames of a capture at a rate (0 is as fast as can be) for some seconds, each once. Prints how many frames
/// and bytes it sent in how many milliseconds.
pub(crate) fn send(capture: &Path, rate: u64) -> Result<ExitCode> {
    let frames = load(capture)?;
    let out = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
    let of_far = |address: &nix::ifaddrs::InterfaceAddress| address.interface_name == "far";
    let far = nix::ifaddrs::getifaddrs()?.filter(of_far).find_map(|address| address.address?.as_link_addr().copied());
    bind(out.as_raw_fd(), &far.context("there is no interface `far` here")?)?;
    let began = now();
    let (mut sent, mut bytes) = (0u64, 0u64);
    for frame in &frames {
        if sent.is_multiple_of(32) {
            let passed = now().duration_since(began);
            if passed >= Duration::from_secs(SECONDS) {
                break;
            }
            pace(rate, sent, began, passed);
        }
        loop {
            match nix::sys::socket::send(out.as_raw_fd(), frame, MsgFlags::empty()) {
                Ok(_) => break,
                Err(nix::errno::Errno::ENOBUFS | nix::errno::Errno::EAGAIN) => std::hint::spin_loop(),
                Err(error) => return Err(error).context("cannot send"),
            }
        }
        (sent, bytes) = (sent + 1, bytes + frame.len() as u64);
    }
    println!("{sent} {bytes} {}", now().duration_since(began).as_millis());
    Ok(ExitCode::SUCCESS)
}

/// Waits until it is the next frames' turn.
fn pace(rate: u64, sent: u64, began: Instant, passed: Duration) {
    if rate == 0 {
        return;
    }
    let turn = Duration::from_nanos(sent.saturating_mul(1_000_000_000) / rate);
    if let Some(early) = turn.checked_sub(passed) {
        if early > Duration::from_micros(200) {
            sleep(early.saturating_sub(Duration::from_micros(100)));
        }
        while now().duration_since(began) < turn {
            std::hint::spin_loop();
        }
    }
}

fn load(capture: &Path) -> Result<Vec<Box<[u8]>>> {
    let mut reader =
        capture::Reader::open(capture).map_err(|damage| anyhow::anyhow!("{}: {}", capture.display(), damage.what))?;
    let mut frames = Vec::new();
    while frames.len() < MAX_FRAMES
        && let Some(frame) = reader.next().map_err(|damage| anyhow::anyhow!("{}", damage.what))?
    {
        if (14..=MAX_FRAME).contains(&frame.captured.len()) {
            frames.push(frame.captured.into());
        }
    }
    Ok(frames)
}

#[expect(clippy::disallowed_methods, reason = "a replay is paced by the clock")]
fn now() -> Instant {
    Instant::now()
}
