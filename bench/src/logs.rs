//! **logs**: a million RFC 5424 messages over one TCP connection on the loopback interface, to `medwarden listen` and to `rsyslogd`, in
//! turn. This process sends; what the receiver's process cost is taken when it has ended.
//!
//! Of a hundred messages sixty are of programs that nobody reads, twenty are leases of 250 clients, ten are of a firewall's filter,
//! ten are log-ins to servers over SSH.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::random::Random;

/// Messages of one run.
const MESSAGES: u32 = 1_000_000;
/// Runs of each, in turn.
const ROUNDS: usize = 3;
/// Messages a CPU second that are asked for.
const BAR: f64 = 1_500_000.0;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs both, prints what they cost, and says whether the bar was met.
pub(crate) fn bench() -> Result<ExitCode> {
    let folder = crate::folder()?.join("logs");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let messages = make();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}: medwarden");
        ours.push(medwarden(&folder, &messages)?);
        eprintln!("round {round} of {ROUNDS}: rsyslogd");
        match rsyslogd(&folder, &messages) {
            Ok(cost) => theirs.push(cost),
            Err(error) => eprintln!("rsyslogd was not run: {error:#}"),
        }
    }
    println!("Median of {ROUNDS} runs in turn: {MESSAGES} messages, {} bytes.\n", messages.len());
    println!("| receiver | CPU s | M messages per CPU second | what came out |");
    println!("|---|---:|---:|---|");
    let rate = |cpu_us: f64| f64::from(MESSAGES) * 1e6 / cpu_us;
    let mut missed = false;
    for (name, costs) in [("medwarden listen", &ours), ("rsyslogd, to a file", &theirs)] {
        let Some((cpu_us, out)) = median(costs) else { continue };
        println!("| {name} | {:.2} | {:.3} | {out} lines |", cpu_us / 1e6, rate(cpu_us) / 1e6);
    }
    if let Some((cpu_us, _)) = median(&ours) {
        missed = rate(cpu_us) < BAR;
        println!("\n{} logs: messages per CPU second: {:.0} (bar {BAR})", if missed { "MISSED" } else { "met   " }, rate(cpu_us));
    }
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// CPU time in microseconds, and lines written.
type Outcome = (u32, usize);

fn median(outcomes: &[Outcome]) -> Option<(f64, usize)> {
    let mut sorted = outcomes.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).map(|(cpu_us, lines)| (f64::from(*cpu_us), *lines))
}

/// The messages, each with its count before it (RFC 6587 §3.4.1).
fn make() -> Vec<u8> {
    let mut random = Random::new(0x6c6f_6773);
    let mut stream = Vec::new();
    let mut message = String::new();
    for number in 0..MESSAGES {
        message.clear();
        let at = format!(
            "2026-03-02T{:02}:{:02}:{:02}.{:06}Z",
            8 + number / 500_000,
            number / 10_000 % 60,
            number / 200 % 60,
            number % 1_000_000
        );
        // Strings cannot fail to be written to.
        let _ = match number % 10 {
            0..=5 => other(&mut message, &at, &mut random),
            6 | 7 => lease(&mut message, &at, &mut random),
            8 => filter(&mut message, &at, &mut random),
            _ => login(&mut message, &at, &mut random),
        };
        let _ = write!(stream, "{} {message}", message.len());
    }
    stream
}

fn other(message: &mut String, at: &str, random: &mut Random) -> std::fmt::Result {
    let (program, text) = match random.below(4) {
        0 => ("systemd", "Started session-1812.scope - Session 1812 of user backup."),
        1 => ("postfix/qmgr", "4Xy1Zz0ABC: removed after delivery to the local queue of the gateway"),
        2 => ("CRON", "(root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily)"),
        _ => ("nginx", "upstream timed out (110: Connection timed out) while reading response header from upstream"),
    };
    write!(message, "<30>1 {at} gw1.ward.example {program} {} - - {text}", 1000 + random.below(30_000))
}

fn lease(message: &mut String, at: &str, random: &mut Random) -> std::fmt::Result {
    let client = random.below(250);
    write!(
        message,
        "<30>1 {at} gw1.ward.example dnsmasq-dhcp 812 - - DHCPACK(eth0) 10.20.1.{client} 00:1b:21:02:00:{client:02x} ward-device-{client}"
    )
}

fn filter(message: &mut String, at: &str, random: &mut Random) -> std::fmt::Result {
    let (client, server, port) = (random.below(250), random.below(40), 32_768 + random.below(28_000));
    write!(
        message,
        "<134>1 {at} gw1.ward.example filterlog 813 - - 5,,,1000000103,igb1,match,pass,in,4,0x0,,64,{},0,DF,6,tcp,60,10.20.1.{client},10.30.0.{server},{port},443,0,S,1234567,,64240,,mss;sackOK",
        random.below(65_000)
    )
}

fn login(message: &mut String, at: &str, random: &mut Random) -> std::fmt::Result {
    let (client, port) = (random.below(20), 32_768 + random.below(28_000));
    write!(
        message,
        "<38>1 {at} gw1.ward.example sshd {} - - Accepted publickey for operator{client} from 10.40.0.{client} port {port} ssh2: ED25519 SHA256:0123456789abcdef",
        1000 + random.below(30_000)
    )
}

/// `medwarden listen` ends by itself when all messages came.
fn medwarden(folder: &Path, messages: &[u8]) -> Result<Outcome> {
    let program = std::env::current_exe().context("cannot find this program")?.with_file_name("medwarden");
    let (address, out) = (free_address()?, folder.join("observations.jsonl"));
    let mut command = Command::new(program);
    command.args(["listen", "--syslog", &address.to_string(), "--count", &MESSAGES.to_string(), "--out"]).arg(&out);
    let (cpu_us, ()) = measured(&mut command, |_| send(address, messages))?;
    Ok((cpu_us, lines(&out)?))
}

/// `rsyslogd` is told to end when all messages stand in its file.
fn rsyslogd(folder: &Path, messages: &[u8]) -> Result<Outcome> {
    let (address, out, config) = (free_address()?, folder.join("rsyslog.log"), folder.join("rsyslog.conf"));
    let _ = std::fs::remove_file(&out);
    let (port, file, work) = (address.port(), out.display(), folder.display());
    let text = format!(
        "global(workDirectory=\"{work}\")\nmodule(load=\"imtcp\")\ninput(type=\"imtcp\" port=\"{port}\" address=\"127.0.0.1\")\n\
         action(type=\"omfile\" file=\"{file}\")\n"
    );
    std::fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    let mut command = Command::new("rsyslogd");
    command.arg("-n").arg("-f").arg(&config).arg("-i").arg(folder.join("rsyslog.pid"));
    let (cpu_us, count) = measured(&mut command, |child| {
        send(address, messages)?;
        let count = wait_for_lines(&out)?;
        let id = i32::try_from(child.id()).context("a process number that is none")?;
        kill(Pid::from_raw(id), Signal::SIGTERM).context("cannot end rsyslogd")?;
        Ok(count)
    })?;
    Ok((cpu_us, count))
}

/// Starts a receiver, does `work`, waits for its end; says its CPU time in microseconds.
fn measured<T>(command: &mut Command, work: impl FnOnce(&Child) -> Result<T>) -> Result<(u32, T)> {
    let before = children_us()?;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("cannot start")?;
    let done = work(&child);
    if done.is_err() {
        let _ = child.kill();
    }
    child.wait().context("cannot wait")?;
    let cost = children_us()?.saturating_sub(before);
    Ok((u32::try_from(cost).unwrap_or(u32::MAX), done?))
}

/// User and system time of all children that have ended.
fn children_us() -> Result<i64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec().saturating_mul(1_000_000).saturating_add(time.tv_usec());
    Ok(micros(usage.user_time()).saturating_add(micros(usage.system_time())))
}

/// An address of this machine that nobody listens on.
fn free_address() -> Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).context("no free port")
}

/// Sends everything as soon as the receiver listens.
fn send(address: SocketAddr, messages: &[u8]) -> Result<()> {
    for _ in 0..200 {
        if let Ok(mut stream) = TcpStream::connect(address) {
            stream.write_all(messages).context("the receiver went away")?;
            return stream.flush().context("the receiver went away");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    bail!("nobody listens on {address}")
}

/// Waits until a file has all lines.
fn wait_for_lines(path: &PathBuf) -> Result<usize> {
    let (mut count, mut offset, mut waited) = (0, 0, Duration::ZERO);
    let pause = Duration::from_millis(50);
    while waited < PATIENCE {
        if let Ok(mut file) = std::fs::File::open(path) {
            std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(offset))?;
            let mut more = Vec::new();
            offset += file.read_to_end(&mut more)? as u64;
            count += more.iter().filter(|octet| **octet == b'\n').count();
        }
        if count >= MESSAGES as usize {
            return Ok(count);
        }
        std::thread::sleep(pause);
        waited += pause;
    }
    bail!("only {count} of {MESSAGES} messages were written")
}

fn lines(path: &PathBuf) -> Result<usize> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes.iter().filter(|octet| **octet == b'\n').count())
}
